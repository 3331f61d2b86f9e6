"""`undo`: takes back what one run sent, as a frozen batch of records that are un-synced one by one (BX-12).

Works on the ledger alone and deletes nothing. What is locked, shared, or older than the run is left as it is, and told
with the way that is left.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
from msgspec import Struct

from domain import events, undoing
from domain.errors import Unknown
from domain.values import chunks
from hub.app import Hub, open_hub
from hub.operations import batches
from hub.operations.batches import BatchView
from hub.operations.choosing import MOST_MEMBERS, UNDO, Member
from hub.records import Records
from hub.report import ExitStatus, Halted, Progress, Report
from hub.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console

PAGE = 500
MOST_TOLD = 100
"""Records that a preview names; the results of the batch name all."""
LAST = "last"
_RUN = "SELECT run, connection, started, finished FROM run WHERE run = ?"
_LAST = "SELECT run, connection, started, finished FROM run WHERE started <> '' ORDER BY position DESC LIMIT 1"
_STORY = "SELECT position, correlation_id FROM event_log WHERE record = ? AND event = ?"
_BEGIN = "SELECT MIN(position) FROM instant WHERE at >= ?"
_SENT = """
SELECT record, flow, MIN(position) FROM event_log
WHERE connection = ? AND event = ? AND position >= ? AND position <= ? AND correlation_id = ?
GROUP BY record, flow ORDER BY MIN(position) LIMIT ?
"""
_CUTS = "SELECT record, MAX(position) FROM event_log WHERE event IN (?, ?) AND {records} GROUP BY record"
_FIRST = """
SELECT d.record, d.flow, d.position FROM delivery d WHERE d.state = 'confirmed' AND d.position < ? AND {records}
"""


class OfRun(Struct, frozen=True):
    """The choice of one run's records."""

    run: str

    def said(self) -> dict[str, str]:
        """As an event keeps it."""
        return {"run": self.run}


class Left(Struct, frozen=True, kw_only=True):
    """A record that would be left as it is; `result` fine or barred."""

    record: str
    flow: str
    number: str
    result: str
    why: str


class Preview(Struct, frozen=True, kw_only=True):
    """What an undo of a run would do.

    Shape   `undone` and `left` count by flow; `told` are at most a hundred of those that are left
    """

    action: str
    run: str
    connection: str
    started: str
    total: int
    undone: dict[str, int]
    left: dict[str, int]
    told: list[Left]


async def choose(hub: Hub, run: str) -> tuple[str, str, list[Member]]:
    """Run, its connection, and the records that it sent something of, the last sent first; `last` is the newest run.

    Raises  Unknown for a run that never began; Halted (2) while it is not over, when it sent nothing, or too much.
    """
    await hub.projector.catch_up()
    rows = await hub.ledger.rows(_LAST) if run == LAST else await hub.ledger.rows(_RUN, (run.strip().lower(),))
    if not rows or not rows[0][2]:
        raise Unknown(f"There is no run {run[:60]} that began.")
    id_, connection, started, _ = rows[0]
    ended = await hub.ledger.rows(_STORY, (id_, events.RoundEnded.TOPIC))
    if not ended:
        raise Halted(f"Run {id_} is not over; undo it when it is.", ExitStatus.WRONG_USE)
    end, story = ended[-1]
    begin = (await hub.ledger.rows(_BEGIN, (started,)))[0][0] or 0
    topic = events.Requested.TOPIC
    sent = await hub.ledger.rows(_SENT, (connection, topic, begin, end, story, MOST_MEMBERS + 1))
    if len(sent) > MOST_MEMBERS:
        message = (
            f"Run {id_} sent more than {MOST_MEMBERS} records; undo them by `siteledger reset`, project by project."
        )
        raise Halted(message, ExitStatus.WRONG_USE)
    members: list[Member] = []
    for page in chunks(sent, PAGE):
        earlier = await _earlier(hub, [row[0] for row in page], begin)
        for record, flow, _ in page:
            verdict: undoing.Verdict = "" if flow in undoing.FLOWS else "shared"
            verdict = "earlier" if not verdict and (record, flow) in earlier else verdict
            members.append(Member(record, flow, connection, verdict, ""))
    return id_, connection, members[::-1]


