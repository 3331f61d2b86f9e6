"""Time sheets of Procore, and the buffer and crew time sheets of Business Central.

Source  Procore guide 17, F7, Z2; connector API timeSheetBufferEntries, crewTimeSheetLines, resources,
        accountingPeriods.
"""

from collections.abc import Sequence
from datetime import date

from msgspec.structs import replace

from domain.delivery import Endpoint, Listing
from domain.endpoints.making import connector, connector_action, connector_create, connector_list, quoted
from domain.values import PROCORE

TIMESHEETS = "timesheets"
_BUFFER, _LINES = "time_sheet_buffer", "crew_time_sheet_lines"

ALL: tuple[Endpoint, ...] = (
    connector_create("timeSheetBufferEntries"),
    connector("timeSheetBufferEntries"),
    # Two calls at the same time could both find no crew time sheet for one header, and make two.
    replace(
        connector_action("timeSheetBufferEntries", "process"), refreshes=(_BUFFER, _LINES), serial="crew_time_sheets"
    ),
    # Whether a line may be changed rests on the status of its crew time sheet, which somebody may submit meanwhile.
    replace(connector("crewTimeSheetLines"), refreshes=(_LINES,), anew=True),
)


def timesheets(project_id: str, span: str) -> Listing:
    """The timesheets of a project that moved in a span of time (T5).

    Of no scope: while they can't be read, the company's window must not move on.
    """
    return Listing(
        TIMESHEETS, PROCORE, f"/rest/v1.0/projects/{project_id}/timesheets", (("filters[updated_at]", span),)
    )


def timecard_entries(company: str, first: str, last: str, *query: tuple[str, str]) -> Listing:
    """Timecard entries of the whole company on these days; without days only today's would come (F7)."""
    path = f"/rest/v1.0/companies/{company}/timecard_entries"
    return Listing("timecard_entries", PROCORE, path, (("start_date", first), ("end_date", last), *query))


def named(ids: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """The filter for rows with these ids (F1)."""
    return tuple(("filters[id][]", each) for each in ids)


def people(company: str) -> Listing:
    """People of the company with their employee ids, reference persons too (T10)."""
    return Listing("people", PROCORE, f"/rest/v1.0/companies/{company}/people")


RESOURCES = connector_list(
    "resources",
    "resources",
    ("$select", "id,number,displayName,blocked,employeeNumber,useCrewTimeSheet,procoreWorkerId"),
)
"""Everybody and everything that time can be booked on."""

PERIODS = connector_list("accounting_periods", "accountingPeriods", ("$select", "id,startingDate,endingDate,closed"))
"""All accounting periods."""


def buffer_rows(timesheet: str) -> Listing:
    """The buffer rows of one timesheet."""
    return connector_list(_BUFFER, "timeSheetBufferEntries", ("$filter", f"procoreTimesheetId eq {timesheet}"))


def crew_lines(timesheet: str) -> Listing:
    """The lines of the crew time sheets that were made from one timesheet."""
    return connector_list(_LINES, "crewTimeSheetLines", ("$filter", f"timeSheetHeaderId eq {timesheet}"))


def crew_line(id_: str) -> Listing:
    """One line by its id: one that was entered by hand names no timesheet."""
    return connector_list(_LINES, "crewTimeSheetLines", ("$filter", f"id eq {id_}"))


def crew_lines_of(job: str, since: date) -> Listing:
    """The lines of a job from this day on, whoever entered them."""
    query = f"jobNumber eq {quoted(job)} and workDate ge {since.isoformat()}"
    return connector_list(_LINES, "crewTimeSheetLines", ("$filter", query))
