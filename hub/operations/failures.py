"""`failures`: what goes wrong, grouped by cause, with what was said, what to do and who does it.

From the ledger alone: no remote is asked. What could not be read at all is listed apart.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from domain.causes import UNSETTLED
from domain.states import NEEDS_A_PERSON
from hub.app import Hub, open_hub
from hub.cursors import foreign, position_in
from hub.mutes import Muted, muted
from hub.queries.records import like
from hub.report import ExitStatus, Halted, Progress, Report
from hub.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console

LIMIT = 100
MOST = 1000
"""Rows of one page at the most."""


class FailureFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which failures are meant; empty for no limit. Without state and cause: those that are not merely parked.

    Units   `since` and `until` bound the moment at which a record entered its state, UTC, `until` left out.
    `state` is one, or several with commas between; `q` what a number begins with or a title holds. `upto` is a
    position: what changed behind it is left out, 0 for nothing.
    `within` holds the connections that whoever asks may touch, None for every one.
    """

    connection: str = ""
    flow: str = ""
    cause: str = ""
    state: str = ""
    project: str = ""
    kind: str = ""
    q: str = ""
    since: datetime | None = None
    until: datetime | None = None
    upto: int = 0
    within: tuple[str, ...] | None = None

    @property
    def is_narrow(self) -> bool:
        """It asks for more than the groups themselves can answer."""
        named = self.flow or self.project or self.kind or self.q or self.state
        return bool(named or self.since or self.until or self.upto)

    def said(self) -> dict[str, str]:
        """What was asked for, as people and events keep it."""
        fields = {name: getattr(self, name) for name in self.__struct_fields__ if name != "within"}
        return {
            name: value.isoformat() if isinstance(value, datetime) else str(value)
            for name, value in fields.items()
            if value
        }


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """One cause and everything that it hits.

    Shape   `flows` counts records by flow; `helps` is transient, after_mend or never; `example` is a record that it
            hits now, `text` what was said of it, in the remote's own words where a remote spoke. Moments are UTC.
            `muted` says until when it raises no alarm, None where it does.
    """

    connection: str
    cause: str
    state: str
    title: str
    records: int
    jobs: int
    flows: dict[str, int]
    first_seen: str
    last_seen: str
    example: str
    number: str
    text: str
    helps: str
    next: str
    acts: str
    muted: Muted | None = None

    @property
    def alarms(self) -> bool:
        """It needs a person, and nobody said that they know of it."""
        return self.state in NEEDS_A_PERSON and self.muted is None


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """One record that does not go on in one flow: a row of the table `failure`."""

    record: str
    flow: str
    connection: str
    cause: str
    state: str
    kind: str
    number: str
    title: str
    project: str
    text: str
    retry_at: str
    since: str


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """What could not be read at all: a row of the table `dead_letter`. `content` names the raw body."""

    letter: str
    connection: str
    at: str
    side: str
    entity_set: str
    source_id: str
    reason: str
    content: str
    position: int


class Page(msgspec.Struct, frozen=True):
    """Rows of a list, and where the next page begins, None at the end."""

    items: list[Any]
    next_cursor: str | None = None


async def groups(hub: Hub, wanted: FailureFilter) -> list[Group]:
    """What goes wrong, the cause with the most records first, what is muted behind the others."""
    condition, values = of_groups(hub, wanted)
    counted = await hub.ledger.rows(
        "SELECT connection, cause, records, jobs, first_seen, last_seen FROM failure_group"  # noqa: S608 - built from columns
        f" WHERE records > 0{condition}",
        values,
    )
    if counted and wanted.is_narrow:
        counted = await _counted(hub, wanted, [row[1] for row in counted])
    if not counted:
        return []
    by_flow, examples = await _flows_of(hub, wanted, [row[1] for row in counted])
    told = await _told(hub, [row[1] for row in counted])
    mutes = await muted(hub.ledger, hub.clock.now())
    names = ("connection", "cause", "records", "jobs", "first_seen", "last_seen")
    nobody = {"example": "", "number": "", "text": ""}
    found: list[Group] = []
    for row in counted:
        group = (row[0], row[1])
        fields: dict[str, Any] = dict(zip(names, row, strict=True))
        fields |= {
            **told.get(group, {}),
            **examples.get(group, nobody),
            "flows": by_flow.get(group, {}),
            "muted": mutes.get(group),
        }
        if group in told:
            found.append(Group(**fields))
    return sorted(found, key=rank)


