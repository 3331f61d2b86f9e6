"""Timesheets and timecards: days, approval, what is hidden, and what each list leaves out."""

from typing import Any

import pytest

from adapters.sandbox.procore import Procore
from adapters.sandbox.procore.state import Invalid
from tests.adapters.sandbox.procore.harness import Api, Clock, Reply

Row = dict[str, Any]
TODAY, YESTERDAY, LAST_WEEK = "2026-03-02", "2026-03-01", "2026-02-25"  # the first is a Monday
MARCH = "2026-03-01...2026-03-31"


@pytest.fixture
def company(procore: Procore) -> str:
    return f"/rest/v1.0/companies/{procore.state.company_id}"


@pytest.fixture
def project(procore: Procore) -> int:
    """A project with sub job SITE, cost code 01-100 and cost type L."""
    procore.add_cost_type("L", "Labor", base_type="labor")
    id: int = procore.add_project("Bridge", sub_jobs=True)["id"]
    division = procore.add_cost_code(id, "01", "General")["id"]
    procore.add_cost_code(id, "100", "Survey", division)
    procore.add_sub_job(id, "SITE", "Site")
    return id


@pytest.fixture
def own(project: int) -> str:
    return f"/rest/v1.0/projects/{project}"


@pytest.fixture
def anna(procore: Procore) -> int:
    id: int = procore.people.add("Anna", "Lund", employee_id="E100", is_employee=True)["id"]
    return id


@pytest.fixture
def sheet(procore: Procore, project: int) -> int:
    id: int = procore.time.add_sheet(project, TODAY)["id"]
    return id


@pytest.fixture
def entry(procore: Procore, sheet: int, anna: int) -> int:
    """Eight hours of Anna on SITE.01-100.L."""
    codes = {"cost_code": "01-100", "cost_type": "L", "sub_job": "SITE"}
    id: int = procore.time.add_entry(sheet, anna, hours="8.0", description="Forming", **codes)["id"]
    return id


async def send(api: Api, own: str, **values: Any) -> Reply:
    return await api.call("POST", f"{own}/timecard_entries", None, {"timecard_entry": values})


def ids(rows: list[Row]) -> list[int]:
    return [row["id"] for row in rows]


# Timesheets


async def test_a_timesheet_is_one_day_and_its_name_is_numbered(api: Api, own: str) -> None:
    made = [await api.call("POST", f"{own}/timesheets", None, {"timesheet": {"date": TODAY}}) for _ in range(2)]
    other = await api.call("POST", f"{own}/timesheets", None, {"timesheet": {"date": YESTERDAY}})

    assert [reply.body["name"] for reply in [*made, other]] == [f"{TODAY} - 01", f"{TODAY} - 02", f"{YESTERDAY} - 01"]
    assert {reply.body["status"] for reply in made} == {"pending"}


async def test_timesheets_are_found_by_day_and_by_change(api: Api, procore: Procore, project: int, own: str) -> None:
    sheets = [procore.time.add_sheet(project, day)["id"] for day in (LAST_WEEK, YESTERDAY, TODAY)]
    path = f"{own}/timesheets"
    day = await api.get(path, **{"filters[date]": YESTERDAY})
    days = await api.get(path, **{"filters[date]": f"{YESTERDAY}...{TODAY}"})
    changed = await api.get(path, **{"filters[updated_at]": f"{TODAY}T08:00:00Z...{TODAY}T08:00:01Z"})

    assert (ids(day), ids(days), ids(changed)) == ([sheets[1]], sheets[1:], sheets)


@pytest.mark.parametrize("act", ["add", "change", "split", "remove", "status"])
async def test_what_happens_to_an_entry_moves_its_timesheet(
    procore: Procore, sheet: int, entry: int, anna: int, clock: Clock, act: str
) -> None:
    acts = {
        "add": lambda: procore.time.add_entry(sheet, anna, hours="0"),
        "change": lambda: procore.time.change(entry, hours="7.5"),
        "split": lambda: procore.time.split(entry, hours="2"),
        "remove": lambda: procore.time.remove(entry),
        "status": lambda: procore.time.set_status(entry, "reviewed"),
    }
    clock.passes(minutes=5)
    acts[act]()

    assert procore.find("timesheets")["updated_at"] == f"{TODAY}T08:05:00Z"


