"""Direct costs: costs with budget codes and no commitment (section 16, K1 to K9; O4, O8, O10)."""

from collections.abc import Iterable
from typing import cast

from adapters.sandbox.procore.budget import CURRENCY
from adapters.sandbox.procore.contract import Mismatch, window
from adapters.sandbox.procore.cost_lines import (
    COST_LINES,
    DIRECT_COSTS,
    lines_of,
    planned_lines,
    put_line,
    show_cost_line,
    total,
)
from adapters.sandbox.procore.directory import VENDORS, is_member
from adapters.sandbox.procore.kernel import (
    Answer,
    Call,
    Problem,
    Route,
    decimal_text,
    listed,
    not_found,
    page,
    required,
    sync,
    without,
)
from adapters.sandbox.procore.state import Invalid, Row, State
from domain.values import Json

TOOL = "direct_costs"

INVOICE, SUBCONTRACTOR_INVOICE = "invoice", "subcontractor_invoice"
TYPES = (INVOICE, "expense", "payroll", SUBCONTRACTOR_INVOICE)  # K1
STATUSES = ("draft", "pending", "revise_and_resubmit", "approved")  # K2
MOST_LINES = 100  # K3

_LOCKED = "cannot be changed because the direct cost has been synced with ERP"  # O8
_UNLOCKING = frozenset({"origin_id", "origin_data"})


def refuse_locked(cost: Row) -> None:
    """O4: with an origin id the whole record is locked, its lines and a repeat of the same values included.

    Raises  Invalid
    """
    if cost["origin_id"]:
        raise Invalid(base=_LOCKED)


def show(state: State, cost: Row) -> Json:
    """A direct cost with everything that a record of its own shows."""
    vendor = state.table(VENDORS).get(cost["vendor_id"] or 0)
    project = state.table("projects")[cost["project_id"]]
    lines = lines_of(state, cost)
    return {
        **cost,
        "attachments_count": 0,
        "company": {"id": state.company_id, "name": state.company_name},
        "project": {"id": project["id"], "name": project["name"]},
        "vendor": {"id": vendor["id"], "name": vendor["name"]} if vendor else None,
        "vendor_name": vendor["name"] if vendor else None,
        "employee": {"id": cost["employee_id"]} if cost.get("employee_id") else None,
        "grand_total": decimal_text(total(state, cost)),
        "line_items_count": len(lines),
        "line_items": [show_cost_line(state, line) for line in lines],
        "currency_configuration": CURRENCY,
    }


def _show_brief(state: State, cost: Row) -> Json:
    """The list shows the vendor as text, and no lines."""
    vendor = state.table(VENDORS).get(cost["vendor_id"] or 0)
    name = vendor["name"] if vendor else None
    amount = decimal_text(total(state, cost))
    employee = {"id": cost["employee_id"]} if cost.get("employee_id") else None
    beside = {"vendor": name, "vendor_name": name, "employee": employee, "currency_configuration": CURRENCY}
    return {**cost, **beside, "amount": amount, "grand_total": amount}


def write(state: State, project_id: int, cost: Row | None, values: Json) -> Row:
    """Makes or changes a direct cost with the lines that come along; nothing is written when one of them is wrong.

    Raises  Invalid. That a vendor must be in the directory of the project is said of commitments (C6) and held here too
    """
    values = dict(values)
    rows = cast("list[Json]", values.pop("line_items", None) or [])
    if cost is not None and cost["origin_id"]:
        return _unlocked(state, cost, values, rows)
    if len(rows) > MOST_LINES:
        raise Invalid(line_items=f"are more than {MOST_LINES} in one call")
    _check(state, project_id, cost, values)
    if values.get("origin_id"):
        state.check_origin(DIRECT_COSTS, cost["id"] if cost else 0, values["origin_id"])
    plans = planned_lines(state, cost or {"id": 0, "project_id": project_id}, rows)
    if values.get("origin_id") and any(kept.get("origin_id") == values["origin_id"] for _, kept, _ in plans):
        raise Invalid(origin_id="has already been taken")
    if cost is None:
        usual: Json = {"vendor_id": None, "status": "draft", "origin_id": None, "lines_made": 0}
        cost = state.insert(DIRECT_COSTS, usual | {"project_id": project_id} | values)
    else:
        state.change(DIRECT_COSTS, cost, values)
    for plan in plans:
        put_line(state, cost, plan)
    return cost


def _unlocked(state: State, cost: Row, values: Json, rows: list[Json]) -> Row:
    """O10: null as origin id unlocks, in a call of its own."""
    if "origin_id" not in values or values["origin_id"] is not None or rows or values.keys() - _UNLOCKING:
        refuse_locked(cost)
    return state.change(DIRECT_COSTS, cost, values)


