"""Lines of change orders: strings under `data` in v2, and the lines of a potential change order in v1.0 (G8)."""

from collections.abc import Callable
from decimal import Decimal
from http import HTTPStatus

from adapters.sandbox.procore.change_order_records import (
    LINES,
    PACKAGES,
    POTENTIALS,
    SIDES,
    TOOL,
    Side,
    currency,
    lines_of,
    lock_text,
    locked,
    potentials,
    write_line,
)
from adapters.sandbox.procore.commitments import CONTRACTS
from adapters.sandbox.procore.kernel import Answer, Call, Problem, Route, listed, not_found, page, sync
from adapters.sandbox.procore.lines import LINES as COMMITMENT_LINES
from adapters.sandbox.procore.lines import show_parts
from adapters.sandbox.procore.state import Invalid, Row, State
from domain.values import Json

V2_PAGE, V2_LARGEST_PAGE = 10, 100  # P4


def show_line(state: State, line: Row) -> Json:
    """A line as v1.0 shows it: integer ids, amounts and quantities as text."""
    potential = state.table(POTENTIALS)[line["potential_change_order_id"]]
    return {
        **line,
        **show_parts(state, line),
        "holder": {"id": potential["id"], "holder_type": "PotentialChangeOrder"},
        "currency_configuration": currency(state, potential),
    }


def show_line_v2(state: State, line: Row) -> Json:
    """A line as v2 shows it: ids and amounts as text, the quantity as a number (section 9)."""
    code = show_parts(state, line)["wbs_code"]
    ids = ("id", "wbs_code_id", "tax_code_id", "commitment_line_item_id", "prime_line_item_id")
    return {
        **line,
        **{name: None if line.get(name) is None else str(line[name]) for name in ids},
        "quantity": None if line["quantity"] is None else Decimal(line["quantity"]),
        "wbs_code": code | {"id": str(code["id"])},
        "work_breakdown_structure": {},
    }


def refusal(status: HTTPStatus, text: str) -> Problem:
    """A refusal in the form of v2 (section 7): the status in capitals, and a message."""
    return Problem(status, {"error": {"code": status.name, "message": text, "details": []}})


def _behind(call: Call, side: Side) -> Row:
    """The potential change order that holds the lines of an order of the unified view (G2).

    Raises  Problem 404
    """
    state, id = call.state, call.path[f"{side.resource.removesuffix('s')}_id"]
    found = state.find(PACKAGES, change_order_id=id, project_id=call.project["id"], side=side.name)
    if call.path["company_id"] != state.company_id or found is None:
        raise refusal(HTTPStatus.NOT_FOUND, "Change order not found")
    return next(potentials(state, found))


def _list_v2(side: Side) -> Callable[[Call], Answer]:
    def serve(call: Call) -> Answer:
        rows = lines_of(call.state, _behind(call, side))
        shown, headers = page(call, rows, default=V2_PAGE, largest=V2_LARGEST_PAGE)
        return Answer({"data": [show_line_v2(call.state, row) for row in shown]}, headers=headers)

    return serve


def _create_v2(side: Side) -> Callable[[Call], Answer]:
    """Answers 200, not 201 (H6)."""

    def serve(call: Call) -> Answer:
        potential = _behind(call, side)
        try:
            line = write_line(call.state, _open(call.state, potential), None, _plain(call.state, potential, call.body))
        except Invalid as broken:
            text = "; ".join(f"{name} {each}" for name, texts in broken.errors.items() for each in texts)
            raise refusal(HTTPStatus.UNPROCESSABLE_ENTITY, text) from broken
        return Answer({"data": show_line_v2(call.state, line)})

    return serve


def _plain(state: State, potential: Row, values: Json) -> Json:
    """Values of v2 with their ids as numbers.

    Raises  Invalid for an id that names nothing
    """
    plain = dict(values)
    for name in ("wbs_code_id", "tax_code_id", "commitment_line_item_id", "prime_line_item_id"):
        if plain.get(name) is not None:
            if not str(plain[name]).isdigit():
                raise Invalid(**{name: "is not an id"})
            plain[name] = int(plain[name])
    named = plain.get("commitment_line_item_id")
    if named is not None and state.get(COMMITMENT_LINES, named, contract_id=potential["contract_id"]) is None:
        raise Invalid(commitment_line_item_id=f"is not a line of the {CONTRACTS.removesuffix('s')}")
    return plain


def _open(state: State, potential: Row) -> Row:
    """The potential change order, when its lines may be written.

    Raises  Invalid: lines are locked while the change order is approved (G9)
    """
    package = state.table(PACKAGES)[potential["package_id"]]
    if locked(state, package):
        raise Invalid(base=lock_text(package))
    return potential


def _potential(call: Call) -> Row:
    found = call.state.get(POTENTIALS, call.path["potential_change_order_id"], project_id=call.project["id"])
    if found is None:
        raise not_found("potential change order")
    return found


def _list_v1(call: Call) -> Answer:
    rows = [show_line(call.state, row) for row in listed(call, lines_of(call.state, _potential(call)))]
    for name, inner in (("cost_code_id", "cost_code"), ("line_item_type_id", "line_item_type")):
        wanted = call.many(f"filters[{name}]")
        if wanted is not None:
            rows = [row for row in rows if row[inner] and str(row[inner]["id"]) in wanted]
    shown, headers = page(call, rows)
    return Answer(shown, headers=headers)


def _sync_v1(call: Call) -> Answer:
    """Section 10: every row of an approved change order is an error."""
    potential = _potential(call)

    def put(row: Row | None, values: Json) -> Row:
        return write_line(call.state, _open(call.state, potential), row, values)

    scope = {"potential_change_order_id": potential["id"]}
    return sync(call, LINES, put, lambda row: show_line(call.state, row), **scope)


def _routes_v2(side: Side) -> tuple[Route, ...]:
    order = f"{side.resource}/{{{side.resource.removesuffix('s')}_id}}"
    path = f"/rest/v2.0/companies/{{company_id}}/projects/{{project_id}}/{order}/line_items"
    return (
        Route("GET", path, _list_v2(side), project="path", tool=TOOL),
        Route("POST", path, _create_v2(side), project="path", tool=TOOL),
    )


_V1 = "/rest/v1.0/potential_change_orders/{potential_change_order_id}/line_items"

ROUTES = (
    *(route for side in SIDES.values() for route in _routes_v2(side)),
    Route("GET", _V1, _list_v1, project="query", tool=TOOL),
    Route("PATCH", f"{_V1}/sync", _sync_v1, project="query", tool=TOOL),
)
