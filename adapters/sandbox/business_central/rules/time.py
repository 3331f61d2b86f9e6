"""Time: the buffer of Procore timecards, and the crew time sheets made from it (connector-api.md)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from adapters.sandbox.business_central.errors import must_be, rule
from adapters.sandbox.business_central.rules.base import Rules
from adapters.sandbox.business_central.rules.company import period_of
from adapters.sandbox.business_central.rules.projects import is_posting_task
from adapters.sandbox.business_central.values import ZERO, plain

if TYPE_CHECKING:
    from adapters.sandbox.business_central.records import Records
    from adapters.sandbox.business_central.storage import Row

_TEMPLATE, _BATCH = "PROJECT", "TIME"
_LINE_FIELDS = ("workDate", "hours", "jobNumber", "jobTaskNumber", "costTypeCode", "segmentCode", "workTypeCode")


def _check_entry(_records: Records, before: Row | None, row: Row) -> None:
    if row["hours"] <= 0:
        raise rule('"hours" must be greater than 0.')
    if before is not None and before["processingStatus"] == "Processed":
        raise rule(f"Entry {row['entryNumber']} is processed and cannot be changed.")


def _process(records: Records, row: Row) -> None:
    """Create or extend the crew time sheet; a refused row says why instead of failing the request."""
    if row["processingStatus"] == "Processed":
        return
    resource = _resource(records, row)
    skipped = _reason_to_skip(records, row, resource)
    if skipped or resource is None:
        records.write("timeSheetBufferEntries", row, processingStatus="Skipped", errorMessage=skipped)
        return
    if not is_posting_task(records, row["jobNumber"], row["jobTaskNumber"]):
        text = f"Task {row['jobTaskNumber']} of project {row['jobNumber']} is not a posting task."
        records.write("timeSheetBufferEntries", row, processingStatus="Error", errorMessage=text)
        return
    sheet = _sheet(records, row)
    line = records.insert(
        "crewTimeSheetLines",
        crewTimeSheetNumber=sheet["number"],
        resourceNumber=resource["number"],
        description=row["description"][:100],
        timeSheetHeaderId=row["procoreTimesheetId"],
        timeSheetLineId=row["procoreTimecardEntryId"],
        **{name: row[name] for name in _LINE_FIELDS},
    )
    records.write(
        "timeSheetBufferEntries",
        row,
        processingStatus="Processed",
        errorMessage="",
        resourceNumber=resource["number"],
        crewTimeSheetNumber=sheet["number"],
        crewTimeSheetLineNumber=line["lineNumber"],
    )


def _resource(records: Records, row: Row) -> Row | None:
    if row["resourceNumber"]:
        return records.database.first("resources", number=row["resourceNumber"])
    return records.database.first("resources", procoreWorkerId=row["procoreWorkerId"])


def _reason_to_skip(records: Records, row: Row, resource: Row | None) -> str:
    if row["procoreStatus"] not in {"Pending", "Approved"}:
        return f"The status {row['procoreStatus']} is not processed."
    if records.database.first("crewTimeSheetLines", timeSheetLineId=row["procoreTimecardEntryId"]) is not None:
        return "The timecard entry already has a crew time sheet line."
    if resource is None:
        return f"The worker {row['procoreWorkerId']} has no resource."
    if not resource["useCrewTimeSheet"]:
        return f"The resource {resource['number']} does not use crew time sheets."
    period = period_of(records, row["workDate"])
    if period is None:
        return f"The work date {row['workDate']} is in no accounting period."
    return f"The accounting period of {row['workDate']} is closed." if period["closed"] else ""


def _sheet(records: Records, row: Row) -> Row:
    found = records.database.first(
        "crewTimeSheets", timeSheetHeaderId=row["procoreTimesheetId"], jobNumber=row["jobNumber"]
    )
    if found is None:
        return records.insert(
            "crewTimeSheets",
            description=row["timesheetName"],
            jobNumber=row["jobNumber"],
            startingDate=row["workDate"],
            endingDate=row["workDate"],
            timeSheetHeaderId=row["procoreTimesheetId"],
            procoreProjectId=row["procoreProjectId"],
        )
    return records.write(
        "crewTimeSheets",
        found,
        startingDate=min(found["startingDate"], row["workDate"]),
        endingDate=max(found["endingDate"], row["workDate"]),
    )


def _lines(records: Records, sheet: Row) -> list[Row]:
    found = records.database.find("crewTimeSheetLines", crewTimeSheetNumber=sheet["number"])
    return sorted(found, key=lambda line: line["lineNumber"])


def _total_hours(records: Records, row: Row) -> Decimal:
    return plain(sum((line["hours"] for line in _lines(records, row)), ZERO))


def _submit(records: Records, row: Row) -> None:
    if row["status"] != "Open":
        raise must_be("Status", "Open", "Crew Time Sheet", f"No.='{row['number']}'", row["status"])
    for line in _lines(records, row):
        records.write("crewTimeSheetLines", line, status="Submitted")
    records.write("crewTimeSheets", row, status="Submitted")


def _generate(records: Records, row: Row) -> None:
    """Project journal lines for the approved lines."""
    if not records.database.find("projectJournalBatches", journalTemplateName=_TEMPLATE, name=_BATCH):
        records.insert("projectJournalBatches", journalTemplateName=_TEMPLATE, name=_BATCH, description="Time")
    for line in _lines(records, row):
        if line["status"] != "Approved" or line["posted"]:
            continue
        records.insert(
            "projectJournalLines",
            journalTemplateName=_TEMPLATE,
            journalBatchName=_BATCH,
            entryType="Usage",
            postingDate=line["workDate"],
            documentNumber=row["number"],
            jobNumber=line["jobNumber"],
            jobTaskNumber=line["jobTaskNumber"],
            segmentCode=line["segmentCode"],
            costTypeCode=line["costTypeCode"],
            type="Resource",
            number=line["resourceNumber"],
            quantity=line["hours"],
            unitCost=line["unitCost"],
        )
        records.write("crewTimeSheetLines", line, posted=True)


def _check_sheet_line(records: Records, before: Row | None, row: Row) -> None:
    resource = records.database.first("resources", number=row["resourceNumber"])
    if resource is not None and (before is None or before["resourceNumber"] != row["resourceNumber"]):
        if resource["blocked"]:  # BC 15.11
            raise rule(f'Resource {resource["number"]} is blocked: "resourceNumber" cannot be used.')
        row["resourceName"] = resource["displayName"]
        row["unitCost"] = resource["unitCost"]


TIME_RULES = {
    "timeSheetBufferEntries": Rules(check=_check_entry, actions={"process": _process}),
    "crewTimeSheets": Rules(
        owns=("crewTimeSheetLines",),
        flow={"totalHours": _total_hours},
        actions={"submit": _submit, "generateTimeEntries": _generate},
    ),
    "crewTimeSheetLines": Rules(check=_check_sheet_line),
}
