"""Notices of Business Central on their way to the hub: lost, doubled, late, in another order, or to nobody."""

from collections.abc import Callable, Mapping
from random import Random
from urllib.parse import parse_qs, urlsplit

import anyio

from adapters.sandbox.business_central import BusinessCentral
from adapters.sandbox.business_central.service import Call
from adapters.sandbox.business_central.stand_in import CONNECTOR
from adapters.sandbox.wire import dump_json

HEADERS = {"content-type": "application/json"}
EVERY = 10.0
ADDRESS = "https://siteledger.example.com/webhooks/business-central/main"
SETS = ("vendors", "segments", "projects", "projectTasks", "purchaseOrders", "purchaseOrderLines")


class Notices:
    """What Business Central tells; `heard` takes a notice and says whether anybody was there."""

    def __init__(self, bc: BusinessCentral, heard: Callable[[], bool]) -> None:
        self._bc = bc
        self._heard = heard
        self._lost = 0
        self._late = 0
        bc.notifier._post = bc.subscriptions._post = self._post

    async def subscribe(self, url: str) -> None:
        """Ask for notices of all sets that flows read."""
        root = f"{self._bc.api_url(url)}/{CONNECTOR}"
        for name in SETS:
            resource = f"/api/{CONNECTOR}/companies({self._bc.company_id})/{name}"
            body = dump_json({"notificationUrl": ADDRESS, "resource": resource, "clientState": "s"})
            await self._bc.subscriptions.answer(Call("POST", root, "subscriptions", {}, HEADERS, body))

    async def run(self) -> None:
        """Send what is due, until cancelled."""
        while True:
            await anyio.sleep(EVERY)
            await self._bc.notifier.send()

    def trouble(self, name: str, rng: Random) -> None:
        """The next few notices meet this."""
        number = rng.randint(1, 5)
        match name:
            case "lost":
                self._lost = number
            case "late":
                self._late = number
            case "doubled":
                self._bc.notifier.duplicates = number
            case _:
                self._bc.notifier.reverses = number

    async def _post(self, url: str, _body: bytes, _headers: Mapping[str, str], _seconds: float) -> tuple[int, str]:
        token = parse_qs(urlsplit(url).query).get("validationToken")
        if token:
            return 200, token[0]
        if self._lost:
            self._lost -= 1
            return 200, ""  # taken by something on the way that tells nobody
        if self._late:
            self._late -= 1
            await anyio.sleep(600)
        return (200, "") if self._heard() else (0, "")
