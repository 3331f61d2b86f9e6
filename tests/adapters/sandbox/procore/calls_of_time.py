"""Each operation on people and time called once with what it takes."""

from adapters.sandbox.procore import Procore
from tests.adapters.sandbox.procore.harness import Api

DAY = "2026-03-02"


async def call_time(api: Api, procore: Procore, project: int) -> None:
    """Calls them all in a project that has budget code `SJ1.01-100.L`."""
    company = f"/rest/v1.0/companies/{procore.state.company_id}"
    own = f"/rest/v1.0/projects/{project}"
    anna = await _people(api, procore, company, own)
    sheet = (await api.call("POST", f"{own}/timesheets", None, {"timesheet": {"date": DAY}})).body["id"]
    values = {"party_id": anna, "timesheet_id": sheet, "date": DAY, "hours": "8.0"}
    values |= {"cost_code_id": procore.find("cost_codes", code="100")["id"], "description": "Forming"}
    made = await api.call("POST", f"{own}/timecard_entries", None, {"timecard_entry": values})
    assert made.status == 201, made
    id = made.body["id"]
    flat = await api.call("POST", f"/rest/v1.1/projects/{project}/project_timecard_entries", None, values)
    assert flat.body["cost_code"] == "01-100"
    await api.get(f"{own}/timecard_entries", log_date=DAY)
    await api.get(f"{own}/timecard_entries/{id}")
    await api.call("PATCH", f"{own}/timecard_entries/{id}", None, {"timecard_entry": {"hours": "7.5"}})
    await api.call("DELETE", f"{own}/timecard_entries/{flat.body['id']}")
    await api.get(f"{company}/timecard_entries", start_date=DAY, end_date=DAY)
    for view in ("ids_only", "compact_with_date_range"):
        await api.get(f"{company}/timecard_entries", start_date=DAY, end_date=DAY, serializer_view=view)
    await api.get(f"{company}/timecard_entries/{id}")
    body = {"project_id": project, "timecard_entry": {"date": DAY, "approval_status": "reviewed"}}
    reviewed = await api.call("PATCH", f"{company}/timecard_entries/{id}", None, body)
    assert reviewed.body["approval_status"] == "reviewed"
    await api.get(f"{own}/timesheets", **{"filters[date]": DAY})
    await api.get(f"{own}/timesheets/{sheet}")
    body = {"timesheets": [{"id": sheet, "status": "approved"}]}
    await api.call("PATCH", f"{own}/timesheets/update_approval", None, body)
    await api.get(f"{company}/timesheets", start_date=DAY, end_date=DAY)
    await api.get(f"{company}/timecard_time_types")


async def _people(api: Api, procore: Procore, company: str, own: str) -> int:
    person = {"first_name": "Anna", "last_name": "Lund", "employee_id": "E100", "is_employee": True}
    anna: int = (await api.call("POST", f"{company}/people", None, {"person": person})).body["id"]
    changed = {"person": {"last_name": "Lund", "job_title": "Carpenter"}}
    await api.call("PATCH", f"{company}/people/{anna}", None, changed)
    foreman = procore.people.add("Olaf", "Berg", login="olaf@example.com")["id"]
    project = int(own.rpartition("/")[2])
    procore.people.add_to_project(project, anna)
    crew = procore.people.add_crew(project, "Forming", [anna, foreman], foreman)["id"]
    for view in ("normal", "extended"):
        await api.get(f"{company}/people", view=view, **{"filters[is_employee]": "true"})
    for view in ("normal", "extended", "web"):
        await api.get(f"{own}/people", view=view, sort="name")
    await api.get(f"{own}/crews")
    await api.get(f"{own}/crews/{crew}")
    return anna
