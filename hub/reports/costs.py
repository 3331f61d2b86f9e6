"""Reports about money: job costs, and costs that could not become direct costs."""
# ruff: noqa: S608 - only names from our own constants stand in the SQL, every value is bound

from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import groupby

from adapters.store.statements import Dialect
from domain.costs import POSTED
from domain.values import money_text
from hub.queries.pages import Query
from hub.reports.report import Asked, ReportOf, Row, Selected
from projections.job_cost import JOB_COST, JOB_COST_HISTORY
from projections.projection import Column

_CODE = ("connection", "project", "task", "segment", "cost_type", "currency")
_PICKED = ", ".join((*_CODE, "measure", "amount", "day"))


def _job_costs(asked: Asked, where: Query, _dialect: Dialect) -> Selected:
    """Every amount as of the position, by code; the figures are summed as they come, to the last digit."""
    where.equal("project", asked.project)
    sql = (
        f"SELECT {_PICKED} FROM {JOB_COST.name} WHERE valid_from <= ? AND {where.sql} UNION ALL"
        f" SELECT {_PICKED} FROM {JOB_COST_HISTORY.name} WHERE valid_from <= ? AND valid_until > ? AND {where.sql}"
    )
    at = asked.position
    values = [at, *where.values, at, at, *where.values]
    return Selected(f"{sql} ORDER BY {', '.join(_CODE)}", values)


def _summed(rows: Iterable[Row], asked: Asked) -> Iterator[Row]:
    for code, amounts in groupby(rows, key=lambda row: row[: len(_CODE)]):
        month = asked.months[code[0]]
        total = dict.fromkeys(("original_estimate", "approved_change", "commitment", "invoice"), Decimal(0))
        to_date = this_month = Decimal(0)
        for measure, text, day in (row[len(_CODE) :] for row in amounts):
            amount = Decimal(text)
            if measure in POSTED:
                if day[:7] > month:
                    continue  # posted into a later month
                to_date += amount
                this_month += amount if day[:7] == month else Decimal(0)
            if measure in total:
                total[measure] += amount
        figures = (
            total["original_estimate"],
            total["approved_change"],
            total["original_estimate"] + total["approved_change"],
            total["commitment"],
            total["invoice"],
            to_date,
            this_month,
        )
        yield (*code, month, *map(money_text, figures))


JOB_COSTS = ReportOf(
    name="job-costs",
    about="Job costs by project, cost code, sub job and cost type, as Business Central has them.",
    columns=(
        Column("connection", "text", "connection"),
        Column("project", "text", "number of the project"),
        Column("task", "text", "project task, the cost code"),
        Column("segment", "text", "segment, the sub job"),
        Column("cost_type", "text", "cost type"),
        Column("currency", "text", "code of the currency, empty for the local one"),
        Column("month", "text", "month that it is about, by the clock of the connection"),
        Column("original_estimate", "numeric", "planning lines that make up the budget, but those of change orders"),
        Column("approved_changes", "numeric", "planning lines that change orders brought"),
        Column("revised_estimate", "numeric", "both together"),
        Column("commitments", "numeric", "lines of purchase orders and subcontracts"),
        Column("invoiced", "numeric", "lines of posted purchase invoices, through the month"),
        Column("job_to_date", "numeric", "posted invoices and journal entries, through the month"),
        Column("month_to_date", "numeric", "those of the month"),
    ),
    key=_CODE,
    select=_job_costs,
    made=_summed,
    filters=("project", "month"),
    asof=True,
)

_UNSENT = (
    "connection",
    "project",
    "day",
    "record",
    "flow",
    "number",
    "title",
    "task",
    "segment",
    "cost_type",
    "amount",
    "currency",
    "state",
    "reason",
    "since",
)


def _unsyncable(asked: Asked, where: Query, dialect: Dialect) -> Selected:
    """Those whose flow makes direct costs on their connection."""
    where.equal("project", asked.project)
    parts: list[str] = []
    for connection, flows in asked.by_flow.items():
        condition, parameter = dialect.in_list("flow", flows)
        parts.append(f"(connection = ? AND {condition})")
        where.values += [connection, parameter]
    where.conditions.append(f"({' OR '.join(parts) or '1 = 0'})")
    sql = f"SELECT {', '.join(_UNSENT)} FROM unsyncable_direct_cost WHERE {where.sql}"
    return Selected(f"{sql} ORDER BY {', '.join(_UNSENT[:5])}", where.values)


UNSYNCABLE = ReportOf(
    name="unsyncable-direct-costs",
    about="Posted costs that could not become direct costs of Procore, each once with its reason.",
    columns=(
        Column("connection", "text", "connection"),
        Column("project", "text", "number of the project"),
        Column("day", "text", "posting date"),
        Column("record", "text", "UUID of the record"),
        Column("flow", "text", "flow that would carry it"),
        Column("number", "text", "entry number, or number of the posted invoice"),
        Column("title", "text", "description"),
        Column("task", "text", "project task"),
        Column("segment", "text", "segment"),
        Column("cost_type", "text", "cost type"),
        Column("amount", "numeric", "before tax, after discounts, in its currency"),
        Column("currency", "text", "code of the currency, empty for the local one"),
        Column("state", "text", "where it stands"),
        Column("reason", "text", "why it is not in Procore"),
        Column("since", "text", "since when, UTC"),
    ),
    key=_UNSENT[:5],
    select=_unsyncable,
    filters=("project",),
)
