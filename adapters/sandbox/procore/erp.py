"""The ERP desk of a company: requests that people send there, and the details by which an integration answers them.

Source  Procore guide 20: E2 (nothing without an ERP connection), E3, E4, E6. The path of a request is inferred there.
"""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from adapters.sandbox.procore.kernel import Answer, Call, Problem, Route, listed, not_found, ordered, page
from adapters.sandbox.procore.state import Invalid, Row, State
from domain.values import Json

REQUESTS = "erp_requests"
DETAILS = "erp_request_details"
IN_PROGRESS = "in progress"
CLOSING = frozenset({"success", "failed"})
"""E5: the literal values that are certain."""

_COMPANY = "/rest/v1.0/companies/{company_id}"


@dataclass(frozen=True)
class Desk:
    """What people of Procore do at the desk, for tests and rehearsals."""

    state: State

    def send(self, name: str, data: Any, *, item_id: int = 0, item_type: str = "") -> Row:
        """Somebody sends a record to accounting; with `item_type` a detail waits to be closed, its id in the payload.

        Raises  Invalid without an ERP connection (E2).
        """
        if not self.state.settings.erp_connected:
            raise Invalid(base="the company has no ERP connection")
        if item_type:
            waits: Json = {"item_id": item_id, "item_type": item_type, "status": IN_PROGRESS, "messages": []}
            data = {**data, "request_detail_id": self.state.insert(DETAILS, waits)["id"]}
        return self.state.insert(REQUESTS, {"request_name": name, "request_data": data})


def _connected(call: Call) -> None:
    if not call.state.settings.erp_connected:
        raise Problem(HTTPStatus.FORBIDDEN, {"errors": "The company has no ERP connection"})


def _show(call: Call) -> Answer:
    _connected(call)
    row = call.state.get(REQUESTS, call.path["id"])
    if row is None:
        raise not_found("ERP request")
    return Answer({**row, "company_id": call.state.company_id, "integration_app_name": None})


def _list(call: Call) -> Answer:
    _connected(call)
    item = call.number("filters[item_id]")
    rows = [row for row in call.state.rows(DETAILS) if item is None or row["item_id"] == item]
    shown, headers = page(call, listed(call, ordered(call, rows)))
    return Answer(shown, headers=headers)


def _close(call: Call) -> Answer:
    _connected(call)
    row = call.state.get(DETAILS, call.path["id"])
    if row is None:
        raise not_found("ERP request detail")
    wish = call.body["request_detail"]
    if wish["status"] not in CLOSING:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, {"errors": {"status": ["is not a status that closes"]}})
    call.state.change(DETAILS, row, {"status": wish["status"], "messages": wish.get("messages", [])})
    return Answer(row)


ROUTES = (
    Route("GET", f"{_COMPANY}/erp_requests/{{id}}", _show),
    Route("GET", f"{_COMPANY}/erp_request_details", _list),
    Route("PATCH", f"{_COMPANY}/erp_request_details/{{id}}", _close),
)
