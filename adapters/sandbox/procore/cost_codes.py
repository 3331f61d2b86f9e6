"""Cost codes of projects and of their sub jobs, in tiers (W10, W11, W16, W18)."""

from adapters.sandbox.procore.company import COST_TYPES, STANDARD_CODES, STANDARD_LISTS
from adapters.sandbox.procore.kernel import Answer, Call, Problem, Route, listed, not_found, page, required, sync
from adapters.sandbox.procore.segments import TIER_DELIMITER
from adapters.sandbox.procore.state import Invalid, Row, State
from adapters.sandbox.procore.sub_jobs import SUB_JOBS
from domain.values import Json

COST_CODES = "cost_codes"


def tiers(state: State, row: Row, table: str = COST_CODES) -> list[Row]:
    """The code and all above it, topmost first."""
    path = [row]
    while path[0].get("parent_id") is not None:
        path.insert(0, state.table(table)[path[0]["parent_id"]])
    return path


def full_code(state: State, row: Row) -> str:
    """W10: `01-100`, while `code` is the last tier alone."""
    return TIER_DELIMITER.join(str(tier["code"]) for tier in tiers(state, row))


def show(state: State, row: Row) -> Json:
    """What every view of a cost code shows."""
    path = full_code(state, row)
    sub_job = state.get(SUB_JOBS, row["sub_job_id"])
    biller = sub_job or state.table("projects")[row["project_id"]]
    return {
        **row,
        "full_code": path,
        "sortable_code": path,
        "parent": {"id": row["parent_id"]},
        "biller": biller["name"],
        "biller_id": biller["id"],
        "biller_type": "SubJob" if sub_job else "Project",
        "biller_origin_id": biller.get("origin_id"),
        "budgeted": state.is_marked("budgeted", row["item_id"]),
        "line_item_types": [*state.rows(COST_TYPES)],
    }


def write(state: State, project_id: int, sub_job_id: int | None, row: Row | None, values: Json) -> Row:
    """Makes or changes a cost code of a project, or of a sub job (W16). Parents come in an earlier call.

    Raises  Invalid
    """
    required(values, row, "code", "name")
    home = {"project_id": project_id, "sub_job_id": sub_job_id}
    parent_id = values.get("parent_id", row["parent_id"] if row else None)
    if parent_id is not None:
        parent = state.get(COST_CODES, parent_id, **home)
        if parent is None:
            raise Invalid(parent_id="is not a cost code of the project")
        if row is not None and row in tiers(state, parent):
            raise Invalid(parent_id="cannot be the cost code itself or one below it")
    code = values.get("code", row["code"] if row else None)
    other = state.find(COST_CODES, **home, parent_id=parent_id, code=code)
    if other is not None and other is not row:
        raise Invalid(code="has already been taken")
    standard = values.get("standard_cost_code_id")
    if standard is not None and state.get(STANDARD_CODES, standard) is None:
        raise Invalid(standard_cost_code_id="is not a standard cost code of the company")
    if row is None:
        usual = {"parent_id": None, "item_id": state.new_id(), "status": "active"}
        usual["position"] = 1 + sum(1 for _ in state.rows(COST_CODES, **home))
        return state.insert(COST_CODES, usual | home | values)
    return state.change(COST_CODES, row, values)


def copy_standard_list(
    state: State, project_id: int, list_id: int | None = None, sub_job_id: int | None = None
) -> list[Row]:
    """Copies the standard codes of a list, the default one if none is named; codes that exist stay (J5)."""
    chosen = list_id or next((each["id"] for each in state.rows(STANDARD_LISTS)), None)
    copies: dict[int, Row] = {}
    standard = state.rows(STANDARD_CODES, standard_cost_code_list_id=chosen)
    for code in sorted(standard, key=lambda each: len(tiers(state, each, STANDARD_CODES))):
        parent = copies.get(code["parent_id"])
        parent_id = parent["id"] if parent else None
        old = state.find(
            COST_CODES, project_id=project_id, sub_job_id=sub_job_id, parent_id=parent_id, code=code["code"]
        )
        values = {"code": code["code"], "name": code["name"], "parent_id": parent_id}
        values["standard_cost_code_id"] = code["id"]
        copies[code["id"]] = old or write(state, project_id, sub_job_id, None, values)
    return list(copies.values())


def _sub_job(call: Call) -> int | None:
    """W10: the codes of a sub job are listed apart.

    Raises  Problem 404
    """
    named = call.number("sub_job_id") or call.body.get("sub_job_id")
    if named is not None and call.state.get(SUB_JOBS, named, project_id=call.project["id"]) is None:
        raise not_found("sub job")
    return named


def _list_all(call: Call) -> Answer:
    home = {"project_id": call.project["id"], "sub_job_id": _sub_job(call)}
    rows, headers = page(call, listed(call, call.state.rows(COST_CODES, **home)))
    view = 1 if call.one("view") == "erp_compact" else 0
    return Answer([show(call.state, row) for row in rows], view=view, headers=headers)


def _show_one(call: Call) -> Answer:
    row = call.state.get(COST_CODES, call.path["id"], project_id=call.project["id"])
    if row is None:
        raise not_found("cost code")
    return Answer(show(call.state, row))


def create(call: Call) -> Answer:
    """W18: on a project connected to an ERP only the sync action may write. Errors are a 400 here."""
    if call.project.get("erp_integrated"):
        raise Problem(403, {"errors": "Cost codes of an ERP integrated project are written with the sync action"})
    try:
        row = write(call.state, call.project["id"], _sub_job(call), None, call.body["cost_code"])
    except Invalid as broken:
        raise Problem(400, {"errors": broken.errors}) from broken
    return Answer(show(call.state, row))


def _sync_all(call: Call) -> Answer:
    id, sub_job = call.project["id"], _sub_job(call)
    return sync(
        call,
        COST_CODES,
        lambda row, values: write(call.state, id, sub_job, row, values),
        lambda row: show(call.state, row),
        project_id=id,
        sub_job_id=sub_job,
    )


def _copy(call: Call) -> Answer:
    list_id = call.body["standard_cost_code_list_id"]
    if call.state.get(STANDARD_LISTS, list_id) is None:
        raise not_found("standard cost code list")
    rows = copy_standard_list(call.state, call.project["id"], list_id, _sub_job(call))
    return Answer([show(call.state, row) for row in rows])


ROUTES = (
    Route("GET", "/rest/v1.0/cost_codes", _list_all, project="query"),
    Route("POST", "/rest/v1.0/cost_codes", create, project="body"),
    Route("PATCH", "/rest/v1.0/cost_codes/sync", _sync_all, project="query"),
    Route("POST", "/rest/v1.0/cost_codes/copy_from_standard_list", _copy, project="body"),
    Route("GET", "/rest/v1.0/cost_codes/{id}", _show_one, project="query"),
)
