"""Potential change orders and, where there are three tiers, the requests between them and their package (G1, G4)."""

from decimal import Decimal

from adapters.sandbox.procore.change_order_lines import show_line
from adapters.sandbox.procore.change_order_packages import kept, package_status
from adapters.sandbox.procore.change_order_records import (
    MOST_TIERS,
    PACKAGES,
    POTENTIALS,
    REQUESTS,
    SIDES,
    TOOL,
    contract_of,
    currency,
    lines_of,
    settle,
    tiers,
    total,
    write_potential,
)
from adapters.sandbox.procore.custom_fields import show_fields
from adapters.sandbox.procore.kernel import Answer, Call, Route, decimal_text, listed, not_found, page
from adapters.sandbox.procore.state import Invalid, Row, State
from domain.values import Json


def show_potential(state: State, potential: Row) -> Json:
    """A potential change order with everything that list or show have; quantities of its lines are numbers."""
    package = state.table(PACKAGES)[potential["package_id"]]
    request = state.get(REQUESTS, potential["change_order_request_id"])
    levels = tiers(state, potential["project_id"])
    acronym = SIDES[potential["side"]].acronym
    sum_of_lines = decimal_text(total(state, potential))
    return {
        **potential,
        "status": package_status(potential),
        "grand_total": sum_of_lines,
        "line_items_total": sum_of_lines,
        "line_items_extended_total": sum_of_lines,
        "line_items": [_numbers(show_line(state, line)) for line in lines_of(state, potential)],
        "change_order_tiers": levels,
        "potential_change_order_acronym_number": "" if levels == 1 else f"PCO #{potential['number']}",
        "change_order_request_acronym_number": f"COR #{potential['number']}" if levels == MOST_TIERS else "",
        "change_order_package_acronym_number": f"{acronym} #{package['number']}",
        "change_order_request_title": request["title"] if request else None,
        "change_order_package_title": package["title"],
        "void": potential["status"] == "void",
        "creator": {"id": state.service_user_id},
        "created_by_id": state.service_user_id,
        "currency_configuration": currency(state, potential),
        "custom_fields": show_fields(state, potential["custom_fields"]),
    }


def _numbers(line: Json) -> Json:
    return {**line, **{name: line[name] and Decimal(line[name]) for name in ("quantity", "unit_cost")}}


def _list(call: Call) -> Answer:
    shown, headers = page(call, kept(call, POTENTIALS, "contract_id"))
    return Answer([show_potential(call.state, row) for row in shown], headers=headers)


def _found(call: Call, table: str, contract: int | None) -> Row:
    row = call.state.get(table, call.path["id"], project_id=call.project["id"], contract_id=contract)
    if row is None:
        raise not_found(table.removesuffix("s").replace("_", " "))
    return row


def _show(call: Call) -> Answer:
    return Answer(show_potential(call.state, _found(call, POTENTIALS, call.number("contract_id"))))


def _update(call: Call) -> Answer:
    """A request that is named takes it to the package of that request.

    Raises  Invalid for a request made on the way (`change_order_request`), which no guide describes
    """
    state, values = call.state, dict(call.body["change_order"])
    potential = _found(call, POTENTIALS, call.body["contract_id"])
    if "change_order_request" in values:
        raise Invalid(change_order_request="is named by change_order_request_id")
    before = state.table(PACKAGES)[potential["package_id"]]
    if values.get("change_order_request_id") is not None:
        same = {"project_id": potential["project_id"], "contract_id": potential["contract_id"]}
        request = state.get(REQUESTS, values["change_order_request_id"], **same)
        if request is None:
            raise Invalid(change_order_request_id="is not a change order request of the contract")
        values["package_id"] = request["change_order_package_id"]
    write_potential(state, before, potential, values)
    for package in {row["id"]: row for row in (before, state.table(PACKAGES)[potential["package_id"]])}.values():
        settle(state, package)
    return Answer(show_potential(state, potential))


def _show_request(state: State, request: Row) -> Json:
    behind = list(state.rows(POTENTIALS, change_order_request_id=request["id"]))
    contract = contract_of(state, request)
    return {
        **request,
        "status": package_status(request),
        "grand_total": decimal_text(sum((total(state, row) for row in behind), Decimal(0))),
        "contract": {name: contract.get(name) for name in ("id", "number", "title", "status")},
        "creator": {"id": state.service_user_id},
        "created_by_id": state.service_user_id,
        "currency_configuration": currency(state, request),
    }


def _list_requests(call: Call) -> Answer:
    same = {"project_id": call.project["id"], "contract_id": call.number("contract_id")}
    rows = listed(call, call.state.rows(REQUESTS, **same), "change_order_package_id", "status")
    unwanted = call.many("filters[not_status]") or []
    shown, headers = page(call, [row for row in rows if row["status"] not in unwanted])
    return Answer([_show_request(call.state, row) for row in shown], headers=headers)


def _show_one_request(call: Call) -> Answer:
    return Answer(_show_request(call.state, _found(call, REQUESTS, call.number("contract_id"))))


_PATH = "/rest/v1.0/potential_change_orders"
_REQUESTS = "/rest/v1.0/change_order_requests"

ROUTES = (
    Route("GET", _PATH, _list, project="query", tool=TOOL),
    Route("GET", f"{_PATH}/{{id}}", _show, project="query", tool=TOOL),
    Route("PATCH", f"{_PATH}/{{id}}", _update, project="body", tool=TOOL),
    Route("GET", _REQUESTS, _list_requests, project="query", tool=TOOL),
    Route("GET", f"{_REQUESTS}/{{id}}", _show_one_request, project="query", tool=TOOL),
)
