"""Is everything in step, and if not, what should be done first: one look over all connections that may be seen."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from msgspec import Struct

from domain.flows import FLOWS
from domain.states import NEEDS_A_PERSON, STATES, UNFINISHED
from hub.app import Hub, flow_settings
from hub.hearing.subscribing import Standing
from hub.mutes import records_muted
from hub.operations.failures import FailureFilter, Group, groups
from hub.queries.audit import last_check
from hub.queries.connections import connections
from hub.queries.pages import Query
from hub.service import Heartbeat

CAUSES = 5
TOKENS_SOON = timedelta(days=14)
SUBSCRIPTIONS_SOON = timedelta(days=1)
"""One lives three days and is renewed every day, so one that is this near its end was not renewed."""
LETTERS_FOR = timedelta(days=7)

Tone = Literal["bad", "warn", "wait"]
TONES: tuple[Tone, ...] = ("bad", "warn", "wait")
"""The worst first."""


class Todo(Struct, frozen=True, kw_only=True):
    """One thing that somebody should do; `since` and `until` are moments, empty where there is none."""

    tone: Tone
    text: str
    place: str
    action: str
    since: str = ""
    until: str = ""


class FlowLine(Struct, frozen=True, kw_only=True):
    """A flow on the map. `on` says whether any of the connections carries it."""

    name: str
    origin: str
    on: bool
    states: dict[str, int]


class Waiting(Struct, frozen=True, kw_only=True):
    """Requests before approvers, and since when the oldest waits."""

    count: int
    oldest: str


class Overview(Struct, frozen=True, kw_only=True):
    """The whole of it.

    Shape   `connections` as `hub.queries.connections`; `todo` has what is to be done first at its head; `begun` is
            false as long as no record is known, `met` connection -> since when both systems answer, `planned` that a
            dry run was made; `causes` are those that raise alarms, of the `muted` there are so many more
    """

    connections: list[dict[str, Any]]
    todo: list[Todo]
    states: dict[str, int]
    on_the_way: int
    causes: list[Group]
    more_causes: int
    muted: int
    approvals: Waiting
    flows: list[FlowLine]
    begun: bool
    met: dict[str, str]
    planned: bool

    @property
    def verdict(self) -> str:
        """The answer in one word: `in step`, `waiting` for people, `behind`, or `broken`."""
        if not self.todo:
            return "in step"
        return {"bad": "broken", "warn": "behind", "wait": "waiting"}[self.todo[0].tone]


async def overview(
    hub: Hub,
    beats: Mapping[str, Heartbeat],
    names: Collection[str],
    *,
    subscriptions: Mapping[str, Standing],
    whole: bool,
    manages: bool,
) -> Overview:
    """How everything stands now. `whole` that the hub as a whole may be seen, `manages` that tokens may.

    Raises  StoreUnavailable.
    """
    found = await connections(hub, beats, names)
    states: dict[str, int] = {}
    for each in found:
        for by_state in each["states"].values():
            for state, count in by_state.items():
                states[state] = states.get(state, 0) + count
    causes = await groups(hub, FailureFilter(within=tuple(names)))
    loud = [cause for cause in causes if cause.muted is None]
    quiet = await records_muted(hub.ledger, hub.clock.now())
    approvals = await _approvals(hub, names)
    todo = [
        *_rounds(found),
        *_failing(loud, states, sum(quiet.get(name, 0) for name in names)),
        *await _reconciled(hub, names),
        *(await _sealed(hub) if whole else ()),
        *await _drifted(hub, names),
        *await _unreadable(hub, names),
        *_subscribed(hub.clock.now(), {name: subscriptions[name] for name in names if name in subscriptions}),
        *(await _tokens(hub) if manages else ()),
        *_approving(approvals),
    ]
    return Overview(
        connections=found,
        todo=sorted(todo, key=lambda it: TONES.index(it.tone)),
        states={state: states.get(state, 0) for state in STATES},
        on_the_way=sum(states.get(state, 0) for state in UNFINISHED),
        causes=loud[:CAUSES],
        more_causes=max(len(loud) - CAUSES, 0),
        muted=len(causes) - len(loud),
        approvals=approvals,
        flows=list(_flows(hub, found)),
        begun=bool(states),
        met=dict(await _of(hub, names, "SELECT connection, since FROM pair WHERE {}")),
        planned=bool(await _of(hub, names, "SELECT connection, plan FROM plan WHERE {} LIMIT 1")),
    )


async def _of(hub: Hub, names: Collection[str], sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """Rows of these connections; `{}` is the place of that condition."""
    query = Query()
    query.one_of(hub.ledger, "connection", names)
    return await hub.ledger.rows(sql.format(query.sql), (*query.values, *values))


def _flows(hub: Hub, found: Iterable[Mapping[str, Any]]) -> Iterator[FlowLine]:
    """Every flow that is on somewhere or has records, in the order of a first sync."""
    tables = [flow_settings(hub.settings.connections[each["name"]]) for each in found]
    for flow in FLOWS:
        on = any(table.get(flow.settings_of or flow.name, {"enabled": True}).get("enabled") for table in tables)
        states: dict[str, int] = {}
        for each in found:
            for state, count in each["states"].get(flow.name, {}).items():
                states[state] = states.get(state, 0) + count
        if on or states:
            ordered = {state: states[state] for state in STATES if state in states}
            yield FlowLine(name=flow.name, origin=flow.origin.system, on=on, states=ordered)


# -- what is to be done ----------------------------------------------------------------------------


def _rounds(found: Iterable[Mapping[str, Any]]) -> Iterator[Todo]:
    for each in found:
        place = f"/connections/{each['name']}"
        match each["state"]:
            case "broken":
                words = "; ".join(each["troubles"])[:300]
                text = f"{each['name']}: the last round had trouble: {words}"
                yield Todo(tone="bad", text=text, place=place, action="See the connection")
            case "behind":
                text = f"{each['name']}: no round has ended for long"
                yield Todo(
                    tone="warn", text=text, place=place, action="See the connection", since=each["last_round"] or ""
                )
            case "paused":
                yield Todo(tone="warn", text=f"{each['name']} is paused", place=place, action="See the connection")
            case _:
                continue


def _failing(causes: Collection[Group], states: Mapping[str, int], muted: int) -> Iterator[Todo]:
    """`causes` are those that raise alarms; so many records are hit by those that do not."""
    people = sum(states.get(state, 0) for state in NEEDS_A_PERSON) - muted
    if people > 0:
        acting = [cause for cause in causes if cause.state in NEEDS_A_PERSON]
        first = f"; first: {acting[0].title}" if acting else ""
        text = f"{people:,} {'records need' if people > 1 else 'record needs'} somebody{first}"
        since = min((cause.first_seen for cause in acting), default="")
        yield Todo(tone="bad", text=text, place="/failures", action="Look at the causes", since=since)


def _approving(approvals: Waiting) -> Iterator[Todo]:
    if approvals.count:
        text = f"{approvals.count:,} {'documents wait' if approvals.count > 1 else 'document waits'} for an approver"
        yield Todo(tone="wait", text=text, place="/approvals", action="Review them", since=approvals.oldest)


async def _approvals(hub: Hub, names: Collection[str]) -> Waiting:
    rows = await _of(
        hub, names, "SELECT COUNT(*), MIN(requested_at) FROM approval WHERE {} AND state IN ('ready', 'resent')"
    )
    return Waiting(count=int(rows[0][0]), oldest=rows[0][1] or "")


async def _reconciled(hub: Hub, names: Collection[str]) -> list[Todo]:
    """Where the newest comparison of all projects found what nobody explains."""
    newest = "SELECT connection, MAX(position) FROM reconciliation WHERE {} AND asked = '[]' GROUP BY connection"
    found: list[Todo] = []
    for connection, position in await _of(hub, names, newest):
        sql = "SELECT run, open, made_at FROM reconciliation WHERE {} AND position = ? AND open > 0 AND signed_by = ''"
        for run, lines, made_at in await _of(hub, (connection,), sql, position):
            text = (
                f"{connection}: money of {lines:,} {'lines' if lines > 1 else 'line'} differs, and nothing explains it"
            )
            found.append(
                Todo(
                    tone="bad",
                    text=text,
                    place=f"/reconcile/{run}?unexplained=true",
                    action="See the lines",
                    since=made_at,
                )
            )
    return found


async def _sealed(hub: Hub) -> list[Todo]:
    last = await last_check(hub.ledger)
    if last is None or last["valid"]:
        return []
    text = "The last verification of the ledger found that something was altered"
    return [Todo(tone="bad", text=text, place="/audit", action="See what", since=last["at"])]


async def _drifted(hub: Hub, names: Collection[str]) -> list[Todo]:
    rows = await _of(hub, names, "SELECT COUNT(*), MIN(found_at) FROM drift_field WHERE {} AND state = 'open'")
    count, since = int(rows[0][0]), rows[0][1] or ""
    if not count:
        return []
    text = f"{count:,} {'fields were' if count > 1 else 'field was'} changed in the target, and nobody said what stands"
    return [Todo(tone="warn", text=text, place="/drift", action="Say what stands", since=since)]


async def _unreadable(hub: Hub, names: Collection[str]) -> list[Todo]:
    since = (hub.clock.now() - LETTERS_FOR).astimezone(UTC).isoformat()
    rows = await _of(hub, names, "SELECT COUNT(*), MAX(at) FROM dead_letter WHERE {} AND at >= ?", since)
    count = int(rows[0][0])
    if not count:
        return []
    text = (
        f"{count:,} {'things that were' if count > 1 else 'thing that was'} sent could not be read in these seven days"
    )
    return [Todo(tone="warn", text=text, place="/failures/dead-letters", action="See what came", since=rows[0][1])]


def _subscribed(now: datetime, standing: Mapping[str, Standing]) -> Iterator[Todo]:
    for name, each in standing.items():
        place = f"/connections/{name}"
        if each.faults:
            text = f"{name}: not told of everything at once: {'; '.join(each.faults)[:300]}"
            yield Todo(tone="warn", text=text, place=place, action="See the subscriptions")
        ending = sorted(expires for expires in each.expires.values() if expires - now < SUBSCRIPTIONS_SOON)
        if ending:
            count = f"{len(ending):,} {'subscriptions end' if len(ending) > 1 else 'subscription ends'}"
            text = f"{name}: {count} soon and should have been renewed"
            yield Todo(
                tone="warn",
                text=text,
                place=place,
                action="See the subscriptions",
                until=ending[0].astimezone(UTC).isoformat(),
            )


async def _tokens(hub: Hub) -> list[Todo]:
    now = hub.clock.now().astimezone(UTC)
    rows = await hub.ledger.rows(
        "SELECT name, expires_at FROM access_token WHERE revoked_at = '' AND expires_at >= ? AND expires_at < ?"
        " ORDER BY expires_at, name LIMIT 10",
        (now.isoformat(), (now + TOKENS_SOON).isoformat()),
    )
    return [
        Todo(tone="wait", text=f"The token {name} ends soon", place="/access", action="Make another", until=expires)
        for name, expires in rows
    ]
