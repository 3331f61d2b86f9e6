"""`link`: joins a record of Business Central with what stands in Procore already, and proposes such pairs."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
from msgspec import Struct

from domain import linking
from domain.delivery import Listing
from domain.endpoints.making import connector_list, quoted
from domain.events import LinkRow
from domain.flow import Flow
from domain.flows import BY_NAME
from domain.linking import Asked, Place
from domain.record import Record
from domain.values import BUSINESS_CENTRAL, PROCORE, Json, origin_id, text
from hub.app import Hub, open_hub
from hub.connection import Pair
from hub.link_book import LinkBook
from hub.operations.by_hand import Handled, acted, handled, is_in_business_central, loaded, one_at_a_time, refused
from hub.operations.by_hand import reported as report
from hub.records import Contents, Records
from hub.report import ExitStatus, Halted, Progress, Report
from hub.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console

MOST_ASKED = 500
LEAST_SCORE = 30
MOST_PROPOSED = 3


class Proposal(Struct, frozen=True, kw_only=True):
    """A counterpart that could be the record's. Nothing is joined before a person says so.

    Units   `score` of a hundred.
    """

    flow: str
    record: str
    number: str
    title: str
    procore_id: str
    procore_number: str
    procore_name: str
    score: int
    why: str


class NotJoined(Exception):
    """A rule speaks against the link."""


async def link_records(
    settings: Settings,
    *,
    flow: str,
    bc_id: str,
    procore_id: str,
    connection: str | None,
    reason: str,
    actor: str,
    progress: Progress,  # noqa: ARG001 - two looks are quick
) -> Report:
    """The command `link`."""
    async with open_hub(settings) as hub:
        return report(await link(hub, flow, bc_id, procore_id, connection=connection, actor=actor, reason=reason))


async def link(
    hub: Hub, flow: str, bc_id: str, procore_id: str, *, connection: str | None = None, actor: str, reason: str = ""
) -> Handled:
    """Joins a record, by its number or id, with the counterpart of this id; the next round carries it as an update.

    Raises  Halted (2) for a flow that can't be linked, an unknown record or connection; what the systems raise.
    """
    name = only_connection(hub, connection)
    chosen = linkable(flow)
    async with one_at_a_time(hub, name), hub.pair(name) as pair:
        if not pair.enabled(chosen):
            raise Halted(f"{flow} is off in the configuration; turn it on before you link.", ExitStatus.WRONG_USE)
        records = Records(hub.ledger, name, pair.mapping)
        record = await loaded(records, await record_called(hub, pair, chosen, bc_id.strip()))
        joining = Joining(hub, pair, records, chosen)
        try:
            return await joining.join(record, procore_id.strip(), actor, reason)
        except NotJoined as no:
            return await refused(
                hub, records, record, flow, "link", str(no), actor, counterpart=procore_id, reason=reason
            )


def only_connection(hub: Hub, connection: str | None) -> str:
    """The connection that is meant.

    Raises  Halted (2) when it is unknown, or several exist and none is named.
    """
    names = list(hub.settings.connections)
    if connection is None and len(names) == 1:
        return names[0]
    if connection in hub.settings.connections:
        return str(connection)
    said = f'There is no connection "{connection}"' if connection else "There are several connections; name one"
    raise Halted(f"{said}: {', '.join(names)}.", ExitStatus.WRONG_USE)


def linkable(flow: str) -> Flow:
    """The flow, if its records can be joined by hand.

    Raises  Halted (2).
    """
    if flow in linking.LINKABLE:
        return BY_NAME[flow]
    if flow in BY_NAME:
        words = f"Records of {flow} find their counterpart by themselves; by hand go {', '.join(linking.LINKABLE)}."
        raise Halted(words, ExitStatus.WRONG_USE)
    raise Halted(f'There is no flow "{flow}"; by hand go {", ".join(linking.LINKABLE)}.', ExitStatus.WRONG_USE)


async def record_called(hub: Hub, pair: Pair, flow: Flow, bc_id: str) -> UUID:
    """The record of a flow with this number or id.

    Raises  Halted (2); what Business Central raises.
    """
    rows = await hub.ledger.rows(
        "SELECT record FROM record WHERE connection = ? AND kind = ?"
        " AND (source_id = ? OR number = ? OR number = ? OR record = ?) ORDER BY vanished, position DESC",
        (pair.name, flow.kind, bc_id.lower(), bc_id, bc_id.upper(), bc_id.lower()),
    )
    if rows:
        return UUID(rows[0][0])
    origin = flow.origin
    listing = connector_list(
        f"bc.{origin.entity_set}", origin.entity_set, ("$filter", f"{origin.number_field} eq {quoted(bc_id)}")
    )
    if await pair.targets[BUSINESS_CENTRAL].list(listing):
        words = f"{bc_id} is in Business Central, but not among what is sent: set Send to Procore there and sync once."
        raise Halted(words, ExitStatus.WRONG_USE)
    raise Halted(
        f"There is no {flow.kind} {bc_id}, neither in the ledger nor in Business Central.", ExitStatus.WRONG_USE
    )


class Joining:
    """Looks at both sides, and joins them if nothing speaks against it."""

    def __init__(
        self, hub: Hub, pair: Pair, records: Records, flow: Flow, lists: dict[Listing, Sequence[Json]] | None = None
    ) -> None:
        """`lists` keeps what Procore told, for whoever looks at many records and joins none."""
        self._hub = hub
        self._pair = pair
        self._records = records
        self._flow = flow
        self._set = flow.origin.entity_set
        self._lists = lists

    async def join(self, record: Record, procore_id: str, actor: str, reason: str) -> Handled:
        """Joins, or says why not.

        Raises  NotJoined.
        """
        flow = self._flow.name
        found = await self.look(record, procore_id)
        if found is None:
            return handled(record, "link", flow, f"is linked with {procore_id} already", done=True)
        place, pair = found
        moment = acted(self._hub, record, actor)
        done: list[bool] = []

        def change(found: Mapping[UUID, Record], _contents: Contents) -> Sequence[Any]:
            done[:] = [found[record.id].adopt(flow, place.part, pair, reason, moment)]
            return ()

        await self._records.change([record.id], change)
        if not done[0]:
            raise NotJoined(f"{record.number} began to move while it was looked at; look again")
        what = f"is linked with {linking.CONTRACTS.get(place.resource, place.resource)} {procore_id}"
        return handled(record, "link", flow, f"{what}; the next round carries it", done=True, pairs=[pair])

    async def look(self, record: Record, procore_id: str) -> tuple[Place, LinkRow] | None:
        """The pair that they would become, and its place; None where they are joined already.

        Raises  NotJoined.
        """
        memory = record.flow(self._flow.name)
        there = next(iter(memory.adopted.values()), "") or next(
            (each.procore_id for each in memory.links.values() if each.bc_id == record.source_id), ""
        )
        if there == procore_id:
            return None
        if there:
            raise NotJoined(f"{record.number} is linked with {there}; unlink or reset it first")
        if memory.open or memory.parts:
            words = "is on its way to Procore already; reset it first, and remove what was made there"
            raise NotJoined(f"{record.number} {words}")
        asked = await self.asked(record)
        await self._in_business_central(record, asked)
        place, row = await self._in_procore(asked, procore_id)
        await self._free(record, asked, place, row)
        return place, place.link(asked, self._set, procore_id)

    async def asked(self, record: Record) -> Asked:
        """What is known of it."""
        source = (await self._records.sources([record]))[record.id]
        context = self._pair.context(self._flow, self._hub.clock.now())
        book = LinkBook(self._hub.ledger, self._pair.name)
        known = await book.known(linking.referred(self._flow.name, source, context))
        return Asked(
            source=source, source_id=record.source_id, number=record.number, context=context, known=dict(known)
        )

    async def _in_business_central(self, record: Record, asked: Asked) -> None:
        number = record.number
        if record.vanished or not await is_in_business_central(self._pair, self._set, record.source_id):
            raise NotJoined(f"{number} is no longer in Business Central")
        if not self._flow.counts(asked.source, record.demanded):
            raise NotJoined(f"{number} is not sent: set Send to Procore in Business Central, and sync once")
        rule = self._flow.excludes(asked.source, asked.context)
        if rule:
            raise NotJoined(f"{number} is left out by the rule {rule}")

    async def _in_procore(self, asked: Asked, procore_id: str) -> tuple[Place, Json]:
        missing = ""
        for place in linking.places(self._flow.name, asked):
            missing = missing or place.missing
            if place.listing is None:
                continue
            rows = await self._listed(place.listing)
            row = next((each for each in rows if text(each, "id") == procore_id), None)
            if row is None:
                continue
            why = place.unfit or linking.misfit(self._flow.name, asked, row) or self._doubled(asked, row, rows)
            if why:
                raise NotJoined(f"{procore_id} can't be linked with {asked.number}: {why}")
            return place, row
        where = " in the Procore project of the order" if self._flow.name == linking.COMMITMENTS else " in Procore"
        raise NotJoined(missing or f"there is no {self._flow.kind} {procore_id}{where}")

    async def _listed(self, listing: Listing) -> Sequence[Json]:
        known = None if self._lists is None else self._lists.get(listing)
        if known is None:
            known = await self._pair.targets[PROCORE].list(listing)
        if self._lists is not None:
            self._lists[listing] = known
        return known

    def _doubled(self, asked: Asked, row: Json, rows: Sequence[Json]) -> str:
        """The record's origin id can stand in Procore once only (guide 10, uniqueness)."""
        mine = origin_id(asked.context.bc_company, self._set, asked.source_id)
        other = next((text(each, "id") for each in rows if text(each, "origin_id") == mine and each != row), "")
        return f"{other} still carries the origin id of {asked.number}; remove that one, or link it" if other else ""

    async def _free(self, record: Record, asked: Asked, place: Place, row: Json) -> None:
        """Nobody else's: neither another record's of this ledger, nor another integration's (ER-26, ER-63)."""
        taken = await self._hub.ledger.rows(
            "SELECT flow, bc_number, record FROM cross_reference WHERE connection = ? AND procore_id = ?"
            " AND procore_resource = ? AND record <> ? ORDER BY since",
            (self._pair.name, text(row, "id"), place.resource, str(record.id)),
        )
        if taken:
            flow, number, other = taken[0]
            words = f"is linked with {number} already (flow {flow}, record {other}); unlink that first"
            raise NotJoined(f"{row['id']} {words}")
        whose, owner = linking.owner_of(row, asked.context.bc_company, self._set, record.source_id)
        if whose == "foreign":
            words = f"{row['id']} belongs to another integration (origin id {row['origin_id']})"
            raise NotJoined(f"{words}; nothing was written. Have its owner release it first")
        if whose == "record":
            joined = await self._hub.ledger.rows(
                "SELECT bc_number FROM cross_reference WHERE connection = ? AND bc_id = ?", (self._pair.name, owner)
            )
            if joined or await is_in_business_central(self._pair, self._set, owner):
                words = f"belongs to another record of Business Central (origin id {row['origin_id']})"
                raise NotJoined(f"{row['id']} {words}")