def rank(group: Group) -> tuple[bool, int, str, str]:
    """By what lists of causes are ordered."""
    return group.muted is not None, -group.records, group.cause, group.connection


async def members(hub: Hub, wanted: FailureFilter, cursor: str = "", limit: int = LIMIT) -> Page:
    """The single failures, in the order of their ids."""
    condition, values = condition_of(hub, wanted)
    after = _after(cursor)
    names = ", ".join(Failure.__struct_fields__)
    rows = await hub.ledger.rows(
        f"SELECT {names} FROM failure WHERE (record > ? OR (record = ? AND flow > ?)){condition}"  # noqa: S608 - built from columns
        " ORDER BY record, flow LIMIT ?",
        (after[0], after[0], after[1], *values, _bounded(limit) + 1),
    )
    items = [Failure(**dict(zip(Failure.__struct_fields__, row, strict=True))) for row in rows[:limit]]
    return Page(items, f"{items[-1].record}/{items[-1].flow}" if len(rows) > limit else None)


async def dead_letters(
    hub: Hub,
    connection: str = "",
    cursor: str = "",
    limit: int = LIMIT,
    *,
    within: tuple[str, ...] | None = None,
    upto: int | None = None,
) -> Page:
    """What could not be read at all up to a position, the newest first; `within` as in `FailureFilter`."""
    condition, values = on_connections(hub, connection, within)
    before = (await hub.ledger.last_position() if upto is None else upto) + 1
    before = min(before, position_in(cursor)) if cursor else before
    names = ", ".join(DeadLetter.__struct_fields__)
    rows = await hub.ledger.rows(
        f"SELECT {names} FROM dead_letter WHERE position < ?{condition} ORDER BY position DESC LIMIT ?",  # noqa: S608 - built from columns
        (before, *values, _bounded(limit) + 1),
    )
    items = [DeadLetter(**dict(zip(DeadLetter.__struct_fields__, row, strict=True))) for row in rows[:limit]]
    return Page(items, str(items[-1].position) if len(rows) > limit else None)


async def dead_letter_body(hub: Hub, letter: str) -> bytes:
    """The raw body of a dead letter.

    Raises  Halted (wrong use) when there is no such letter.
    """
    rows = await hub.ledger.rows("SELECT content FROM dead_letter WHERE letter = ?", (letter,))
    if not rows:
        message = f"There is no dead letter {letter}; `siteledger failures --unreadable` lists them."
        raise Halted(message, ExitStatus.WRONG_USE)
    return (await hub.ledger.contents([rows[0][0]]))[rows[0][0]]


def condition_of(hub: Hub, wanted: FailureFilter) -> tuple[str, list[Any]]:
    """The SQL condition on the table `failure`, and its parameters."""
    condition, values = of_groups(hub, wanted)
    more, further = narrowed(hub, wanted)
    return condition + more, [*values, *further]


# -- the command -----------------------------------------------------------------------------------


async def failures(settings: Settings, *, wanted: FailureFilter, unreadable: bool, progress: Progress) -> Report:  # noqa: ARG001 - quick
    """The desk of failures as a report."""
    async with open_hub(settings) as hub:
        await hub.projector.catch_up()
        letters = await dead_letters(hub, wanted.connection)
        if unreadable:
            return told_letters(letters)
        found = await groups(hub, wanted)
        listed = await members(hub, wanted) if wanted.cause else Page([])
    people = any(group.alarms for group in found)
    return told(wanted, found, listed, letters, ExitStatus.NEEDS_PERSON if people else ExitStatus.DONE)


