"""Segment items of the company and of projects: one view on sub jobs, cost codes, cost types and custom items.

An item has an id of its own (`item_id`), different from that of the sub job, cost code or cost type behind it.
"""

from adapters.sandbox.procore import company, cost_codes, segments, sub_jobs
from adapters.sandbox.procore.cost_codes import COST_CODES, tiers
from adapters.sandbox.procore.directory import company_of
from adapters.sandbox.procore.kernel import Answer, Call, Route, not_found, page, required, unprocessable
from adapters.sandbox.procore.segments import COST_CODE, COST_TYPE, CUSTOM, SUB_JOB, TIER_DELIMITER
from adapters.sandbox.procore.state import Invalid, Row, State
from domain.values import Json

ITEMS = "segment_items"
"""Custom items, and what a project made of an inherited item (`replaces` names its `item_id`)."""

_BEHIND = {SUB_JOB: sub_jobs.SUB_JOBS, COST_CODE: COST_CODES, COST_TYPE: company.COST_TYPES, CUSTOM: ITEMS}


def table_of(segment: Row, project_id: int | None) -> str:
    """The table that holds what stands behind an item."""
    return company.STANDARD_CODES if project_id is None and segment["type"] == COST_CODE else _BEHIND[segment["type"]]


def item(state: State, segment: Row, project_id: int | None, item_id: int) -> Row | None:
    """What stands behind an item that the company, or the project, has in the segment."""
    own = state.find(ITEMS, item_id=item_id, segment_id=segment["id"])
    row = own or state.find(table_of(segment, project_id), item_id=item_id)
    if row is None or row.get("hidden") or row.get("segment_id", segment["id"]) != segment["id"]:
        return None
    if row.get("project_id") not in {None, project_id}:
        return None
    return None if own is None and _replacement(state, project_id, item_id) else row


def _replacement(state: State, project_id: int | None, item_id: int) -> Row | None:
    return state.find(ITEMS, project_id=project_id, replaces=item_id) if project_id else None


def items(state: State, segment: Row, project_id: int | None, sub_job_id: int | None = None) -> list[Row]:
    """All items of a segment, replaced ones in their new form."""
    if segment["type"] == SUB_JOB:
        return [*state.rows(sub_jobs.SUB_JOBS, project_id=project_id)] if project_id else []
    if segment["type"] == COST_CODE:
        if project_id is None:
            return [*state.rows(company.STANDARD_CODES)]
        return [*state.rows(COST_CODES, project_id=project_id, sub_job_id=sub_job_id)]
    shared = state.rows(ITEMS, segment_id=segment["id"], project_id=None)
    inherited = [*state.rows(company.COST_TYPES)] if segment["type"] == COST_TYPE else [*shared]
    if project_id is None:
        return inherited
    own = [*state.rows(ITEMS, segment_id=segment["id"], project_id=project_id)]
    replaced = {row.get("replaces") for row in own}
    return [row for row in [*inherited, *own] if row["item_id"] not in replaced and not row.get("hidden")]


def path(state: State, segment: Row, project_id: int | None, row: Row) -> list[Row]:
    """The item and all above it, topmost first."""
    if segment["type"] == SUB_JOB or segment["type"] == COST_TYPE:
        return [row]
    return tiers(state, row, ITEMS if segment["type"] == CUSTOM else table_of(segment, project_id))


def path_code(state: State, segment: Row, project_id: int | None, row: Row) -> str:
    """W7: tiers joined with a hyphen."""
    return TIER_DELIMITER.join(str(tier["code"]) for tier in path(state, segment, project_id, row))


def is_parent(state: State, segment: Row, project_id: int | None, row: Row) -> bool:
    """Whether other items stand below it (W11: a division is not a costing code)."""
    if segment["structure"] != "tiered":
        return False
    table = ITEMS if segment["type"] == CUSTOM else table_of(segment, project_id)
    return state.find(table, parent_id=row["id"]) is not None


def show(state: State, segment: Row, project_id: int | None, row: Row) -> Json:
    """The item as an answer holds it."""
    tiers_ = path(state, segment, project_id, row)
    return {
        "id": row["item_id"],
        "code": row["code"],
        "name": row["name"],
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
        "parent_id": tiers_[-2]["item_id"] if len(tiers_) > 1 else None,
        "path_ids": [tier["item_id"] for tier in tiers_],
        "path_code": TIER_DELIMITER.join(str(tier["code"]) for tier in tiers_),
        "is_parent": is_parent(state, segment, project_id, row),
        "path_codes": [tier["code"] for tier in tiers_],
        "path_names": [tier["name"] for tier in tiers_],
        "in_use": state.is_marked("combined", row["item_id"]),
        "segment": segments.show(state, segment, project_id),
        "status": row["status"],
    }


