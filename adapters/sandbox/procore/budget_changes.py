"""Budget changes, which move a budget that is locked (B6 to B9).

A company of this stand-in has no production quantities, and its files are kept elsewhere: naming either is refused.
"""

from collections.abc import Iterable
from decimal import Decimal

from adapters.sandbox.procore.budget import CURRENCY, TOOL, show_code
from adapters.sandbox.procore.company import is_unit
from adapters.sandbox.procore.figures import AUTOMATIC, numeral, reckoned
from adapters.sandbox.procore.kernel import Answer, Call, Route, not_found, without
from adapters.sandbox.procore.state import Invalid, Row, State
from adapters.sandbox.procore.wbs_codes import WBS_CODES, budget, usable
from domain.values import Json

BUDGET_CHANGES = "budget_changes"
ADJUSTMENTS = "budget_change_adjustments"

STATUSES = ("draft", "under_review", "approved", "void")  # B7
PLUS, MINUS = "change_event", "budget_change"  # B7: credit and withdrawal

_LINES = "adjustment_line_items"
_ABSENT = {
    "production_quantities": "are not enabled for the project",
    "prostore_file_ids": "name a file that does not exist",
}


def effect(adjustment: Row) -> Decimal:
    """What an adjustment adds to the budget of its code.

    Units   A withdrawal takes its amount away, whichever sign it was sent with: guides do not say where the minus
            stands (B7).
    """
    amount = Decimal(adjustment["amount"])
    return -abs(amount) if adjustment["type"] == MINUS else amount


def adjustments(state: State, change: Row) -> list[Row]:
    """The lines of a budget change."""
    return list(state.rows(ADJUSTMENTS, budget_change_id=change["id"]))


def moved(state: State, project_id: int, *statuses: str) -> dict[int, Decimal]:
    """Budget code -> sum of the changes in these statuses."""
    sums: dict[int, Decimal] = {}
    for change in state.rows(BUDGET_CHANGES, project_id=project_id):
        if change["status"] in statuses:
            for line in adjustments(state, change):
                sums[line["wbs_code_id"]] = sums.get(line["wbs_code_id"], Decimal(0)) + effect(line)
    return sums


def write(state: State, project_id: int, change: Row | None, values: Json) -> tuple[Row, dict[int, str]]:
    """Makes or changes a budget change with its lines; nothing is written when a line is wrong.

    Shape   the change, and `ref` by line id: answers echo it, it is not stored (B7)
    Raises  Invalid. Which statuses stop edits is printed nowhere; none does here
    """
    for name, text in _ABSENT.items():
        if values.get(name):
            raise Invalid(**{name: text})
    if values.get("status", "draft") not in STATUSES:
        raise Invalid(status="is not included in the list")
    before = adjustments(state, change) if change else []
    plans = list(_planned(state, project_id, before, values.get(_LINES) or []))
    _check_order(before, plans)
    head = without(values, "id", _LINES, *_ABSENT)
    if head.get("number") is not None:
        head["number"] = int(head["number"])
    if change is None:
        place = {"project_id": project_id, "number": _next_number(state, project_id)}
        usual = {"title": None, "description": None, "erp_status": "not_integrated"}
        change = state.insert(BUDGET_CHANGES, place | usual | {name: v for name, v in head.items() if v is not None})
    else:
        state.change(BUDGET_CHANGES, change, head)
    return change, _put(state, change, plans)


def _next_number(state: State, project_id: int) -> int:
    return 1 + max((row["number"] for row in state.rows(BUDGET_CHANGES, project_id=project_id)), default=0)


Plan = tuple[Row | None, Json, str | None]
"""The line that is changed if any, what it is to hold (nothing: it goes), and its `ref`."""


def _planned(state: State, project_id: int, before: list[Row], rows: Iterable[Json]) -> Iterable[Plan]:
    known = {line["id"]: line for line in before}
    for values in rows:
        line = known.get(values["id"]) if values.get("id") is not None else None
        if values.get("id") is not None and line is None:
            raise Invalid(**{_LINES: f"{values['id']} is not a line of the budget change"})
        if values.get("_delete"):
            yield line, {}, None
            continue
        kept = without(values, "id", "ref", "_delete")
        if line is None or kept.get("wbs_code_id", line["wbs_code_id"]) != line["wbs_code_id"]:
            usable(state, project_id, {"wbs_code_id": kept.get("wbs_code_id")})
        if kept.get("uom") and not is_unit(state, kept["uom"]):
            raise Invalid(uom="is not in the list of units of the company")
        if line is None and (kept.get("type") not in {PLUS, MINUS} or kept.get("adjustment_number") is None):
            raise Invalid(**{_LINES: "need a type and an adjustment number"})
        merged = (line or {}) | kept
        kept |= reckoned(merged, sent="amount", way="calculation_strategy", calculated=AUTOMATIC)
        yield line, kept, values.get("ref")


