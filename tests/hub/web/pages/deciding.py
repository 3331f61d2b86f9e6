"""A ledger before which people have to decide: requests in every state, drift of two sorts, a plan that was made."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from playwright.async_api import Page

from adapters.ports import seeded_rng
from hub.app import Hub, open_hub
from hub.due import Narrow
from hub.operations.approving import approve, decline, resend, retrieve
from hub.operations.drift import look
from hub.operations.plan import make_plan
from hub.operations.sync import one
from hub.report import Quiet
from hub.window import Window
from tests.hub.web.harness import Filled, settings
from tests.journeys.harness import World, line, sqlite, world
from tests.journeys.quick import run
from tests.journeys.test_budget import planned

FLOW = "purchase-order-to-commitment"
EVA = "user:eva@example.com"


@dataclass(frozen=True)
class Deciding(Filled):
    """The ledger, and the hash of its plan."""

    plan: str = ""


def deciding(folder: Path) -> Deciding:
    """A ledger whose orders of JOB1 stand in every state of the gate.

    PO1 and PO2 wait, PO3 was rejected, PO4 accepted and carried, PO5 taken back, PO6 sent back again by Eva, and PO7
    waits with a change of what was carried. The title and a line of PO4, and a cost code, were changed in Procore.
    """
    store = sqlite(folder)

    async def story() -> tuple[dict[str, Any], str]:
        async with world(store, flows={FLOW: {"approval": "approver", "four_eyes": True}}) as it:
            _company(it)
            tables = {"main": {**it.sandbox.connection(), "flows": it.more["flows"]}}
            async with open_hub(settings(store, tables), clock=it.clock, rng=seeded_rng(5)) as hub:
                await _round(hub)
                for number in ("PO4", "PO7"):
                    await approve(hub, number, actor=EVA)
                await _round(hub)
                it.update("purchaseOrders", {"number": "PO7"}, yourReference="Concrete, level 3")
                contract = it.contracts(number="PO4")[0]
                it.procore.set_fields(contract["id"], title="Renamed on site")
                lines = it.lines(contract_id=contract["id"])
                it.procore.set_line(lines[0]["id"], description="By the site")
                code = next(iter(it.procore.rows("cost_codes")))
                it.procore.set_any("cost_codes", code["id"], name="Earthworks")
                await look(hub, connection="main", actor="system")
                await _round(hub)
                await decline(hub, "PO3", actor=EVA, comment="wrong cost code")
                await retrieve(hub, "PO5", actor=EVA)
                await decline(hub, "PO6", actor=EVA, comment="no vendor quote")
                await resend(hub, "PO6", actor=EVA, comment="the quote is attached")
                it.vendor("V9")
                made = await make_plan(hub, "main", actor=EVA, progress=Quiet(), window=Window(), narrow=Narrow("", ""))
            return tables, made.hash

    tables, plan = run(story)
    return Deciding(folder / "ledger.db", tables, plan)


def _company(it: World) -> None:
    it.basics()
    it.project("JOB1", tasks=("01-100", "03-300"), segments=("SITE",))
    planned(it, "JOB1", quantity="10", cost="40")
    for at in range(1, 8):
        unit = {} if at == 4 else {"unitOfMeasureCode": "EA"}  # what is decided without asking for a list of units
        rows = [
            line("01-100", "SITE", "M", "2", f"{at}0.50", **unit),
            line("03-300", "SITE", "L", "3", "99.99", **unit),
        ]
        it.order(f"PO{at}", "JOB1", rows, release=at < 7, yourReference=f"Concrete, level {at}")


async def _round(hub: Hub) -> None:
    await one(hub, "main", Quiet(), window=Window(), narrow=Narrow("", ""), wait=timedelta(seconds=60))


async def cells(page: Page, rows: str) -> list[str]:
    """What the cells of these rows say."""
    texts = await page.locator(f"{rows} :is(th, td)").all_text_contents()
    return [" ".join(text.split()) for text in texts]
