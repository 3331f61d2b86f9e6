"""What people do with change orders in Business Central."""

from random import Random

from tests.simulation.people import People, action

FLOW = "change-order-to-change-order"


@action("a change order is applied", 1, FLOW)
def _(them: People, rng: Random) -> str:
    row = them.pick(rng, "changeOrders", status="Synced")
    if row is None:
        return ""
    them.it.bc.tables.act("changeOrders", row["id"], "apply")
    return f"change order {row['number']} applied"


@action("a change order that is void in Procore is canceled", 2, FLOW)
def _(them: People, rng: Random) -> str:
    row = them.pick(rng, "changeOrders")
    if row is None or row["status"] == "Canceled":
        return ""
    for package in them.it.procore.rows("change_order_packages"):
        named = package["change_order_id"] or package["id"]
        if named == row["procoreChangeOrderId"] and package["status"] != "approved":
            return them.change("changeOrders", row, status="Canceled")
    return ""
