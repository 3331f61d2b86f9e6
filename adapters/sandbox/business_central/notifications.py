"""Sending notifications: the window, merging, collections, retries, and what ends a subscription (BC 11.7 to 11.18)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote
from uuid import uuid5

from adapters.sandbox.business_central.service import Company
from adapters.sandbox.business_central.storage import Change
from adapters.sandbox.business_central.subscriptions import Subscription, Subscriptions
from adapters.sandbox.business_central.values import moment_text
from adapters.sandbox.caller import Post
from adapters.sandbox.wire import dump_json
from domain.values import LEDGER

WINDOW = timedelta(seconds=30)  # BC 11.11
COLLECTION_ABOVE = 1000  # BC 11.12
RECEIVER_SECONDS = 30.0  # BC 11.16
DELAYS = (60, 60, 600, 6_000, 60_000)  # seconds, BC 11.17
FAULTS = ("duplicates", "reverses", "collection_above")
"""What can be set over HTTP; see `Notifier`."""
_AGAIN = frozenset({0, 408, 429})
_STALE = timedelta(milliseconds=50)  # BC 7.3
_SERVER_ERROR = 500


class Notifier:
    """Tells subscribers what changed, when `send` is called.

    Shape   `window` and `collection_above` may be set; `duplicates` and `reverses` count down: that many calls are
            sent twice, or with their items in the opposite order.
    """

    def __init__(
        self, subscriptions: Subscriptions, company: Company, now: Callable[[], datetime], post: Post, route: str
    ) -> None:
        self.window = WINDOW
        self.collection_above = COLLECTION_ABOVE
        self.duplicates = 0
        self.reverses = 0
        self._subscriptions = subscriptions
        self._company = company
        self._now = now
        self._post = post
        self._route = route
        self._sent = 0

    async def send(self) -> int:
        """Send what is due by the clock; gives the number of calls made."""
        now = self._now()
        by_url: dict[str, list[Subscription]] = {}
        for subscription in self._subscriptions.living():
            if subscription.pending and (subscription.retry_at is None or subscription.retry_at <= now):
                by_url.setdefault(subscription.url, []).append(subscription)
        calls = 0
        for url, subscriptions in by_url.items():
            if any(self._due(it, now) for it in subscriptions):  # then one call carries all of the address (BC 11.7)
                calls += await self._send_to(url, subscriptions)
        return calls

    def _due(self, subscription: Subscription, now: datetime) -> bool:
        if subscription.retry_at is not None:
            return subscription.retry_at <= now
        return subscription.pending[0][0] + self.window <= now

    async def _send_to(self, url: str, subscriptions: list[Subscription]) -> int:
        told = {it.id: len(it.pending) for it in subscriptions}
        items = [item for it in subscriptions for item in self._items(it)]
        if self.reverses > 0:
            self.reverses -= 1
            items.reverse()
        times = 1
        if self.duplicates > 0:
            self.duplicates -= 1
            times = 2
        status = 0
        for _ in range(times):
            self._sent += 1
            correlation = str(uuid5(LEDGER, f"sandbox/notification/{self._sent}"))
            headers = {
                "Content-Type": "application/json",
                "clientRequestId": correlation,
                "x-ms-correlation-id": correlation,
            }
            status, _text = await self._post(url, dump_json({"value": items}), headers, RECEIVER_SECONDS)
        for it in subscriptions:
            self._settle(it, status, told[it.id])
        return times

    def _settle(self, subscription: Subscription, status: int, told: int) -> None:
        if 200 <= status < 300:  # noqa: PLR2004 - success in HTTP
            del subscription.pending[:told]
            subscription.attempts, subscription.retry_at = 0, None
            return
        subscription.attempts += 1
        again = status in _AGAIN or status >= _SERVER_ERROR
        if not again or subscription.attempts > len(DELAYS):  # BC 11.16, 11.17
            self._subscriptions.all.pop(subscription.id, None)
            return
        subscription.retry_at = self._now() + timedelta(seconds=DELAYS[subscription.attempts - 1])

    def _items(self, subscription: Subscription) -> list[dict[str, Any]]:
        changes = _merged(subscription.pending)
        if len(changes) > self.collection_above:
            return [self._collection(subscription, changes)]
        return [
            self._item(subscription, f"{self._resource(subscription)}({it.record_id})", it.kind, at)
            for at, it in changes
        ]

    def _collection(self, subscription: Subscription, changes: list[tuple[datetime, Change]]) -> dict[str, Any]:
        resource = self._resource(subscription)
        if not any(it.kind == "deleted" for _, it in changes):  # with a deletion the filter is left out (BC 11.12)
            since = moment_text(changes[0][0] - _STALE)
            resource += f"?$filter={quote(f'lastModifiedDateTime gt {since}')}"
        return self._item(subscription, resource, "collection", changes[-1][0])

    def _resource(self, subscription: Subscription) -> str:
        return f"api/{self._route}/companies({self._company.id})/{subscription.entity_set}"

    def _item(self, subscription: Subscription, resource: str, kind: str, at: datetime) -> dict[str, Any]:
        return {
            "subscriptionId": subscription.id,
            "clientState": subscription.client_state,
            "expirationDateTime": moment_text(subscription.expires),
            "resource": resource,
            "changeType": kind,
            "lastModifiedDateTime": moment_text(at),
        }


def _merged(pending: list[tuple[datetime, Change]]) -> list[tuple[datetime, Change]]:
    """Several updates of a record become one, the last (BC 11.11)."""
    last = {it.record_id: at for at, (_, it) in enumerate(pending) if it.kind == "updated"}
    return [(moment, it) for at, (moment, it) in enumerate(pending) if it.kind != "updated" or last[it.record_id] == at]
