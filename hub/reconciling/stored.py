"""Runs that were made: their rows, their summaries, and their lines, page by page from the contents of the ledger."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Struct

from domain.errors import Unknown
from domain.values import Json
from hub.app import Hub
from hub.report import ExitStatus, Halted


class TotalRow(Struct, frozen=True, kw_only=True):
    """A measure of one currency. Amounts are decimal text; all are empty where no flow carries the measure."""

    measure: str
    currency: str
    carried: bool
    business_central: str
    procore: str
    difference: str
    unexplained: str
    kinds: Mapping[str, str]


class LineRow(Struct, frozen=True, kw_only=True):
    """One cell of one measure. Amounts are decimal text.

    Shape   `explanations` have `kind`, `amount`, `record` (UUID, empty for none), `number`, `position` and `words`
    """

    measure: str
    project: str
    cost_code: str
    cost_type: str
    segment: str
    currency: str
    business_central: str
    procore: str
    difference: str
    unexplained: str
    explanations: list[Json]

    @property
    def differs(self) -> bool:
        """Something is to be told of it."""
        return bool(self.explanations) or self.difference != "0.00" or self.unexplained != "0.00"


class PageRow(Struct, frozen=True):
    """Where a page of lines stands, and what is on it."""

    content: str
    first: int
    lines: int
    differing: int
    projects: list[str]


class Summary(Struct, frozen=True, kw_only=True):
    """The whole of a run without its lines. `signed` is the run that was signed off last before, empty for none."""

    totals: list[TotalRow]
    pages: list[PageRow]
    unread: list[str]
    signed: str = ""


class RunRow(Struct, frozen=True, kw_only=True):
    """A row of the table `reconciliation`."""

    run: str
    connection: str
    made_at: str
    actor: str
    result: str
    asked: list[str]
    projects: int
    lines: int
    differing: int
    open: int
    unexplained: Mapping[str, str]
    kinds: Mapping[str, int]
    calls: Mapping[str, int]
    content: str
    read_from: int
    signed_by: str
    signed_at: str
    reason: str
    version: int
    position: int


class LineFilter(Struct, frozen=True, kw_only=True):
    """Which lines are meant; empty for no limit. `differing` leaves out the equal ones, `kind` names an explanation."""

    measure: str = ""
    project: str = ""
    cost_code: str = ""
    cost_type: str = ""
    segment: str = ""
    kind: str = ""
    differing: bool = False
    unexplained: bool = False

    def passes(self, line: LineRow) -> bool:
        """Whether a line is one of these."""
        wanted = ("measure", "project", "cost_code", "cost_type", "segment")
        if any(getattr(self, name) not in ("", getattr(line, name)) for name in wanted):
            return False
        if self.kind and not any(each["kind"] == self.kind for each in line.explanations):
            return False
        if self.unexplained and line.unexplained == "0.00":
            return False
        return line.differs or not self.differing

    def may_be_on(self, page: PageRow) -> bool:
        """Whether a page can hold such lines."""
        if (self.differing or self.kind or self.unexplained) and not page.differing:
            return False
        return not self.project or self.project in page.projects


COLUMNS = ", ".join(RunRow.__struct_fields__)
_JSON = ("asked", "unexplained", "kinds", "calls")


def row_of(values: Sequence[Any]) -> RunRow:
    """A row of the table."""
    fields = dict(zip(RunRow.__struct_fields__, values, strict=False))
    return RunRow(**{**fields, **{name: msgspec.json.decode(fields[name]) for name in _JSON}})


async def run_row(hub: Hub, run: str) -> RunRow:
    """One run by its id.

    Raises  Unknown.
    """
    rows = await hub.ledger.rows(f"SELECT {COLUMNS} FROM reconciliation WHERE run = ?", (run,))  # noqa: S608 - our own names
    if not rows:
        raise Unknown(f"there is no reconciliation {run[:60]}")
    return row_of(rows[0])


async def newest(
    hub: Hub, connection: str, *, asked: Sequence[str] = (), signed: bool = False, position: int | None = None
) -> RunRow | None:
    """The newest run of a connection for exactly these projects, or the newest that is signed, as of a position."""
    told = msgspec.json.encode(tuple(asked)).decode()
    condition = " AND signed_by <> ''" if signed else ""
    values: list[Any] = [connection, told]
    if position is not None:
        condition, values = f"{condition} AND position <= ?", [*values, position]
    sql = (
        f"SELECT {COLUMNS} FROM reconciliation WHERE connection = ? AND asked = ?{condition}"  # noqa: S608 - our own names
        " ORDER BY position DESC LIMIT 1"
    )
    rows = await hub.ledger.rows(sql, values)
    return row_of(rows[0]) if rows else None


async def summary_of(hub: Hub, row: RunRow) -> Summary:
    """The summary of a run.

    Raises  Halted (integrity) when the ledger lacks it.
    """
    return _summary.decode(await _content(hub, row.content))


async def lines_of(
    hub: Hub, summary: Summary, wanted: LineFilter, after: int = -1
) -> AsyncIterator[tuple[int, LineRow]]:
    """Lines behind a place, each with its place, one page in memory at a time.

    Raises  Halted (integrity) when the ledger lacks a page.
    """
    for page in summary.pages:
        if page.first + page.lines - 1 <= after or not wanted.may_be_on(page):
            continue
        for place, line in enumerate(_lines.decode(await _content(hub, page.content)), page.first):
            if place > after and wanted.passes(line):
                yield place, line


async def sums_of(
    hub: Hub, summary: Summary, projects: Collection[str]
) -> dict[str, dict[tuple[str, str], list[Decimal]]]:
    """Project -> (measure, currency) -> what Business Central and Procore say, the difference, and what is unexplained.

    Pages that hold none of the projects are not read.
    Raises  Halted (integrity) when the ledger lacks a page.
    """
    wanted, found = set(projects), dict[str, dict[tuple[str, str], list[Decimal]]]()
    for page in summary.pages:
        if wanted.isdisjoint(page.projects):
            continue
        for line in _lines.decode(await _content(hub, page.content)):
            if line.project in wanted:
                texts = (line.business_central, line.procore, line.difference, line.unexplained)
                sums = found.setdefault(line.project, {}).setdefault((line.measure, line.currency), [Decimal(0)] * 4)
                sums[:] = [total + Decimal(text) for total, text in zip(sums, texts, strict=True)]
    return found


async def _content(hub: Hub, content: str) -> bytes:
    raw = (await hub.ledger.contents([content])).get(content)
    if raw is None:
        message = f"the ledger lacks the content {content[:12]} of a reconciliation; restore a backup, or make it anew"
        raise Halted(message, ExitStatus.INTEGRITY)
    return raw


_summary = msgspec.json.Decoder(Summary)
_lines = msgspec.json.Decoder(list[LineRow])
