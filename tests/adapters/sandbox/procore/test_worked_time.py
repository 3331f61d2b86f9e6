"""Time by hours or by start and stop, as the project is set, and what overtime rules make of it."""

from typing import Any

import pytest

from adapters.sandbox.procore import Procore
from tests.adapters.sandbox.procore.harness import Api, Reply

Row = dict[str, Any]
TODAY = "2026-03-02"


@pytest.fixture
def project(procore: Procore) -> int:
    """A project in US/Eastern."""
    id: int = procore.add_project("Bridge")["id"]
    return id


@pytest.fixture
def anna(procore: Procore) -> int:
    id: int = procore.people.add("Anna", "Lund", employee_id="E100", is_employee=True)["id"]
    return id


async def send(api: Api, project: int, **values: Any) -> Reply:
    return await api.call("POST", f"/rest/v1.0/projects/{project}/timecard_entries", None, {"timecard_entry": values})


@pytest.mark.parametrize(("sent", "stored"), [("8.0", "8.0"), ("7.25", "7.25"), ("0", "0.0"), ("8", "8.0")])
async def test_a_project_records_hours(api: Api, project: int, anna: int, sent: str, stored: str) -> None:
    reply = await send(api, project, hours=sent, party_id=anna)

    assert (reply.status, reply.body["hours"], reply.body["date"]) == (201, stored, TODAY)


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        (("07:00", "15:30", "30"), (f"{TODAY}T12:00:00Z", f"{TODAY}T20:30:00Z", "8.0")),
        (("22:00", "06:20", "0"), ("2026-03-03T03:00:00Z", "2026-03-03T11:20:00Z", "8.33")),
        ((f"{TODAY}T08:00:00-06:00", f"{TODAY}T15:00:00Z", "0"), (f"{TODAY}T14:00:00Z", f"{TODAY}T15:00:00Z", "1.0")),
    ],
)
async def test_a_project_records_start_and_stop_and_answers_in_utc(
    api: Api, procore: Procore, project: int, anna: int, sent: Any, stored: Any
) -> None:
    procore.time.record_by(project, "start_stop")
    named = dict(zip(("time_in", "time_out", "lunch_time"), sent, strict=True))
    row = (await send(api, project, party_id=anna, **named)).body

    assert (row["time_in"], row["time_out"], row["hours"]) == stored
    assert row["lunch_time"] == int(sent[2])


@pytest.mark.parametrize(
    ("manner", "sent", "field"),
    [
        ("hours", {}, "hours"),
        ("hours", {"hours": "eight"}, "hours"),
        ("hours", {"hours": "-1"}, "hours"),
        ("hours", {"time_in": "08:00", "time_out": "16:00", "lunch_time": "0"}, "time_in"),
        ("start_stop", {"hours": "8.0"}, "hours"),
        ("start_stop", {"time_in": "08:00", "time_out": "16:00"}, "lunch_time"),
        ("start_stop", {"time_in": "soon", "time_out": "16:00", "lunch_time": "0"}, "time_in"),
        ("start_stop", {"time_in": "08:00", "time_out": "08:20", "lunch_time": "30"}, "time_out"),
    ],
)
async def test_the_other_form_and_half_a_form_are_refused(
    api: Api, procore: Procore, project: int, anna: int, manner: Any, sent: Row, field: str
) -> None:
    procore.time.record_by(project, manner)
    reply = await send(api, project, party_id=anna, **sent)

    assert (reply.status, field in reply.body["errors"]) == (400, True)


async def test_hours_of_start_and_stop_follow_a_change_of_either(
    api: Api, procore: Procore, project: int, anna: int
) -> None:
    procore.time.record_by(project, "start_stop")
    id = (await send(api, project, party_id=anna, time_in="07:00", time_out="15:30", lunch_time="30")).body["id"]
    path = f"/rest/v1.0/projects/{project}/timecard_entries/{id}"
    later = await api.call("PATCH", path, None, {"timecard_entry": {"time_out": "16:30"}})
    told = await api.call("PATCH", path, None, {"timecard_entry": {"description": "Forming"}})

    assert [reply.body["hours"] for reply in (later, told)] == ["9.0", "9.0"]


async def test_a_split_of_start_and_stop_leaves_no_gap(procore: Procore, project: int, anna: int) -> None:
    procore.time.record_by(project, "start_stop")
    sheet = procore.time.add_sheet(project, TODAY)["id"]
    first = procore.time.add_entry(sheet, anna, time_in="07:00", time_out="17:30", lunch=30)
    part = procore.time.split(first["id"], hours="2")

    assert (first["hours"], part["hours"], part["lunch_time"]) == ("8.0", "2.0", 0)
    assert first["time_out"] == part["time_in"] == f"{TODAY}T20:30:00Z"