async def test_the_same_values_again_move_nothing(procore: Procore, entry: int, clock: Clock) -> None:
    clock.passes(minutes=5)
    procore.time.change(entry, hours="8.0", cost_code="01-100")

    assert procore.find("timesheets")["updated_at"] == f"{TODAY}T08:00:00Z"


async def test_approval_answers_a_list_and_takes_the_entries_along(
    api: Api, procore: Procore, own: str, sheet: int, entry: int, anna: int
) -> None:
    done = procore.time.add_entry(sheet, anna, hours="1", status="completed")["id"]
    body = {"timesheets": [{"id": sheet, "status": "approved"}]}
    reply = await api.call("PATCH", f"{own}/timesheets/update_approval", None, body)
    statuses = {row["id"]: row["approval_status"] for row in procore.rows("timecard_entries")}

    assert [(row["id"], row["status"]) for row in reply.body] == [(sheet, "approved")]
    assert statuses == {entry: "approved", done: "completed"}
    assert procore.time.reopen(sheet)["status"] == "pending"


@pytest.mark.parametrize(("id", "status", "answer"), [(5, "approved", 404), (0, "rejected", 400)])
async def test_a_refused_approval_changes_no_timesheet(
    api: Api, procore: Procore, own: str, sheet: int, id: int, status: str, answer: int
) -> None:
    rows = [{"id": sheet, "status": "approved"}, {"id": id or sheet, "status": status}]
    reply = await api.call("PATCH", f"{own}/timesheets/update_approval", None, {"timesheets": rows})

    assert (reply.status, procore.find("timesheets")["status"]) == (answer, "pending")


# Entries


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"party_id": 5}, "party_id"),
        ({"party_id": None}, "party_id"),
        ({"login_information_id": 5, "party_id": None}, "login_information_id"),
        ({"cost_code_id": 5}, "cost_code_id"),
        ({"sub_job_id": 5}, "sub_job_id"),
        ({"line_item_type_id": 5}, "line_item_type_id"),
        ({"timecard_time_type_id": 5}, "timecard_time_type_id"),
        ({"timesheet_id": 5}, "timesheet_id"),
        ({"location_id": 5}, "location_id"),
        ({"date": YESTERDAY}, "date"),
    ],
)
async def test_what_the_project_does_not_have_is_refused(
    api: Api, own: str, sheet: int, anna: int, sent: Row, field: str
) -> None:
    reply = await send(api, own, **({"hours": "8.0", "party_id": anna, "timesheet_id": sheet} | sent))

    assert (reply.status, list(reply.body["errors"])) == (400, [field])


async def test_a_user_may_be_named_by_the_login(api: Api, procore: Procore, own: str) -> None:
    olaf = procore.people.add("Olaf", "Berg", login="olaf@example.com")
    row = (await send(api, own, hours="8.0", login_information_id=olaf["user_id"])).body

    assert (row["party"]["id"], row["login_information"]["login"]) == (olaf["id"], "olaf@example.com")


async def test_the_cost_code_of_a_sub_job_goes_with_that_sub_job(procore: Procore, project: int, entry: int) -> None:
    job = procore.add_sub_job(project, "EAST", "East")["id"]
    code = procore.add_cost_code(project, "02", "Tower")
    procore.set_any("cost_codes", code["id"], sub_job_id=job)

    with pytest.raises(Invalid):
        procore.time.change(entry, sub_job="SITE", cost_code_id=code["id"])
    assert procore.time.change(entry, sub_job="EAST", cost_code="02")["cost_code_id"] == code["id"]


async def test_a_badly_formed_date_is_stored_as_null(api: Api, own: str, anna: int) -> None:
    reply = await send(api, own, hours="8.0", party_id=anna, date="02.03.2026")

    assert (reply.status, reply.body["date"]) == (201, None)


# What the lists show


@pytest.mark.usefixtures("entry")
async def test_rows_of_a_project_name_no_worker_and_rows_of_the_company_no_timesheet(
    api: Api, company: str, own: str
) -> None:
    (of_project,) = (await api.get(f"{own}/timesheets"))[0]["timecard_entries"]
    (worker,) = await api.get(f"{company}/timesheets")
    (of_company,) = worker["timecard_entries"]

    assert {"party", "sub_job", "line_item_type_id"} & set(of_project) == set()
    assert (of_project["login_information"], of_project["cost_code"]["name"]) == (None, "Survey")
    assert {"timesheet", "sub_job", "approval_status"} & set(of_company) == set()
    assert (worker["party"]["name"], of_company["cost_code"], of_company["hours"]) == ("Anna Lund", "01-100", "8.0")


