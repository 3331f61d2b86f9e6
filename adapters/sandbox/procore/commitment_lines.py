"""Lines of commitments: the schedule of values (C3, C7, C8, section 9)."""

from collections.abc import Callable

from adapters.sandbox.procore.commitments import KINDS, TOOL, Kind, lock_text, locked, of_project
from adapters.sandbox.procore.kernel import Answer, Call, Route, listed, not_found, ordered, page, sync
from adapters.sandbox.procore.lines import LINES, show_line, write_line
from adapters.sandbox.procore.requisition_figures import is_billed
from adapters.sandbox.procore.state import Invalid, Row
from domain.values import Json


def _contract(call: Call, kind: Kind) -> Row:
    return of_project(call, kind, call.path[f"{kind.envelope}_id"])


def _open(call: Call, kind: Kind) -> Row:
    """The contract, when its lines may be written.

    Raises  Invalid: lines are locked while Approved or Complete (C3, O6)
    """
    contract = _contract(call, kind)
    if locked(call.state, contract):
        raise Invalid(base=lock_text(contract))
    return contract


def _found(call: Call, contract: Row) -> Row:
    line = call.state.get(LINES, call.path["id"], contract_id=contract["id"])
    if line is None:
        raise not_found("line item")
    return line


def _list(kind: Kind) -> Callable[[Call], Answer]:
    def serve(call: Call) -> Answer:
        contract = _contract(call, kind)
        rows = listed(call, ordered(call, call.state.rows(LINES, contract_id=contract["id"])))
        full = [show_line(call.state, row) for row in rows]
        for name, inner in (("cost_code_id", "cost_code"), ("line_item_type_id", "line_item_type")):
            wanted = call.many(f"filters[{name}]")
            if wanted is not None:
                full = [row for row in full if row[inner] and str(row[inner]["id"]) in wanted]
        shown, headers = page(call, full)
        return Answer(shown, view=1 if call.one("view") == "ssov_source_lines" else 0, headers=headers)

    return serve


def _create(kind: Kind) -> Callable[[Call], Answer]:
    def serve(call: Call) -> Answer:
        return Answer(show_line(call.state, write_line(call.state, _open(call, kind), None, call.body["line_item"])))

    return serve


def _update(kind: Kind) -> Callable[[Call], Answer]:
    def serve(call: Call) -> Answer:
        contract = _open(call, kind)
        line = write_line(call.state, contract, _found(call, contract), call.body["line_item"])
        return Answer(show_line(call.state, line))

    return serve


def _delete(kind: Kind) -> Callable[[Call], Answer]:
    """C8: the sync does not delete; a removed line needs this, before approval."""

    def serve(call: Call) -> Answer:
        contract = _open(call, kind)
        line = _found(call, contract)
        if is_billed(call.state, line):
            raise Invalid(base="the line stands in an invoice")
        call.state.remove(LINES, line)
        return Answer()

    return serve


def _sync(kind: Kind) -> Callable[[Call], Answer]:
    """`project_id` in the query, the contract in the path (section 10, exceptions). Locked: every row is an error."""

    def serve(call: Call) -> Answer:
        contract = _contract(call, kind)

        def put(row: Row | None, values: Json) -> Row:
            if locked(call.state, contract):
                raise Invalid(base=lock_text(contract))
            return write_line(call.state, contract, row, values)

        return sync(call, LINES, put, lambda row: show_line(call.state, row), contract_id=contract["id"])

    return serve


def _routes(kind: Kind) -> tuple[Route, ...]:
    path = f"/rest/v1.0/{kind.resource}/{{{kind.envelope}_id}}/line_items"
    return (
        Route("GET", path, _list(kind), project="query", tool=TOOL),
        Route("POST", path, _create(kind), project="body", tool=TOOL),
        Route("PATCH", f"{path}/sync", _sync(kind), project="query", tool=TOOL),
        Route("PATCH", f"{path}/{{id}}", _update(kind), project="body", tool=TOOL),
        Route("DELETE", f"{path}/{{id}}", _delete(kind), project="query", tool=TOOL),
    )


ROUTES = tuple(route for kind in KINDS for route in _routes(kind))
