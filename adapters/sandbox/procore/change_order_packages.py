"""Change order packages: the only level with origin fields, and what three-tier projects are read by (G3, G4, G13)."""

from collections.abc import Iterable

from adapters.sandbox.procore.change_order_lines import show_line
from adapters.sandbox.procore.change_order_records import (
    PACKAGES,
    SIDES,
    TOOL,
    currency,
    lines_of,
    potentials,
    write_package,
)
from adapters.sandbox.procore.contract import Mismatch, moment, window
from adapters.sandbox.procore.custom_fields import show_fields
from adapters.sandbox.procore.kernel import Answer, Call, Problem, Route, listed, not_found, ordered, page
from adapters.sandbox.procore.state import Row, State
from domain.values import Json

DATES = ("reviewed_at", "due_date", "invoiced_date", "paid_date", "signed_change_order_received_date")


def show_package(state: State, package: Row) -> Json:
    """A package with the lines of all that stands behind it; custom fields as they are (Z3).

    Its statuses lack `pending_billable`, which the unified view has; such an order reads `pending` here.
    """
    lines = [show_line(state, line) for potential in potentials(state, package) for line in lines_of(state, potential)]
    return {
        **package,
        "status": package_status(package),
        "type": SIDES[package["side"]].package,
        "line_items": lines,
        "creator": {"id": state.service_user_id},
        "created_by_id": state.service_user_id,
        "currency_configuration": currency(state, package),
        "custom_fields": show_fields(state, package["custom_fields"]),
    }


def package_status(order: Row) -> str:
    """The status in the words of packages, requests and potential change orders."""
    return "pending" if order["status"] == "pending_billable" else order["status"]


def kept(call: Call, table: str, *equal: str) -> list[Row]:
    """Rows of the project that pass the filters that packages and potential change orders share.

    Raises  Problem 400 for a malformed range (F2)
    """
    rows = listed(call, ordered(call, _with_deleted(call, table)), *equal)
    for name in DATES:
        span = call.one(f"filters[{name}]")
        if span is not None:
            try:
                begin, end = window(span)
            except Mismatch as mismatch:
                raise Problem(400, {"errors": str(mismatch)}) from mismatch
            rows = [row for row in rows if (at := moment(row.get(name) or "")) is not None and begin <= at <= end]
    return rows


def _with_deleted(call: Call, table: str) -> Iterable[Row]:
    """F3: `only` lists deleted rows, `with` both."""
    wanted = call.one("filters[include_deleted]")
    for row in call.state.table(table).values():
        gone = row.get("deleted_at") is not None
        if row["project_id"] == call.project["id"] and (wanted == "with" or gone is (wanted == "only")):
            yield row


def _list(call: Call) -> Answer:
    """No filter on the status (G7); the contract is a parameter of its own."""
    contract = call.number("contract_id")
    rows = [row for row in kept(call, PACKAGES) if contract is None or row["contract_id"] == contract]
    shown, headers = page(call, rows)
    return Answer([show_package(call.state, row) for row in shown], headers=headers)


def _found(call: Call, contract: int | None) -> Row:
    package = call.state.get(PACKAGES, call.path["id"], project_id=call.project["id"])
    if package is None or contract not in (None, package["contract_id"]):
        raise not_found("change order package")
    return package


def _show(call: Call) -> Answer:
    return Answer(show_package(call.state, _found(call, call.number("contract_id"))))


def _update(call: Call) -> Answer:
    """Origin fields may be set on an approved package too (23.2, the "synced" mark)."""
    package = _found(call, call.body.get("contract_id"))
    write_package(call.state, SIDES[package["side"]], call.project["id"], package, call.body["change_order"])
    return Answer(show_package(call.state, package))


_PATH = "/rest/v1.0/change_order_packages"

ROUTES = (
    Route("GET", _PATH, _list, project="query", tool=TOOL),
    Route("GET", f"{_PATH}/{{id}}", _show, project="query", tool=TOOL),
    Route("PATCH", f"{_PATH}/{{id}}", _update, project="body", tool=TOOL),
)