def _check(state: State, project_id: int, cost: Row | None, values: Json) -> None:
    required(values, cost, "direct_cost_type")
    kind = cost["direct_cost_type"] if cost else values["direct_cost_type"]
    if values.get("direct_cost_type", kind) != kind:
        raise Invalid(direct_cost_type="cannot be changed")  # K1
    allowed = TYPES if state.settings.subcontractor_invoices else TYPES[:-1]
    if kind not in allowed:
        raise Invalid(direct_cost_type="is not included in the list")
    if values.get("status", "draft") not in STATUSES:
        raise Invalid(status="is not included in the list")
    if kind == INVOICE:
        required(values, cost, "vendor_id", "invoice_number")
    vendor_id = values.get("vendor_id")
    if vendor_id is not None and (cost is None or vendor_id != cost["vendor_id"]):
        if state.get(VENDORS, vendor_id) is None:
            raise Invalid(vendor_id="is not a vendor of the company")
        if not is_member(state, project_id, vendor_id):
            raise Invalid(vendor_id="is not in the directory of the project")


def delete(state: State, cost: Row) -> None:
    """Deletes a direct cost with its lines.

    Raises  Invalid
    """
    refuse_locked(cost)
    for line in lines_of(state, cost):
        state.remove(COST_LINES, line)
    state.remove(DIRECT_COSTS, cost)


# Routes


def found(call: Call, id: int) -> Row:
    """The direct cost of the project of the call.

    Raises  Problem 404
    """
    cost = call.state.get(DIRECT_COSTS, id, project_id=call.project["id"])
    if cost is None:
        raise not_found("direct cost")
    return cost


def _list(call: Call) -> Answer:
    rows: Iterable[Row] = call.state.rows(DIRECT_COSTS, project_id=call.project["id"])
    kept = listed(call, rows, "invoice_number")
    for name in ("payment_date", "received_date"):
        span = call.one(f"filters[{name}]")
        if span is not None:
            try:
                begin, end = window(span)
            except Mismatch as mismatch:
                raise Problem(400, {"errors": str(mismatch)}) from None
            first, last = begin.date().isoformat(), end.date().isoformat()
            kept = [row for row in kept if row.get(name) and first <= row[name] <= last]
    shown, headers = page(call, kept)
    return Answer([_show_brief(call.state, row) for row in shown], headers=headers)


def _with_refs(shown: Json, sent: list[Json], before: set[int]) -> Json:
    """K4: `ref` is echoed and not stored. New lines stand in the order in which they were sent."""
    fresh = iter([row.get("ref") for row in sent if row.get("id") is None])
    named = {row["id"]: row.get("ref") for row in sent if row.get("id") is not None}
    for line in shown["line_items"]:
        line["ref"] = named.get(line["id"]) if line["id"] in before else next(fresh)
    return shown


def _show(call: Call) -> Answer:
    return Answer(show(call.state, found(call, call.path["id"])))


def _refuse_attachments(call: Call) -> None:
    """Attachments come as multipart alone; text in their place is refused.

    Raises  Invalid
    """
    if call.body.get("attachments"):
        raise Invalid(attachments="are uploaded as multipart/form-data")


def _create(call: Call) -> Answer:
    _refuse_attachments(call)
    values = call.body["direct_cost"]
    cost = write(call.state, call.project["id"], None, values)
    return Answer(_with_refs(show(call.state, cost), values.get("line_items") or [], set()))


def _update(call: Call) -> Answer:
    _refuse_attachments(call)
    cost = found(call, call.path["id"])
    values = cast("Json", call.body.get("direct_cost") or {})
    before = {line["id"] for line in lines_of(call.state, cost)}
    write(call.state, call.project["id"], cost, values)
    return Answer(_with_refs(show(call.state, cost), values.get("line_items") or [], before))


def _delete(call: Call) -> Answer:
    cost = found(call, call.path["id"])
    delete(call.state, cost)
    return Answer({"id": cost["id"]})


def _sync(call: Call) -> Answer:
    id = call.project["id"]
    return sync(
        call,
        DIRECT_COSTS,
        lambda row, values: write(call.state, id, row, values),
        lambda row: without(show(call.state, row), "line_items"),
        project_id=id,
    )


PLACE = "projects/{project_id}/direct_costs"

ROUTES = (
    Route("GET", f"/rest/v1.1/{PLACE}", _list, project="path", tool=TOOL),
    Route("POST", f"/rest/v1.1/{PLACE}", _create, project="path", tool=TOOL),
    Route("GET", f"/rest/v1.1/{PLACE}/{{id}}", _show, project="path", tool=TOOL),
    Route("PATCH", f"/rest/v1.1/{PLACE}/{{id}}", _update, project="path", tool=TOOL),
    Route("DELETE", f"/rest/v1.1/{PLACE}/{{id}}", _delete, project="path", tool=TOOL),
    Route("PATCH", f"/rest/v1.0/{PLACE}/sync", _sync, project="path", tool=TOOL),
)
