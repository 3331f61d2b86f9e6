"""`changes`: what became different between two positions, field by field, by whom, and in which event."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
from msgspec import Struct

from adapters.store import Ledger
from domain import events
from domain.errors import Unknown
from domain.events import LinkRow
from domain.states import NEW, Status, after
from domain.values import Json, read_json
from hub.app import Hub, open_hub
from hub.asof import position_at
from hub.differences import differences
from hub.operations.explain import find
from hub.records import canonical_json
from hub.report import ExitStatus, Halted, Progress, Report
from hub.retelling import Placed, events_of
from hub.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console

PAGE = 50
"""Records whose events are read at once."""
MOST = 1000
"""Changes of one page at the most; a page ends with a whole record."""


class Change(Struct, frozen=True, kw_only=True):
    """One field that became different in one event.

    side    `business_central` or `procore`: what that system holds, seen or written; `hub`: state and pairs
    field   path within the document, such as `purchaseOrderLines[ID].quantity`; `state` and `link` on the side `hub`
    before  None where it was not there; `after` None where it is gone
    """

    position: int
    at: str
    actor: str
    event: str
    record: str
    kind: str
    number: str
    flow: str
    side: str
    part: str
    field: str
    before: Any
    after: Any


class Changes(Struct, frozen=True):
    """A page of changes, record by record. `since` is left out of the span, `until` belongs to it."""

    items: list[Change]
    next_cursor: str | None
    since: int
    until: int


class Wanted(Struct, frozen=True, kw_only=True):
    """Which records, and from when to when; `since` and `until` are positions or instants, nothing for all."""

    records: tuple[str, ...] = ()
    project: str = ""
    connections: tuple[str, ...] = ()
    since: str = ""
    until: str = ""


async def show_changes(
    settings: Settings,
    *,
    identifier: str,
    wanted: Wanted,
    cursor: str | None,
    progress: Progress,  # noqa: ARG001 - quick
) -> Report:
    """The command `changes`."""
    async with open_hub(settings) as hub:
        found = tuple(await find(hub.ledger, identifier.strip())) if identifier else ()
        if identifier and not found:
            raise Halted(f"Nothing in the ledger is called {identifier}.", ExitStatus.WRONG_USE)
        connections = wanted.connections or tuple(settings.connections)
        page = await what_changed(
            hub, msgspec.structs.replace(wanted, records=found, connections=connections), cursor=cursor or ""
        )

    def render(console: "Console") -> None:
        for each in page.items:
            head = f"{each.position:>7}  {each.at[:19]}  {each.actor}  {each.kind} {each.number}  {each.side}"
            told = f"{each.part} {each.field}: {_shown(each.before)} -> {_shown(each.after)}".strip()
            console.print(f"{head}  {told}", markup=False, soft_wrap=True)
        if not page.items:
            console.print(f"Nothing changed from position {page.since} to {page.until}.")
        if page.next_cursor:
            console.print(f"more: --cursor {page.next_cursor}", markup=False)

    return Report(msgspec.to_builtins(page, builtin_types=(bytes,)), ExitStatus.DONE, render)


async def what_changed(hub: Hub, wanted: Wanted, *, cursor: str = "", most: int = MOST, at_once: int = PAGE) -> Changes:
    """Every change of these records, or of the records that belonged to a project, in a span of positions.

    Pages go by records: a page holds all changes of each of its records, the cursor is the last record of a page. It
    ends with the `at_once` records that bring it to `most` changes.
    Raises  WrongInput; Unknown where there is no such record or project.
    """
    await hub.projector.catch_up()
    since = await position_at(hub.ledger, wanted.since or 0, "since")
    until = await position_at(hub.ledger, wanted.until, "until")
    items: list[Change] = []
    place = cursor
    while len(items) < most:
        ids = await _records(hub.ledger, wanted, place, at_once)
        if not ids:
            if not place and not wanted.records:
                raise Unknown(f"No record belongs to the project {wanted.project}.")
            return Changes(items, None, since, until)
        happened = await events_of(hub.ledger, map(UUID, ids), until)
        items += await _told(hub.ledger, happened, since)
        place = ids[-1]
    more = await _records(hub.ledger, wanted, place, 1)
    return Changes(items, place if more else None, since, until)


async def _records(ledger: Ledger, wanted: Wanted, after: str, limit: int) -> list[str]:
    """The next records, by id; of a project also those that belonged to it once."""
    if not wanted.project:
        return sorted(each for each in wanted.records if each > after)[:limit]
    condition, names = ledger.in_list("connection", list(wanted.connections))
    rows = await ledger.rows(
        f"SELECT record FROM record WHERE {condition} AND (project = ? OR (kind = 'project' AND number = ?))"  # noqa: S608 - built from columns
        f" AND record > ? UNION SELECT record FROM state_history WHERE {condition} AND project = ? AND record > ?"
        " ORDER BY record LIMIT ?",
        (names, wanted.project, wanted.project, after, names, wanted.project, after, limit),
    )
    return [row[0] for row in rows]


async def _told(ledger: Ledger, happened: Mapping[UUID, Sequence[Placed]], since: int) -> list[Change]:
    asked = [(id_, found) for id_, found in happened.items() if found and found[-1][0] > since]
    names = {name for _, found in asked for _, event in found if (name := _content(event))}
    bodies = {name: read_json(raw) for name, raw in (await ledger.contents(sorted(names))).items()}
    return [change for _, found in asked for change in _Record(bodies).changes(found, since)]


def _content(event: events.Event) -> str:
    match event:
        case events.Observed():
            return event.content
        case events.Requested():
            return event.body
        case _:
            return ""


class _Record:
    """What is known of one record while its events pass by."""

    def __init__(self, bodies: Mapping[str, Json]) -> None:
        self._bodies = bodies
        self._kind = self._number = ""
        self._source: Json = {}
        self._status: dict[str, Status] = {}
        self._asked: dict[UUID, events.Requested] = {}
        self._held: dict[tuple[str, str, str], Json] = {}
        self._pairs: dict[tuple[str, str, str, str], LinkRow] = {}

    def changes(self, happened: Sequence[Placed], since: int) -> Iterator[Change]:
        """The changes behind a position; what came before only makes known how things were."""
        for position, event in happened:
            found = list(self._of(event))
            if position > since:
                for side, flow, part, field, before, now in found:
                    yield Change(
                        position=position,
                        at=event.at.isoformat(),
                        actor=event.actor,
                        event=event.TOPIC,
                        record=str(event.originator_id),
                        kind=self._kind,
                        number=self._number,
                        flow=flow,
                        side=side,
                        part=part,
                        field=field,
                        before=before,
                        after=now,
                    )

    def _of(self, event: events.Event) -> Iterator[tuple[str, str, str, str, Any, Any]]:
        match event:
            case events.Observed():
                self._kind, self._number = event.kind, event.number
                now = self._bodies.get(event.content, {})
                yield from (
                    (event.side, "", "", it.field, it.before, it.after) for it in differences(self._source, now)
                )
                self._source = now
                for flow in event.flows:
                    yield from self._moved(flow, event)
            case events.Vanished():
                yield event.side, "", "", "", "there", None
                for flow in event.flows:
                    yield from self._moved(flow, event)
            case events.LinkageRefused():
                return
            case events.FlowEvent():
                yield from self._written(event)
                yield from self._joined(event)
                yield from self._moved(event.flow, event)
            case _:
                return

    def _moved(self, flow: str, event: events.Event) -> Iterator[tuple[str, str, str, str, Any, Any]]:
        before = self._status.get(flow)
        now = self._status[flow] = after(before or NEW, event)
        if before is None or before.state != now.state:
            yield "hub", flow, "", "state", before.state if before is not None else None, now.state

    def _written(self, event: events.FlowEvent) -> Iterator[tuple[str, str, str, str, Any, Any]]:
        if isinstance(event, events.Requested):
            self._asked[event.delivery] = event
        if not isinstance(event, events.Confirmed) or event.delivery not in self._asked:
            return
        asked = self._asked[event.delivery]
        place = (event.flow, event.part, event.target_id)
        before = self._held.get(place, {})
        now = {**before, **self._bodies.get(asked.body, {})}
        for it in differences(before, now):
            yield asked.system, event.flow, event.part, it.field, it.before, it.after
        self._held[place] = now
        if not event.digest:
            yield asked.system, event.flow, event.part, "", "there", None

    def _joined(self, event: events.FlowEvent) -> Iterator[tuple[str, str, str, str, Any, Any]]:
        match event:
            case events.Linked():
                links: Iterable[LinkRow] = event.links
            case events.Adopted():
                links = (event.link,)
            case events.Unlinked() | events.Reset():
                for place in [place for place in self._pairs if place[0] == event.flow]:
                    yield "hub", event.flow, "", "link", _pair(self._pairs.pop(place)), None
                return
            case _:
                return
        for link in links:
            place = (event.flow, link.bc_set, link.bc_id, link.role)
            before = self._pairs.get(place)
            if before != link:
                self._pairs[place] = link
                yield "hub", event.flow, "", "link", _pair(before) if before is not None else None, _pair(link)


def _pair(link: LinkRow) -> str:
    return f"{link.bc_number} = {link.procore_resource} {link.procore_id}"


def _shown(value: Any) -> str:
    return "nothing" if value is None else canonical_json(value).decode()
