"""Budget codes: one combination of segment items in a project (W7, W8, W13, W14)."""

from collections.abc import Iterable

from adapters.sandbox.procore.company import COST_TYPES
from adapters.sandbox.procore.cost_codes import COST_CODES
from adapters.sandbox.procore.kernel import (
    Answer,
    Call,
    Route,
    listed,
    misbehave,
    not_found,
    page,
    refuse_wrong,
    rows_of,
    unprocessable,
)
from adapters.sandbox.procore.segment_items import is_parent, item, path_code
from adapters.sandbox.procore.segment_items import show as show_item
from adapters.sandbox.procore.segments import COST_CODE, COST_TYPE, SUB_JOB, pattern, pattern_id
from adapters.sandbox.procore.state import Invalid, Row, State
from domain.values import Json

WBS_CODES = "wbs_codes"
BUDGET_LINES = "budget_line_items"


def parts(state: State, code: Row) -> list[tuple[Row, Row]]:
    """Segment and item of each part, in the order of the project's pattern."""
    found: list[tuple[Row, Row]] = []
    for segment in pattern(state, code["project_id"]):
        if segment["id"] in code["items"]:
            row = item(state, segment, code["project_id"], code["items"][segment["id"]])
            if row is not None:
                found.append((segment, row))
    return found


def flat_code(state: State, code: Row) -> str:
    """W7: the parts joined, each followed by the delimiter of its own segment, as in `SJ1.01-100.L`."""
    each = [
        (path_code(state, segment, code["project_id"], row), segment["delimiter"])
        for segment, row in parts(state, code)
    ]
    return "".join(text + delimiter for text, delimiter in each[:-1]) + (each[-1][0] if each else "")


def _flat_name(state: State, code: Row) -> str:
    return ".".join(str(row["name"]) for _, row in parts(state, code))


def _show(state: State, code: Row) -> Json:
    return {
        **code,
        "flat_code": flat_code(state, code),
        "flat_name": _flat_name(state, code),
        "segment_items": [show_item(state, segment, code["project_id"], row) for segment, row in parts(state, code)],
        "wbs_pattern_id": pattern_id(state, code["project_id"]),
    }


def write(state: State, project_id: int, values: Json) -> Row:
    """Makes a budget code; if the combination exists, only its description is changed (W13).

    Raises  Invalid
    """
    chosen = _chosen(state, project_id, values.get("segment_items") or [])
    combination = tuple(sorted((segment["id"], row["item_id"]) for segment, row in chosen))
    old = state.find(WBS_CODES, project_id=project_id, combination=combination)
    described = {"description": values["description"]} if values.get("description") is not None else {}
    if old is not None:
        return state.change(WBS_CODES, old, described)
    home = {"project_id": project_id, "combination": combination, "items": dict(combination), "status": "active"}
    code = state.insert(WBS_CODES, {"description": None} | home | described)
    if code["description"] is None:
        code["description"] = _flat_name(state, code)
    state.mark("combined", code["items"].values())
    return code


def _chosen(state: State, project_id: int, pairs: Iterable[Json]) -> list[tuple[Row, Row]]:
    """The segments and items that a combination names, checked against the project's pattern."""
    known = {segment["id"]: segment for segment in pattern(state, project_id)}
    chosen: dict[int, tuple[Row, Row]] = {}
    for pair in pairs:
        segment = known.get(pair["segment_id"])
        if segment is None:
            raise Invalid(segment_items=f"segment {pair['segment_id']} is not in the pattern of the project")
        if segment["id"] in chosen:
            raise Invalid(segment_items=f"segment {segment['name']} is named twice")
        row = item(state, segment, project_id, pair["segment_item_id"])
        if row is None:
            raise Invalid(segment_items=f"item {pair['segment_item_id']} is not in segment {segment['name']}")
        if row["status"] != "active":
            raise Invalid(segment_items=f"item {row['code']} is inactive")
        if state.settings.disallow_divisions and is_parent(state, segment, project_id, row):
            raise Invalid(segment_items=f"item {row['code']} is a division")
        chosen[segment["id"]] = (segment, row)
    missing = [segment["name"] for segment in known.values() if segment["required"] and segment["id"] not in chosen]
    if missing:
        raise Invalid(segment_items=f"{', '.join(missing)} can't be blank")
    by_type = {segment["type"]: row for segment, row in chosen.values()}
    holder = by_type.get(COST_CODE, {}).get("sub_job_id")
    if holder is not None and by_type.get(SUB_JOB, {}).get("id") != holder:  # W16
        raise Invalid(segment_items="the cost code belongs to another sub job")
    return list(chosen.values())


def usable(state: State, project_id: int, values: Json) -> Row:
    """The budget code that a new line names: `wbs_code_id`, or the old pair of ids (W17, Z8).

    Raises  Invalid; inactive codes are refused on new lines (W14, checklist 13)
    """
    named = values.get("wbs_code_id")
    if named is None:
        code = _of_pair(state, project_id, values)
    else:
        code = state.get(WBS_CODES, named, project_id=project_id)
        if code is None:
            raise Invalid(wbs_code_id="is not a budget code of the project")
    if code["status"] != "active":
        raise Invalid(wbs_code_id="is inactive")
    return code


