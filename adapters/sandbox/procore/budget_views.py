"""Budget views: one row for each budget code, with the columns that a view has (B4, B10, B11, W20)."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from adapters.sandbox.procore.budget import CURRENCY, TOOL, original
from adapters.sandbox.procore.budget_changes import moved
from adapters.sandbox.procore.commitments import CONTRACTS, LOCKED
from adapters.sandbox.procore.company import COST_TYPES
from adapters.sandbox.procore.cost_codes import COST_CODES, tiers
from adapters.sandbox.procore.cost_lines import COST_LINES, DIRECT_COSTS
from adapters.sandbox.procore.kernel import Answer, Call, Route, decimal_text, not_found, ordered, page
from adapters.sandbox.procore.lines import LINES
from adapters.sandbox.procore.segments import COST_CODE, COST_TYPE, SUB_JOB
from adapters.sandbox.procore.state import Row, State
from adapters.sandbox.procore.wbs_codes import BUDGET_LINES, WBS_CODES, parts
from domain.values import Json

BUDGET_VIEWS = "budget_views"

ZERO = Decimal(0)

_SORTED_BY = ("biller_type", "biller", "root_cost_code", "cost_code", "category_id")
_FILTERS = {
    "cost_code_id": "cost_code_id",
    "cost_code_name": "cost_code",
    "root_cost_code_id": "root_cost_code_id",
    "root_cost_code_name": "root_cost_code",
    "category_id": "category_id",
    "budget_line_item_id": "id",
}


@dataclass(frozen=True)
class Figures:
    """What one budget code has come to.

    Shape   which statuses count is a setting of each column in Procore; here approved changes, commitments that are
            approved or complete, and approved direct costs do
    """

    original: Decimal
    changes: Decimal
    committed: Decimal
    direct: Decimal

    @property
    def revised(self) -> Decimal:
        """B10: original plus approved changes."""
        return self.original + self.changes

    @property
    def forecast(self) -> Decimal:
        """What is left to spend, never below zero: what the web client reckons by itself."""
        return max(ZERO, self.revised - self.committed - self.direct)


COLUMNS = ("changes", "revised", "committed", "direct")
"""What a column of a view can show."""

STANDARD: Mapping[str, str] = {
    "Approved Budget Changes": "changes",
    "Revised Budget": "revised",
    "Committed Costs": "committed",
    "Direct Costs": "direct",
}


def add_view(state: State, name: str, columns: Mapping[str, str]) -> Row:
    """A view of the company; `columns` maps each heading to one of `COLUMNS`.

    Raises  ValueError
    """
    unknown = set(columns.values()) - set(COLUMNS)
    if unknown:
        raise ValueError(f"no column shows {', '.join(sorted(unknown))}")
    return state.insert(BUDGET_VIEWS, {"name": name, "description": None, "columns": dict(columns)})


def start_company(state: State) -> None:
    """Every company has a standard view. Its id lies below all others, so that no other id depends on it."""
    now = state.stamp()
    values: Row = {"id": state.service_user_id - 1, "created_at": now, "updated_at": now}
    values |= {"name": "Procore Standard Budget", "description": None, "columns": dict(STANDARD)}
    state.table(BUDGET_VIEWS)[values["id"]] = values


def detail_rows(state: State, project_id: int, view: Row) -> list[Json]:
    """The rows of all budget codes with a budget line or a cost, in the order of Procore's default."""
    lines = {line["wbs_code_id"]: line for line in state.rows(BUDGET_LINES, project_id=project_id)}
    changes = moved(state, project_id, "approved")
    committed = _spent(state, project_id, LINES, CONTRACTS, "contract_id", LOCKED)
    direct = _spent(state, project_id, COST_LINES, DIRECT_COSTS, "direct_cost_id", frozenset({"approved"}))
    codes = dict.fromkeys([*lines, *changes, *committed, *direct])
    rows = [
        _row(
            state,
            view,
            state.table(WBS_CODES)[code],
            lines.get(code),
            Figures(
                original(lines.get(code)), changes.get(code, ZERO), committed.get(code, ZERO), direct.get(code, ZERO)
            ),
        )
        for code in codes
    ]
    return sorted(rows, key=lambda row: [(row[name] is None, row[name]) for name in _SORTED_BY])


