"""What people do in Procore."""

from random import Random

from tests.simulation.people import SEGMENTS, TASKS, People, action


@action("Procore adds a vendor's company", 4, "vendor-to-company", "purchase-order-to-commitment")
def _(them: People, rng: Random) -> str:
    row = them.pick(rng, "vendors")
    if row is None or any(each.get("origin_code") == row["number"] for each in them.it.procore.rows("vendors")):
        return ""
    them.it.procore.add_vendor(row["displayName"], origin_code=row["number"])
    return f"company for {row['number']}"


@action("Procore adds a unit", 1, "purchase-order-to-commitment")
def _(them: People, rng: Random) -> str:
    name = rng.choice(("ls", "hr", "ton"))
    if any(row["name"] == name for row in them.it.procore.rows("uoms")):
        return ""
    them.it.procore.add_unit(name)
    return f"unit {name}"


@action("Procore makes a commitment of its own", 1, "purchase-order-to-commitment")
def _(them: People, rng: Random) -> str:
    project = them.theirs(rng, "projects")
    if project is None:
        return ""
    number = rng.choice((f"SITE-{them.number()}", f"PO{rng.randint(10, 40)}"))
    made = them.it.procore.add_commitment(project["id"], number=number, title="Made on the site")
    them.by_hand.add(made["id"])
    return f"commitment {number} in {project['project_number']}"


@action("Procore approves or opens a commitment", 2, "purchase-order-to-commitment")
def _(them: People, rng: Random) -> str:
    resource = rng.choice(("purchase_order_contracts", "work_order_contracts"))
    row = them.theirs(rng, resource)
    if row is None:
        return ""
    status = rng.choice(("Draft", "Approved"))
    them.it.procore.set_status(row["id"], status)
    them.by_hand.add(row["id"])
    return f"commitment {row['number']}: {status}"


@action("Procore renames a project", 1, "project-to-project")
def _(them: People, rng: Random) -> str:
    row = them.theirs(rng, "projects")
    if row is None:
        return ""
    them.it.procore.set_any("projects", row["id"], name=f"{row['name']} (site)")
    them.by_hand.add(row["id"])
    return f"project {row['project_number']} renamed"


@action("Procore makes a project", 1, "project-to-project")
def _(them: People, rng: Random) -> str:
    number = f"JOB{rng.randint(10, 40)}"
    made = them.it.procore.add_project("Somebody's", project_number=number)
    them.by_hand.add(made["id"])
    return f"project {number}"


@action("Procore makes a sub job", 1, "project-segment-to-sub-job")
def _(them: People, rng: Random) -> str:
    project = them.theirs(rng, "projects")
    if project is None:
        return ""
    code = rng.choice(SEGMENTS)
    made = them.it.procore.add_sub_job(project["id"], code, "Made by Procore")
    return f"sub job {made['code']} in {project['project_number']}"


@action("Procore makes a cost code", 1, "project-task-to-cost-code")
def _(them: People, rng: Random) -> str:
    project = them.theirs(rng, "projects")
    if project is None:
        return ""
    made = them.it.procore.add_cost_code(project["id"], rng.choice(TASKS), "Made by Procore")
    return f"cost code {made['code']} in {project['project_number']}"


@action("Procore deletes a commitment", 1, "purchase-order-to-commitment")
def _(them: People, rng: Random) -> str:
    row = them.theirs(rng, rng.choice(("purchase_order_contracts", "work_order_contracts")))
    if row is None:
        return ""
    them.it.procore.remove("purchase_order_contracts", row["id"])
    them.gone.add(str(row.get("origin_id")))
    return f"commitment {row['number']} deleted"


@action("Procore changes a line", 1, "purchase-order-to-commitment")
def _(them: People, rng: Random) -> str:
    row = them.theirs(rng, "line_items")
    if row is None:
        return ""
    them.it.procore.set_line(row["id"], description="Changed on the site")
    them.by_hand.add(row["id"])
    return f"line {row['id']} changed"