def _check_order(before: list[Row], plans: list[Plan]) -> None:
    """B7: an adjustment starts with a `change_event` line; only then a `budget_change` line may be added."""
    started = {line["adjustment_number"] for line in before if line["type"] == PLUS}
    for line, kept, _ in plans:
        if kept.get("type") == PLUS:
            started.add(kept.get("adjustment_number"))
        elif line is None and kept and kept["adjustment_number"] not in started:
            raise Invalid(**{_LINES: f"adjustment {kept['adjustment_number']} needs a {PLUS} line first"})


def _put(state: State, change: Row, plans: list[Plan]) -> dict[int, str]:
    refs: dict[int, str] = {}
    place = {"project_id": change["project_id"], "budget_change_id": change["id"]}
    usual = {"description": None, "comment": None, "uom": None}
    for line, kept, ref in plans:
        if not kept:
            if line is not None:
                state.remove(ADJUSTMENTS, line)
            continue
        row = state.insert(ADJUSTMENTS, usual | kept | place) if line is None else state.change(ADJUSTMENTS, line, kept)
        budget(state, state.table(WBS_CODES)[row["wbs_code_id"]])  # what is moved must lie somewhere, as in W20
        if ref is not None:
            refs[row["id"]] = ref
    _keep_first_comments(state, change)
    return refs


def _keep_first_comments(state: State, change: Row) -> None:
    """B7: `comment` is kept on the first line of an adjustment only."""
    met: set[int] = set()
    for line in adjustments(state, change):
        if line["adjustment_number"] in met:
            state.change(ADJUSTMENTS, line, {"comment": None})
        met.add(line["adjustment_number"])


def _summary(state: State, change: Row) -> Json:
    lines = adjustments(state, change)
    return {
        **change,
        "amount": sum((effect(line) for line in lines), Decimal(0)),
        "change_event_line_item_ids": [
            line["change_event_line_item_id"] for line in lines if line.get("change_event_line_item_id")
        ],
        "currency_configuration": CURRENCY,
    }


def _full(state: State, change: Row, refs: dict[int, str]) -> Json:
    shown = [
        {
            **line,
            **{name: numeral(line[name]) for name in ("quantity", "unit_cost", "amount")},
            "ref": refs.get(line["id"]),
            "wbs_code": show_code(state, line["wbs_code_id"]),
            "currency_configuration": CURRENCY,
        }
        for line in adjustments(state, change)
    ]
    return {"data": _summary(state, change) | {_LINES: shown}}


def _list(call: Call) -> Answer:
    """B8, P3: summaries without lines, all at once."""
    rows = call.state.rows(BUDGET_CHANGES, project_id=call.project["id"])
    return Answer({"data": [_summary(call.state, change) for change in rows]})


def _found(call: Call) -> Row:
    change = call.state.get(BUDGET_CHANGES, call.path["id"], project_id=call.project["id"])
    if change is None:
        raise not_found("budget change")
    return change


def _show(call: Call) -> Answer:
    return Answer(_full(call.state, _found(call), {}))


def _create(call: Call) -> Answer:
    return Answer(_full(call.state, *write(call.state, call.project["id"], None, call.body)))


def _update(call: Call) -> Answer:
    return Answer(_full(call.state, *write(call.state, call.project["id"], _found(call), call.body)))


_CHANGES = "/rest/v1.0/projects/{project_id}/budget_changes"

ROUTES = (
    Route("GET", _CHANGES, _list, project="path", tool=TOOL),
    Route("POST", _CHANGES, _create, project="path", tool=TOOL),
    Route("GET", f"{_CHANGES}/{{id}}", _show, project="path", tool=TOOL),
    Route("PATCH", f"{_CHANGES}/{{id}}", _update, project="path", tool=TOOL),
)
