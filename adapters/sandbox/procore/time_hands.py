"""The hands of a Procore user on timesheets and timecards, for tests and rehearsals."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from adapters.sandbox.procore import timecards, worked_time
from adapters.sandbox.procore.company import COST_TYPES
from adapters.sandbox.procore.cost_codes import COST_CODES, full_code
from adapters.sandbox.procore.kernel import decimal_text
from adapters.sandbox.procore.projects import PROJECTS
from adapters.sandbox.procore.state import Invalid, Row, State
from adapters.sandbox.procore.sub_jobs import SUB_JOBS
from adapters.sandbox.procore.timecards import ENTRIES, SHEETS, TIME_TYPES
from adapters.sandbox.procore.worked_time import Manner
from domain.values import Json


@dataclass
class Time:
    """What a foreman and an approver do. `hours` is decimal text, `lunch` minutes, `time_in` such as `08:00` or UTC.

    Codes are named as people read them: `cost_code` the full one such as `01-100`, `cost_type` and `sub_job` by code,
    `time_type` by name; an empty text takes one away.
    """

    state: State
    _foreman: Json = field(default_factory=dict[str, Any])

    def record_by(self, project_id: int, manner: Manner) -> None:
        """Whether a project records `hours` or `start_stop` (T4)."""
        worked_time.record_by(self.state, project_id, manner)

    def add_time_type(self, name: str, short: str = "") -> Row:
        """A time type of the company, beside Regular and Overtime.

        Raises  Invalid
        """
        return timecards.add_time_type(self.state, name, short)

    def add_sheet(self, project_id: int, day: str) -> Row:
        """A timesheet of one day, `2026-03-02`.

        Raises  Invalid
        """
        return timecards.write_sheet(self.state, project_id, str(day), self.foreman)

    def add_entry(
        self,
        sheet_id: int,
        person_id: int,
        *,
        hours: str | None = None,
        cost_code: str = "",
        time_type: str = "Regular",
        status: str = "pending",
        **more: Any,
    ) -> Row:
        """An entry of a timesheet; `more` as in `change`.

        Raises  Invalid, LookupError for a code that does not exist
        """
        sheet = self.state.table(SHEETS)[sheet_id]
        named = {"cost_code": cost_code, "time_type": time_type, "status": status, "hours": hours} | more
        values = self._values(sheet["project_id"], named, {})
        values |= {"timesheet_id": sheet_id, "party_id": person_id}
        return timecards.write(self.state, self._project(sheet), None, values, self.foreman)

    def change(self, entry_id: int, **named: Any) -> Row:
        """Other values: `hours`, or `time_in`, `time_out`, `lunch`; `cost_code`, `cost_type`, `sub_job`, `time_type`.

        Also `status`, `description`, `billable`, `in_progress`, `crew_id`, `party_id`, `timesheet_id`, `origin_id`.
        Raises  Invalid, LookupError for a code that does not exist
        """
        entry = self.state.table(ENTRIES)[entry_id]
        values = self._values(entry["project_id"], named, entry)
        return timecards.write(self.state, self._project(entry), entry, values, self.foreman)

    def set_status(self, entry_id: int, status: str) -> Row:
        """The status of one entry: pending, reviewed, approved, completed (T2); its timesheet keeps its own.

        Raises  Invalid
        """
        return self.change(entry_id, status=status)

    def approve(self, sheet_id: int) -> Row:
        """Approves a timesheet with its entries."""
        return timecards.set_sheet_status(self.state, self.state.table(SHEETS)[sheet_id], "approved")

    def reopen(self, sheet_id: int) -> Row:
        """Makes an approved timesheet pending again."""
        return timecards.set_sheet_status(self.state, self.state.table(SHEETS)[sheet_id], "pending")

    def split(self, entry_id: int, *, hours: str, time_type: str = "Overtime") -> Row:
        """What overtime rules do (T7): the last `hours` become an entry of their own with another time type.

        Raises  Invalid, LookupError
        """
        entry = self.state.table(ENTRIES)[entry_id]
        first, second = worked_time.parts(entry, Decimal(hours))
        own = {name: value for name, value in entry.items() if name not in {"id", "created_at", "updated_at"}}
        other = {"timecard_time_type_id": self._named(TIME_TYPES, "time_type", time_type), "split_parent_id": entry_id}
        part = self.state.insert(ENTRIES, own | second | other | {"origin_id": None, "origin_data": None})
        self.state.change(ENTRIES, entry, first)
        timecards.touch(self.state, entry["timesheet_id"])
        return part

    def remove(self, entry_id: int) -> None:
        """Deletes an entry; it stays listed under `filters[deleted_at]`."""
        timecards.remove(self.state, self.state.table(ENTRIES)[entry_id])

    def remove_sheet(self, sheet_id: int) -> None:
        """Deletes a timesheet with its entries."""
        for entry in self.state.rows(ENTRIES, timesheet_id=sheet_id):
            timecards.remove(self.state, entry)
        self.state.remove(SHEETS, self.state.table(SHEETS)[sheet_id], keep=True)

    @property
    def foreman(self) -> Json:
        """Who writes what is entered by hand; not the account that reads it over the API."""
        if not self._foreman:
            named = {"login": "foreman@sandbox.example", "name": "Foreman"}
            self._foreman = {"id": self.state.new_id()} | named
        return self._foreman

    def _project(self, row: Row) -> Row:
        return self.state.table(PROJECTS)[row["project_id"]]

    def _values(self, project_id: int, named: Json, entry: Row) -> Json:
        """What is named by codes, as the API names it by ids."""
        plain = {"lunch": "lunch_time", "status": "approval_status"}
        values = {plain.get(name, name): value for name, value in named.items()}
        if values.get("hours") is not None:
            values["hours"] = self._hours(values["hours"])
        if "sub_job" in values:
            code = values.pop("sub_job")
            values["sub_job_id"] = self._named(SUB_JOBS, "code", code, project_id=project_id) if code else None
        if "cost_code" in values:
            home = values.get("sub_job_id", entry.get("sub_job_id"))
            values["cost_code_id"] = self._cost_code(project_id, home, values.pop("cost_code"))
        for name, table, key in (("cost_type", COST_TYPES, "code"), ("time_type", TIME_TYPES, "time_type")):
            if name in values:
                code = values.pop(name)
                field_name = "line_item_type_id" if name == "cost_type" else "timecard_time_type_id"
                values[field_name] = self._named(table, key, code) if code else None
        return values

    def _hours(self, hours: object) -> str | None:
        try:
            return decimal_text(Decimal(str(hours)))
        except ArithmeticError:
            raise Invalid(hours="is not a number") from None

    def _cost_code(self, project_id: int, sub_job_id: int | None, code: str) -> int | None:
        """The cost code of the sub job itself, else that of the project (W16)."""
        if not code:
            return None
        rows = [row for row in self.state.rows(COST_CODES, project_id=project_id) if full_code(self.state, row) == code]
        by_home = {row["sub_job_id"]: row["id"] for row in rows}
        for home in (sub_job_id, None):
            if home in by_home:
                return by_home[home]
        raise LookupError(f"cost code {code}")

    def _named(self, table: str, key: str, text: str, /, **home: object) -> int:
        row = self.state.find(table, **home, **{key: text})
        if row is None:
            raise LookupError(f"{table} {text}")
        return row["id"]