def _of_pair(state: State, project_id: int, values: Json) -> Row:
    cost_code = state.get(COST_CODES, values.get("cost_code_id"), project_id=project_id)
    cost_type = state.get(COST_TYPES, values.get("line_item_type_id"))
    if cost_code is None or cost_type is None:
        raise Invalid(wbs_code_id="can't be blank")
    wanted = {COST_CODE: cost_code["item_id"], COST_TYPE: cost_type["item_id"]}
    sub_job = state.get("sub_jobs", cost_code["sub_job_id"])
    if sub_job is not None:
        wanted[SUB_JOB] = sub_job["item_id"]
    pairs = [
        {"segment_id": segment["id"], "segment_item_id": wanted[segment["type"]]}
        for segment in pattern(state, project_id)
        if segment["type"] in wanted
    ]
    return write(state, project_id, {"segment_items": pairs})


def budget(state: State, code: Row) -> None:
    """W20: a line on a budget code without budget line makes the platform add one by itself."""
    if state.find(BUDGET_LINES, project_id=code["project_id"], wbs_code_id=code["id"]) is None:
        amounts = {"original_budget_amount": "0.0", "quantity": None, "unit_cost": None, "uom": None}
        home = {"project_id": code["project_id"], "wbs_code_id": code["id"], "automatic": True}
        state.insert(BUDGET_LINES, home | amounts)
        state.mark("budgeted", code["items"].values())


# Routes


def _list_all(call: Call) -> Answer:
    state = call.state
    rows = listed(call, state.rows(WBS_CODES, project_id=call.project["id"]))
    statuses = call.many("filters[status]")
    if statuses is not None:
        rows = [row for row in rows if row["status"] in statuses]
    needed = call.many("required_segments")
    if needed is not None:
        rows = [row for row in rows if set(needed) <= {segment["type"] for segment, _ in parts(state, row)}]
    if call.one("can_select_divisions") in {"false", "0"}:  # W11
        rows = [
            row
            for row in rows
            if not any(is_parent(state, segment, row["project_id"], each) for segment, each in parts(state, row))
        ]
    if call.one("query") is not None:
        wanted = str(call.one("query")).casefold()
        rows = [row for row in rows if wanted in f"{flat_code(state, row)} {row['description']}".casefold()]
    contract = call.number("group_id")
    if contract is not None and call.one("hide_not_in_group") not in {"false", "0"}:
        used = {line["wbs_code_id"] for line in state.rows("line_items", contract_id=contract)}
        rows = [row for row in rows if row["id"] in used]
    shown, headers = page(call, rows)
    return Answer([_show(state, row) for row in shown], headers=headers)


def _create(call: Call) -> Answer:
    return Answer(_show(call.state, write(call.state, call.project["id"], call.body)))


def bulk_create(call: Call) -> Answer:
    """Rows under `bulk`, answered 201 with `entities` and `errors` (section 10, exceptions)."""
    entities: list[Json] = []
    errors: list[Json] = []
    for number, values in enumerate(rows_of(call, "bulk")):
        try:
            refuse_wrong(call, number)
            unanswered = misbehave(call)
            entity = _show(call.state, write(call.state, call.project["id"], values))
            if not unanswered:
                entities.append(entity)
        except Invalid as broken:
            errors.append({**values, "errors": broken.errors})
    return Answer({"entities": call.state.shuffled(entities, WBS_CODES), "errors": errors})


def _found(call: Call, id: int) -> Row:
    row = call.state.get(WBS_CODES, id, project_id=call.project["id"])
    if row is None:
        raise not_found("wbs code")
    return row


def _update(call: Call) -> Answer:
    return Answer(_show(call.state, call.state.change(WBS_CODES, _found(call, call.path["id"]), call.body)))


def _update_all(call: Call) -> Answer:
    rows = [call.state.get(WBS_CODES, id, project_id=call.project["id"]) for id in call.body["ids"]]
    if None in rows:
        raise unprocessable({"ids": ["name a budget code that the project does not have"]})
    for row in rows:
        if row is not None:
            call.state.change(WBS_CODES, row, {"status": call.body["attributes"].get("status")})
    return Answer()


_CODES = "/rest/v1.0/projects/{project_id}/work_breakdown_structure/wbs_codes"

ROUTES = (
    Route("GET", _CODES, _list_all, project="path"),
    Route("POST", _CODES, _create, project="path"),
    Route("PATCH", f"{_CODES}/bulk_create", bulk_create, project="path"),
    Route("PATCH", f"{_CODES}/update_all", _update_all, project="path"),
    Route("PATCH", f"{_CODES}/{{id}}", _update, project="path"),
)
