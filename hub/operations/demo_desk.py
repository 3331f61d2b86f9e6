"""What the demonstration leaves open for its visitor, and what people of both systems would do about it."""

import webbrowser
from datetime import timedelta

from adapters.sandbox.faults import Fault
from adapters.sandbox.serve import Sandbox
from hub.app import Hub
from hub.desk import Desk, Hand
from hub.due import Narrow
from hub.operations import demo_company as company
from hub.operations import demo_month as month
from hub.operations.drift import look
from hub.operations.reconcile import reconcile
from hub.operations.sync import one
from hub.report import Quiet
from hub.window import Window

NO_DIRECT_COSTS = Fault(kind="forbidden", method="PATCH", path=r"/direct_costs/", times=0)
"""The application has lost its permission for the direct costs tool."""
ACTOR = "cli:demo"
GLAZIER = "V00060"
"""A vendor whose company is inactive in Procore."""


async def leave_open(hub: Hub, sandbox: Sandbox) -> None:
    """A refused delivery, an order for an approver, one that waits, drift, and a comparison that explains all of it."""
    central, procore = sandbox.business_central, sandbox.procore
    procore.faults.add(NO_DIRECT_COSTS)
    month.post_journal(central, hub.clock.now().date(), "SITE-11")
    company.order(central, company.VENDOR, "Brackets for the façade", quantity="220", price="86.40")
    company.order(central, GLAZIER, "Glazing of the lobby", quantity="64", price="412.75")
    contract = next(iter(procore.rows("purchase_order_contracts")))
    procore.set_fields(contract["id"], title=f"{contract['title']} (as ordered on the site)")
    for name in hub.settings.connections:
        await one(hub, name, Quiet(), window=Window(), narrow=Narrow(), wait=timedelta(seconds=5))
        await look(hub, connection=name, actor=ACTOR)
        await reconcile(hub, name, actor=ACTOR, progress=Quiet())


def desk_of(sandbox: Sandbox) -> Desk:
    """The hands of the people in both companies."""
    central, procore = sandbox.business_central, sandbox.procore

    def permit() -> str:
        procore.faults.clear()
        return "The application may write direct costs again. Replay what was refused."

    def reactivate() -> str:
        company_there = procore.find("vendors", name="Prairie Glass and Glazing")
        procore.set_any("vendors", company_there["id"], is_active=True)
        return "The glazier's company is active again. Nobody touches the order that waits for it."

    def order() -> str:
        number = company.order(central, company.VENDOR, "Seals for the façade", quantity="400", price="3.15")
        return f"Order {number} is released. It will wait for an approver."

    def rename() -> str:
        contract = list(procore.rows("purchase_order_contracts"))[-1]
        procore.set_fields(contract["id"], title=f"{contract['title']} (site copy)")
        return f"Contract {contract['number']} has another title in Procore. Look at the drift."

    def note() -> str:
        row = central.tables.rows("purchaseOrders")[0]
        central.tables.update("purchaseOrders", row["id"], yourReference="Mix for the east wing")
        return f"Order {row['number']} has another reference. The next look carries it."

    return Desk(
        hands=(
            Hand(
                "permit",
                "Procore, administrator",
                "Give the application its permission back",
                "Somebody took the direct costs tool from the application, so two journal lines were refused.",
                permit,
            ),
            Hand(
                "company",
                "Procore, project administrator",
                "Reactivate the glazier's company",
                "An order waits for a company that is inactive in Procore.",
                reactivate,
            ),
            Hand("order", "Business Central, buyer", "Order seals", "A released order of 1,260.00, flagged.", order),
            Hand(
                "reference",
                "Business Central, buyer",
                "Change the reference of the first order",
                "It becomes the title of its contract.",
                note,
            ),
            Hand(
                "rename",
                "Procore, project manager",
                "Rename a contract by hand",
                "Business Central owns the title, so this is drift.",
                rename,
            ),
        ),
        places=(("Business Central", sandbox.business_central_url), ("Procore", sandbox.procore_url)),
    )


def show_in_browser(place: str) -> None:
    """Opens a page where this computer has a browser; the address was printed for all others."""
    try:
        webbrowser.get()
    except webbrowser.Error:
        return
    webbrowser.open(place)
