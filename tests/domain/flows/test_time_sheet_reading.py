"""Entries are read once when a project joins, then by what moved; what a timesheet holds is read again as a whole."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest

from domain.delivery import Listing
from domain.endpoints import time as endpoints
from domain.flow import Context, Reading, SiteProject
from domain.flows.time_sheet_reading import FEED
from domain.values import Json

SINCE, UNTIL = datetime(2026, 3, 30, 8, tzinfo=UTC), datetime(2026, 3, 31, 22, 0, 0, 500, tzinfo=UTC)
SPAN = "2026-03-30T08:00:00Z...2026-03-31T22:00:00Z"
DAYS = (("start_date", "2026-03-01"), ("end_date", "2026-04-07"))
MOVED = ("filters[updated_at]", SPAN)
JOINED = SiteProject("J1", "701", "", (), SINCE)


def reading(
    facts: Mapping[Listing, Sequence[Json]] | None = None,
    *projects: SiteProject,
    since: datetime | None = SINCE,
    refused: Mapping[Listing, str] | None = None,
) -> Reading:
    return Reading(
        projects=projects or (JOINED,),
        since=since,
        until=UNTIL,
        start=date(2026, 3, 1),
        facts=facts or {},
        refused=refused or {},
        context=Context(connection="main", bc_company="bc", procore_company="4711", now=UNTIL),
        numbers={"701": "J1"},
    )


def entry(id_: int = 900, **fields: Any) -> Json:
    """An entry as the company's list shows it."""
    return {
        "id": id_,
        "date": "2026-03-30",
        "updated_at": "2026-03-30T18:00:00Z",
        "hours": "8.0",
        "approval_status": "approved",
        "in_progress": False,
        "timesheet": {"id": 700, "name": "2026-03-30 - 01", "status": "approved"},
        "project": {"id": 701, "name": "Harbour House"},
        "party": {"id": 31, "name": "Anna Lund"},
        "login_information": None,
        "cost_code": {"id": 60, "name": "Formwork"},
        "sub_job": None,
        "line_item_type_id": 40,
        "timecard_time_type": {"id": 1, "time_type": "Regular"},
        **fields,
    }


def lists(*query: tuple[str, str]) -> Listing:
    return endpoints.timecard_entries("4711", "2026-03-01", "2026-04-07", *query)


SHEETS = endpoints.timesheets("701", SPAN)


@pytest.mark.requirement("C-50")
@pytest.mark.parametrize("known", [None, SINCE])
def test_the_first_time_and_when_a_project_joins_everything_since_the_start_is_read(known: datetime | None) -> None:
    new = SiteProject("J2", "702", "", ())
    named = list(FEED.listings(reading(None, JOINED, new, since=known)))

    begin = "2026-03-30T08:00:00Z" if known else "2026-03-01T00:00:00Z"
    assert [each.query for each in named] == [
        DAYS,
        (*DAYS, ("filters[deleted_at]", f"{begin}...2026-03-31T22:00:00Z")),
    ]


@pytest.mark.requirement("C-20")
def test_later_only_what_moved_is_asked_for_with_days_that_bring_more_than_today() -> None:
    named = list(FEED.listings(reading()))

    assert named == [lists(MOVED), lists(("filters[deleted_at]", SPAN)), SHEETS]


def test_a_timesheet_that_moved_has_those_entries_read_that_did_not_move() -> None:
    sheet = {"id": 700, "date": "2026-03-30", "timecard_entries": [{"id": 900}, {"id": 901}, {"id": 902}]}
    known = reading({lists(MOVED): [entry()], SHEETS: [sheet]})

    assert list(FEED.listings(known))[-1] == lists(("filters[id][]", "901"), ("filters[id][]", "902"))


def test_many_entries_are_named_a_hundred_at_a_time() -> None:
    sheet = {"id": 700, "date": "2026-03-30", "timecard_entries": [{"id": id_} for id_ in range(250)]}
    named = list(FEED.listings(reading({lists(MOVED): [], SHEETS: [sheet]})))

    assert [len(each.query) - 2 for each in named[3:]] == [100, 100, 50]


