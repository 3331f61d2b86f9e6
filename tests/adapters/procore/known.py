"""Endpoints, rows and answers that the tests of the Procore client share."""

from typing import Any

import httpx

from adapters.outbound.secrets import Secret
from adapters.procore.client import ProcoreClient
from adapters.procore.settings import ProcoreSettings
from domain.delivery import Delivery, Endpoint, Lookup, Outcome
from domain.values import PROCORE
from tests.adapters.outbound.world import LoopClock, Network, Reply, delivery, says, seeded, sent

API = "https://api.procore.test"
COMPANY = "4611686018427387904"  # beyond 32 bits (Procore H3)
VENDORS = Endpoint(
    name="vendors",
    system=PROCORE,
    verb="sync",
    method="PATCH",
    path="/rest/v1.0/vendors/sync",
    body=("company_id",),
    rows="updates",
    limit=1000,
    lookup=Lookup("/rest/v1.0/vendors", query=(("company_id", "{company_id}"),), filter="filters[origin_id]"),
)
CODES = Endpoint(
    name="wbs_codes",
    system=PROCORE,
    verb="create",
    method="PATCH",
    path="/rest/v1.0/projects/{project_id}/work_breakdown_structure/wbs_codes/bulk_create",
    rows="bulk",
    limit=1000,
    lookup=Lookup("/rest/v1.0/projects/{project_id}/work_breakdown_structure/wbs_codes", match="segment_items"),
)
PROJECTS = Endpoint(
    name="projects",
    system=PROCORE,
    verb="create",
    method="POST",
    path="/rest/v1.0/projects",
    body=("company_id",),
    envelope="project",
    lookup=Lookup("/rest/v1.1/projects", query=(("company_id", "{company_id}"),), filter="filters[origin_id]"),
)
PROJECT = Endpoint(
    name="projects.update",
    system=PROCORE,
    verb="update",
    method="PATCH",
    path="/rest/v1.0/projects/{id}",
    body=("company_id",),
    envelope="project",
    lookup=Lookup("/rest/v1.0/projects/{id}", query=(("company_id", "{company_id}"),), match="one"),
)
LINE = Endpoint(
    name="lines.delete",
    system=PROCORE,
    verb="delete",
    method="DELETE",
    path="/rest/v1.0/purchase_order_contracts/{contract_id}/line_items/{id}",
    query=("project_id",),
    lookup=Lookup(
        "/rest/v1.0/purchase_order_contracts/{contract_id}/line_items",
        query=(("project_id", "{project_id}"),),
        match="id",
    ),
)
ADD = Endpoint(
    name="project_vendors",
    system=PROCORE,
    verb="attach",
    method="POST",
    path="/rest/v1.1/projects/{project_id}/vendors/{id}/actions/add",
)


def client_on(network: Network, **settings: Any) -> ProcoreClient:
    given = ProcoreSettings(
        API, "https://login.procore.test/oauth/token", COMPANY, "client", Secret("client-secret"), **settings
    )
    return ProcoreClient(given, LoopClock(), seeded(), network)


def rows(count: int) -> list[Delivery]:
    return [delivery(f"bc:c:vendors:{number}", {"name": f"Vendor {number}"}) for number in range(count)]


def written(request: httpx.Request) -> httpx.Response:
    """Every row of the call is written, in another order than it was sent."""
    updates = sent(request)["updates"]
    entities = [{**row, "id": row.get("id", 1000 + index)} for index, row in enumerate(updates)]
    return says({"entities": entities[::-1], "errors": []})


async def carried(reply: Reply | Any, endpoint: Endpoint, *deliveries: Delivery) -> tuple[list[Outcome], Network]:
    network = Network(reply)
    return await client_on(network).carry(endpoint, deliveries), network


def item(segment: int, item: int) -> dict[str, int]:
    return {"segment_id": segment, "segment_item_id": item}
