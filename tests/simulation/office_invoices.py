"""What accountants do in Business Central about purchase invoices."""

from contextlib import suppress
from decimal import ROUND_DOWN, Decimal
from random import Random

from adapters.sandbox.business_central.errors import Refusal
from adapters.sandbox.business_central.rules.posting import cancel
from tests.simulation.people import People, action

INVOICE = "posted-invoice-to-commitment-invoice"


@action("an order is billed", 6, INVOICE, "purchase-order-to-commitment")
def _(them: People, rng: Random) -> str:
    return _post(them, rng, ("1",))


@action("a part of an order is billed", 8, INVOICE, "purchase-order-to-commitment")
def _(them: People, rng: Random) -> str:
    return _post(them, rng, ("0", "0.25", "0.5", "1"))


def _post(them: People, rng: Random, shares: tuple[str, ...]) -> str:
    """Post an order, or a share of what is left of each of its lines.

    A released one is opened before its lines are changed; posting releases it again.
    """
    order = them.pick(rng, "purchaseOrders")
    if order is None:
        return ""
    if shares != ("1",):
        with suppress(Refusal):
            them.it.reopen(order["number"])
        for row in them.it.bc.tables.rows("purchaseOrderLines"):
            if row["documentNumber"] == order["number"] and row["number"]:
                left = row["quantity"] - row["quantityInvoiced"]
                quantity = (left * Decimal(rng.choice(shares))).quantize(Decimal("0.001"), ROUND_DOWN)
                fields = {"quantityToReceive": quantity, "quantityToInvoice": quantity}
                them.it.bc.tables.update("purchaseOrderLines", row["id"], **fields)
    them.change("purchaseOrders", order, vendorInvoiceNumber=f"BILL-{them.number()}")
    them.it.bc.tables.act("purchaseOrders", order["id"], "receiveAndInvoice")
    return f"{order['number']} received and invoiced"


@action("a posted invoice is cancelled", 1, INVOICE)
def _(them: People, rng: Random) -> str:
    row = them.pick(rng, "postedPurchaseInvoices")
    if row is None:
        return ""
    cancel(them.it.bc.tables, row["number"])
    return f"invoice {row['number']} cancelled"
