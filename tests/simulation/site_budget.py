"""What people do with budgets in Procore."""

from random import Random

from tests.simulation.people import People, action

LINE, SUM = "planning-line-to-budget-line", "budget-code-to-budget-line"


@action("Procore locks or unlocks a budget", 2, LINE, SUM)
def _(them: People, rng: Random) -> str:
    project = them.theirs(rng, "projects")
    if project is None:
        return ""
    budget = them.it.procore.budget
    if budget.is_locked(project["id"]):
        budget.unlock(project["id"])
        return f"budget of {project['project_number']} unlocked"
    budget.lock(project["id"])
    return f"budget of {project['project_number']} locked"


@action("Procore budgets a code that has no budget yet", 2, SUM)
def _(them: People, rng: Random) -> str:
    code = them.theirs(rng, "wbs_codes")
    budget = them.it.procore.budget
    if code is None or budget.line(code["id"]) is not None:
        return ""
    budget.set_line(code["project_id"], code["id"], original_budget_amount=rng.randint(0, 9999))
    return f"budget line for code {code['id']}"


@action("Procore changes a budget line", 1, SUM)
def _(them: People, rng: Random) -> str:
    line = them.theirs(rng, "budget_line_items")
    if line is None:
        return ""
    made = them.it.procore.budget.set_line(
        line["project_id"], line["wbs_code_id"], original_budget_amount=rng.randint(0, 9999)
    )
    them.by_hand.add(made["id"])
    return f"budget line {made['id']} changed"


@action("Procore moves a budget", 1, SUM)
def _(them: People, rng: Random) -> str:
    line = them.theirs(rng, "budget_line_items")
    if line is None:
        return ""
    place = {"adjustment_number": 1, "wbs_code_id": line["wbs_code_id"]}
    amount = rng.randint(1, 99)
    them.it.procore.budget.add_change(line["project_id"], [{"type": "change_event", "amount": amount, **place}])
    return f"budget change of {amount} on line {line['id']}"
