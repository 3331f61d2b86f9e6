"""Endpoints, deliveries and answers that the tests of the Business Central client share."""

from typing import Any

import httpx

from adapters.business_central.client import BusinessCentralClient
from adapters.business_central.settings import BusinessCentralSettings
from adapters.outbound.secrets import Secret
from domain.delivery import Delivery, Endpoint, Lookup, Outcome
from domain.values import BUSINESS_CENTRAL
from tests.adapters.outbound.world import LoopClock, Network, delivery, says, seeded, sent

API = "https://bc.test/v2.0/tenant/production/api"
COMPANY = "3f6d2c1e-8a47-4d0b-9c35-7e1f5a2b6d90"
ROOT = f"{API}/siteledger/procore/v1.0"
IDS = [f"00000000-0000-4000-8000-{number:012d}" for number in range(300)]
UPDATE = Endpoint(
    name="bc.projects",
    system=BUSINESS_CENTRAL,
    verb="update",
    method="PATCH",
    path="projects",
    limit=100,
    lookup=Lookup("projects", match="one"),
)
CREATE = Endpoint(
    name="bc.changeOrders.create",
    system=BUSINESS_CENTRAL,
    verb="create",
    method="POST",
    path="changeOrders",
    limit=100,
    lookup=Lookup("changeOrders", match="one"),
)
DELETE = Endpoint(name="bc.segments.delete", system=BUSINESS_CENTRAL, verb="delete", method="DELETE", path="segments")
RELEASE = Endpoint(
    name="bc.purchaseOrders.release",
    system=BUSINESS_CENTRAL,
    verb="attach",
    method="POST",
    path="purchaseOrders({id})/Microsoft.NAV.release",
)
TRACE = "a1b2c3d4-0000-4000-8000-1234567890ab"


def client_on(network: Network, **settings: Any) -> BusinessCentralClient:
    given = BusinessCentralSettings(
        API,
        "https://login.test/t/oauth2/v2.0/token",
        "scope/.default",
        COMPANY,
        "client",
        Secret("client-secret"),
        **settings,
    )
    return BusinessCentralClient(given, LoopClock(), seeded(), network)


def change(number: int, **fields: Any) -> Delivery:
    given: dict[str, Any] = {"target_id": IDS[number], "if_match": f'W/"{number}"', **fields}
    return delivery(str(number), {"procoreProjectId": 1000 + number}, **given)


def order(number: int, **fields: Any) -> Delivery:
    return delivery(f"order {number}", {"id": IDS[number], "title": f"Order {number}"}, **fields)


def problem(code: str, status: int = 400, message: str = "It is not allowed.") -> httpx.Response:
    return says({"error": {"code": code, "message": f"{message}  CorrelationId:  {TRACE}."}}, status)


def part(name: str, status: int, body: object = None, **headers: str) -> dict[str, Any]:
    return {"id": name, "status": status, "headers": headers, "body": body}


def batch(request: httpx.Request) -> httpx.Response:
    """Every part succeeds; answers come in another order."""
    parts = [
        part(each["id"], 200, {**each.get("body", {}), "id": IDS[int(each["id"])], "@odata.etag": 'W/"new"'})
        for each in sent(request)["requests"]
    ]
    return says({"responses": parts[::-1]})


async def carried(network: Network, endpoint: Endpoint, *deliveries: Delivery) -> list[Outcome]:
    return await client_on(network).carry(endpoint, deliveries)
