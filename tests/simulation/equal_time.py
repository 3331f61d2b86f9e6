"""What must be equal at rest between timesheets and crew time sheets, told from both companies' own tables."""

from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from adapters.sandbox.procore.cost_codes import full_code
from tests.simulation.invariants import PROJECT, ByFlow, Companies, State
from tests.simulation.office_time import REMOVED
from tests.simulation.site_time import FLOW

Row = Mapping[str, Any]
FIRST_DAY = "2026-03-31"
"""The day of the set-up: time before it is not carried."""
CARRIED = ("pending", "approved")


def check(companies: Companies, by_flow: ByFlow) -> None:
    """An entry that is synced has one row and one line that say the same; none is lost, none waits without reason."""
    known = by_flow.get(FLOW, {})
    _each_once(companies)
    _left_to_people(companies)
    lines = {row["timeSheetLineId"]: row for row in companies.bc.tables.rows("crewTimeSheetLines")}
    # Nothing is read as long as no project of its own takes part; a child's is its parent's.
    roots = {row["id"] for row in companies.bc.tables.rows("projects") if not row["parentProjectNumber"]}
    read = any(it.state == "synced" and id_ in roots for id_, it in by_flow.get(PROJECT, {}).items())
    for entry in _counting(companies):
        state = known.get(str(entry["id"]))
        if state is None:
            if read:
                companies.found("nothing flagged is lost", f"time entry {entry['id']} has no state")
            continue
        if state.state in ("pending", "in-flight", "failed"):
            companies.found("at rest", f"time entry {entry['id']} is {state.state}: {state.reasons}")
        if state.state == "synced" and f"{REMOVED}{entry['id']}" not in companies.gone:
            _equal(companies, entry, lines.get(entry["id"]))
        if state.state == "parked":
            _waits_rightly(companies, entry, state)
    living = {str(row["id"]) for row in companies.procore.rows("timecard_entries")}
    for source_id, state in known.items():
        if read and source_id not in living and state.state != "deleted":
            companies.found("deletions are known", f"time entry {source_id} is gone, and its state is {state.state}")


def _counting(companies: Companies) -> Iterator[Row]:
    for entry in companies.procore.rows("timecard_entries"):
        if entry["date"] >= FIRST_DAY and entry["approval_status"] in CARRIED and not entry["in_progress"]:
            yield entry


def _each_once(companies: Companies) -> None:
    for table, field in (
        ("crewTimeSheetLines", "timeSheetLineId"),
        ("timeSheetBufferEntries", "procoreTimecardEntryId"),
    ):
        for id_, count in Counter(row[field] for row in companies.bc.tables.rows(table)).items():
            if count > 1:
                companies.found("no duplicate counterpart", f"{table}: time entry {id_} stands there {count} times")
    heads = Counter((row["timeSheetHeaderId"], row["jobNumber"]) for row in companies.bc.tables.rows("crewTimeSheets"))
    for head, count in heads.items():
        if count > 1:
            companies.found("no duplicate counterpart", f"timesheet {head} has {count} crew time sheets")


def _left_to_people(companies: Companies) -> None:
    for entry in companies.bc.log.writes():
        if entry.path.endswith((".submit", ".generateTimeEntries", ".post")):
            companies.found("payroll is left to people", entry.path)


def _equal(companies: Companies, entry: Row, line: Row | None) -> None:
    id_, rows = entry["id"], companies.procore.rows
    hours = _hours(entry)
    if line is None:
        if hours:
            companies.found("nothing flagged is lost", f"time entry {id_} is synced, and no crew time sheet has it")
        return
    wanted: dict[str, Any] = {"hours": hours}
    if hours:
        cost_type = next(rows("line_item_types", id=entry["line_item_type_id"]), None)
        sub_job = next(rows("sub_jobs", id=entry["sub_job_id"]), None)
        wanted |= {
            "workDate": entry["date"],
            "jobTaskNumber": full_code(companies.procore.state, next(rows("cost_codes", id=entry["cost_code_id"]))),
            "segmentCode": sub_job["code"] if sub_job else "",
            "costTypeCode": cost_type["code"] if cost_type else "",
        }
        worker = _worker_of(companies, line["resourceNumber"])
        if entry["party_id"] not in worker:
            companies.found("both sides are equal", f"time entry {id_} of {entry['party_id']} is booked on {worker}")
    homes = {row["number"]: row["procoreProjectId"] for row in companies.bc.tables.rows("projects")}
    if homes.get(line["jobNumber"], entry["project_id"]) != entry["project_id"]:
        companies.found("both sides are equal", f"time entry {id_} is booked on {line['jobNumber']}")
    for name, value in wanted.items():
        if line[name] != value:
            companies.found("both sides are equal", f"time entry {id_}: {name} is {line[name]!r}, not {value!r}")


def _hours(entry: Row) -> Decimal:
    return Decimal(entry["hours"]).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def _worker_of(companies: Companies, number: str) -> set[int]:
    """Who a resource stands for: the worker it names, and the person whose employee it is."""
    tables = companies.bc.tables
    workers = {row["procoreWorkerId"] for row in tables.rows("resources") if row["number"] == number}
    employees = {row["number"] for row in tables.rows("employees") if row["resourceNumber"] == number}
    return workers | {row["id"] for row in companies.procore.rows("people") if row["employee_id"] in employees}


def _waits_rightly(companies: Companies, entry: Row, state: State) -> None:
    """Nobody waits for what is there."""
    resources = list(companies.bc.tables.rows("resources"))
    named = [row for row in resources if row["procoreWorkerId"] == entry["party_id"]]
    usable = [row for row in named if row["useCrewTimeSheet"] and not row["blocked"]]
    closed = {row["startingDate"][:7] for row in companies.bc.tables.rows("accountingPeriods") if row["closed"]}
    for words, there in (
        ("is no resource of Business Central", bool(named)),
        ("does not use crew time sheets", bool(usable)),
        ("is blocked", bool(usable)),
        ("the accounting period of", entry["date"][:7] not in closed),
    ):
        if words in state.reasons and there:
            companies.found("parked records release themselves", f"time entry {entry['id']} waits: {state.reasons}")