@pytest.mark.requirement("C-50")
def test_a_timesheet_from_before_the_start_is_not_opened_again() -> None:
    sheet = {"id": 700, "date": "2026-02-27", "timecard_entries": [{"id": 900}]}

    assert len(list(FEED.listings(reading({lists(MOVED): [], SHEETS: [sheet]})))) == 3


def test_timesheets_that_a_project_does_not_give_hold_up_nothing() -> None:
    known = reading({lists(MOVED): [entry()]}, refused={SHEETS: "403"})

    assert FEED.expected(SHEETS)
    assert not FEED.expected(lists(MOVED))
    assert [row["id"] for row in FEED.documents(known)] == ["900"]


@pytest.mark.requirement("PP-82", "PP-92")
def test_a_document_holds_all_that_is_carried() -> None:
    (document,) = FEED.documents(reading({lists(MOVED): [entry(description="Forming")]}))

    assert document == {
        "id": "900",
        "updated_at": "2026-03-30T18:00:00Z",
        "timesheetId": "700",
        "timesheetName": "2026-03-30 - 01",
        "timesheetStatus": "approved",
        "approvalStatus": "approved",
        "workDate": "2026-03-30",
        "hours": "8.00",
        "description": "Forming",
        "workerId": "31",
        "workerName": "Anna Lund",
        "loginId": "",
        "costCodeId": "60",
        "costCodeName": "Formwork",
        "subJobId": "",
        "subJobCode": "",
        "lineItemTypeId": "40",
        "timeType": "Regular",
        "procoreProjectId": "701",
        "projectName": "Harbour House",
        "jobNumber": "J1",
    }


@pytest.mark.requirement("PP-82")
def test_time_of_other_projects_is_told_without_a_job() -> None:
    (document,) = FEED.documents(reading({lists(MOVED): [entry(project={"id": 709, "name": "Bridge"})]}))

    assert (document["procoreProjectId"], document["jobNumber"]) == ("709", "")


@pytest.mark.requirement("PP-84")
def test_an_entry_in_progress_is_never_told() -> None:
    assert list(FEED.documents(reading({lists(MOVED): [entry(in_progress=True)]}))) == []


def test_hours_that_cannot_be_read_make_a_dead_letter_and_text_instead_of_an_object_does_not() -> None:
    rows = [entry(hours="eight"), entry(901, cost_code="01-100")]
    faulty, tolerant = FEED.documents(reading({lists(MOVED): rows}))

    assert faulty["fault"] == "hours 'eight' are no number"
    assert (tolerant["costCodeId"], "fault" in tolerant) == ("", False)


@pytest.mark.parametrize(
    ("entry_moved", "sheet_moved", "place"),
    [
        ("2026-03-30T18:00:00Z", "2026-03-31T09:00:00Z", "2026-03-31T09:00:00Z"),
        ("2026-03-30T18:00:00Z", "2026-03-30T09:00:00Z", "2026-03-30T18:00:00Z"),
        ("2026-03-30T18:00:00.25+02:00", "", "2026-03-30T16:00:00Z"),
        ("2026-04-02T18:00:00Z", "", "2026-03-31T22:00:00Z"),
        ("yesterday", "", ""),
    ],
)
def test_the_place_moves_with_the_timesheet_and_never_beyond_what_was_asked_for(
    entry_moved: str, sheet_moved: str, place: str
) -> None:
    sheet: Json = {"id": 700, "date": "2026-03-30", "updated_at": sheet_moved, "timecard_entries": []}
    (document,) = FEED.documents(reading({lists(MOVED): [entry(updated_at=entry_moved)], SHEETS: [sheet]}))

    assert document["updated_at"] == place


@pytest.mark.requirement("C-19")
def test_deleted_entries_are_named() -> None:
    assert list(FEED.gone(reading({lists(("filters[deleted_at]", SPAN)): [entry(905)]}))) == ["905"]
