"""What people do in Procore with direct costs."""

from random import Random

from tests.simulation.office_journal import FLOW
from tests.simulation.people import People, action


@action("Procore makes a direct cost of its own", 1, FLOW)
def _(them: People, rng: Random) -> str:
    project = them.theirs(rng, "projects")
    if project is None:
        return ""
    made = them.it.procore.costs.add(project["id"], description="Petty cash", direct_cost_date="2026-03-31")
    them.by_hand.add(made["id"])
    return f"direct cost {made['id']} in {project['project_number']}"


@action("Procore changes a direct cost", 2, FLOW)
def _(them: People, rng: Random) -> str:
    row = them.theirs(rng, "direct_costs")
    if row is None:
        return ""
    what = rng.choice(({"status": "approved"}, {"description": "Changed on the site"}, {"status": "pending"}))
    them.it.procore.costs.set_fields(row["id"], **what)
    them.by_hand.add(row["id"])
    return f"direct cost {row['id']}: {what}"


@action("Procore changes a line of a direct cost", 1, FLOW)
def _(them: People, rng: Random) -> str:
    row = them.theirs(rng, "direct_cost_line_items")
    if row is None:
        return ""
    them.it.procore.costs.set_line(row["id"], amount=77, extended_type="manual")
    them.by_hand |= {row["id"], row["direct_cost_id"]}
    return f"line {row['id']} of direct cost {row['direct_cost_id']}"


@action("Procore deletes a direct cost", 1, FLOW)
def _(them: People, rng: Random) -> str:
    row = them.theirs(rng, "direct_costs")
    if row is None:
        return ""
    them.it.procore.costs.remove(row["id"])
    them.by_hand.add(row["id"])
    them.gone.add(str(row.get("origin_data")))
    return f"direct cost {row['id']} deleted"
