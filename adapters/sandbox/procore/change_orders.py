"""The unified view of commitment and prime change orders in projects of one or two tiers (G3), and the statuses."""

from collections.abc import Callable

from adapters.sandbox.procore.change_order_records import (
    MOST_TIERS,
    PACKAGES,
    SIDES,
    STATUSES,
    TOOL,
    Side,
    contract_of,
    create,
    currency,
    tiers,
    write_package,
)
from adapters.sandbox.procore.custom_fields import show_fields
from adapters.sandbox.procore.directory import company_of
from adapters.sandbox.procore.kernel import Answer, Call, Route, listed, not_found, ordered, page
from adapters.sandbox.procore.state import Row, State
from domain.values import Json

STATUS_ROWS = "change_order_statuses"


def show_order(state: State, package: Row, *, extended: bool) -> Json:
    """A change order without origin fields; custom fields are filled in the extended view alone (Q3, Z3).

    It is the package seen from another side: whatever is written to either moves `updated_at` of both.
    """
    return {
        **{name: value for name, value in package.items() if not name.startswith("origin_")},
        "id": package["change_order_id"],
        "legacy_package_id": package["id"],
        "type": SIDES[package["side"]].kind,
        "vendor_id": contract_of(state, package).get("vendor_id"),
        "created_by": {"id": state.service_user_id, "name": "Service account"},
        "currency_configuration": currency(state, package),
        "custom_fields": show_fields(state, package["custom_fields"]) if extended else {},
    }


def _unified(call: Call) -> None:
    """G3: projects of three tiers are not supported. The answer is not documented; 404 is taken (checklist 15).

    Raises  Problem 404
    """
    if tiers(call.state, call.project["id"]) == MOST_TIERS:
        raise not_found("change orders")


def _answer(call: Call, package: Row) -> Answer:
    extended = call.one("view") == "extended"
    return Answer(show_order(call.state, package, extended=extended), view=int(extended))


def _list(side: Side) -> Callable[[Call], Answer]:
    """No paging (P3, G7); an array of what the description shows as one object (Z1)."""

    def serve(call: Call) -> Answer:
        _unified(call)
        extended = call.one("view") == "extended"
        rows = call.state.rows(PACKAGES, project_id=call.project["id"], side=side.name)
        views = ordered(call, (show_order(call.state, row, extended=extended) for row in rows))
        views = listed(call, views, "batch_id", "legacy_package_id", "contract_id", "vendor_id", "status")
        for flag in ("executed", "signature_required"):
            if call.one(f"filters[{flag}]") is not None:
                views = [row for row in views if bool(row.get(flag)) is call.flag(f"filters[{flag}]")]
        return Answer(views, view=int(extended))

    return serve


def _found(call: Call, side: Side) -> Row:
    _unified(call)
    same = {"project_id": call.project["id"], "side": side.name}
    package = call.state.find(PACKAGES, change_order_id=call.path["id"], **same)
    if package is None:
        raise not_found("change order")
    return package


def _show(side: Side) -> Callable[[Call], Answer]:
    return lambda call: _answer(call, _found(call, side))


def _create(side: Side) -> Callable[[Call], Answer]:
    def serve(call: Call) -> Answer:
        _unified(call)
        return _answer(call, create(call.state, side, call.project["id"], call.body["change_order"]))

    return serve


def _update(side: Side) -> Callable[[Call], Answer]:
    def serve(call: Call) -> Answer:
        package = _found(call, side)
        return _answer(call, write_package(call.state, side, call.project["id"], package, call.body["change_order"]))

    return serve


def _statuses(call: Call) -> Answer:
    """The words of G5 under the names that people see; a company's own names are not described."""
    company_of(call)
    if not call.state.table(STATUS_ROWS):
        for word in STATUSES:
            name = word.replace("_", " ").title()
            call.state.insert(STATUS_ROWS, {"name": name, "mapped_to_status": word, "show_in_select": True})
    shown, headers = page(call, call.state.rows(STATUS_ROWS))
    return Answer(shown, headers=headers)


def _routes(side: Side) -> tuple[Route, ...]:
    path = f"/rest/v1.0/projects/{{project_id}}/{side.resource}"
    return (
        Route("GET", path, _list(side), project="path", tool=TOOL),
        Route("POST", path, _create(side), project="path", tool=TOOL),
        Route("GET", f"{path}/{{id}}", _show(side), project="path", tool=TOOL),
        Route("PATCH", f"{path}/{{id}}", _update(side), project="path", tool=TOOL),
    )


ROUTES = (
    *(route for side in SIDES.values() for route in _routes(side)),
    Route("GET", "/rest/v1.0/change_order/statuses", _statuses),
)
