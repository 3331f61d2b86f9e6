"""A project with contracts and budget codes on both sides, and hands that make change orders of it in Procore."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Literal

from adapters.sandbox.request_log import Entry
from tests.journeys.harness import World

FLOW, NPC_FLOW = "change-order-to-change-order", "npc-change-order-to-project"
NPC_TYPE = "NPC Change Order"
WITH_CHANGE_ORDER = "Project_x0020_with_x0020_Change_x0020_Order"


def stage(it: World, number: str = "JOB1", **fields: Any) -> None:
    """A job with two tasks and two segments; customer, cost types and a vendor with the first one."""
    if not it.bc.tables.rows("costTypes"):
        it.basics()
    it.project(number, tasks=("01-100", "03-300"), segments=("SITE", "BLDG"), **fields)


async def joined(it: World, *numbers: str, tiers: Literal[1, 2, 3] = 1) -> None:
    """The job stands in Procore, with a prime contract, a commitment and some budget codes of its own."""
    await it.sync()
    for number in numbers or ("JOB1",):
        contracts(it, number, tiers)


def contracts(it: World, number: str = "JOB1", tiers: Literal[1, 2, 3] = 1) -> None:
    """What people in Procore do before there are change orders."""
    project = project_id(it, number)
    it.procore.changes.set_tiers(project, tiers)
    it.procore.changes.add_prime_contract(project, number="1", title="Main", grand_total="10000.00")
    it.procore.add_commitment(project, number=f"SC-{number}", title="Made on the site")


def project_id(it: World, number: str = "JOB1") -> int:
    """The Procore project of a job."""
    found: int = it.procore.find("projects", project_number=number)["id"]
    return found


def code(it: World, name: str = "SITE.01-100.M", job: str = "JOB1") -> int:
    """A budget code of the project, made in Procore where it is missing."""
    project = project_id(it, job)
    for row in it.procore.rows("wbs_codes", project_id=project):
        if it.procore.flat_code(row["id"]) == name:
            found: int = row["id"]
            return found
    segment, task, cost_type = name.split(".")
    made: int = it.procore.add_wbs_code(project, task, cost_type, sub_job=segment)["id"]
    return made


def row(it: World, amount: str, name: str = "SITE.01-100.M", job: str = "JOB1", **more: Any) -> dict[str, Any]:
    """A line of an order."""
    return {"wbs_code_id": code(it, name, job), "amount": amount, **more}


def order(
    it: World,
    *amounts: str,
    job: str = "JOB1",
    side: Literal["prime", "commitment"] = "prime",
    lines: Sequence[dict[str, Any]] = (),
    status: str = "approved",
    title: str | None = "Added footing",
    **more: Any,
) -> dict[str, Any]:
    """An order of the first contract of its side; the package is given back."""
    project = project_id(it, job)
    table = "prime_contracts" if side == "prime" else "contracts"
    contract = more.pop("contract_id", None) or next(it.procore.rows(table, project_id=project))["id"]
    rows = [*lines, *(row(it, amount, job=job) for amount in amounts)]
    return it.procore.changes.add(
        project, contract_id=contract, side=side, title=title or "", lines=rows, status=status, **more
    )


def here(it: World, **where: object) -> list[dict[str, Any]]:
    """Change orders of Business Central with their lines."""
    rows = [each for each in it.bc.tables.rows("changeOrders") if all(each[k] == v for k, v in where.items())]
    return [{**each, "lines": lines_here(it, each["number"])} for each in rows]


def lines_here(it: World, number: str) -> list[dict[str, Any]]:
    """Lines of one change order of Business Central."""
    return [each for each in it.bc.tables.rows("changeOrderLines") if each["changeOrderNumber"] == number]


def sums(it: World, **where: object) -> list[Decimal]:
    """What the orders in Business Central come to, by their lines."""
    return [sum((line["amount"] for line in each["lines"]), Decimal(0)) for each in here(it, **where)]


def to_central(it: World, since: int = 0) -> list[Entry]:
    """Writes to change orders and their lines in Business Central."""
    return [entry for entry in it.writes("business_central", since) if "changeOrder" in entry.path]
