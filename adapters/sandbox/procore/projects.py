"""Projects and their tools (section 18, J and X2)."""

from collections.abc import Iterable

from adapters.sandbox.procore.company import DEPARTMENTS, STAGES
from adapters.sandbox.procore.cost_codes import copy_standard_list
from adapters.sandbox.procore.directory import company, company_of, is_member
from adapters.sandbox.procore.kernel import (
    Answer,
    Call,
    Problem,
    Route,
    decimal,
    decimal_text,
    listed,
    not_found,
    ordered,
    page,
    required,
    sync,
    without,
)
from adapters.sandbox.procore.places import check_place
from adapters.sandbox.procore.segments import start_pattern
from adapters.sandbox.procore.state import Invalid, Row, State
from domain.values import Json

PROJECTS = "projects"

MIRRORED = {
    "estimated_start_date": "start_date",
    "estimated_completion_date": "completion_date",
    "estimated_value": "total_value",
}
"""J3: the old names mirror the new ones."""

TOOLS = ("budget", "commitments", "direct_costs", "change_orders", "prime_contracts", "timesheets", "timecards")
"""Engine names are not printed anywhere; readers look at `is_active` of what they know (X2)."""

SMALLEST_PAGE, LARGEST_PAGE = 100, 300  # P5
ALL_IDS = 200_000  # P5: `view=ids`
V1_1_VIEWS = {"normal": 0, "compact": 1, "extended": 2}


def _show(state: State, project: Row) -> Json:
    stage = state.get(STAGES, project.get("project_stage_id"))
    departments = [state.get(DEPARTMENTS, id) for id in _departments(project)]
    number = project.get("project_number")
    return {
        **project,
        **{old: project.get(new) for old, new in MIRRORED.items()},
        "display_name": f"{number} - {project['name']}" if number else project["name"],
        "is_demo": False,
        "template": False,
        "is_erp_integrated": bool(project.get("erp_integrated")),
        "project_stage": {"id": stage["id"], "name": stage["name"]} if stage else None,
        "stage": stage["name"] if stage else None,
        "departments": [{"id": each["id"], "name": each["name"]} for each in departments if each],
        "company": company(state),
        "created_by": {"id": state.service_user_id, "name": "SiteLedger", "login": "dmsa@sandbox.example"},
        "custom_fields": {key: value for key, value in project.items() if key.startswith("custom_field_")},
        "tz_name": project.get("time_zone"),
    }


def _departments(values: Json) -> list[int]:
    return values.get("department_ids") or []


def write(state: State, project: Row | None, values: Json) -> Row:
    """Makes or changes a project.

    Raises  Invalid
    """
    required(values, project, "name")
    check_place(values, project)
    for name, table in (("project_stage_id", STAGES), ("department_ids", DEPARTMENTS)):
        ids: list[int] = (
            _departments(values) if name == "department_ids" else [values[name]] if values.get(name) else []
        )
        if any(state.get(table, id) is None for id in ids):
            raise Invalid(**{name: "is not in the list of the company"})
    kept = {MIRRORED.get(name, name): value for name, value in values.items() if name not in MIRRORED}
    kept |= {new: values[old] for old, new in MIRRORED.items() if old in values and new not in values}
    if kept.get("total_value") is not None:  # section 9: number in, string out
        kept["total_value"] = decimal_text(decimal(kept, "total_value"))
    copy = kept.pop("enable_copy_of_standard_cost_codes", False)
    if project is not None:
        return state.change(PROJECTS, project, kept)
    usual: Json = {"active": True, "country_code": "US", "time_zone": "US/Eastern", "tools_off": [], "permitted": True}
    made = state.insert(PROJECTS, usual | {"permitted": state.settings.permits_new_projects} | kept)
    start_pattern(state, made["id"])
    if copy and not kept.get("project_template_id"):  # J5: no effect with a template
        copy_standard_list(state, made["id"])
    return made


def may_create(call: Call) -> None:
    """A12: the account creates projects only with the right to do so.

    Raises  Problem 403
    """
    if not call.state.settings.may_create_projects:
        raise Problem(403, {"errors": "You are not permitted to create projects"})


def _list_v1_0(call: Call) -> Answer:
    rows, headers = page(call, ordered(call, _kept(call)))
    view = call.one("serializer_view")
    shown = [_show(call.state, row) for row in rows]
    if view == "compact":
        shown = [{name: row[name] for name in ("id", "name", "display_name")} for row in shown]
    return Answer(shown, headers=headers)


