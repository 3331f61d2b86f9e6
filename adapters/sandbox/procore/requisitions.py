"""Requisitions, which people call subcontractor invoices: a commitment billed line by line (section 16)."""

from typing import cast

from adapters.sandbox.procore.billing_periods import named
from adapters.sandbox.procore.commitments import CONTRACTS, LOCKED, TOOL
from adapters.sandbox.procore.kernel import Answer, Call, Route, listed, not_found, ordered, page, without
from adapters.sandbox.procore.requisition_figures import ITEMS, REQUISITIONS
from adapters.sandbox.procore.requisition_items import add_items, apply, of_project, planned, refuse_locked
from adapters.sandbox.procore.requisition_views import deletable, is_last, show
from adapters.sandbox.procore.state import Invalid, Row, State
from domain.values import Json

PAGE = 30  # P5
DRAFT = "draft"

_FILES = ("prostore_file_ids", "upload_ids")


def create(state: State, contract: Row, values: Json) -> Row:
    """A requisition with an item for each line of its commitment (I5). Its number counts within the commitment.

    Raises  Invalid: the commitment may not be billed, the period is closed (I8) or taken (I9, by a switch)
    """
    if state.settings.bill_approved_only and contract["status"] not in LOCKED:
        raise Invalid(base=f"cannot be created while the commitment is {contract['status']}")
    if not contract["requisitions_are_enabled"]:
        raise Invalid(base="invoices are not enabled for the commitment")
    rows = cast("list[Json]", values.get("items") or [])
    head = without(values, "items")
    _check_head(state, contract, None, head)
    mine = state.rows(REQUISITIONS, commitment_id=contract["id"])
    usual: Json = {
        "project_id": contract["project_id"],
        "commitment_id": contract["id"],
        "number": 1 + max((row["number"] for row in mine), default=0),
        "status": DRAFT,
        "final": False,
        "invoice_number": None,
        "billing_date": None,
        "requisition_start": None,
        "requisition_end": None,
        "payment_date": None,
        "submitted_at": None,
        "period_id": None,
        "origin_id": None,
        "origin_data": None,
        "attachments": [],
    }
    period = named(state, contract["project_id"], head.get("period_id"))
    if period is not None:  # dates of the period where none are sent: inferred
        usual |= {"requisition_start": period["start_date"], "requisition_end": period["end_date"]}
    requisition = state.insert(REQUISITIONS, usual | head)
    add_items(state, requisition)
    try:
        apply(state, requisition, planned(state, requisition, requisition["period_id"], rows, "line_item_id"))
    except Invalid:
        _remove(state, requisition)
        raise
    return requisition


def update(state: State, requisition: Row, values: Json) -> Row:
    """Changes header and items; any status may follow any other (I1, I2: the account is an administrator).

    With an origin id only a null origin id is taken, alone or with `origin_data` (O4, O10).

    Raises  Invalid
    """
    frees = "origin_id" in values and not values["origin_id"] and set(values) <= {"origin_id", "origin_data"}
    if not frees:
        refuse_locked(requisition)
    contract = state.table(CONTRACTS)[requisition["commitment_id"]]
    head = without(values, "items")
    _check_head(state, contract, requisition, head)
    period_id = head.get("period_id", requisition["period_id"])
    changes = planned(state, requisition, period_id, cast("list[Json]", values.get("items") or []))
    state.change(REQUISITIONS, requisition, head)
    apply(state, requisition, changes)
    return requisition


def delete(state: State, requisition: Row) -> None:
    """Takes a requisition and its items away.

    Raises  Invalid: locked (O4), or not the last open one (I3)
    """
    refuse_locked(requisition)
    if not deletable(state, requisition):
        raise Invalid(base="only the latest open invoice of a commitment can be deleted")
    _remove(state, requisition)


def _remove(state: State, requisition: Row) -> None:
    for item in state.rows(ITEMS, requisition_id=requisition["id"]):
        state.remove(ITEMS, item)
    state.remove(REQUISITIONS, requisition)


def _check_head(state: State, contract: Row, requisition: Row | None, head: Json) -> None:
    if "status" in head and head["status"] is None:
        raise Invalid(status="can't be blank")
    for name in _FILES:
        if head.pop(name, None):
            raise Invalid(**{name: "is not a file of the company"})  # nothing can be uploaded to this company
    old = requisition["period_id"] if requisition is not None else None
    period_id = head.get("period_id", old)
    if period_id == old:
        return  # a period that closed meanwhile stays; people still approve what stands in it
    named(state, contract["project_id"], period_id)
    taken = period_id is not None and state.find(REQUISITIONS, commitment_id=contract["id"], period_id=period_id)
    if state.settings.one_requisition_per_period and taken:
        raise Invalid(period_id="the commitment already has an invoice in this billing period")


def list_all(call: Call) -> Answer:
    """I10: read by status and time; P5: thirty on a page."""
    rows = ordered(call, call.state.rows(REQUISITIONS, project_id=call.project["id"]))
    rows = listed(call, rows, "commitment_id", "period_id", "status")
    if call.one("filters[is_last]") is not None:  # the last of each commitment, or all but those
        last = call.flag("filters[is_last]")
        rows = [row for row in rows if is_last(call.state, row) is last]
    shown, headers = page(call, rows, default=PAGE)
    view = call.one("view")
    return Answer([show(call.state, row, view) for row in shown], headers=headers, sparse=view != "extended")


def _answer(call: Call, requisition: Row) -> Answer:
    view = call.one("view")
    return Answer(show(call.state, requisition, view), sparse=view != "extended")


def _show(call: Call) -> Answer:
    return _answer(call, of_project(call, call.path["id"]))


def _create(call: Call) -> Answer:
    if call.one("invite_id") is not None:
        raise not_found("invite")  # nobody was invited to bill
    contract = call.state.get(CONTRACTS, call.body["commitment_id"], project_id=call.project["id"])
    if contract is None:
        raise not_found("commitment")
    return _answer(call, create(call.state, contract, call.body.get("requisition") or {}))


def _update(call: Call) -> Answer:
    requisition = of_project(call, call.path["id"])
    if requisition["commitment_id"] != call.body["commitment_id"]:
        raise not_found("requisition")
    return _answer(call, update(call.state, requisition, call.body.get("requisition") or {}))


def _delete(call: Call) -> Answer:
    delete(call.state, of_project(call, call.path["id"]))
    return Answer()


_PATH = "/rest/v1.1/requisitions"

ROUTES = (
    Route("GET", _PATH, list_all, project="query", tool=TOOL),
    Route("POST", _PATH, _create, project="body", tool=TOOL),
    Route("GET", f"{_PATH}/{{id}}", _show, project="query", tool=TOOL),
    Route("PATCH", f"{_PATH}/{{id}}", _update, project="body", tool=TOOL),
    Route("DELETE", f"{_PATH}/{{id}}", _delete, project="query", tool=TOOL),
)