def write(state: State, segment: Row, project_id: int | None, row: Row | None, values: Json) -> Row:
    """Makes or changes an item, by way of what stands behind it.

    Raises  Invalid
    """
    taken = {SUB_JOB: (), COST_CODE: ("sub_job_id", "segment_item_list_id")}.get(segment["type"], ())
    values = {name: value for name, value in values.items() if name in {"code", "name", "status", "parent_id", *taken}}
    parent_id = values.pop("parent_id", None)
    if parent_id is not None:
        parent = item(state, segment, project_id, parent_id)
        if parent is None or segment["structure"] != "tiered":
            raise Invalid(parent_id="is not an item of the segment")
        values["parent_id"] = parent["id"]
    match segment["type"]:
        case "sub_job":
            if project_id is None:  # Z7: sub jobs belong to a project
                raise Invalid(segment_id="sub jobs are items of a project")
            return sub_jobs.write(state, project_id, row, values)
        case "cost_code" if project_id is not None:
            values.pop("segment_item_list_id", None)
            sub_job = values.pop("sub_job_id", row["sub_job_id"] if row else None)
            return cost_codes.write(state, project_id, sub_job, row, values)
        case "cost_code":
            values.pop("sub_job_id", None)
            return _write_standard(state, row, values)
        case "line_item_type" if project_id is None:
            code = {"csv_import_code": values.pop("code")} if "code" in values else {}
            return company.write_cost_type(state, row, values | code)
        case _:
            return _write_own(state, segment, project_id, row, values)


def _write_standard(state: State, row: Row | None, values: Json) -> Row:
    """W16: company cost code items need the list; their code is sent without the tiers above."""
    list_id = row["standard_cost_code_list_id"] if row else values.pop("segment_item_list_id", None)
    if state.get(company.STANDARD_LISTS, list_id) is None:
        raise Invalid(segment_item_list_id="can't be blank")
    parent_id = values.get("parent_id", row["parent_id"] if row else None)
    if "code" in values and parent_id is not None:
        above = tiers(state, state.table(company.STANDARD_CODES)[parent_id], company.STANDARD_CODES)
        values["code"] = TIER_DELIMITER.join([*(str(tier["code"]) for tier in above), values["code"]])
        values["parent_id"] = parent_id
    return company.write_standard_code(state, list_id, row, values)


def _write_own(state: State, segment: Row, project_id: int | None, row: Row | None, values: Json) -> Row:
    """Custom items, and items that a project has for itself. An inherited one becomes the project's own (W15)."""
    required(values, row, "code", "name")
    if row is None and project_id is not None and not segment["project_can_modify_origin_project"]:
        raise Invalid(segment_id="items cannot be added in a project")
    parent_id = values.get("parent_id", row["parent_id"] if row and segment["type"] == CUSTOM else None)
    for other in items(state, segment, project_id):
        same = (other["code"], other.get("parent_id")) == (values.get("code"), parent_id)
        if same and other is not row:
            raise Invalid(code="has already been taken")
    if row is None:
        usual = {"segment_id": segment["id"], "project_id": project_id, "item_id": state.new_id()}
        return state.insert(ITEMS, {"status": "active", "parent_id": None} | usual | values)
    if project_id is not None and row.get("project_id") is None:
        return _take_over(state, segment, project_id, row, values)
    return state.change(ITEMS, row, values)


def _take_over(state: State, segment: Row, project_id: int, row: Row, values: Json) -> Row:
    """W15: the answer names another id from now on; the project's budget codes follow."""
    kept = {name: row.get(name) for name in ("code", "name", "status", "parent_id")} | values
    home = {"segment_id": segment["id"], "project_id": project_id, "replaces": row["item_id"]}
    made = state.insert(ITEMS, kept | home | {"item_id": state.new_id()})
    for code in state.rows("wbs_codes", project_id=project_id):
        if code["items"].get(segment["id"]) == row["item_id"]:
            moved = code["items"] | {segment["id"]: made["item_id"]}
            state.change("wbs_codes", code, {"items": moved, "combination": tuple(sorted(moved.items()))})
            state.mark("combined", [made["item_id"]])
    return made


