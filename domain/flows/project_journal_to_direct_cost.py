"""Posted project journal line (project ledger entry) -> Procore direct cost.

Why     What accounting books on a project shows in the site's cost report on the same day.
Owner   Business Central owns every field; the direct cost is locked once it is whole.
Rules   PP-43 to PP-54, C-07 to C-11, C-50, C-60. Lines that were posted together go all or none (PP-49). Purchases
        leave Usage entries here, which are never flagged; they travel with their invoice.
Source  Connector API projectLedgerEntries; Procore direct_costs/sync and direct_costs/line_items/sync (K1 to K9, O9).
        No length limit of a description is known there, so a long one goes as it is, and is never cut silently.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import cast

from msgspec import Struct

from domain.delivery import Listing
from domain.events import LinkRow, Violation
from domain.flow import Context, Flow, Origin, Plan, Reference, Subject
from domain.flows import budget_code_to_wbs_code as budget_code
from domain.flows import direct_cost_parts as direct_cost
from domain.flows.common import (
    day,
    excluded_by_setting,
    in_local_currency,
    joined,
    only,
    plain,
    project_reference,
    written_back,
)
from domain.flows.direct_cost_parts import CostLine, DirectCost
from domain.values import Json, cents, money, money_text, origin_id, text

NAME = "project-journal-to-direct-cost"
NOT_BUDGET = "Only Journal Lines with Entry Type = 'Budget' are eligible for Procore Direct Cost synchronization."
"""Source  ProjectPro's guide, byte for byte (PP-44)."""

_FIELDS = (
    "id",
    "entryNumber",
    "entryType",
    "postingDate",
    "documentNumber",
    "jobNumber",
    "jobTaskNumber",
    "segmentCode",
    "costTypeCode",
    "description",
    "quantity",
    "unitCost",
    "amount",
    "currencyCode",
    "sourceCode",
    "sendToProcore",
)
_MANDATORY = (
    ("jobNumber", "Job No.", "PP-45"),
    ("jobTaskNumber", "Job Task No.", "PP-46"),
    ("segmentCode", "Segment Code", "PP-47"),
    ("costTypeCode", "Cost Type", "PP-52"),  # no budget code can be made without it
)


class Failure(Struct, frozen=True):
    """One broken rule of one item of a batch that is checked before it is posted.

    `item` counts the items from 0; `line` is the number of the journal line or ledger entry, None where it has none.
    """

    item: int
    line: int | None
    field: str
    rule: str
    message: str


def violations_of(entries: Sequence[Json], context: Context) -> list[Failure]:
    """Everything that would keep these lines from being carried, for a check before they are posted (C-07).

    Shape   ledger entries or journal lines of the connector API, or journal batches with their `projectJournalLines`.
            Those whose `sendToProcore` is false do not count; a document that does not say counts.
    """
    return [
        Failure(item, broken.line, broken.field, broken.rule, broken.message)
        for item, entry in enumerate(entries)
        for row in rows_of(entry)
        if row.get("sendToProcore", True)
        for check in FLOW.rules
        for broken in check(row, context)
    ]


def references(entry: Json, _context: Context) -> Iterable[Reference]:
    """The project and the budget code; the task, where its type decides."""
    job, task = text(entry, "jobNumber"), text(entry, "jobTaskNumber")
    yield project_reference(job)
    yield Reference(
        kind="project_task",
        key=joined(job, task),
        text=f"waiting for project task {task} of project {job}",
        only=("Posting",),
        rule="PP-46",
        field="Job Task No.",
    )
    yield _code(entry)


def listings(subject: Subject) -> Iterable[Listing]:
    """The project's direct costs, before the first write and before ours is locked."""
    return direct_cost.listings(subject, _cost(subject), _project_id(subject))


def plan(subject: Subject) -> Plan:
    """Head, its one line, origin id with status, and the id back."""
    project_id = _project_id(subject)
    made = direct_cost.planned(subject, _cost(subject), project_id)
    if isinstance(made, Plan):
        return made
    if not made.id:
        return Plan(parts=made.parts)
    back = written_back(subject, "projectLedgerEntries", direct_cost.STAGES, procoreDirectCostId=made.id)
    link = LinkRow("projectLedgerEntries", subject.source_id, subject.number, direct_cost.RESOURCE, made.id, project_id)
    return Plan(parts=[*made.parts, back], links=lambda _known: [link], link_stage=direct_cost.STAGES - 1)


