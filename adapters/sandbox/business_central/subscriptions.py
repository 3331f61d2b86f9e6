"""Webhook subscriptions: handshake, expiry, what is pending for whom (BC 11.1 to 11.6)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import UUID

from adapters.sandbox.business_central.errors import Refusal
from adapters.sandbox.business_central.schema import connector
from adapters.sandbox.business_central.service import Call, Company, Reply, document_of, match_etag
from adapters.sandbox.business_central.storage import Change
from adapters.sandbox.business_central.values import moment_text
from adapters.sandbox.caller import Post

LIFE = timedelta(days=3)  # BC 11.3
LIMIT = 200  # BC 11.5
HANDSHAKE_SECONDS = 5.0  # BC 11.2
_CLIENT_STATE = 2048
_NOBODY = "00000000-0000-0000-0000-000000000001"
_KEY = re.compile(r"subscriptions\('([^']+)'\)\Z")
_FIELDS = frozenset({"notificationUrl", "resource", "clientState", "subscriptionId"})
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass
class Subscription:
    """One subscription and what waits to be told."""

    id: str
    url: str
    resource: str
    entity_set: str
    client_state: str
    expires: datetime
    created: datetime
    modified: datetime
    pending: list[tuple[datetime, Change]] = field(default_factory=list[tuple[datetime, Change]])
    attempts: int = 0
    retry_at: datetime | None = None


class Subscriptions:
    """All subscriptions of the environment.

    Shape   while `unnoticed`, changes are those of people whom nobody is told about: they wait until somebody else
            changes the same table (BC 11.19).
    """

    def __init__(self, company: Company, now: Callable[[], datetime], post: Post, route: str, seed: int) -> None:
        self.all: dict[str, Subscription] = {}
        self._company = company
        self._now = now
        self._post = post
        self._route = route
        self._seed = seed
        self.unnoticed = False
        self._made = 0
        self._held: list[Change] = []

    def waiting(self) -> int:
        """Changes that were not told so far."""
        return sum(len(it.pending) for it in self.all.values())

    def note(self, changes: list[Change]) -> None:
        """Keep what was committed for those who asked for it."""
        if self.unnoticed:
            self._held += changes
            return
        touched = {it.entity_set for it in changes}
        changes = [it for it in self._held if it.entity_set in touched] + changes
        self._held = [it for it in self._held if it.entity_set not in touched]
        now = self._now()
        for subscription in self.all.values():
            subscription.pending += [(now, it) for it in changes if it.entity_set == subscription.entity_set]

    def living(self) -> list[Subscription]:
        """Subscriptions that have not expired; the others are gone for good (BC 11.3)."""
        now = self._now()
        for subscription in [it for it in self.all.values() if it.expires <= now]:
            del self.all[subscription.id]
        return list(self.all.values())

    async def answer(self, call: Call) -> Reply:
        """Answer a call at `subscriptions`.

        Raises  Refusal
        """
        living = self.living()
        context = f"{call.root}/$metadata#subscriptions"
        if call.path.strip("/") == "subscriptions":
            if call.method == "GET":
                return Reply(200, {"@odata.context": context, "value": [self._shown(it) for it in living]})
            if call.method != "POST":
                raise Refusal("BadRequest_MethodNotAllowed", f"The method {call.method} is not allowed here.")
            made = await self._create(document_of(call))
            return Reply(201, {"@odata.context": f"{context}/$entity", **self._shown(made)})
        match = _KEY.match(call.path.strip("/"))  # ids are strings and need quotes (BC 1.11)
        if match is None or match[1] not in self.all:
            raise Refusal("BadRequest_NotFound", f"'{call.path}' was not found.")
        found = self.all[match[1]]
        if call.method == "DELETE":
            del self.all[found.id]
            return Reply(204)
        if call.method == "PATCH":
            await self._renew(call, found)
        elif call.method != "GET":
            raise Refusal("BadRequest_MethodNotAllowed", f"The method {call.method} is not allowed here.")
        return Reply(200, {"@odata.context": f"{context}/$entity", **self._shown(found)})

    async def _create(self, body: Mapping[str, Any]) -> Subscription:
        url, resource, state = self._read(body)
        if len(self.all) >= LIMIT:
            raise Refusal("Application_DialogException", f"An environment has at most {LIMIT} subscriptions.")
        if any((it.url, it.resource) == (url, resource) for it in self.all.values()):
            raise Refusal("Internal_EntityWithSameKeyExists", f"'{resource}' is subscribed to for this address.")
        await self._shake_hands(url)
        now = self._now()
        entity_set = resource.rpartition("/")[2]
        made = Subscription(self._next_id(), url, resource, entity_set, state, now + LIFE, now, now)
        self.all[made.id] = made
        return made

    async def _renew(self, call: Call, found: Subscription) -> None:
        match_etag(call, self._etag(found), required=True)
        url, resource, state = self._read(
            {"notificationUrl": found.url, "resource": found.resource} | document_of(call)
        )
        if resource != found.resource:
            raise Refusal("BadRequest_InvalidOperation", "The control 'resource' is read-only.")
        await self._shake_hands(url)  # repeated on renewal (BC 11.3)
        found.url, found.client_state = url, state or found.client_state
        found.modified = self._now()
        found.expires = found.modified + LIFE

    async def _shake_hands(self, url: str) -> None:
        token = self._next_id()
        mark = "&" if "?" in url else "?"
        address = f"{url}{mark}validationToken={quote(token)}"
        status, text = await self._post(address, b"", {}, HANDSHAKE_SECONDS)
        if (status, text.strip()) != (200, token):
            raise Refusal("BadRequest", f"The notification address did not answer the validation token ({status}).")

    def _read(self, body: Mapping[str, Any]) -> tuple[str, str, str]:
        for name in body:
            if name not in _FIELDS:
                text = f"The property '{name}' does not exist on type 'Microsoft.NAV.subscriptions'."
                raise Refusal("BadRequest", text)
        url, resource, state = (str(body.get(name, "")) for name in ("notificationUrl", "resource", "clientState"))
        parts = urlsplit(url)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
            raise Refusal("BadRequest", "The notification address must begin with https.")
        # The resource carries publisher, group and version, with or without host (BC 11.1).
        start = resource.find(f"/api/{self._route}/")
        prefix = f"/api/{self._route}/companies({self._company.id})/"
        if start < 0 or not resource[start:].startswith(prefix) or resource[start + len(prefix) :] not in connector():
            raise Refusal("BadRequest", f"The resource '{resource}' cannot be subscribed to.")
        if len(state) > _CLIENT_STATE:
            raise Refusal("Application_StringExceededLength", f"clientState is longer than {_CLIENT_STATE}.")
        return url, resource[start:], state

    def _next_id(self) -> str:
        self._made += 1
        return str(UUID(bytes=sha256(f"{self._seed}/subscription/{self._made}".encode()).digest()[:16], version=4))

    def _etag(self, it: Subscription) -> str:
        stamp = int(it.modified.astimezone(UTC).timestamp() * 1000)
        return f'W/"{sha256(f"{it.id};{stamp}".encode()).hexdigest()[:32]}"'

    def _shown(self, it: Subscription) -> dict[str, Any]:
        return {
            "@odata.etag": self._etag(it),
            "subscriptionId": it.id,
            "notificationUrl": it.url,
            "resource": it.resource,
            "timestamp": 1,
            "userId": _NOBODY,
            "lastModifiedDateTime": moment_text(it.modified),
            "clientState": it.client_state,
            "expirationDateTime": moment_text(it.expires),
            "systemCreatedAt": moment_text(it.created),
            "systemCreatedBy": _NOBODY,
            "systemModifiedAt": moment_text(it.modified),
            "systemModifiedBy": _NOBODY,
        }
