"""Segments and patterns of the work breakdown structure (section 12, W1 to W7)."""

from adapters.sandbox.procore.company import STANDARD_LISTS
from adapters.sandbox.procore.directory import company_of
from adapters.sandbox.procore.kernel import Answer, Call, Problem, Route, not_found, required, unprocessable
from adapters.sandbox.procore.state import Row, State
from domain.values import Json

SEGMENTS = "segments"
PATTERN = "pattern_segments"
"""Which segments stand in the pattern of a project, and at which place."""

SUB_JOB, COST_CODE, COST_TYPE, CUSTOM = "sub_job", "cost_code", "line_item_type", "custom"
MOST_CUSTOM = 10  # W1
TIER_DELIMITER = "-"  # W7: a tiered cost code joins its own tiers

_DEFAULT = (
    (SUB_JOB, "Sub Job", "flat", False),
    (COST_CODE, "Cost Code", "tiered", True),
    (COST_TYPE, "Cost Type", "flat", True),
)


def start_company(state: State) -> None:
    """The default pattern: sub job (optional), cost code (tiered), cost type (flat) (W1)."""
    for kind, name, structure, must in _DEFAULT:
        _insert(state, {"type": kind, "name": name, "structure": structure, "required": must})


def _insert(state: State, values: Json) -> Row:
    usual = {
        "position": 1 + sum(1 for _ in state.rows(SEGMENTS)),
        "delimiter": ".",
        "project_can_modify_origin_project": True,
        "project_can_delete_origin_company": True,
        "required": False,
    }
    return state.insert(SEGMENTS, usual | values)


def start_pattern(state: State, project_id: int) -> None:
    """A project takes the company's pattern as it is now, without the sub job (W2, W3)."""
    for segment in _company_segments(state):
        if segment["type"] in {COST_CODE, COST_TYPE}:
            _include(state, project_id, segment)


def _include(state: State, project_id: int, segment: Row) -> None:
    state.insert(PATTERN, {"project_id": project_id, "segment_id": segment["id"], "position": segment["position"]})


def _company_segments(state: State) -> list[Row]:
    return sorted(state.rows(SEGMENTS), key=lambda segment: segment["position"])


def pattern(state: State, project_id: int) -> list[Row]:
    """The segments of a project in the order of its pattern; the company may have another order by now (W2)."""
    places = sorted(state.rows(PATTERN, project_id=project_id), key=lambda place: place["position"])
    return [state.table(SEGMENTS)[place["segment_id"]] for place in places]


def in_pattern(state: State, project_id: int, kind: str) -> bool:
    """Whether the pattern of a project has a segment of a built-in type."""
    return any(segment["type"] == kind for segment in pattern(state, project_id))


def segment_of(state: State, kind: str) -> Row:
    """The company's segment of a built-in type."""
    return next(segment for segment in state.rows(SEGMENTS) if segment["type"] == kind)


def count_items(state: State, segment: Row, project_id: int | None) -> int:
    """How many items the company, or the project, has in a segment."""
    if segment["type"] == CUSTOM:
        return state.count("segment_items", segment_id=segment["id"])
    if segment["type"] == COST_TYPE:
        return state.count("line_item_types")
    if project_id is None:
        return state.count("standard_cost_codes") if segment["type"] == COST_CODE else 0
    return state.count({SUB_JOB: "sub_jobs", COST_CODE: "cost_codes"}[segment["type"]], project_id=project_id)


def show(state: State, segment: Row, project_id: int | None = None) -> Json:
    """A segment as the company, or a project, sees it."""
    shown: Json = {
        **segment,
        "segment_items_count": count_items(state, segment, project_id),
        "wbs_pattern_id": pattern_id(state, project_id),
    }
    if project_id is not None:
        places = list(state.rows(PATTERN, project_id=project_id, segment_id=segment["id"]))
        shown["is_included_in_project_pattern"] = bool(places)
        shown["position"] = places[0]["position"] if places else None
        shown["selectable_tiers"] = segment["structure"] == "tiered" and not state.settings.disallow_divisions
        shown["tiered"] = segment["structure"] == "tiered"
    return shown


def pattern_id(state: State, project_id: int | None) -> int:
    """A project's pattern and the company's have ids of their own."""
    return (project_id or state.company_id) + 7


