"""What people do in Business Central with the resources and periods that time needs, and with crew time sheets."""

from decimal import Decimal
from random import Random

from tests.simulation.people import People, action
from tests.simulation.site_time import FLOW

REMOVED = "removed line "
"""Begins what is noted of a line that people took out of a crew time sheet."""
FIRST_DAYS = ("2026-03-01", "2026-04-01")


@action("a worker is hired", 6, FLOW)
def _(them: People, rng: Random) -> str:
    number = them.number()
    person = them.it.procore.people.add(f"Worker {number}", "Lund", employee_id=f"E{number}", is_employee=True)
    way = rng.choice(("by worker", "by worker", "by employee", "nobody yet"))
    if way == "nobody yet":
        return f"worker {person['id']}, unknown in Business Central"
    _resource(them, f"R{number}", person["id"] if way == "by worker" else 0, switched=rng.random() < 0.8)
    if way == "by employee":
        them.it.insert("employees", number=f"E{number}", givenName="W", surname="Lund", resourceNumber=f"R{number}")
    return f"worker {person['id']}, resource R{number} {way}"


def _resource(them: People, number: str, worker: int, *, switched: bool) -> None:
    given = {"displayName": number, "type": "Person", "unitCost": Decimal(40), "procoreWorkerId": worker}
    them.it.insert("resources", number=number, useCrewTimeSheet=switched, **given)


@action("a resource is made for a worker", 3, FLOW)
def _(them: People, rng: Random) -> str:
    person = them.theirs(rng, "people")
    if person is None or any(row["procoreWorkerId"] == person["id"] for row in them.it.bc.tables.rows("resources")):
        return ""
    number = f"R{them.number()}"
    _resource(them, number, person["id"], switched=True)
    return f"resource {number} for worker {person['id']}"


@action("a resource is switched or blocked", 3, FLOW)
def _(them: People, rng: Random) -> str:
    row = them.pick(rng, "resources")
    if row is None:
        return ""
    name = rng.choice(("useCrewTimeSheet", "useCrewTimeSheet", "blocked"))
    return them.change("resources", row, **{name: not row[name]})


@action("a period is closed or opened", 2, FLOW)
def _(them: People, rng: Random) -> str:
    row = them.pick(rng, "accountingPeriods", startingDate=rng.choice(FIRST_DAYS))
    return "" if row is None else them.change("accountingPeriods", row, closed=not row["closed"])


@action("a crew time sheet is submitted", 2, FLOW)
def _(them: People, rng: Random) -> str:
    row = them.pick(rng, "crewTimeSheets", status="Open")
    if row is None:
        return ""
    them.it.bc.tables.act("crewTimeSheets", row["id"], "submit")
    return f"{row['number']} submitted"


@action("a line of a crew time sheet is changed", 1, FLOW)
def _(them: People, rng: Random) -> str:
    row = them.pick(rng, "crewTimeSheetLines", status="Open")
    if row is None:
        return ""
    them.gone.add(f"{REMOVED}{row['timeSheetLineId']}")
    return them.change("crewTimeSheetLines", row, hours=Decimal(rng.choice(("1", "9.5"))))


@action("a line of a crew time sheet is removed", 1, FLOW)
def _(them: People, rng: Random) -> str:
    row = them.pick(rng, "crewTimeSheetLines", status="Open")
    if row is None:
        return ""
    them.gone.add(f"{REMOVED}{row['timeSheetLineId']}")
    return them.drop("crewTimeSheetLines", row)