# -- proposals ---------------------------------------------------------------------------------------


async def propose_pairs(
    settings: Settings,
    *,
    flow: str,
    connection: str | None,
    progress: Progress,  # noqa: ARG001 - one list is quick
) -> Report:
    """The command `links --suggest`."""
    async with open_hub(settings) as hub:
        found = await proposals(hub, flow, connection=connection)
    document = {"flow": flow, "items": [msgspec.to_builtins(each) for each in found]}

    def render(console: "Console") -> None:
        for each in found:
            words = f"{each.number} {each.title} = {each.procore_id} {each.procore_number} {each.procore_name}".strip()
            console.print(f"{each.score:>3}  {words} ({each.why})", markup=False, soft_wrap=True)
        console.print(f"{len(found)} proposals; nothing is linked before you say `siteledger link`", markup=False)

    return Report(document, ExitStatus.DONE, render)


async def proposals(
    hub: Hub, flow: str, *, connection: str | None = None, after: str = "", limit: int = MOST_ASKED
) -> list[Proposal]:
    """Counterparts that could belong to records without one, the likeliest first; never joined by themselves.

    `after` is the id of the last record of the page before.
    Raises  Halted (2); what Procore raises.
    """
    name = only_connection(hub, connection)
    chosen = linkable(flow)
    await hub.projector.catch_up()
    async with hub.pair(name) as pair:
        records = Records(hub.ledger, name, pair.mapping)
        rows = await hub.ledger.rows(_UNJOINED, (name, flow, after, min(limit, MOST_ASKED)))
        found = (await records.load([UUID(row[0]) for row in rows])).values()
        searching = _Searching(hub, pair, records, chosen)
        return [each for record in found for each in await searching.proposed(record)]


