"""What people send from Procore to accounting by the ERP desk."""

from random import Random

from tests.simulation.people import People, action

REQUESTS = ("create_or_update_job", "create_purchase_order_contract", "create_budget", "sync_standard_categories")


@action("Procore sends a request to the ERP desk", 1, "erp-request-to-close-out")
def _(them: People, rng: Random) -> str:
    name = rng.choice(REQUESTS)
    waits = "item" if rng.random() < 0.8 else ""  # some kinds have no detail to be closed (Procore E6)
    row = them.it.procore.desk.send(name, {"note": f"number {them.number()}"}, item_type=waits)
    return f"request {row['id']}: {name}"
