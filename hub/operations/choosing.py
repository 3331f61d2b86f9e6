"""Which records a batch is to act on: by ids, by cause, by flow, by time; and what that would touch, before it does."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal, Protocol
from uuid import UUID

import msgspec

from domain.causes import FAILING, UNSETTLED
from hub.app import Hub
from hub.operations.explain import find
from hub.operations.failures import FailureFilter, condition_of, narrowed, on_connections
from hub.report import ExitStatus, Halted

Action = Literal["retry", "skip", "replay"]
DriftAction = Literal["keep-source", "keep-target"]
UndoAction = Literal["undo"]
UNDO: UndoAction = "undo"
ACTIONS: tuple[Action | DriftAction | UndoAction, ...] = (
    *("retry", "skip", "replay"),
    *("keep-source", "keep-target"),
    UNDO,
)

MOST_MEMBERS = 50_000
"""More than this in one batch is no longer looked at by anybody before it runs."""
MOST_NAMES = 1000
"""Numbers and foreign ids are looked up one by one; UUIDs of records are not."""
MANY = 500
"""Above this the number has to be typed: nobody says yes to a thousand records by a slip."""


def confirmed(total: int, typed: str) -> bool:
    """Whether a yes holds for so many: above `MANY` only with their number, with or without commas."""
    return total <= MANY or typed.replace(",", "").strip() == str(total)


class Said(Protocol):
    """How the members of a batch were chosen."""

    def said(self) -> dict[str, str]:
        """As an event keeps it."""
        ...


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """Records by ids of either system, narrowed by a filter, or everything that fails and fits the filter.

    Shape   `picks` are single rows of a list, each `record/flow`. `batch` is a batch: what failed again of it.
    """

    ids: tuple[str, ...] = ()
    picks: tuple[str, ...] = ()
    batch: str = ""
    where: FailureFilter = FailureFilter()

    @property
    def is_empty(self) -> bool:
        """It names nothing: that would be everything, and nobody means that by leaving out a word."""
        said = self.where.said()
        for name in ("connection", "upto"):
            said.pop(name, None)
        return not (self.ids or self.picks or self.batch or said)

    def said(self) -> dict[str, str]:
        """How the records were chosen, as an event keeps it."""
        named = {"ids": _some(self.ids), "picks": _some(self.picks), "batch": self.batch}
        return {**{name: words for name, words in named.items() if words}, **self.where.said()}


def _some(names: Sequence[str]) -> str:
    """The first names of a list, in words."""
    return ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")  # noqa: PLR2004


class Member(msgspec.Struct, frozen=True, array_like=True):
    """A record in a flow, its connection, and the cause that it had when it was chosen."""

    record: str
    flow: str
    connection: str
    cause: str
    state: str


class CauseCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many of the chosen records have a cause; an empty cause for those that do not fail."""

    cause: str
    title: str
    records: int
    helps: str
    next: str


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What would be touched."""

    action: str
    total: int
    causes: list[CauseCount]
    states: dict[str, int]


async def choose(hub: Hub, action: Action, choice: Choice) -> list[Member]:
    """The members of a batch, as they now are.

    Raises  Halted (wrong use): nothing is named, an id is unknown, or they are too many.
    """
    if choice.is_empty:
        message = f"Say what to {action}: ids or numbers, --flow, --cause or --since."
        raise Halted(message, ExitStatus.WRONG_USE)
    await hub.projector.catch_up()
    found = await _chosen(hub, action, choice)
    if len(found) > MOST_MEMBERS:
        message = f"These are more than {MOST_MEMBERS} records; narrow them by flow, cause, project or time."
        raise Halted(message, ExitStatus.WRONG_USE)
    return found


async def preview(hub: Hub, action: Action, members: Sequence[Member]) -> Preview:
    """The members by cause, the largest group first."""
    by_cause = Counter(member.cause for member in members)
    states = Counter(member.state for member in members)
    condition, parameter = hub.ledger.in_list("cause", list(by_cause))
    rows = await hub.ledger.rows(
        f"SELECT cause, title, helps, next FROM failure_group WHERE {condition}",  # noqa: S608 - built from columns
        (parameter,),
    )
    told = {row[0]: row[1:] for row in rows}
    causes: list[CauseCount] = []
    for cause, count in by_cause.most_common():
        title, helps, mend = told.get(cause, ("does not fail", "", ""))
        causes.append(CauseCount(cause=cause, title=title, records=count, helps=helps, next=mend))
    return Preview(action=action, total=len(members), causes=causes, states=dict(states))


async def _chosen(hub: Hub, action: Action, choice: Choice) -> list[Member]:
    if choice.ids:
        return await _named(hub, choice)
    if choice.picks:
        return await _picked(hub, choice)
    if choice.batch:
        return await _failed_again(hub, choice)
    return await _failing(hub, action, choice.where)


async def _picked(hub: Hub, choice: Choice) -> list[Member]:
    """Single rows, as they now are; a row that is not there, or may not be touched, is left out."""
    wanted = set(choice.picks)
    condition, values = _narrowed(hub, choice.where)
    these, parameter = hub.ledger.in_list("record", sorted({pick.partition("/")[0] for pick in wanted}))
    rows = await hub.ledger.rows(
        f"SELECT record, flow, connection, cause, state FROM record_state WHERE {these}{condition}"  # noqa: S608 - built from columns
        " ORDER BY position",
        (parameter, *values),
    )
    return [_without_old_cause(Member(*row)) for row in rows if f"{row[0]}/{row[1]}" in wanted]


async def _failed_again(hub: Hub, choice: Choice) -> list[Member]:
    """Of a batch, those to which it was done and which fail now, or to which it could not be done."""
    condition, values = _narrowed(hub, choice.where)
    states, parameter = hub.ledger.in_list("state", sorted(UNSETTLED))
    rows = await hub.ledger.rows(
        f"SELECT record, flow, connection, cause, state FROM record_state WHERE {states}{condition} AND EXISTS"  # noqa: S608 - built from columns
        " (SELECT 1 FROM batch_record b WHERE b.batch = ? AND b.record = record_state.record"
        " AND b.flow = record_state.flow AND b.result IN ('done', 'barred')) ORDER BY position LIMIT ?",
        (parameter, *values, choice.batch, MOST_MEMBERS + 1),
    )
    return [Member(*row) for row in rows]


async def _failing(hub: Hub, action: Action, where: FailureFilter) -> list[Member]:
    """Everything that fails and fits; only what was sent can be sent again."""
    condition, values = condition_of(hub, where)
    if action == "replay" and not where.state:
        condition += " AND state IN ('dead', 'failed')"
    rows = await hub.ledger.rows(
        f"SELECT record, flow, connection, cause, state FROM failure WHERE 1 = 1{condition}"  # noqa: S608 - built from columns
        " ORDER BY position LIMIT ?",
        (*values, MOST_MEMBERS + 1),
    )
    return [Member(*row) for row in rows]


async def _named(hub: Hub, choice: Choice) -> list[Member]:
    """What ids and numbers name: of each record the flows in which it fails, all of them where it fails in none."""
    records = await _records(hub, choice.ids, choice.where.within)
    condition, values = _narrowed(hub, choice.where)
    these, parameter = hub.ledger.in_list("record", records)
    rows = await hub.ledger.rows(
        f"SELECT record, flow, connection, cause, state FROM record_state WHERE {these}{condition}"  # noqa: S608 - built from columns
        " ORDER BY position",
        (parameter, *values),
    )
    by_record: dict[str, list[Member]] = {}
    for row in rows:
        by_record.setdefault(row[0], []).append(Member(*row))
    members: list[Member] = []
    for own in by_record.values():
        members += [member for member in own if member.state in FAILING] or own
    failing = [member for member in members if member.state in UNSETTLED]
    # A number may be that of several records; those that fail are meant.
    by_name = failing if failing and len(choice.ids) < len(by_record) else members
    return [_without_old_cause(member) for member in by_name]


def _without_old_cause(member: Member) -> Member:
    return member if member.state in FAILING else msgspec.structs.replace(member, cause="")


def _narrowed(hub: Hub, where: FailureFilter) -> tuple[str, list[Any]]:
    condition, values = on_connections(hub, where.connection, where.within)
    if where.cause:
        condition, values = f"{condition} AND cause = ?", [*values, where.cause]
    more, further = narrowed(hub, where)
    return condition + more, [*values, *further]


async def _records(hub: Hub, ids: Sequence[str], within: tuple[str, ...] | None) -> list[str]:
    """Records by their UUIDs, in one question, and by whatever else people call them, one by one.

    Raises  Halted (wrong use) for an id that is unknown, or of connections that may not be touched.
    """
    own = {id_: text for id_ in ids if (text := _uuid(id_))}
    known, parameter = hub.ledger.in_list("record", list(own.values()))
    there = {row[0] for row in await hub.ledger.rows(f"SELECT record FROM record WHERE {known}", (parameter,))}  # noqa: S608 - built from columns
    found: dict[str, list[str]] = {}
    names = [id_ for id_ in ids if own.get(id_, "") not in there]
    if len(names) > MOST_NAMES:
        message = f"These are {len(names)} numbers or foreign ids; at most {MOST_NAMES} can be named at once."
        raise Halted(message, ExitStatus.WRONG_USE)
    for id_ in ids:
        found[id_] = [own[id_]] if own.get(id_, "") in there else await find(hub.ledger, id_.strip())
    called = list(dict.fromkeys(record for records in found.values() for record in records))
    of, values = on_connections(hub, "", within)
    these, parameter = hub.ledger.in_list("record", called)
    rows = await hub.ledger.rows(f"SELECT record FROM record WHERE {these}{of}", (parameter, *values))  # noqa: S608 - built from columns
    open_ = {row[0] for row in rows}
    for id_, records in found.items():
        if open_.isdisjoint(records):
            raise Halted(f"Nothing in the ledger is called {id_}.", ExitStatus.WRONG_USE)
    return [record for record in called if record in open_]


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        return ""
