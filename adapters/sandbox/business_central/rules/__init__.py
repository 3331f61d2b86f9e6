"""The business rules of all entity sets; a set without an entry has none of its own."""

from collections.abc import Mapping
from dataclasses import replace

from adapters.sandbox.business_central.rules.base import NO_RULES, Rules
from adapters.sandbox.business_central.rules.change_orders import CHANGE_ORDER_RULES
from adapters.sandbox.business_central.rules.company import COMPANY_RULES
from adapters.sandbox.business_central.rules.contracts import CONTRACT_RULES
from adapters.sandbox.business_central.rules.posting import POSTING_RULES, post_invoice, receive_and_invoice
from adapters.sandbox.business_central.rules.projects import PROJECT_RULES
from adapters.sandbox.business_central.rules.purchasing import PURCHASE_RULES
from adapters.sandbox.business_central.rules.time import TIME_RULES

__all__ = ["NO_RULES", "RULES", "Rules"]

_ORDERS = PURCHASE_RULES["purchaseOrders"]
_INVOICES = PURCHASE_RULES["purchaseInvoices"]

RULES: Mapping[str, Rules] = {
    **COMPANY_RULES,
    **PROJECT_RULES,
    **PURCHASE_RULES,
    **POSTING_RULES,
    **CHANGE_ORDER_RULES,
    **TIME_RULES,
    **CONTRACT_RULES,
    # Posting needs the purchase documents, not the other way round, so its actions join here.
    "purchaseOrders": replace(_ORDERS, actions={**_ORDERS.actions, "receiveAndInvoice": receive_and_invoice}),
    "purchaseInvoices": replace(_INVOICES, actions={**_INVOICES.actions, "post": post_invoice}),
}
