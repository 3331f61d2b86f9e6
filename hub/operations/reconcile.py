"""Both companies read afresh and compared to the cent; kept as a run that can be read again and signed."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import uuid5

import msgspec

from domain import events
from domain.reconcile import ColumnTotal, Explanation, Line, Tally
from domain.record import Moment, Record
from domain.values import LEDGER, SYSTEMS, Digest, chunks, money_text
from hub.acting import moment_of
from hub.app import Hub, open_hub
from hub.operations.reconciliation import Told, document_of, lines, sign_off, told
from hub.reconciling.comparing import Comparison
from hub.reconciling.reading import carried
from hub.reconciling.stored import LineFilter, LineRow, PageRow, RunRow, Summary, TotalRow, newest, run_row
from hub.records import Contents
from hub.report import ExitStatus, Progress, Report, gravest
from hub.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console

PAGE = 500
"""Lines of one event, and of the body that explains them."""
_OLD = """
SELECT DISTINCT l.run FROM reconciliation_line l LEFT JOIN reconciliation r ON r.run = l.run
WHERE l.connection = ? AND (r.run IS NULL OR r.signed_by = '')
"""


async def reconcile(
    hub: Hub, connection: str, *, projects: Sequence[str] = (), actor: str, progress: Progress
) -> RunRow:
    """Compares a connection, or some of its projects, and keeps what was found. Writes nothing to either system.

    Raises  Unknown for a project that is not compared, Locked while another comparison of the connection runs, and what
            reading a list of Business Central raises.
    """
    async with hub.ledger.exclusive(f"reconciliation {connection}"), hub.pair(connection) as pair:
        moment = moment_of(hub.clock, actor, connection)
        run = str(
            uuid5(LEDGER, f"{connection}/reconciliation/{actor}/{moment.at.isoformat()}/{hub.rng.getrandbits(64)}")
        )
        book = _Book(hub, connection, run, moment)
        read_from = await hub.ledger.last_position()
        comparison = Comparison(pair, hub.ledger, hub.projector, projects)
        tally = Tally()
        progress.start("reconcile", None)
        async for found in comparison.run():
            for line in found:
                tally.add(line)
            await book.told(found)
            progress.advance("reconcile", len(found))
        progress.finish("reconcile")
        totals = tally.totals(carried(pair), comparison.currency)
        calls = {system: pair.targets[system].calls.read for system in SYSTEMS}
        before = await newest(hub, connection, asked=projects, signed=True)
        summary = Summary(
            totals=[total_row(each) for each in totals],
            pages=book.pages,
            unread=comparison.unread,
            signed=before.run if before is not None else "",
        )
        await book.made(summary, tuple(projects), comparison, read_from, calls, tally.counts)
    return await run_row(hub, run)


class _Book:
    """Keeps the lines of a run as they are found, so that nobody holds them all."""

    def __init__(self, hub: Hub, connection: str, run: str, moment: Moment) -> None:
        self._hub = hub
        self._connection = connection
        self._run = run
        self._moment = moment
        self._version = 0
        self.pages: list[PageRow] = []
        self.lines = 0
        self.differing = 0
        self.open = 0
        self.unexplained: dict[str, Any] = {}

    async def told(self, found: Sequence[Line]) -> None:
        """Some lines more."""
        for page in chunks(found, PAGE):
            contents = Contents()
            rows = [_line_row(line) for line in page]
            content = contents.add_json(rows)
            event = events.ReconciliationTold(
                **self._common(),
                run=self._run,
                content=content,
                first=self.lines,
                lines=tuple(_flat(row) for row in rows),
            )
            await self._hub.ledger.append([event], contents.new)
            self._count(content, page)

    def _count(self, content: Digest, page: Sequence[Line]) -> None:
        differing = sum(1 for line in page if line.difference or line.explanations or line.unexplained)
        projects = sorted({line.cell.project for line in page})
        self.pages.append(PageRow(content, self.lines, len(page), differing, projects))
        self.lines += len(page)
        self.differing += differing
        for line in page:
            if line.unexplained:
                self.open += 1
                currency = line.cell.currency
                self.unexplained[currency] = self.unexplained.get(currency, 0) + abs(line.unexplained)

    async def made(
        self,
        summary: Summary,
        asked: tuple[str, ...],
        comparison: Comparison,
        read_from: int,
        calls: Mapping[str, int],
        kinds: Mapping[str, int],
    ) -> None:
        """The end of the run."""
        await self._hub.projector.catch_up()
        contents = Contents()
        old = await self._hub.ledger.rows(_OLD, (self._connection,))
        event = events.ReconciliationMade(
            **self._common(),
            run=self._run,
            content=contents.add_json(summary),
            result=self._result(incomplete=bool(comparison.unread)),
            asked=asked,
            read_from=read_from,
            projects=comparison.projects,
            lines=self.lines,
            differing=self.differing,
            open=self.open,
            unexplained={currency: money_text(amount) for currency, amount in sorted(self.unexplained.items())},
            kinds=dict(sorted(kinds.items())),
            calls=dict(calls),
            replaces=tuple(sorted(run for (run,) in old if run != self._run)),
        )
        await self._hub.ledger.append([event], contents.new)
        await self._hub.projector.catch_up()

    def _result(self, *, incomplete: bool) -> str:
        if self.open:
            return "unexplained"
        if incomplete:
            return "incomplete"
        return "explained" if self.differing else "equal"

    def _common(self) -> dict[str, Any]:
        self._version += 1
        return {
            "originator_id": Record.id_for(self._connection, "reconciliation", self._run),
            "originator_version": self._version,
            "at": self._hub.clock.now(),
            "connection": self._connection,
            "correlation_id": self._moment.cause.correlation_id,
            "causation_id": self._moment.cause.causation_id,
            "actor": self._moment.cause.actor,
        }


def total_row(total: ColumnTotal) -> TotalRow:
    """A column as it is told, amounts as text."""
    return TotalRow(
        measure=total.column,
        currency=total.currency,
        carried=total.carried,
        business_central=money_text(total.business_central) if total.carried else "",
        procore=money_text(total.procore) if total.carried else "",
        difference=money_text(total.difference) if total.carried else "",
        unexplained=money_text(total.unexplained) if total.carried else "",
        kinds={kind: money_text(amount) for kind, amount in sorted(total.kinds.items())},
    )


def _line_row(line: Line) -> LineRow:
    return LineRow(
        measure=line.column,
        project=line.cell.project,
        cost_code=line.cell.cost_code,
        cost_type=line.cell.cost_type,
        segment=line.cell.segment,
        currency=line.cell.currency,
        business_central=money_text(line.business_central),
        procore=money_text(line.procore),
        difference=money_text(line.difference),
        unexplained=money_text(line.unexplained),
        explanations=[_told(each) for each in line.explanations],
    )


def _told(each: Explanation) -> dict[str, Any]:
    return {**msgspec.structs.asdict(each), "amount": money_text(each.amount)}


def _flat(row: LineRow) -> events.ReconciledLine:
    kinds = tuple(dict.fromkeys(str(each["kind"]) for each in row.explanations))
    fields = {name: getattr(row, name) for name in events.ReconciledLine.__struct_fields__ if name != "kinds"}
    return events.ReconciledLine(**fields, kinds=kinds)


# -- the command -----------------------------------------------------------------------------------


async def reconcile_all(
    settings: Settings, *, connection: str | None, projects: Sequence[str], actor: str, progress: Progress
) -> Report:
    """Every connection, or one.

    Raises  as `reconcile`.
    """
    found: list[tuple[Told, list[LineRow]]] = []
    async with open_hub(settings) as hub:
        for name in [connection] if connection else list(settings.connections):
            row = await reconcile(hub, name, projects=projects, actor=actor, progress=progress)
            page = await lines(hub, row.run, LineFilter(differing=True), limit=MOST_SHOWN)
            found.append((await told(hub, row.run), list(page.items)))
    documents = [{**document_of(each), "lines": msgspec.to_builtins(rows)} for each, rows in found]
    document = documents[0] if len(documents) == 1 else {"connections": documents}

    def render(console: "Console") -> None:
        for each, rows in found:
            show(console, each, rows)

    return Report(document, gravest(STATUS[each.row.result] for each, _ in found), render)


MOST_SHOWN = 200
"""Differing lines in the report; all of them are read by `reconciliation/{run}/lines`, or exported."""
STATUS = {
    "equal": ExitStatus.DONE,
    "explained": ExitStatus.DONE,
    "unexplained": ExitStatus.NEEDS_PERSON,
    "incomplete": ExitStatus.REMOTE,
}


def show(console: "Console", found: Told, rows: Sequence[LineRow]) -> None:
    """A run for people: what each measure comes to, then every line that differs and why."""
    row = found.row

    def say(words: str) -> None:
        console.print(words, markup=False, highlight=False, soft_wrap=True)

    calls = sum(row.calls.values())
    say(f"{row.connection}: {row.result}. {row.projects} projects, {row.lines} lines, {calls} calls. Run {row.run}")
    for total in found.summary.totals:
        if total.carried:
            words = f"Business Central {total.business_central}, Procore {total.procore}, difference {total.difference}"
            say(f"  {total.measure} {total.currency}: {words}, unexplained {total.unexplained}")
        else:
            say(f"  {total.measure}: not carried")
    for line in rows:
        code = f"{line.segment} / {line.cost_code} / {line.cost_type}"
        say(f"{line.measure} {line.project} {code}: difference {line.difference}, unexplained {line.unexplained}")
        for each in line.explanations:
            say(f"  {each['kind']} {each['amount']} {each['number']}: {each['words']}")
    for trouble in found.summary.unread:
        say(f"not read: {trouble}")


async def sign(settings: Settings, *, run: str, reason: str, actor: str) -> Report:
    """Sign a run off by the command line.

    Raises  Unknown, WrongInput.
    """
    async with open_hub(settings) as hub:
        await sign_off(hub, run, actor=actor, reason=reason)
        document = document_of(await told(hub, run))

    def render(console: "Console") -> None:
        words = f"Run {run} is signed off by {document['signed_by']}: {document['reason']}"
        console.print(words, markup=False, soft_wrap=True)

    return Report(document, ExitStatus.DONE, render)