def found(call: Call) -> Row:
    """The segment that the call names.

    Raises  Problem 404
    """
    segment = call.state.get(SEGMENTS, call.path["segment_id"])
    if segment is None:
        raise not_found("segment")
    return segment


def _company_pattern(call: Call) -> Answer:
    company_of(call)
    shown = [show(call.state, segment) for segment in _company_segments(call.state)]
    return Answer(_pattern(call, call.state.company_id, None, shown))


def _pattern(call: Call, whose: int, project_id: int | None, shown: list[Json]) -> Json:
    first = call.state.table("projects")[whose] if project_id else _company_segments(call.state)[0]
    return {
        "id": pattern_id(call.state, project_id),
        "description": "Project pattern" if project_id else "Company pattern",
        "created_at": first["created_at"],
        "updated_at": first["updated_at"],
        "is_project_level_ordered": False,
        "segments": shown,
    }


def _company_list(call: Call) -> Answer:
    company_of(call)
    return Answer([show(call.state, segment) for segment in _company_segments(call.state)])


def create(call: Call) -> Answer:
    """A custom segment.

    Raises  Problem 403 with Field Productivity or ERP Integrations on (W4), 422 beyond ten (W1) or for a name twice
    """
    company_of(call)
    values = call.body["segment"]
    if not call.state.settings.custom_segments_allowed:
        text = "Custom segments are not available while Field Productivity or ERP Integrations is enabled"
        raise Problem(403, {"errors": text})
    required(values, None, "name")
    if sum(1 for _ in call.state.rows(SEGMENTS, type=CUSTOM)) >= MOST_CUSTOM:
        raise unprocessable({"base": [f"at most {MOST_CUSTOM} custom segments"]})
    if any(segment["name"].casefold() == values["name"].casefold() for segment in call.state.rows(SEGMENTS)):
        raise unprocessable({"name": ["has already been taken"]})
    return Answer(show(call.state, _insert(call.state, values | {"type": CUSTOM})))


def lists(call: Call) -> Answer:
    """Lists of company items; only cost codes have them (W16)."""
    company_of(call)
    if found(call)["type"] != COST_CODE:
        return Answer([])
    return Answer(
        [
            {
                "id": each["id"],
                "name": each["name"],
                "segment_items_count": sum(
                    1 for _ in call.state.rows("standard_cost_codes", standard_cost_code_list_id=each["id"])
                ),
                "erp_integrated": each["is_erp_list"],
                "available_to_use_on_new_projects": each["available_to_use_on_new_projects"],
            }
            for each in call.state.rows(STANDARD_LISTS)
        ]
    )


def _project_pattern(call: Call) -> Answer:
    id = call.project["id"]
    shown = [show(call.state, segment, id) for segment in pattern(call.state, id)]
    return Answer(_pattern(call, id, id, shown))


def _project_list(call: Call) -> Answer:
    """All segments; `is_included_in_project_pattern` tells which of them the pattern holds."""
    return Answer([show(call.state, segment, call.project["id"]) for segment in _company_segments(call.state)])


def add_segment(call: Call) -> Answer:
    """W3: puts a segment into the project's pattern at its company place; twice is once."""
    segment = call.state.get(SEGMENTS, call.body["segment_id"])
    if segment is None:
        raise not_found("segment")
    if segment not in pattern(call.state, call.project["id"]):
        _include(call.state, call.project["id"], segment)
    return Answer()


_COMPANY = "/rest/v1.0/companies/{company_id}/work_breakdown_structure"
_PROJECT = "/rest/v1.0/projects/{project_id}/work_breakdown_structure"

ROUTES = (
    Route("GET", f"{_COMPANY}/patterns", _company_pattern),
    Route("GET", f"{_COMPANY}/segments", _company_list),
    Route("POST", f"{_COMPANY}/segments", create),
    Route("GET", f"{_COMPANY}/segments/{{segment_id}}/lists", lists),
    Route("GET", f"{_PROJECT}/patterns", _project_pattern, project="path"),
    Route("PUT", f"{_PROJECT}/patterns/add_segment", add_segment, project="path"),
    Route("GET", f"{_PROJECT}/segments", _project_list, project="path"),
)
