"""What people do with change orders in Procore."""

from random import Random
from typing import Any

from tests.simulation.people import People, action

FLOW, NPC_FLOW = "change-order-to-change-order", "npc-change-order-to-project"
AMOUNTS = ("0.01", "12.50", "-7.25", "999.99", "-1000.00", "125000.00")


def _contract(them: People, rng: Random, project: dict[str, Any], side: str) -> int | None:
    """A contract of the project; the first prime contract comes with a choice of tiers."""
    changes = them.it.procore.changes
    if side == "commitment":
        rows = sorted(row["id"] for row in them.it.procore.rows("contracts", project_id=project["id"]))
        return rng.choice(rows) if rows else None
    for row in them.it.procore.rows("prime_contracts", project_id=project["id"]):
        found: int = row["id"]
        return found
    if not any(True for _ in them.it.procore.rows("change_order_packages", project_id=project["id"])):
        changes.set_tiers(project["id"], rng.choice((1, 1, 2, 3)))
    made: int = changes.add_prime_contract(project["id"], number="1", title="Main contract")["id"]
    return made


def _codes(them: People, project: dict[str, Any]) -> list[int]:
    return sorted(row["id"] for row in them.it.procore.rows("wbs_codes", project_id=project["id"]))


def _line(rng: Random, codes: list[int]) -> dict[str, Any]:
    return {
        "wbs_code_id": rng.choice(codes),
        "amount": rng.choice(AMOUNTS),
        "description": f"Work {rng.randint(1, 99)}",
    }


def _package(them: People, rng: Random, *statuses: str) -> dict[str, Any] | None:
    rows = [row for row in them.it.procore.rows("change_order_packages") if not statuses or row["status"] in statuses]
    return rng.choice(sorted(rows, key=lambda row: row["id"])) if rows else None


@action("Procore makes a budget code", 3, FLOW)
def _(them: People, rng: Random) -> str:
    project = them.theirs(rng, "projects")
    if project is None:
        return ""
    here = project["id"]
    tasks = sorted(row["code"] for row in them.it.procore.rows("cost_codes", project_id=here, parent_id=None))
    jobs = sorted(row["code"] for row in them.it.procore.rows("sub_jobs", project_id=here))
    types = sorted(row["code"] for row in them.it.procore.rows("line_item_types") if row["code"])
    if not (tasks and jobs and types):
        return ""
    try:
        made = them.it.procore.add_wbs_code(here, rng.choice(tasks), rng.choice(types), sub_job=rng.choice(jobs))
    except LookupError:
        return ""  # one of them is switched off
    return f"budget code {them.it.procore.flat_code(made['id'])} in {project['project_number']}"


@action("Procore makes a change order", 6, FLOW, NPC_FLOW)
def _(them: People, rng: Random) -> str:
    project = them.theirs(rng, "projects")
    if project is None:
        return ""
    side = rng.choice(("prime", "prime", "commitment"))
    contract, codes = _contract(them, rng, project, side), _codes(them, project)
    if contract is None or not codes:
        return ""
    made = them.it.procore.changes.add(
        project["id"],
        contract_id=contract,
        side=side,
        title=f"Change {them.number()}",
        lines=[_line(rng, codes) for _ in range(rng.randint(0 if rng.random() < 0.1 else 1, 4))],
        status=rng.choice(("pending", "approved", "approved")),
        npc=rng.choice((None, False, True)),
        description="As agreed",
    )
    return f"{side} change order {made['number']} of {project['project_number']}: {made['status']}"


@action("Procore approves a change order", 4, FLOW, NPC_FLOW)
def _(them: People, rng: Random) -> str:
    row = _package(them, rng, "pending", "revised", "void", "draft")
    if row is None:
        return ""
    them.it.procore.changes.set_status(row["id"], "approved")
    return f"change order {row['number']} approved"


@action("Procore takes an approval back", 2, FLOW, NPC_FLOW)
def _(them: People, rng: Random) -> str:
    row = _package(them, rng, "approved")
    if row is None:
        return ""
    status = rng.choice(("revised", "void"))
    them.it.procore.changes.set_status(row["id"], status)
    return f"change order {row['number']} is {status}"


@action("Procore changes a change order", 3, FLOW, NPC_FLOW)
def _(them: People, rng: Random) -> str:
    row = _package(them, rng)
    if row is None:
        return ""
    codes = _codes(them, {"id": row["project_id"]})
    changes = them.it.procore.changes
    if row["status"] != "approved" and codes and rng.random() < 0.6:
        changes.add_line(row["id"], **_line(rng, codes))
        return f"change order {row['number']} has one more line"
    changes.set_fields(row["id"], title=f"Renamed {rng.randint(1, 99)}")
    return f"change order {row['number']} renamed"


@action("Procore turns the NPC mark of a change order", 1, FLOW, NPC_FLOW)
def _(them: People, rng: Random) -> str:
    row = _package(them, rng)
    if row is None:
        return ""
    them.it.procore.changes.set_fields(row["id"], npc=rng.choice((True, False)))
    return f"NPC mark of change order {row['number']}"