def list_v1_1(call: Call) -> Answer:
    """P5: 100 a page, 300 at most; `view=ids` answers numbers alone."""
    view = call.one("view") or "normal"
    kept = ordered(call, _kept(call))
    if view == "ids":
        rows, headers = page(call, kept, default=ALL_IDS, largest=ALL_IDS)
        return Answer([row["id"] for row in rows], view=-2, headers=headers)
    rows, headers = page(call, kept, default=SMALLEST_PAGE, largest=LARGEST_PAGE)
    return Answer([_show(call.state, row) for row in rows], view=V1_1_VIEWS[view], headers=headers)


def _kept(call: Call) -> Iterable[Row]:
    company_of(call)
    wanted = {"Active": True, "Inactive": False}.get(call.one("filters[by_status]") or "Active")  # J1
    rows = [row for row in call.state.rows(PROJECTS, permitted=True) if wanted is None or row["active"] is wanted]
    rows = listed(call, rows, "project_number")
    name = call.one("filters[name]")
    if name is not None:
        rows = [row for row in rows if name.casefold() in row["name"].casefold()]
    if call.one("filters[synced]") is not None:  # F6: only projects that carry an origin id
        rows = [row for row in rows if bool(row.get("origin_id")) or not call.flag("filters[synced]")]
    vendor = call.number("filters[vendor_id]")
    if vendor is not None:
        rows = [row for row in rows if is_member(call.state, row["id"], vendor)]
    stages = call.many("filters[by_stage]")
    if stages is not None:
        rows = [row for row in rows if str(row.get("project_stage_id")) in stages]
    departments = call.many("filters[by_department]")
    if departments is not None:
        rows = [row for row in rows if {str(id) for id in _departments(row)} & set(departments)]
    for flag in ("is_demo", "template"):
        if call.flag(f"filters[{flag}]"):
            rows = []  # the stand-in has neither
    return rows


def _create(call: Call) -> Answer:
    company_of(call)
    may_create(call)
    return Answer(_show(call.state, write(call.state, None, call.body["project"])))


def _show_one(call: Call) -> Answer:
    company_of(call)
    return Answer(_show(call.state, call.project))


def _update(call: Call) -> Answer:
    company_of(call)
    return Answer(_show(call.state, write(call.state, call.project, call.body["project"])))


def sync_projects(call: Call) -> Answer:
    """Advised against for creating; `company_id` stands in the query or in the body (section 1, correction 3)."""
    company_of(call)

    def put(row: Row | None, values: Json) -> Row:
        if row is None:
            may_create(call)
        return write(call.state, row, values)

    return sync(call, PROJECTS, put, lambda row: without(_show(call.state, row), "company"), permitted=True)


def list_tools(call: Call) -> Answer:
    """X2: which tools of the project are switched on."""
    off: list[str] = call.project.get("tools_off") or []
    tools: list[Json] = [
        {
            "id": call.project["id"] * 100 + place,
            "engine_name": name,
            "title": name.replace("_", " ").title(),
            "is_active": name not in off,
            "position": place,
            "required": False,
        }
        for place, name in enumerate(TOOLS, start=1)
    ]
    if call.one("filters[is_active]") is not None:
        tools = [tool for tool in tools if tool["is_active"] is call.flag("filters[is_active]")]
    rows, headers = page(call, tools)
    return Answer(rows, headers=headers)


def permitted(state: State, id: int | None) -> Row:
    """A project that the account may see.

    Raises  Problem 404 for others, as if they did not exist (checklist 2)
    """
    project = state.get(PROJECTS, id, permitted=True)
    if project is None:
        raise not_found("project")
    return project


ROUTES = (
    Route("GET", "/rest/v1.0/projects", _list_v1_0),
    Route("POST", "/rest/v1.0/projects", _create),
    Route("PATCH", "/rest/v1.0/projects/sync", sync_projects),
    Route("GET", "/rest/v1.0/projects/{id}", _show_one, project="id"),
    Route("PATCH", "/rest/v1.0/projects/{id}", _update, project="id"),
    Route("GET", "/rest/v1.1/projects", list_v1_1),
    Route("GET", "/rest/v1.0/projects/{project_id}/tools", list_tools, project="path"),
)