# Routes


def _project_id(call: Call) -> int | None:
    if not call.project:
        company_of(call)
    return call.project.get("id")


def _found(call: Call, segment: Row) -> Row:
    row = item(call.state, segment, _project_id(call), call.path["id"])
    if row is None:
        raise not_found("segment item")
    return row


def _list_all(call: Call) -> Answer:
    state, segment, project_id = call.state, segments.found(call), _project_id(call)
    rows = items(state, segment, project_id, call.number("legacy_sub_job_id"))
    if segment["type"] == SUB_JOB and call.number("legacy_sub_job_id") is not None:
        rows = [row for row in rows if row["id"] == call.number("legacy_sub_job_id")]
    if call.flag("include_sub_job_cost_codes") and segment["type"] == COST_CODE:
        rows = [*state.rows(COST_CODES, project_id=project_id)]
    if call.number("legacy_cost_code_id") is not None:
        rows = [row for row in rows if segment["type"] == COST_CODE and row["id"] == call.number("legacy_cost_code_id")]
    if call.flag("only_active_items"):
        rows = [row for row in rows if row["status"] == "active"]
    list_id = call.number("segment_item_list_id")
    if list_id is not None:
        rows = [row for row in rows if row.get("standard_cost_code_list_id") == list_id]
    shown, headers = page(call, rows)
    return Answer([show(state, segment, project_id, row) for row in shown], headers=headers)


def _show_one(call: Call) -> Answer:
    segment = segments.found(call)
    return Answer(show(call.state, segment, _project_id(call), _found(call, segment)))


def _create(call: Call) -> Answer:
    segment, project_id = segments.found(call), _project_id(call)
    return Answer(show(call.state, segment, project_id, write(call.state, segment, project_id, None, call.body)))


def _update(call: Call) -> Answer:
    segment, project_id = segments.found(call), _project_id(call)
    row = write(call.state, segment, project_id, _found(call, segment), call.body)
    return Answer(show(call.state, segment, project_id, row))


def update_all(call: Call) -> Answer:
    """Sets the status of many items and of all below them."""
    state, segment, project_id = call.state, segments.found(call), _project_id(call)
    chosen: list[Row] = []
    for id in call.body["ids"]:
        row = item(state, segment, project_id, id)
        if row is None:
            raise unprocessable({"ids": [f"{id} is not an item of the segment"]})
        below = [each for each in items(state, segment, project_id) if row in path(state, segment, project_id, each)]
        chosen += [row, *(each for each in below if each is not row)]
    status = call.body["attributes"].get("status")
    for row in chosen:
        write(state, segment, project_id, row, {"status": status})
    return Answer()


def delete(call: Call) -> Answer:
    """An item that a budget code uses stays; an inherited one is hidden from the project if the segment allows it."""
    state, segment, project_id = call.state, segments.found(call), _project_id(call)
    row = _found(call, segment)
    if state.is_marked("combined", row["item_id"]) or is_parent(state, segment, project_id, row):
        raise unprocessable({"base": ["is in use"]})
    if row.get("project_id") is None and project_id is not None:
        if not segment["project_can_delete_origin_company"]:
            raise unprocessable({"base": ["items of the company cannot be deleted from a project"]})
        state.change(ITEMS, _take_over(state, segment, project_id, row, {}), {"hidden": True})
    else:
        state.remove(ITEMS if "segment_id" in row else table_of(segment, project_id), row)
    return Answer()


_COMPANY = "/rest/v1.0/companies/{company_id}/work_breakdown_structure/segments/{segment_id}/segment_items"
_PROJECT = "/rest/v1.0/projects/{project_id}/work_breakdown_structure/segments/{segment_id}/segment_items"

ROUTES = (
    Route("GET", _COMPANY, _list_all),
    Route("POST", _COMPANY, _create),
    Route("PATCH", f"{_COMPANY}/update_all", update_all),
    Route("GET", f"{_COMPANY}/{{id}}", _show_one),
    Route("PATCH", f"{_COMPANY}/{{id}}", _update),
    Route("GET", _PROJECT, _list_all, project="path"),
    Route("POST", _PROJECT, _create, project="path"),
    Route("PATCH", f"{_PROJECT}/update_all", update_all, project="path"),
    Route("PATCH", f"{_PROJECT}/{{id}}", _update, project="path"),
    Route("DELETE", f"{_PROJECT}/{{id}}", delete, project="path"),
)
