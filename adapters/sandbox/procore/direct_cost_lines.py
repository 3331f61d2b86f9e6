"""Lines of direct costs, one by one and by the thousand."""

from collections.abc import Iterable
from dataclasses import replace
from typing import cast

from adapters.sandbox.procore.cost_lines import (
    COST_LINES,
    DIRECT_COSTS,
    lines_of,
    planned_line,
    put_line,
    show_cost_line,
)
from adapters.sandbox.procore.direct_costs import PLACE, TOOL, found, refuse_locked
from adapters.sandbox.procore.figures import number
from adapters.sandbox.procore.kernel import Answer, Call, Route, decimal_text, listed, not_found, page, sync
from adapters.sandbox.procore.state import Invalid, Row, State
from domain.values import Json


def write(state: State, cost: Row, line: Row | None, values: Json) -> Row:
    """Makes or changes one line.

    Raises  Invalid
    """
    refuse_locked(cost)
    return put_line(state, cost, planned_line(state, cost, line, values))


def _parent(call: Call) -> Row:
    return found(call, call.path["direct_cost_id"])


def _found(call: Call, cost: Row) -> Row:
    line = call.state.get(COST_LINES, call.path["id"], direct_cost_id=cost["id"])
    if line is None:
        raise not_found("line item")
    return line


def _answer(call: Call, rows: Iterable[Row]) -> Answer:
    full = [show_cost_line(call.state, row) for row in listed(call, rows)]
    for name, inner in (("cost_code_id", "cost_code"), ("line_item_type_id", "line_item_type")):
        wanted = call.many(f"filters[{name}]")
        if wanted is not None:
            full = [row for row in full if row[inner] and str(row[inner]["id"]) in wanted]
    shown, headers = page(call, full)
    return Answer(shown, headers=headers)


def _list_all(call: Call) -> Answer:
    rows = call.state.rows(COST_LINES, project_id=call.project["id"])
    wanted = call.number("filters[direct_cost_id]")
    return _answer(call, (row for row in rows if wanted is None or row["direct_cost_id"] == wanted))


def _list(call: Call) -> Answer:
    return _answer(call, lines_of(call.state, _parent(call)))


def _create(call: Call) -> Answer:
    return Answer(show_cost_line(call.state, write(call.state, _parent(call), None, call.body["line_item"])))


def _update(call: Call) -> Answer:
    cost = _parent(call)
    return Answer(show_cost_line(call.state, write(call.state, cost, _found(call, cost), call.body["line_item"])))


def _delete(call: Call) -> Answer:
    cost = _parent(call)
    line = _found(call, cost)
    refuse_locked(cost)
    call.state.remove(COST_LINES, line)
    return Answer()


def sync_lines(call: Call) -> Answer:
    """A new row names its parent by `direct_cost_id` (section 10, exceptions); a known line keeps the one it has."""
    state, project_id = call.state, call.project["id"]

    def put(line: Row | None, values: Json) -> Row:
        id = line["direct_cost_id"] if line else values.get("direct_cost_id")
        cost = state.get(DIRECT_COSTS, id, project_id=project_id)
        if cost is None:
            raise Invalid(direct_cost_id="can't be blank" if id is None else "is not a direct cost of the project")
        return write(state, cost, line, values)

    answer = sync(call, COST_LINES, put, lambda line: show_cost_line(state, line), project_id=project_id)
    body = cast("Json", answer.body)
    return replace(answer, body=body | {"errors": [_echoed(row) for row in body["errors"]]})


def _echoed(row: Json) -> Json:
    """A refused row comes back with its figures as text, as the description has it."""
    figures = {name: decimal_text(number(row, name)) for name in ("amount", "quantity", "unit_cost") if name in row}
    return row | figures


_ALL = f"/rest/v1.0/{PLACE}/line_items"
_LINES = f"/rest/v1.0/{PLACE}/{{direct_cost_id}}/line_items"

ROUTES = (
    Route("GET", _ALL, _list_all, project="path", tool=TOOL),
    Route("PATCH", f"{_ALL}/sync", sync_lines, project="path", tool=TOOL),
    Route("GET", _LINES, _list, project="path", tool=TOOL),
    Route("POST", _LINES, _create, project="path", tool=TOOL),
    Route("PATCH", f"{_LINES}/{{id}}", _update, project="path", tool=TOOL),
    Route("DELETE", f"{_LINES}/{{id}}", _delete, project="path", tool=TOOL),
)
