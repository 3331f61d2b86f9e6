"""Reads the records of both systems that nobody joined yet, and compares them: projects and vendors, then commitments.

Budget codes, cost codes and cost types find their counterpart by their code when the project is carried.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from domain import adoption, endpoints
from domain.adoption import Card, Match
from domain.commitment import line_total, resource_of
from domain.delivery import Listing
from domain.events import LinkRow
from domain.flow import Flow
from domain.flows import BY_NAME, commitment_parts
from domain.flows.commitment_parts import Share
from domain.flows.common import day
from domain.linking import COMMITMENTS, PROJECTS, VENDORS, owner_of
from domain.project import is_npc_child
from domain.record import Record
from domain.values import PROCORE, Json, chunks, money, money_text, text
from hub.adoption.proposal import Candidate, Joining, Proposal, Unclear
from hub.adoption.totals import proved
from hub.app import Hub
from hub.connection import Pair
from hub.fact_book import FactBook
from hub.records import Records

PAGE = 500
MOST = 20_000
"""Records of one flow that one proposal compares; a company with more is adopted project by project."""
_ENDED = frozenset({"Void", "Terminated"})


@dataclass
class _Here:
    """One thing of Business Central to be joined: a record, and for an order the share that goes to one project."""

    record: Record
    source: Json
    card: Card
    part: str
    resource: str
    parent: str = ""
    role: str = "primary"
    project: str = ""

    @property
    def key(self) -> str:
        return self.card.key


class Comparing:
    """Makes the proposal of one connection."""

    def __init__(self, hub: Hub, pair: Pair, project: str) -> None:
        self._hub = hub
        self._pair = pair
        self._project = project
        self._records = Records(hub.ledger, pair.name, pair.mapping)
        self._facts = FactBook(pair.targets)
        self._pairs: list[Joining] = []
        self._unclear: list[Unclear] = []
        self._alone: dict[str, int] = {}
        self._projects: dict[str, str] = {}
        """Number of a project -> its project in Procore, joined or about to be."""

    async def proposal(self) -> Proposal:
        """Who is who now.

        Raises  what Procore raises; Halted when they are too many.
        """
        await self._compare(PROJECTS, await self._projects_here(), await self._projects_there())
        await self._compare(VENDORS, await self._vendors_here(), await self._vendors_there())
        self._projects = await self._joined_projects()
        vendors = await self._joined(VENDORS)
        orders = await self._orders_here(vendors)
        contracts = await self._contracts_there()
        await self._compare(COMMITMENTS, orders, contracts)
        begun = {each.project for each in (*self._pairs, *self._unclear, *orders)} - {""}
        live = {number: procore_id for number, procore_id in self._projects.items() if number in begun}
        totals = await proved(self._hub, self._pair, live, self._pairs)
        return Proposal(
            connection=self._pair.name,
            project=self._project,
            pairs=tuple(self._pairs),
            unclear=tuple(self._unclear),
            alone=self._alone,
            totals=tuple(totals),
        )

    # -- what is there -----------------------------------------------------------------------------

    def _is_asked(self, number: str) -> bool:
        return self._project in ("", number)

    async def _unjoined(self, flow: Flow) -> list[tuple[Record, Json]]:
        """Records of a flow that take part and have no counterpart, nor anything under way."""
        rows = await self._hub.ledger.rows(_UNJOINED, (self._pair.name, flow.name, MOST))
        found: list[tuple[Record, Json]] = []
        for some in chunks([UUID(row[0]) for row in rows], PAGE):
            records = await self._records.load(some)
            sources = await self._records.sources(records.values())
            for id_, record in records.items():
                memory, source = record.flow(flow.name), sources[id_]
                free = not (memory.open or memory.parts or memory.links or memory.adopted)
                if free and flow.counts(source, record.demanded) and not record.vanished:
                    found.append((record, source))
        return found

    async def _projects_here(self) -> list[_Here]:
        return [
            _Here(
                record,
                source,
                Card(
                    key=str(record.id),
                    number=record.number,
                    name=text(source, "displayName"),
                    date=day(source, "startingDate"),
                    city=text(source, "city"),
                ),
                "project",
                "projects",
                project=record.number,
            )
            for record, source in await self._unjoined(BY_NAME[PROJECTS])
            if not is_npc_child(source) and self._is_asked(record.number)
        ]

    async def _vendors_here(self) -> list[_Here]:
        return [
            _Here(
                record,
                source,
                Card(
                    key=str(record.id),
                    number=record.number,
                    name=text(source, "displayName"),
                    tax=text(source, "taxRegistrationNumber"),
                    city=text(source, "city"),
                ),
                "",
                "vendors",
            )
            for record, source in await self._unjoined(BY_NAME[VENDORS])
        ]

    async def _orders_here(self, vendors: Mapping[str, str]) -> list[_Here]:
        found: list[_Here] = []
        context = self._pair.context(BY_NAME[COMMITMENTS], self._hub.clock.now())
        for record, order in await self._unjoined(BY_NAME[COMMITMENTS]):
            for share in commitment_parts.shares(order, context):
                project = self._projects.get(share.job, "")
                if project and self._is_asked(share.job):
                    found.append(_order(record, order, share, project, vendors))
        return found

    async def _projects_there(self) -> list[Card]:
        rows = await self._free(endpoints.projects(self._pair.procore_company), "projects")
        return [
            Card(
                key=text(row, "id"),
                number=text(row, "project_number"),
                name=text(row, "name"),
                date=text(row, "start_date")[:10],
                city=text(row, "city"),
            )
            for row in rows
            if row.get("active") is not False
        ]

    async def _vendors_there(self) -> list[Card]:
        rows = await self._free(endpoints.vendors(self._pair.procore_company), "vendors")
        found: list[Card] = []
        for row in rows:
            register: Json = row.get("business_register") or {}
            tax = text(register, "identifier") or text(row, "business_id")
            number, name, city = text(row, "origin_code"), text(row, "name"), text(row, "city")
            found.append(Card(key=text(row, "id"), number=number, name=name, tax=tax, city=city))
        return found

    async def _contracts_there(self) -> list[Card]:
        found: list[Card] = []
        for project in dict.fromkeys(self._projects[number] for number in self._projects if self._is_asked(number)):
            for resource in _CONTRACTS:
                rows = await self._free(endpoints.contracts(resource, project), resource)
                found += [_contract(row, resource, project) for row in rows if text(row, "status") not in _ENDED]
        return found

    async def _free(self, listing: Listing, resource: str) -> list[Json]:
        """Rows that are nobody's yet: neither joined here, nor another integration's (ER-63)."""
        rows = await self._pair.targets[PROCORE].list(listing)
        condition, parameter = self._hub.ledger.in_list("procore_id", [text(row, "id") for row in rows])
        joined = await self._hub.ledger.rows(
            f"SELECT procore_id FROM cross_reference WHERE connection = ? AND procore_resource = ? AND {condition}",  # noqa: S608 - built from columns
            (self._pair.name, resource, parameter),
        )
        taken = {row[0] for row in joined}
        company = self._pair.bc_company
        return [
            row
            for row in rows
            if text(row, "id") not in taken and owner_of(row, company, _SETS[resource], "")[0] != "foreign"
        ]

    # -- who is who --------------------------------------------------------------------------------

    async def _compare(self, flow: str, here: Sequence[_Here], there: Sequence[Card]) -> None:
        found = adoption.matched(flow, [each.card for each in here], there)
        cards, mine = {card.key: card for card in there}, {each.key: each for each in here}
        for match in found.clear:
            self._pairs.append(_joining(flow, mine[match.here], match, cards))
        for key, matches in sorted(found.unclear.items()):
            each = mine[key]
            self._unclear.append(
                Unclear(
                    flow=flow,
                    record=str(each.record.id),
                    number=each.record.number,
                    name=each.card.name,
                    project=each.project,
                    candidates=tuple(_candidate(match, cards) for match in matches),
                )
            )
        alone = len(here) - len(found.clear) - len(found.unclear)
        if alone:
            self._alone[flow] = alone

    async def _joined(self, flow: str) -> dict[str, str]:
        """Number -> id in Procore, of what is joined and of what this proposal joins."""
        rows = await self._hub.ledger.rows(
            "SELECT bc_number, procore_id FROM cross_reference WHERE connection = ? AND flow = ? AND role <> 'derived'",
            (self._pair.name, flow),
        )
        own = {each.number: each.link.procore_id for each in self._pairs if each.flow == flow}
        return {**{row[0]: row[1] for row in rows}, **own}

    async def _joined_projects(self) -> dict[str, str]:
        return await self._joined(PROJECTS)


_CONTRACTS = ("purchase_order_contracts", "work_order_contracts")
_SETS = {"projects": "projects", "vendors": "vendors", **dict.fromkeys(_CONTRACTS, "purchaseOrders")}


def _key(resource: str, id_: str) -> str:
    return f"{resource}/{id_}"


def _order(record: Record, order: Json, share: Share, project: str, vendors: Mapping[str, str]) -> _Here:
    resource = resource_of(order)
    amount = sum((line_total(order, line.source) for line in share.lines), Decimal(0))
    card = Card(
        key=f"{record.id}{share.suffix}",
        number=record.number,
        name=text(order, "yourReference"),
        date=day(order, "orderDate") or day(order, "documentDate"),
        amount=money_text(amount),
        party=vendors.get(text(order, "vendorNumber"), ""),
        within=_key(resource, project),
    )
    role = f"split{share.suffix}" if share.suffix else "primary"
    return _Here(record, order, card, share.header, resource, project, role, share.job)


def _contract(row: Json, resource: str, project: str) -> Card:
    vendor: Mapping[str, Any] = row.get("vendor") or {}
    return Card(
        key=_key(resource, text(row, "id")),
        number=text(row, "number"),
        name=text(row, "title"),
        date=text(row, "contract_date")[:10],
        amount=money_text(money(row.get("grand_total") or 0)),
        party=text(vendor, "id"),
        within=_key(resource, project),
    )


def _joining(flow: str, here: _Here, match: Match, cards: Mapping[str, Card]) -> Joining:
    procore_id = match.there.rpartition("/")[2]
    origin = BY_NAME[flow].origin
    record = here.record
    return Joining(
        flow=flow,
        record=str(record.id),
        number=record.number,
        name=here.card.name,
        project=here.project,
        part=here.part,
        link=LinkRow(
            origin.entity_set,
            record.source_id,
            record.number,
            here.resource,
            procore_id,
            here.parent,
            role=here.role,
        ),
        rests_on=record.believed[origin.system].digest,
        candidate=_candidate(match, cards),
    )


def _candidate(match: Match, cards: Mapping[str, Card]) -> Candidate:
    card = cards[match.there]
    return Candidate(
        procore_id=match.there.rpartition("/")[2],
        number=card.number,
        name=card.name,
        score=match.score,
        evidence=match.evidence,
    )


_UNJOINED = """
SELECT s.record FROM record_state s
WHERE s.connection = ? AND s.flow = ? AND s.open = 0 AND s.state <> 'deleted'
  AND NOT EXISTS (SELECT 1 FROM cross_reference x WHERE x.record = s.record AND x.flow = s.flow)
ORDER BY s.record LIMIT ?
"""
