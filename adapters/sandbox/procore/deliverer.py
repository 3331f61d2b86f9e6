"""Sends what is queued, when it is told to (N8, N12)."""

from dataclasses import dataclass, field

import anyio

from adapters.sandbox.caller import Post
from adapters.sandbox.procore.outbox import Attempt, Endpoint, Sending, settle
from adapters.sandbox.procore.state import State
from adapters.sandbox.procore.webhook_events import HOOKS
from adapters.sandbox.request_log import dump_json

SECONDS = 5.0
"""The receiver answers within five seconds of the connection (N8)."""
_SHOWN = 1000


@dataclass
class Deliverer:
    """Calls the endpoints of hooks, in the order of their queues. Time is the stand-in's."""

    state: State
    post: Post
    _turn: anyio.Lock = field(default_factory=anyio.Lock)

    async def send(self) -> int:
        """Send all that is due by the clock, and what comes up meanwhile; gives the number of calls made."""
        async with self._turn:
            calls = 0
            for url in list(self.state.outbox.endpoints):
                calls += await self._drain(url, self.state.outbox.endpoints[url])
            return calls

    async def _drain(self, url: str, endpoint: Endpoint) -> int:
        calls = 0
        while endpoint.queue and (endpoint.retry_at is None or endpoint.retry_at <= self.state.now()):
            head = endpoint.queue[0]
            if self.state.outbox.duplicates > 0:
                self.state.outbox.duplicates -= 1
                await self._call(url, head)  # a delivery whose success Procore did not notice
                calls += 1
                if head not in endpoint.queue:  # its hook was removed or moved meanwhile
                    continue
            attempt = await self._call(url, head)
            calls += 1
            if head in endpoint.queue:
                settle(endpoint, head, attempt)
        return calls

    async def _call(self, url: str, sending: Sending) -> Attempt:
        hook = self.state.table(HOOKS)[sending.hook_id]
        own: dict[str, str] = hook["destination_headers"] or {}
        headers = {"Content-Type": "application/json", **own}
        started = self.state.now()
        status, text = await self.post(url, dump_json(sending.payload), headers, SECONDS)
        return Attempt(status, text[:_SHOWN], started, self.state.now())
