"""People who link, unlink and reset, as the command line and the web would do it for them."""

from decimal import Decimal
from typing import Any

from hub.operations.by_hand import Handled
from hub.operations.link import Proposal, link, proposals
from hub.operations.links import LinkFilter, Pairing, pairings
from hub.operations.reset import reset
from hub.operations.unlink import unlink
from tests.journeys.harness import World, line

PROJECTS, COMMITMENTS, VENDORS = "project-to-project", "purchase-order-to-commitment", "vendor-to-company"
PERSON = "user:ann"


async def linked(it: World, flow: str, bc_id: str, procore_id: object, **more: Any) -> Handled:
    """Somebody joins a record with a counterpart."""
    async with it.hub() as hub:
        return await link(hub, flow, bc_id, str(procore_id), actor=PERSON, **more)


async def unlinked(it: World, identifier: object, **more: Any) -> Handled:
    """Somebody cuts a link."""
    async with it.hub() as hub:
        return await unlink(hub, str(identifier), actor=PERSON, **more)


async def reset_by_hand(it: World, identifier: object, **more: Any) -> Handled:
    """Somebody resets a record."""
    async with it.hub() as hub:
        return await reset(hub, str(identifier), actor=PERSON, **more)


async def proposed(it: World, flow: str) -> list[Proposal]:
    """What is proposed for a flow."""
    async with it.hub() as hub:
        return await proposals(hub, flow)


async def pairs(it: World, **wanted: str) -> list[Pairing]:
    """The pairs that fit, read page by page."""
    found: list[Pairing] = []
    async with it.hub() as hub:
        cursor: str | None = None
        while True:
            page = await pairings(hub, LinkFilter(**wanted), cursor=cursor, limit=2)
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                return found


async def said(it: World, number: str) -> list[tuple[str, str]]:
    """What people did to a record and what they were told: who, and the words."""
    rows = await it.ask(
        "SELECT e.actor, e.summary FROM event_log e JOIN record r ON r.record = e.record"
        " WHERE r.number = ? AND e.actor <> 'system' ORDER BY e.position",
        number,
    )
    return [(row[0], row[1]) for row in rows]


def order_of(it: World, *costs: str, release: bool = True, **more: Any) -> dict[str, Any]:
    """A flagged order PO1 of JOB1, two pieces in each line."""
    rows = [line("01-100", "SITE", "M", "2", cost, description=f"Item {cost}") for cost in costs]
    return it.order("PO1", "JOB1", rows, release=release, **more)


async def staged(it: World) -> int:
    """JOB1 stands on both sides, V1 is in its directory; the id of its Procore project."""
    it.basics()
    it.project("JOB1", tasks=("01-100", "03-300"), segments=("SITE",))
    await it.sync()
    project: int = it.procore.find("projects", project_number="JOB1")["id"]
    it.procore.add_project_vendor(project, it.procore.find("vendors")["id"])
    return project


def theirs(it: World, project: int, *amounts: str, **more: Any) -> dict[str, Any]:
    """A commitment that people made in Procore by themselves, with a line for each amount, two pieces each."""
    if not list(it.procore.rows("wbs_codes", project_id=project)):
        it.procore.add_wbs_code(project, "01-100", "M", sub_job="SITE")
    code = next(it.procore.rows("wbs_codes", project_id=project))["id"]
    rows = [
        {
            "wbs_code_id": code,
            "description": f"Theirs {amount}",
            "quantity": "2",
            "unit_cost": str(Decimal(amount) / 2),
            "amount": amount,
        }
        for amount in amounts
    ]
    vendor = it.procore.find("vendors", origin_code="V1")["id"]
    given = {"number": "PO1", "title": "Theirs", "vendor_id": vendor, **more}
    return it.procore.add_commitment(project, lines=rows, **given)


def removed(it: World, contract_id: int) -> None:
    """Somebody deletes a commitment in Procore; its lines go with it."""
    for row in it.lines(contract_id=contract_id):
        it.procore.remove("line_items", row["id"])
    it.procore.remove("purchase_order_contracts", contract_id)


def emptied(it: World, project: int) -> None:
    """Somebody has a Procore project removed, with all that stands in it."""
    for contract in list(it.contracts(project_id=project)):
        removed(it, contract["id"])
    for resource in ("cost_codes", "sub_jobs", "projects"):
        own = {"id": project} if resource == "projects" else {"project_id": project}
        for row in list(it.procore.rows(resource, **own)):
            it.procore.set_any(resource, row["id"], origin_id=None)
    it.procore.set_any("projects", project, permitted=False)
