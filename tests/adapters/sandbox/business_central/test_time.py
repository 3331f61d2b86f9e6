"""Timecard entries become crew time sheets, and a refused one says why."""

from typing import Any

import pytest

from adapters.sandbox.business_central import BusinessCentral, Refusal


@pytest.fixture
def bc(bc: BusinessCentral) -> BusinessCentral:
    bc.tables.insert(
        "resources", number="R1", displayName="Dana", useCrewTimeSheet=True, procoreWorkerId=31, unitCost=60
    )
    bc.tables.insert("resources", number="R2", displayName="Luis", procoreWorkerId=32)
    return bc


def entry(bc: BusinessCentral, card: int, **fields: Any) -> dict[str, Any]:
    made = bc.tables.insert(
        "timeSheetBufferEntries",
        **{
            "procoreTimesheetId": 8,
            "procoreTimecardEntryId": card,
            "procoreStatus": "Approved",
            "workDate": "2026-03-02",
            "hours": 8,
            "procoreProjectId": 1,
            "procoreWorkerId": 31,
            "jobNumber": "P1",
            "jobTaskNumber": "01-100",
            **fields,
        },
    )
    bc.tables.act("timeSheetBufferEntries", made["id"], "process")
    return bc.tables.find("timeSheetBufferEntries", id=made["id"])


def test_the_entries_of_a_sheet_and_project_share_one_crew_time_sheet(bc: BusinessCentral) -> None:
    entry(bc, 1)
    second = entry(bc, 2, workDate="2026-03-03", hours=4)

    (sheet,) = bc.tables.rows("crewTimeSheets")
    assert (sheet["number"], sheet["totalHours"], sheet["endingDate"]) == ("TIME000001", 12, "2026-03-03")
    assert (second["processingStatus"], second["crewTimeSheetLineNumber"]) == ("Processed", 20000)
    assert bc.tables.rows("crewTimeSheetLines")[0]["resourceName"] == "Dana"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"procoreStatus": "Rejected"}, "status"),
        ({"procoreWorkerId": 99}, "no resource"),
        ({"procoreWorkerId": 32}, "does not use crew time sheets"),
        ({"workDate": "2020-01-01"}, "in no accounting period"),
    ],
)
def test_an_entry_that_cannot_be_booked_is_skipped_with_its_reason(
    bc: BusinessCentral, fields: dict[str, Any], words: str
) -> None:
    found = entry(bc, 1, **fields)

    assert found["processingStatus"] == "Skipped"
    assert words in found["errorMessage"]
    assert bc.tables.rows("crewTimeSheets") == []


def test_an_entry_in_a_closed_period_is_skipped(bc: BusinessCentral) -> None:
    period = bc.tables.find("accountingPeriods", startingDate="2026-03-01")
    bc.tables.update("accountingPeriods", period["id"], closed=True)

    assert "closed" in entry(bc, 1)["errorMessage"]


def test_a_wrong_task_is_an_error_that_can_be_put_right(bc: BusinessCentral) -> None:
    found = entry(bc, 1, jobTaskNumber="NOPE")
    assert found["processingStatus"] == "Error"

    bc.tables.update("timeSheetBufferEntries", found["id"], jobTaskNumber="01-100")
    bc.tables.act("timeSheetBufferEntries", found["id"], "process")

    assert bc.tables.find("timeSheetBufferEntries", id=found["id"])["processingStatus"] == "Processed"


def test_processing_twice_books_once_and_a_processed_entry_is_closed(bc: BusinessCentral) -> None:
    found = entry(bc, 1)

    bc.tables.act("timeSheetBufferEntries", found["id"], "process")

    assert len(bc.tables.rows("crewTimeSheetLines")) == 1
    with pytest.raises(Refusal):
        bc.tables.update("timeSheetBufferEntries", found["id"], hours=7)


def test_approved_lines_become_journal_lines_once(bc: BusinessCentral) -> None:
    entry(bc, 1, segmentCode="BLDG-A", costTypeCode="L")
    (sheet,) = bc.tables.rows("crewTimeSheets")
    bc.tables.act("crewTimeSheets", sheet["id"], "submit")
    (line,) = bc.tables.rows("crewTimeSheetLines")
    bc.tables.update("crewTimeSheetLines", line["id"], status="Approved")

    for _ in range(2):
        bc.tables.act("crewTimeSheets", sheet["id"], "generateTimeEntries")

    (journal,) = bc.tables.rows("projectJournalLines")
    assert (journal["number"], journal["quantity"], journal["amount"]) == ("R1", 8, 480)


def test_a_month_ends_where_the_next_one_starts(bc: BusinessCentral) -> None:
    ends = [it["endingDate"] for it in bc.tables.rows("accountingPeriods")]

    assert ends[0] == "2025-01-31"
    assert ends[-1] == "9999-12-31"
