"""What both flows of change orders have alike: they differ in the orders that count and in what follows from them."""

from collections.abc import Callable, Iterable

from domain import change_order
from domain.change_order import ChangeOrder
from domain.delivery import Listing
from domain.flow import Flow, Plan, Subject
from domain.flows import change_order_codes as codes
from domain.flows import change_order_parts as parts
from domain.flows.change_order_feed import ORIGIN
from domain.values import Json, money_text


def change_order_flow(
    name: str,
    counts: Callable[[Json, bool], bool],
    listings: Callable[[Subject], Iterable[Listing]],
    plan: Callable[[Subject], Plan],
) -> Flow:
    """A flow of change orders that waits for the project, its budget codes and its commitments."""
    return Flow(
        name=name,
        kind=ChangeOrder.KIND,
        after=("project-to-project", "budget-code-to-wbs-code", "purchase-order-to-commitment"),
        origin=ORIGIN,
        counts=counts,
        holds_on=True,
        rules=(parts.sound,),
        references=codes.references,
        further=codes.further,
        listings=listings,
        plan=plan,
        amount=lambda order: money_text(change_order.total(order)),
        shortened=parts.NUMBER,
    )
