"""Sub jobs: items of the sub job segment, each of one project (W3, W6)."""

from adapters.sandbox.procore.kernel import Answer, Call, Problem, Route, not_found, page, required, sync
from adapters.sandbox.procore.segments import SUB_JOB, in_pattern
from adapters.sandbox.procore.state import Invalid, Row, State
from domain.values import Json

SUB_JOBS = "sub_jobs"


def write(state: State, project_id: int, row: Row | None, values: Json) -> Row:
    """Makes or changes a sub job.

    Raises  Invalid; also when the project's pattern has no sub job segment (W3)
    """
    if not in_pattern(state, project_id, SUB_JOB):
        raise Invalid(base="the sub job segment is not in the pattern of the project")
    required(values, row, "code", "name")
    other = state.find(SUB_JOBS, project_id=project_id, code=values.get("code"))
    if other is not None and other is not row:
        raise Invalid(code="has already been taken")
    if row is None:
        item = {"project_id": project_id, "item_id": state.new_id(), "status": "active"}
        return state.insert(SUB_JOBS, item | values)
    return state.change(SUB_JOBS, row, values)


def _of_project(call: Call, id: int | None) -> Row:
    row = call.state.get(SUB_JOBS, id, project_id=call.project["id"])
    if row is None:
        raise not_found("sub job")
    return row


def list_all(call: Call) -> Answer:
    """F5: no origin filter here; keep the mapping or read the list."""
    rows, headers = page(call, call.state.rows(SUB_JOBS, project_id=call.project["id"]))
    return Answer(rows, headers=headers)


def _show(call: Call) -> Answer:
    return Answer(_of_project(call, call.path["id"]))


def create(call: Call) -> Answer:
    """The description names 400 for a sub job with errors, not 422."""
    try:
        return Answer(write(call.state, call.project["id"], None, call.body["sub_job"]))
    except Invalid as broken:
        raise Problem(400, {"errors": broken.errors}) from broken


def _update(call: Call) -> Answer:
    return Answer(write(call.state, call.project["id"], _of_project(call, call.path["id"]), call.body["sub_job"]))


def delete(call: Call) -> Answer:
    """W19: deprecated but alive. A sub job with cost codes or budget codes stays."""
    row = _of_project(call, call.path["id"])
    if (
        call.state.is_marked("combined", row["item_id"])
        or call.state.find("cost_codes", sub_job_id=row["id"]) is not None
    ):
        raise Invalid(base="is in use")
    call.state.remove(SUB_JOBS, row)
    return Answer()


def sync_all(call: Call) -> Answer:
    """`project_id` stands in body and query (section 10, exceptions)."""
    if call.body["project_id"] != call.number("project_id"):
        raise Problem(400, {"errors": "project_id differs between query and body"})
    id = call.project["id"]
    return sync(call, SUB_JOBS, lambda row, values: write(call.state, id, row, values), lambda row: row, project_id=id)


ROUTES = (
    Route("GET", "/rest/v1.0/sub_jobs", list_all, project="query"),
    Route("POST", "/rest/v1.0/sub_jobs", create, project="body"),
    Route("PATCH", "/rest/v1.0/sub_jobs/sync", sync_all, project="query"),
    Route("GET", "/rest/v1.0/sub_jobs/{id}", _show, project="query"),
    Route("PATCH", "/rest/v1.0/sub_jobs/{id}", _update, project="body"),
    Route("DELETE", "/rest/v1.0/sub_jobs/{id}", delete, project="query"),
)
