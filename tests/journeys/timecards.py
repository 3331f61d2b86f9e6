"""Time on a site: workers and their resources, timesheets with entries, and what became of them in Business Central."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.journeys.harness import World, sqlite, world

FLOW = "time-sheet-to-crew-time-sheet"
DAY, NEXT_DAY = "2026-03-30", "2026-03-31"
CODES: Mapping[str, str] = {"cost_code": "01-100", "cost_type": "L", "sub_job": "SITE"}


@dataclass
class Site:
    """A world with time."""

    it: World
    people: dict[str, int] = field(default_factory=dict[str, int])

    def worker(self, name: str, *, resource: bool = True, **fields: Any) -> int:
        """A person of Procore, with a resource that names it unless told otherwise."""
        person = self.it.procore.people.add(name, "Lund", employee_id=f"E-{name}", is_employee=True)["id"]
        self.people[name] = person
        if resource:
            self.resource(name, procoreWorkerId=person, **fields)
        return person

    def resource(self, name: str, **fields: Any) -> dict[str, Any]:
        """A resource of Business Central that may be booked on."""
        given = {"displayName": f"{name} Lund", "type": "Person", "unitCost": Decimal(40), "useCrewTimeSheet": True}
        return self.it.insert("resources", number=f"R-{name.upper()}", **{**given, **fields})

    def sheet(self, day: str = DAY, project: str = "JOB1") -> int:
        """A timesheet of a project and a day."""
        return self.it.procore.time.add_sheet(self.project_id(project), day)["id"]

    def entry(self, sheet: int, name: str, hours: str | None = "8.0", **more: Any) -> int:
        """An entry of a worker."""
        given = {"status": "approved", **CODES, **more}
        return self.it.procore.time.add_entry(sheet, self.people[name], hours=hours, **given)["id"]

    def project_id(self, number: str = "JOB1") -> int:
        """The Procore project of a job."""
        return self.it.procore.find("projects", project_number=number)["id"]

    def lines(self, **equal: Any) -> list[dict[str, Any]]:
        """Lines of crew time sheets."""
        rows = self.it.bc.tables.rows("crewTimeSheetLines")
        return [row for row in rows if all(row[name] == value for name, value in equal.items())]

    def buffer(self) -> list[dict[str, Any]]:
        """Rows of the buffer."""
        return list(self.it.bc.tables.rows("timeSheetBufferEntries"))

    def sheets(self) -> list[dict[str, Any]]:
        """Crew time sheets."""
        return list(self.it.bc.tables.rows("crewTimeSheets"))

    def submit(self, number: str) -> None:
        """A foreman submits a crew time sheet in Business Central."""
        self.it.bc.tables.act("crewTimeSheets", self.it.row("crewTimeSheets", number=number)["id"], "submit")

    async def state(self, entry: int) -> str:
        """State of an entry."""
        return await self.it.state(str(entry), FLOW)

    async def why(self, entry: int) -> str:
        """Why it is in its state."""
        return await self.it.reasons(str(entry), FLOW)


@asynccontextmanager
async def site(folder: Path, *, started: bool = True, **more: Any) -> AsyncGenerator[Site]:
    """One job with tasks and segments in both companies, three workers; `started`: synced once already."""
    async with world(sqlite(folder), start_date="2026-03-01", **more) as it:
        it.basics()
        it.project("JOB1", tasks=("01-100", "03-300"), segments=("SITE", "BLDG"))
        there = Site(it)
        for name in ("Anna", "Bert", "Cora"):
            there.worker(name)
        if started:
            await it.sync()
        yield there


def total(rows: list[dict[str, Any]]) -> Decimal:
    """Hours of rows, of either system."""
    return sum((Decimal(str(row["hours"])) for row in rows), Decimal(0))