def told(wanted: FailureFilter, found: list[Group], listed: Page, letters: Page, status: ExitStatus) -> Report:
    """The desk of failures as a report; the single failures where one cause is asked for."""
    document: dict[str, Any] = {
        "groups": msgspec.to_builtins(found),
        "records": sum(group.records for group in found if group.muted is None),
        "muted": sum(group.records for group in found if group.muted is not None),
        "unreadable": len(letters.items),
    }
    if wanted.cause:
        document |= {"failures": msgspec.to_builtins(listed.items), "next_cursor": listed.next_cursor}

    def render(console: "Console") -> None:
        _render(console, found, listed, len(letters.items))

    return Report(document, status, render)


def told_letters(page: Page) -> Report:
    """What could not be read as a report."""
    document = {"items": msgspec.to_builtins(page.items), "next_cursor": page.next_cursor}

    def render(console: "Console") -> None:
        for letter in page.items:
            where = f"{letter.at[:19]}  {letter.entity_set} {letter.source_id}"
            console.print(f"{where}: {letter.reason}; body {letter.content}", markup=False, soft_wrap=True)
        if not page.items:
            console.print("Everything could be read.")

    return Report(document, ExitStatus.NEEDS_PERSON if page.items else ExitStatus.DONE, render)


def _render(console: "Console", found: list[Group], listed: Page, letters: int) -> None:
    def say(text: str, style: str = "") -> None:
        console.print(text, style=style or None, markup=False, soft_wrap=True)

    for group in found:
        say(f"{group.cause}  {group.title}", "bold" if group.muted is None else "dim")
        if group.muted is not None:
            say(f"  muted until {group.muted.until[:16]} UTC by {group.muted.actor}: {group.muted.reason}")
        say(f"  {_count(group.records, 'record')} of {_count(group.jobs, 'project')}, {group.state}; {_seen(group)}")
        say(f"  {group.number}: {group.text}")
        say(f"  do: {group.next} ({group.acts}; a retry helps: {_HELPS[group.helps]})")
    for failure in listed.items:
        say(f"  {failure.flow}  {failure.number}  {failure.record}  since {failure.since[:19]}")
    if listed.next_cursor:
        say("  and more")
    if not found:
        say("No open failures.")
    if letters:
        say("Some rows could not be read at all; `siteledger failures --unreadable` lists them.")


_HELPS = {"transient": "by itself in time", "after_mend": "once that is done", "never": "no"}


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _seen(group: Group) -> str:
    return f"first {group.first_seen[:19]}, last {group.last_seen[:19]}"


# -- questions to the tables -----------------------------------------------------------------------


def of_groups(hub: Hub, wanted: FailureFilter) -> tuple[str, list[Any]]:
    """The part of a condition that the table of groups knows too."""
    condition, values = on_connections(hub, wanted.connection, wanted.within)
    if wanted.cause:
        condition, values = f"{condition} AND cause = ?", [*values, wanted.cause]
    if not wanted.state and not wanted.cause:
        states, parameter = hub.ledger.in_list("state", sorted(UNSETTLED))
        condition, values = f"{condition} AND {states}", [*values, parameter]
    return condition, values


def narrowed(hub: Hub, wanted: FailureFilter) -> tuple[str, list[Any]]:
    """The part of a condition that only the single failures know; the states of records know it too."""
    condition, values = "", list[Any]()
    for column, value in (("flow", wanted.flow), ("project", wanted.project), ("kind", wanted.kind)):
        if value:
            condition += f" AND {column} = ?"
            values.append(value)
    if wanted.state:
        states, parameter = hub.ledger.in_list("state", wanted.state.split(","))
        condition, values = f"{condition} AND {states}", [*values, parameter]
    if wanted.q:
        condition += " AND (UPPER(number) LIKE ? ESCAPE '!' OR UPPER(title) LIKE ? ESCAPE '!')"
        words = like(wanted.q.upper())
        values += [f"{words}%", f"%{words}%"]
    for sign, moment in ((">=", wanted.since), ("<", wanted.until)):
        if moment is not None:
            condition += f" AND since {sign} ?"
            values.append(moment.isoformat())
    if wanted.upto:
        condition += " AND position <= ?"
        values.append(wanted.upto)
    return condition, values