async def test_timecards_of_the_company_name_everything(api: Api, company: str, sheet: int, entry: int) -> None:
    (row,) = await api.get(f"{company}/timecard_entries")

    assert (row["id"], row["timesheet"]["id"], row["timesheet"]["name"]) == (entry, sheet, f"{TODAY} - 01")
    assert (row["party"]["name"], row["sub_job"]["code"], row["cost_code"]["name"]) == ("Anna Lund", "SITE", "Survey")
    assert (row["timecard_time_type"]["time_type"], row["approval_status"]) == ("Regular", "pending")
    assert row["line_item_type_id"]


async def test_without_dates_only_the_rows_of_today_come(
    api: Api, procore: Procore, company: str, own: str, project: int, anna: int, entry: int
) -> None:
    older = procore.time.add_entry(procore.time.add_sheet(project, YESTERDAY)["id"], anna, hours="4")["id"]
    for path in (f"{company}/timecard_entries", f"{own}/timecard_entries"):
        assert ids(await api.get(path)) == [entry]
        assert ids(await api.get(path, start_date=YESTERDAY, end_date=TODAY)) == [entry, older]
        assert (await api.call("GET", path, {"start_date": YESTERDAY})).status == 400
    changed = await api.get(f"{company}/timecard_entries", **{"filters[updated_at]": MARCH})

    assert ids(changed) == [entry]
    assert ids(await api.get(f"{own}/timecard_entries", log_date=YESTERDAY)) == [older]


async def test_timesheets_of_the_company_hold_the_current_work_week(
    api: Api, procore: Procore, company: str, project: int, anna: int, entry: int
) -> None:
    days = {day: procore.time.add_sheet(project, day)["id"] for day in (YESTERDAY, LAST_WEEK, "2026-03-08")}
    old, _, sunday = (procore.time.add_entry(days[day], anna, hours="4")["id"] for day in days)
    (this_week,) = await api.get(f"{company}/timesheets", **{"filters[updated_at]": MARCH})
    (asked,) = await api.get(f"{company}/timesheets", start_date=YESTERDAY, end_date=YESTERDAY)

    assert ids(this_week["timecard_entries"]) == [entry, sunday]
    assert ids(asked["timecard_entries"]) == [old]


async def test_a_deleted_entry_appears_only_when_asked_for(
    api: Api, procore: Procore, company: str, own: str, entry: int
) -> None:
    deleted = await api.call("DELETE", f"{own}/timecard_entries/{entry}")
    paths = (f"{company}/timecard_entries", f"{company}/timesheets", f"{own}/timecard_entries")
    everywhere = [await api.get(path) for path in paths]
    (gone,) = await api.get(paths[0], **{"filters[deleted_at]": MARCH})
    (worker,) = await api.get(paths[1], **{"filters[deleted_at]": MARCH})
    (sheet,) = await api.get(f"{own}/timesheets", **{"filters[deleted_at]": MARCH})
    (kept,) = await api.get(f"{own}/timesheets")

    assert (deleted.status, everywhere, kept["timecard_entries"]) == (200, [[], [], []], [])
    assert (gone["id"], gone["deleted_at"]) == (entry, f"{TODAY}T08:00:00Z")
    assert ids(worker["timecard_entries"]) == ids(sheet["timecard_entries"]) == [entry]
    assert (await api.call("GET", f"{own}/timecard_entries/{entry}")).status == 404
    assert procore.count("timecard_entries") == 0


async def test_a_deleted_timesheet_takes_its_entries_along(
    api: Api, procore: Procore, own: str, sheet: int, entry: int
) -> None:
    procore.time.remove_sheet(sheet)
    (gone,) = await api.get(f"{own}/timesheets", **{"filters[deleted_at]": MARCH})

    assert (gone["id"], ids(gone["timecard_entries"]), await api.get(f"{own}/timesheets")) == (sheet, [entry], [])


