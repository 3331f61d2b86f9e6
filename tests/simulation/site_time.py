"""What people do in Procore with timesheets."""

from random import Random
from typing import Any

from adapters.sandbox.procore.worked_time import recorded_by
from tests.simulation.people import TASKS, TYPES, People, action

FLOW = "time-sheet-to-crew-time-sheet"
DAYS = ("2026-03-30", "2026-03-31", "2026-03-31", "2026-04-01", "2026-04-02")
"""One before the hub was set up, which is never carried, and the end of a month."""
HOURS = ("8.0", "7.25", "0.1", "11.99", "6.5", "3.333", "0.005", "0")
STATUSES = ("pending", "pending", "approved", "approved", "approved", "approved", "reviewed", "completed")


def _codes(them: People, rng: Random, project: int) -> dict[str, Any]:
    """Codes that the project has, sometimes none."""
    procore = them.it.procore
    codes = [procore.find("cost_codes", id=row["id"]) for row in procore.rows("cost_codes", project_id=project)]
    jobs = sorted(row["code"] for row in procore.rows("sub_jobs", project_id=project))
    flat = sorted({row["code"] for row in codes if row.get("parent_id") is None and row["sub_job_id"] is None})
    types = sorted(row["code"] for row in procore.rows("line_item_types"))
    return {
        "cost_code": rng.choice(flat) if flat and rng.random() < 0.95 else "",
        "sub_job": rng.choice(jobs) if jobs and rng.random() < 0.8 else "",
        "cost_type": rng.choice([code for code in types if code in TYPES] or [""]) if rng.random() < 0.8 else "",
    }


def _worked(them: People, rng: Random, project: int) -> dict[str, Any]:
    if recorded_by(them.it.procore.state, project) == "hours":
        return {"hours": rng.choice(HOURS)}
    return {"hours": None, "time_in": "07:00", "time_out": rng.choice(("15:30", "12:20", "03:00")), "lunch": 20}


def _entry(them: People, rng: Random, sheet: dict[str, Any]) -> str:
    person = them.theirs(rng, "people")
    if person is None:
        return ""
    values = {**_codes(them, rng, sheet["project_id"]), **_worked(them, rng, sheet["project_id"])}
    kind = "Overtime" if rng.random() < 0.1 else "Regular"
    status = rng.choice(STATUSES)
    made = them.it.procore.time.add_entry(sheet["id"], person["id"], time_type=kind, status=status, **values)
    told = ", ".join(f"{name} {value}" for name, value in values.items() if value)
    return f"entry {made['id']} of {person['first_name']}, {status}, {kind}, {told}"


@action("Procore has a timesheet filled in", 8, FLOW)
def _(them: People, rng: Random) -> str:
    coded = {row["project_id"] for row in them.it.procore.rows("cost_codes")}
    busy = sorted((row for row in them.it.procore.rows("projects") if row["id"] in coded), key=lambda row: row["id"])
    project = rng.choice(busy) if busy and rng.random() < 0.9 else them.theirs(rng, "projects")
    if project is None:
        return ""
    sheet = them.it.procore.time.add_sheet(project["id"], rng.choice(DAYS))
    told = [_entry(them, rng, sheet) for _ in range(rng.randint(1, 4))]
    return f"timesheet {sheet['name']} of {project['project_number']}: {'; '.join(told)}"


@action("Procore has an entry more on a timesheet", 4, FLOW)
def _(them: People, rng: Random) -> str:
    sheet = them.theirs(rng, "timesheets")
    return "" if sheet is None else _entry(them, rng, sheet)


@action("Procore has an entry changed", 5, FLOW)
def _(them: People, rng: Random) -> str:
    entry, person = them.theirs(rng, "timecard_entries"), them.theirs(rng, "people")
    if entry is None or person is None:
        return ""
    what = rng.choice(
        (
            _worked(them, rng, entry["project_id"]),
            _codes(them, rng, entry["project_id"]),
            {"description": f"Work {rng.randint(1, 99)}"},
            {"party_id": person["id"]},
        )
    )
    them.it.procore.time.change(entry["id"], **what)
    return f"entry {entry['id']}: {what}"


@action("Procore has an entry's status changed", 3, FLOW)
def _(them: People, rng: Random) -> str:
    entry = them.theirs(rng, "timecard_entries")
    if entry is None:
        return ""
    status = rng.choice(STATUSES)
    them.it.procore.time.set_status(entry["id"], status)
    return f"entry {entry['id']}: {status}"


@action("Procore approves or reopens a timesheet", 3, FLOW)
def _(them: People, rng: Random) -> str:
    sheet = them.theirs(rng, "timesheets")
    if sheet is None:
        return ""
    time = them.it.procore.time
    done = rng.choice((time.approve, time.reopen))(sheet["id"])
    return f"timesheet {sheet['name']} ({sheet['id']}): {done['status']}"


@action("Procore splits off overtime", 1, FLOW)
def _(them: People, rng: Random) -> str:
    entry = them.theirs(rng, "timecard_entries")
    if entry is None or not entry["hours"]:
        return ""
    part = them.it.procore.time.split(entry["id"], hours="1")
    return f"an hour of entry {entry['id']} becomes entry {part['id']}"


@action("Procore deletes time", 2, FLOW)
def _(them: People, rng: Random) -> str:
    table = rng.choice(("timecard_entries", "timecard_entries", "timesheets"))
    row = them.theirs(rng, table)
    if row is None:
        return ""
    time = them.it.procore.time
    (time.remove if table == "timecard_entries" else time.remove_sheet)(row["id"])
    return f"{table} {row['id']} deleted"


@action("Procore records by start and stop, or by hours", 1, FLOW)
def _(them: People, rng: Random) -> str:
    project = them.theirs(rng, "projects")
    if project is None:
        return ""
    manner = rng.choice(("hours", "start_stop"))
    them.it.procore.time.record_by(project["id"], manner)
    return f"project {project['project_number']} records {manner}"


@action("Procore makes a cost code for time", 1, FLOW)
def _(them: People, rng: Random) -> str:
    project = them.theirs(rng, "projects")
    if project is None:
        return ""
    made = them.it.procore.add_cost_code(project["id"], rng.choice((*TASKS, "99-900")), "For time alone")
    return f"cost code {made['code']} in {project['project_number']}"