def _within(hub: Hub, wanted: FailureFilter, causes: list[str]) -> tuple[str, list[Any]]:
    """As `condition_of`, of these causes: their names say as much as states, and the index holds them."""
    named, parameter = hub.ledger.in_list("cause", causes)
    condition, values = narrowed(hub, wanted)
    connection, of = on_connections(hub, wanted.connection, wanted.within)
    return f" AND {named}{connection}{condition}", [parameter, *of, *values]


def on_connections(
    hub: Hub, connection: str, within: tuple[str, ...] | None, column: str = "connection"
) -> tuple[str, list[Any]]:
    """The SQL condition that a row is of this connection, and of one that may be touched; and its parameters."""
    condition, values = (f" AND {column} = ?", [connection]) if connection else ("", list[Any]())
    if within is not None:
        listed, parameter = hub.ledger.in_list(column, sorted(within))
        condition, values = f"{condition} AND {listed}", [*values, parameter]
    return condition, values


async def _counted(hub: Hub, wanted: FailureFilter, causes: list[str]) -> list[tuple[Any, ...]]:
    condition, values = _within(hub, wanted, causes)
    return await hub.ledger.rows(
        "SELECT connection, cause, COUNT(*), COUNT(DISTINCT NULLIF(project, '')), MIN(since), MAX(since)"  # noqa: S608 - built from columns
        f" FROM failure WHERE 1 = 1{condition} GROUP BY connection, cause",
        values,
    )


async def _flows_of(
    hub: Hub, wanted: FailureFilter, causes: list[str]
) -> tuple[dict[tuple[str, str], dict[str, int]], dict[tuple[str, str], dict[str, str]]]:
    """Records by flow, and one of them, for each cause."""
    condition, values = _within(hub, wanted, causes)
    rows = await hub.ledger.rows(
        f"SELECT connection, cause, flow, COUNT(*), MIN(record) FROM failure WHERE 1 = 1{condition}"  # noqa: S608 - built from columns
        " GROUP BY connection, cause, flow",
        values,
    )
    by_flow: dict[tuple[str, str], dict[str, int]] = {}
    first: dict[tuple[str, str], tuple[str, str]] = {}
    for connection, cause, flow, count, record in rows:
        by_flow.setdefault((connection, cause), {})[flow] = count
        first.setdefault((connection, cause), (record, flow))
    these, parameter = hub.ledger.in_list("record", [record for record, _ in first.values()])
    told = {
        (row[0], row[1]): {"example": row[0], "number": row[2], "text": row[3]}
        for row in await hub.ledger.rows(f"SELECT record, flow, number, text FROM failure WHERE {these}", (parameter,))  # noqa: S608 - built from columns
    }
    return by_flow, {group: told[place] for group, place in first.items() if place in told}


async def _told(hub: Hub, causes: list[str]) -> dict[tuple[str, str], dict[str, str]]:
    """What a cause is, in words."""
    names = ("state", "title", "helps", "next", "acts")
    condition, parameter = hub.ledger.in_list("cause", causes)
    rows = await hub.ledger.rows(
        f"SELECT connection, cause, {', '.join(names)} FROM failure_group WHERE {condition}",  # noqa: S608 - built from columns
        (parameter,),
    )
    return {(row[0], row[1]): dict(zip(names, row[2:], strict=True)) for row in rows}


def _bounded(limit: int) -> int:
    if not 0 < limit <= MOST:
        message = f"limit is between 1 and {MOST}, not {limit}."
        raise Halted(message, ExitStatus.WRONG_USE)
    return limit


def _after(cursor: str) -> tuple[str, str]:
    if not cursor:
        return "", ""
    record, stroke, flow = cursor.partition("/")
    if not stroke:
        raise foreign()
    return record, flow