async def test_an_entry_in_progress_is_hidden_until_it_is_asked_for(
    api: Api, procore: Procore, company: str, own: str, project: int, sheet: int, anna: int
) -> None:
    procore.time.record_by(project, "start_stop")
    begun = procore.time.add_entry(sheet, anna, time_in="07:00", in_progress=True)["id"]
    path = f"{company}/timecard_entries"
    hidden = [await api.get(path), await api.get(f"{own}/timecard_entries"), await api.get(f"{company}/timesheets")]
    (asked,) = await api.get(path, **{"filters[include_in_progress]": "true"})
    procore.time.change(begun, time_out="15:30", lunch=30, in_progress=False)
    only = await api.get(path, **{"filters[in_progress_only]": "true"})

    assert (hidden, asked["hours"], only) == ([[], [], []], None, [])
    assert [row["hours"] for row in await api.get(path)] == ["8.0"]


async def test_a_split_makes_a_second_entry_of_the_same_timesheet(
    api: Api, procore: Procore, company: str, entry: int
) -> None:
    part = procore.time.split(entry, hours="2.5")["id"]
    rows = {row["id"]: row for row in await api.get(f"{company}/timecard_entries")}

    assert {id: row["hours"] for id, row in rows.items()} == {entry: "5.5", part: "2.5"}
    assert rows[part]["timecard_time_type"]["time_type"] == "Overtime"
    assert rows[part]["timesheet"] == rows[entry]["timesheet"]
    with pytest.raises(Invalid):
        procore.time.split(entry, hours="5.5")


async def test_timecards_are_chosen_by_the_time_they_began(
    api: Api, procore: Procore, company: str, project: int, sheet: int, anna: int
) -> None:
    procore.time.record_by(project, "start_stop")
    for start in ("07:00", "09:00"):
        procore.time.add_entry(sheet, anna, time_in=start, time_out="17:00", lunch=0)
    span = {"start_time_in": f"{TODAY}T08:00:00-05:00", "end_time_in": f"{TODAY}T10:00:00-05:00"}
    (row,) = await api.get(f"{company}/timecard_entries", **span)
    (local,) = await api.get(f"{company}/timecard_entries", use_filter_tz="true", **span)

    assert (row["time_in"], row["lunch_time"]) == (f"{TODAY}T14:00:00Z", "0")
    assert local["time_in"] == f"{TODAY}T09:00:00-05:00"


async def test_the_company_approves_one_entry_of_the_named_project(
    api: Api, procore: Procore, company: str, project: int, entry: int
) -> None:
    path = f"{company}/timecard_entries/{entry}"
    body = {"project_id": project, "timecard_entry": {"date": TODAY, "approval_status": "approved"}}
    approved = await api.call("PATCH", path, None, body)
    other = await api.call("PATCH", path, None, body | {"project_id": procore.add_project("Other")["id"]})
    wrong = await api.call(
        "PATCH", path, None, body | {"timecard_entry": {"date": TODAY, "approval_status": "late"}}, strict=False
    )

    assert (approved.body["approval_status"], other.status, wrong.status) == ("approved", 404, 422)
    assert (await api.get(path))["timesheet"]["status"] == "pending"


async def test_time_of_a_project_without_permission_is_not_seen(
    api: Api, procore: Procore, company: str, own: str, project: int, entry: int
) -> None:
    procore.set_any("projects", project, permitted=False)
    seen = [await api.get(f"{company}/timecard_entries"), await api.get(f"{company}/timesheets")]
    statuses = [
        (await api.call("GET", path)).status for path in (f"{own}/timesheets", f"{company}/timecard_entries/{entry}")
    ]

    assert (seen, statuses) == ([[], []], [404, 404])


async def test_a_company_has_time_types_and_may_add_some(api: Api, procore: Procore, company: str) -> None:
    procore.time.add_time_type("Night", "N")
    rows = await api.get(f"{company}/timecard_time_types")

    assert [row["time_type"] for row in rows] == ["Regular", "Overtime", "Night"]
    with pytest.raises(Invalid):
        procore.time.add_time_type("Night")


@pytest.mark.usefixtures("entry")
async def test_the_export_names_people_and_codes_in_place_of_ids(procore: Procore) -> None:
    (row,) = procore.export()["timecard_entries"]

    assert (row["party"], row["cost_code"], row["sub_job"], row["line_item_type"]) == ("E100", "01-100", "SITE", "L")
    assert (row["timesheet"], row["timecard_time_type"], row["hours"]) == (f"{TODAY} - 01", "Regular", "8.0")