class _Searching:
    """Reads each list once, leaves out what is joined, and finds what is alike."""

    def __init__(self, hub: Hub, pair: Pair, records: Records, flow: Flow) -> None:
        self._hub = hub
        self._pair = pair
        self._joining = Joining(hub, pair, records, flow)
        self._flow = flow
        self._lists: dict[Listing, list[Json]] = {}

    async def proposed(self, record: Record) -> list[Proposal]:
        """The likeliest counterparts of one record."""
        asked = await self._joining.asked(record)
        found: list[Proposal] = []
        for place in linking.places(self._flow.name, asked):
            if place.listing is None or place.unfit:
                continue
            for row in await self._free(place.listing, place.resource):
                number, name = linking.shown(self._flow.name, row)
                alike = linking.likeness(record.number, record.title, number, name)
                if alike.score >= LEAST_SCORE and not linking.misfit(self._flow.name, asked, row):
                    found.append(
                        Proposal(
                            flow=self._flow.name,
                            record=str(record.id),
                            number=record.number,
                            title=record.title,
                            procore_id=text(row, "id"),
                            procore_number=number,
                            procore_name=name,
                            score=alike.score,
                            why=alike.why,
                        )
                    )
        return sorted(found, key=lambda each: (-each.score, each.procore_id))[:MOST_PROPOSED]

    async def _free(self, listing: Listing, resource: str) -> list[Json]:
        if listing not in self._lists:
            rows = await self._pair.targets[PROCORE].list(listing)
            condition, parameter = self._hub.ledger.in_list("procore_id", [text(row, "id") for row in rows])
            joined = await self._hub.ledger.rows(
                "SELECT procore_id FROM cross_reference"  # noqa: S608 - built from columns
                f" WHERE connection = ? AND procore_resource = ? AND {condition}",
                (self._pair.name, resource, parameter),
            )
            taken = {row[0] for row in joined}
            self._lists[listing] = [row for row in rows if text(row, "id") not in taken and not text(row, "origin_id")]
        return self._lists[listing]


_UNJOINED = """
SELECT s.record FROM record_state s
WHERE s.connection = ? AND s.flow = ? AND s.state IN ('parked', 'conflict', 'pending', 'rejected', 'dead')
  AND NOT EXISTS (SELECT 1 FROM cross_reference x WHERE x.record = s.record AND x.flow = s.flow)
  AND s.record > ?
ORDER BY s.record LIMIT ?
"""