def _cost(subject: Subject) -> DirectCost:
    """One direct cost for one entry, with one line (PP-50, K8)."""
    entry = subject.source
    mine = origin_id(subject.context.bc_company, "projectLedgerEntries", subject.source_id)
    code = _code(entry)
    line = CostLine(
        name="line",
        origin=f"{mine}:line",  # an origin id may be used once in a company (Procore guide 10)
        wbs_code_id=int(subject.link(code.kind, code.key).procore_id),
        amount=_amount(entry),
        description=text(entry, "description"),
        quantity=money(entry.get("quantity") or 0),
        unit_cost=money(entry.get("unitCost") or 0),
    )
    return DirectCost(
        origin=mine,
        kind="expense",
        date=day(entry, "postingDate"),
        description=text(entry, "description"),
        lines=[line],
    )


def _code(entry: Json) -> Reference:
    keys = (text(entry, field) for field in ("jobNumber", "segmentCode", "jobTaskNumber", "costTypeCode"))
    return budget_code.needed(*keys)


def _project_id(subject: Subject) -> str:
    return subject.link("project", text(subject.source, "jobNumber")).procore_id


def _amount(entry: Json) -> Decimal:
    return cents(money(entry.get("amount") or 0)) + 0  # there is no -0.00


def _is_budget(entry: Json, _context: Context) -> Iterable[Violation]:
    """The entry type is Budget, whatever its case and the blanks around it (PP-44, C-08)."""
    if plain(entry, "entryType").casefold() != "budget":
        yield Violation("PP-44", "Entry Type", NOT_BUDGET, line=_line(entry))


def _is_complete(entry: Json, _context: Context) -> Iterable[Violation]:
    """Everything that a budget code is made of (PP-45 to PP-47, PP-52)."""
    for field, caption, rule in _MANDATORY:
        if not text(entry, field):
            words = f"{caption} is missing; fill it in on the journal line before it is posted"
            yield Violation(rule, caption, words, line=_line(entry))


def _has_amount(entry: Json, context: Context) -> Iterable[Violation]:
    """More than nothing, to the cent; negative ones only where the setting lets them (PP-48, C-10)."""
    try:
        amount = _amount(entry)
    except InvalidOperation:
        yield Violation("PP-48", "Amount", f"Amount {entry.get('amount')!r} is not a number", line=_line(entry))
        return
    if amount > 0 or (amount and context.settings.get("allow_negative", False)):
        return
    words = f"Amount is {money_text(amount)}; it must be greater than 0"
    yield Violation("PP-48", "Amount", words, line=_line(entry))


def _line(entry: Json) -> int | None:
    number = entry.get("entryNumber") or entry.get("lineNumber")
    return number if isinstance(number, int) else None


def rows_of(document: Json) -> Sequence[Json]:
    """The lines of a journal batch; any other document is a line itself."""
    return cast("Sequence[Json]", document.get("projectJournalLines", (document,)))


def _batch(entry: Mapping[str, object]) -> str:
    """What was posted together (PP-49)."""
    return joined(*(text(entry, field) for field in ("documentNumber", "postingDate", "sourceCode")))


FLOW = Flow(
    name=NAME,
    kind="journal_entry",
    after=("project-to-project", "budget-code-to-wbs-code"),
    origin=Origin(
        entity_set="projectLedgerEntries",
        reach="flagged",
        number=lambda row: text(row, "entryNumber"),
        number_field="entryNumber",
        title=lambda row: text(row, "description"),
        project=lambda row: text(row, "jobNumber"),
        relevant=lambda row: only(row, _FIELDS),
        member_of=_batch,
        dated="postingDate",
        numbers=("quantity", "unitCost", "amount"),
    ),
    counts=lambda entry, _demanded: bool(entry.get("sendToProcore")),
    excludes=excluded_by_setting,
    rules=(_is_budget, _is_complete, _has_amount, in_local_currency("entry", "entries", _line)),
    together=True,
    references=references,
    listings=listings,
    plan=plan,
    amount=lambda entry: money_text(_amount(entry)),
    lane="first",
)