def _spent(
    state: State, project_id: int, table: str, holders: str, holder: str, counting: frozenset[str]
) -> dict[int, Decimal]:
    """Budget code -> sum of the lines whose document counts; a code with lines that do not is there with zero."""
    sums: dict[int, Decimal] = {}
    for line in state.rows(table, project_id=project_id):
        counts = state.table(holders)[line[holder]]["status"] in counting
        sums[line["wbs_code_id"]] = sums.get(line["wbs_code_id"], ZERO) + (Decimal(line["amount"]) if counts else ZERO)
    return sums


def in_use(state: State, wbs_code_id: int) -> bool:
    """Whether lines stand on a code, so that its budget line cannot be deleted (B12)."""
    return any(state.find(table, wbs_code_id=wbs_code_id) is not None for table in (LINES, COST_LINES))


def _row(state: State, view: Row, code: Row, line: Row | None, figures: Figures) -> Json:
    project = state.table("projects")[code["project_id"]]
    by_type = {segment["type"]: row for segment, row in parts(state, code)}
    cost_code = state.get(COST_CODES, by_type.get(COST_CODE, {}).get("id"))
    root = tiers(state, cost_code)[0] if cost_code else None
    category = state.get(COST_TYPES, by_type.get(COST_TYPE, {}).get("id"))
    sub_job = by_type.get(SUB_JOB)
    biller = sub_job or project
    forecast = decimal_text(figures.forecast)
    return {
        "id": line["id"] if line else None,
        "deletable": line is not None and not in_use(state, code["id"]),
        "company_id": state.company_id,
        "company": state.company_name,
        "project_id": project["id"],
        "project": project["name"],
        "wbs_code_id": code["id"],
        "biller_id": biller["id"],
        "biller": biller["name"],
        "biller_type": "SubJob" if sub_job else "Project",
        "root_cost_code_id": root["id"] if root else None,
        "root_cost_code": root["name"] if root else None,
        "cost_code_id": cost_code["id"] if cost_code else None,
        "cost_code_origin_id": cost_code.get("origin_id") if cost_code else None,
        "cost_code": cost_code["name"] if cost_code else None,
        "category_id": category["id"] if category else None,
        "category": category["name"] if category else None,
        "original_budget_amount": decimal_text(figures.original),
        "budget_modifications": "0.0",  # B6: budget changes have replaced them
        "budget_forecast": {
            "id": None,
            "manual_amount": None,
            "automatic_amount": forecast,
            "amount": forecast,
            "automatically_calculated": True,
            "calculation_strategy": "automatic",
            "notes": None,
        },
        "currency_configuration": CURRENCY,
        "unbudgeted_reason": None if line else "No budget line item",
        **{heading: decimal_text(getattr(figures, what)) for heading, what in view["columns"].items()},
    }


# Routes


def _list(call: Call) -> Answer:
    rows, headers = page(call, ordered(call, call.state.rows(BUDGET_VIEWS)))
    return Answer([_show(row) for row in rows], headers=headers)


def _show(view: Row) -> Json:
    place = f"/rest/v1.0/budget_views/{view['id']}"
    return {**view, "links": {name: f"{place}/{name}" for name in ("detail_rows", "summary_rows")}}


def _details(call: Call) -> Answer:
    view = call.state.get(BUDGET_VIEWS, call.path["budget_view_id"])
    if view is None:
        raise not_found("budget view")
    rows = _filtered(call, detail_rows(call.state, call.project["id"], view))
    wanted = call.one("sort")
    if wanted is not None:
        rows = sorted(rows, key=lambda row: (row[wanted] is None, row[wanted]))
    shown, headers = page(call, rows)
    return Answer(shown, view=-2, headers=headers)


def _filtered(call: Call, rows: list[Json]) -> list[Json]:
    """B4: budgeted rows unless asked otherwise; a row without budget line has null for its id."""
    kind = call.one("budget_row_type") or "budgeted"
    if kind != "all":
        rows = [row for row in rows if (row["id"] is not None) is (kind == "budgeted")]
    for name, key in _FILTERS.items():
        chosen = call.many(name)
        if chosen is not None:
            rows = [row for row in rows if str(row[key]) in chosen]
    billers = call.query.get("biller[]")
    if billers:
        rows = [row for row in rows if f"id={row['biller_id']},type={row['biller_type']}" in billers]
    return rows


_VIEWS = "/rest/v1.0/budget_views"

ROUTES = (
    Route("GET", _VIEWS, _list, project="query", tool=TOOL),
    Route("GET", f"{_VIEWS}/{{budget_view_id}}/detail_rows", _details, project="query", tool=TOOL),
)
