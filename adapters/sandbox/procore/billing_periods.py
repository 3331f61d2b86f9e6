"""Billing periods of a project, which requisitions name (I8). Opened and closed by people: the API has no change."""

from adapters.sandbox.procore.kernel import Answer, Call, Route, listed, not_found, ordered, page, required
from adapters.sandbox.procore.state import Invalid, Row, State
from domain.values import Json

PERIODS = "billing_periods"
OPEN, CLOSED = "open", "closed"


def write(state: State, project_id: int, period: Row | None, values: Json) -> Row:
    """Makes or changes a period.

    Raises  Invalid: a date is missing, or the end lies before the start. Whether periods may overlap is not documented;
            they may here.
    """
    required(values, period, "start_date", "end_date", "due_date", "status")
    whole = (period or {}) | values
    if whole["end_date"] < whole["start_date"]:
        raise Invalid(end_date="must not be before the start date")
    if period is not None:
        return state.change(PERIODS, period, values)
    position = 1 + max((row["position"] for row in state.rows(PERIODS, project_id=project_id)), default=0)
    return state.insert(PERIODS, {"project_id": project_id, "position": position} | values)


def named(state: State, project_id: int, id: int | None) -> Row | None:
    """The open period that a requisition names; none is accepted (Z11).

    Raises  Invalid: of another project, or closed (I8)
    """
    if id is None:
        return None
    period = state.get(PERIODS, id, project_id=project_id)
    if period is None:
        raise Invalid(period_id="is not a billing period of the project")
    refuse_closed(state, id)
    return period


def refuse_closed(state: State, id: int | None) -> None:
    """Refuses what a closed period does not allow.

    Raises  Invalid
    """
    if id is not None and state.table(PERIODS)[id]["status"] == CLOSED:
        raise Invalid(period_id="the billing period is closed")


def list_all(call: Call) -> Answer:
    """By id, as no order is documented."""
    rows = listed(call, ordered(call, call.state.rows(PERIODS, project_id=call.project["id"])), "status")
    shown, headers = page(call, rows)
    return Answer(shown, headers=headers)


def create(call: Call) -> Answer:
    """All four fields are required by the description; a badly formed date is null (D2), thus missing."""
    return Answer(write(call.state, call.project["id"], None, call.body["billing_period"]))


def _show(call: Call) -> Answer:
    period = call.state.get(PERIODS, call.path["id"], project_id=call.project["id"])
    if period is None:
        raise not_found("billing period")
    return Answer(period)


_PATH = "/rest/v1.0/projects/{project_id}/billing_periods"

ROUTES = (
    Route("GET", _PATH, list_all, project="path"),
    Route("POST", _PATH, create, project="path"),
    Route("GET", f"{_PATH}/{{id}}", _show, project="path"),
)
