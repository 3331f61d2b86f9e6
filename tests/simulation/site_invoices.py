"""What people do in Procore about invoices of commitments."""

from datetime import date, timedelta
from decimal import Decimal
from random import Random

from tests.simulation.office_invoices import INVOICE
from tests.simulation.people import People, action


@action("Procore opens a billing period", 1, INVOICE)
def _(them: People, rng: Random) -> str:
    project = them.theirs(rng, "projects")
    if project is None:
        return ""
    start = them.it.clock.now().date() - timedelta(days=rng.randint(0, 20))
    end = start + timedelta(days=rng.choice((0, 30)))
    them.it.procore.billing.add_period(project["id"], start, end, end)
    return f"billing period {start} to {end} in {project['project_number']}"


@action("Procore closes or opens a billing period", 2, INVOICE)
def _(them: People, rng: Random) -> str:
    row = them.theirs(rng, "billing_periods")
    if row is None:
        return ""
    turn = them.it.procore.billing.open if row["status"] == "closed" else them.it.procore.billing.close
    turn(row["id"])
    return f"billing period {date.fromisoformat(row['start_date'])} is no longer {row['status']}"


@action("Procore bills a commitment by hand", 1, INVOICE)
def _(them: People, rng: Random) -> str:
    contract = them.theirs(rng, "purchase_order_contracts")
    if contract is None:
        return ""
    lines = list(them.it.procore.rows("line_items", contract_id=contract["id"]))
    billed = {row["id"]: Decimal("0.01") for row in lines[:1]}
    made = them.it.procore.billing.add_requisition(contract["id"], billed, status=rng.choice(("draft", "approved")))
    them.by_hand |= {made["id"], contract["id"]}
    return f"invoice {made['number']} of {contract['number']}"


@action("Procore changes an invoice", 1, INVOICE)
def _(them: People, rng: Random) -> str:
    row = them.theirs(rng, "requisitions")
    if row is None:
        return ""
    them.it.procore.billing.set_status(row["id"], rng.choice(("under_review", "draft")))
    them.by_hand.add(row["id"])
    return f"invoice {row['number']} of commitment {row['commitment_id']}"