async def _earlier(hub: Hub, records: Sequence[str], begin: int) -> set[tuple[str, str]]:
    """What was carried before the run and not taken back since, by record and flow."""
    condition, parameter = hub.ledger.in_list("record", records)
    cuts = await hub.ledger.rows(
        _CUTS.format(records=condition), (events.Unlinked.TOPIC, events.Reset.TOPIC, parameter)
    )
    since = dict(cuts)
    condition, parameter = hub.ledger.in_list("d.record", records)
    rows = await hub.ledger.rows(_FIRST.format(records=condition), (begin, parameter))
    return {(record, flow) for record, flow, position in rows if position > since.get(record, 0)}


async def preview(hub: Hub, run: str) -> tuple[Preview, list[Member]]:
    """What an undo would do now, and the members that it would have.

    Raises  as `choose`.
    """
    id_, connection, members = await choose(hub, run)
    (row,) = await hub.ledger.rows(_RUN, (id_,))
    undone: Counter[str] = Counter()
    left: Counter[str] = Counter()
    told: list[Left] = []
    records = Records(hub.ledger, connection)
    for page in chunks(members, PAGE):
        loaded = await records.load([UUID(each.record) for each in page])
        for each in page:
            record = loaded[UUID(each.record)]
            result, why = undoing.objection(record, each.flow, each.cause)
            (left if result else undone)[each.flow] += 1
            if result and len(told) < MOST_TOLD:
                told.append(Left(record=each.record, flow=each.flow, number=record.number, result=result, why=why))
    shown = Preview(
        action=UNDO,
        run=id_,
        connection=connection,
        started=row[2],
        total=len(members),
        undone=dict(undone),
        left=dict(left),
        told=told,
    )
    return shown, members


async def freeze(hub: Hub, run: str, members: Sequence[Member], *, reason: str, actor: str) -> str:
    """The batch that takes them back, which has not begun; its UUID.

    Raises  Halted (2) without a reason or members.
    """
    if not members:
        raise Halted(f"Run {run} sent nothing, so there is nothing to undo.", ExitStatus.WRONG_USE)
    return await batches.freeze(hub, UNDO, members, OfRun(run), reason=reason, actor=actor)


# -- the command -----------------------------------------------------------------------------------

Agree = Callable[[Preview], Awaitable[bool]]
"""Shows a preview to whoever gives consent."""


async def undo_run(
    settings: Settings, *, run: str, reason: str, actor: str, agree: Agree | None, progress: Progress
) -> Report:
    """The command `undo`: preview, ask, freeze, work through. Without `agree` the preview alone is given."""
    async with open_hub(settings) as hub:
        shown, members = await preview(hub, run)
        if agree is None:
            return _previewed(shown)
        view: BatchView | None = None
        if members and await agree(shown):
            batch = await freeze(hub, shown.run, members, reason=reason, actor=actor)
            view = await batches.run(hub, batch, actor=actor, progress=progress)
            left = await batches.results(hub, batch, "barred")
            told = [f"{each.flow} {each.number}: {each.why}" for each in left.items]
        else:
            told = []
    document: dict[str, Any] = {"preview": msgspec.to_builtins(shown), "batch": msgspec.to_builtins(view)}

    def render(console: "Console") -> None:
        if view is None:
            console.print("Nothing was done." if members else "The run sent nothing, so there is nothing to undo.")
            return
        words = f"batch {view.batch}: {view.done} of {view.total} records un-synced, {view.barred} left as they are"
        console.print(words, markup=False, soft_wrap=True)
        for each in told:
            console.print(f"  {each}", markup=False, soft_wrap=True)

    barred = view is not None and view.barred > 0
    return Report(document, ExitStatus.NEEDS_PERSON if barred else ExitStatus.DONE, render)


def _previewed(shown: Preview) -> Report:
    message = "Nothing was done: this is what an undo would take back. Repeat it with --yes to do it."
    document = {
        "preview": msgspec.to_builtins(shown),
        "error": {"status": int(ExitStatus.WRONG_USE), "message": message},
    }

    def render(console: "Console") -> None:
        say(console, shown)
        console.print(message, markup=False)

    return Report(document, ExitStatus.WRONG_USE, render)


def say(console: "Console", shown: Preview) -> None:
    """A preview for people."""
    console.print(f"run {shown.run} of {shown.connection}, begun {shown.started}: {shown.total} records", markup=False)
    for flow, count in shown.undone.items():
        console.print(f"  {count:>6}  {flow}: un-synced", markup=False, soft_wrap=True)
    for flow, count in shown.left.items():
        console.print(f"  {count:>6}  {flow}: left as they are", markup=False, soft_wrap=True)
    for each in shown.told[:20]:
        console.print(f"          {each.flow} {each.number}: {each.why}", markup=False, soft_wrap=True)
