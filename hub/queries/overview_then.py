"""What the ledger knows of how everything stood at a position: records, causes, and what waited for people.

How connections, rounds, subscriptions and tokens stood is not kept, so it is not told, and no verdict is given.
"""
# ruff: noqa: S608 - only names from our own constants stand in the SQL, every value is bound

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime

from msgspec import Struct

from domain.flows import FLOWS
from domain.states import NEEDS_A_PERSON, STATES, UNFINISHED
from hub.app import Hub
from hub.operations.failures import FailureFilter, Group
from hub.operations.failures_then import groups_then
from hub.queries.overview import CAUSES, LETTERS_FOR, FlowLine, Todo
from hub.queries.pages import Query, moment_at
from hub.queries.past import states_at

Waited = tuple[int, str]
"""How many waited, and since when the oldest did."""


class OverviewThen(Struct, frozen=True, kw_only=True):
    """The whole of it.

    Shape   `moment` is when the event at `position` was stored, ISO 8601 in UTC, empty before the first one; `todo` is
            what waited for people, the worst first; the rest as in `Overview`
    """

    position: int
    moment: str
    todo: list[Todo]
    states: dict[str, int]
    on_the_way: int
    causes: list[Group]
    more_causes: int
    muted: int
    flows: list[FlowLine]
    begun: bool


async def overview_then(hub: Hub, names: Collection[str], asof: str) -> OverviewThen:
    """How everything stood at a position or a moment.

    Raises  WrongInput, StoreUnavailable.
    """
    causes, at = await groups_then(hub, FailureFilter(within=tuple(names)), asof)
    moment = await moment_at(hub.ledger, at)
    by_flow = await states_at(hub.ledger, names, at)
    states = {state: sum(counts.get(state, 0) for counts in by_flow.values()) for state in STATES}
    loud = [cause for cause in causes if cause.muted is None]
    quiet = sum(cause.records for cause in causes if cause.muted is not None and cause.state in NEEDS_A_PERSON)
    drifted = await _waited(hub, names, "drift_field", "found_at", ("open",), at)
    asked = await _waited(hub, names, "approval", "requested_at", ("ready", "resent"), at)
    return OverviewThen(
        position=at,
        moment=moment,
        todo=[
            *_failing(loud, sum(states[state] for state in NEEDS_A_PERSON) - quiet),
            *_drifted(drifted),
            *await _unreadable(hub, names, at, moment),
            *_approving(asked),
        ],
        states=states,
        on_the_way=sum(states[state] for state in UNFINISHED),
        causes=loud[:CAUSES],
        more_causes=max(len(loud) - CAUSES, 0),
        muted=len(causes) - len(loud),
        flows=list(_flows(by_flow)),
        begun=bool(by_flow),
    )


def _flows(by_flow: Mapping[str, Mapping[str, int]]) -> Iterator[FlowLine]:
    """Every flow that had records, in the order of a first sync."""
    for flow in FLOWS:
        if flow.name in by_flow:
            ordered = {state: by_flow[flow.name][state] for state in STATES if state in by_flow[flow.name]}
            yield FlowLine(name=flow.name, origin=flow.origin.system, on=True, states=ordered)


async def _waited(
    hub: Hub, names: Collection[str], table: str, since: str, states: Collection[str], position: int
) -> Waited:
    """Rows of a table with a history that were in one of these states."""
    query = Query()
    query.one_of(hub.ledger, "connection", names)
    query.one_of(hub.ledger, "state", states)
    rows = await hub.ledger.rows(
        f"SELECT COUNT(*), MIN({since}) FROM (SELECT {since} FROM {table} WHERE {query.sql} AND valid_from <= ?"
        f" UNION ALL SELECT {since} FROM {table}_history WHERE {query.sql} AND valid_from <= ? AND valid_until > ?"
        ") AS stood",
        (*query.values, position, *query.values, position, position),
    )
    return int(rows[0][0]), rows[0][1] or ""


def _failing(causes: Collection[Group], people: int) -> Iterator[Todo]:
    if people > 0:
        acting = [cause for cause in causes if cause.alarms]
        first = f"; first: {acting[0].title}" if acting else ""
        text = f"{people:,} {'records' if people > 1 else 'record'} needed somebody{first}"
        since = min((cause.first_seen for cause in acting), default="")
        yield Todo(tone="bad", text=text, place="/failures", action="The causes then", since=since)


def _drifted(drifted: Waited) -> Iterator[Todo]:
    count, since = drifted
    if count:
        text = (
            f"{count:,} {'fields were' if count > 1 else 'field was'} changed in the target, and nobody had settled it"
        )
        yield Todo(tone="warn", text=text, place="/drift", action="The drift then", since=since)


async def _unreadable(hub: Hub, names: Collection[str], position: int, moment: str) -> list[Todo]:
    if not moment:
        return []
    query = Query()
    query.one_of(hub.ledger, "connection", names)
    query.where("position <= ?", position)
    query.where("at >= ?", (datetime.fromisoformat(moment) - LETTERS_FOR).isoformat())
    rows = await hub.ledger.rows(f"SELECT COUNT(*), MAX(at) FROM dead_letter WHERE {query.sql}", query.values)
    count = int(rows[0][0])
    if not count:
        return []
    text = f"{count:,} {'things' if count > 1 else 'thing'} could not be read in the seven days before"
    place, action = "/failures/dead-letters", "What had come"
    return [Todo(tone="warn", text=text, place=place, action=action, since=rows[0][1])]


def _approving(asked: Waited) -> Iterator[Todo]:
    count, since = asked
    if count:
        text = f"{count:,} {'documents' if count > 1 else 'document'} waited for an approver"
        yield Todo(tone="wait", text=text, place="/approvals", action="The requests then", since=since)
