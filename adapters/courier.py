"""The courier: the actor that carries deliveries to one system. Batches in, outcomes out, nothing back."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import timedelta

import anyio
import msgspec
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from adapters.target import Target
from domain.delivery import Absent, Accepted, Busy, Delivery, Endpoint, Outcome, Refused


@dataclass(frozen=True)
class Batch:
    """Rows of one endpoint and one scope, at most as many as the endpoint takes in one call."""

    endpoint: Endpoint
    deliveries: Sequence[Delivery]


@dataclass
class Courier:
    """Carries batches to one system, several side by side; rows of one record never travel side by side.

    The mailbox is bounded: who has more to send waits, and the ledger is the buffer. `parallel` bounds the calls.
    """

    target: Target
    batches: MemoryObjectReceiveStream[Batch]
    outcomes: MemoryObjectSendStream[Sequence[Outcome]]
    parallel: int = 5
    _turns: dict[tuple[str, str], anyio.Lock] = field(default_factory=dict[tuple[str, str], anyio.Lock])

    async def run(self) -> None:
        """Works until the mailbox is closed and everything in it is carried."""
        async with self.outcomes, self.batches, anyio.create_task_group() as tasks:
            for _ in range(self.parallel):
                tasks.start_soon(self._carry_on)

    async def _carry_on(self) -> None:
        async for batch in self.batches:
            async with self._turn(batch):
                outcomes = await self._carry(batch)
            await self.outcomes.send(outcomes)

    def _turn(self, batch: Batch) -> AbstractAsyncContextManager[None]:
        """The turn of a batch whose endpoint takes one call at a time for each project (Procore K5)."""
        if not batch.endpoint.serial:
            return nullcontext()
        project = batch.deliveries[0].scope.get("project_id", "")
        return self._turns.setdefault((batch.endpoint.serial, project), anyio.Lock())

    async def _carry(self, batch: Batch) -> Sequence[Outcome]:
        """Looks first wherever an earlier call may have taken effect, then sends what is not there."""
        outcomes: list[Outcome] = []
        doubtful = [delivery for delivery in batch.deliveries if _is_doubtful(batch.endpoint, delivery)]
        to_send = [delivery for delivery in batch.deliveries if not _is_doubtful(batch.endpoint, delivery)]
        if doubtful:
            for sight in await self.target.look(batch.endpoint, doubtful):
                if isinstance(sight, Absent):
                    self._settle_absent(batch.endpoint, sight, to_send, outcomes)
                else:
                    outcomes.append(sight)
        if to_send:
            sent = await self.target.carry(batch.endpoint, to_send)
            outcomes.extend(await self._looked_at_again(batch.endpoint, sent))
        return outcomes

    async def _looked_at_again(self, endpoint: Endpoint, sent: Sequence[Outcome]) -> Sequence[Outcome]:
        """An earlier call may have arrived late, between the look and the repeat, which is then refused as taken."""
        refused = [it.delivery for it in sent if isinstance(it, Refused) and it.delivery.unsettled]
        if not refused:
            return sent
        there = {
            sight.delivery.id: sight
            for sight in await self.target.look(endpoint, refused)
            if isinstance(sight, Accepted)
        }
        return [there.get(it.delivery.id, it) for it in sent]

    def _settle_absent(
        self, endpoint: Endpoint, sight: Absent, to_send: list[Delivery], outcomes: list[Outcome]
    ) -> None:
        if sight.target_id and endpoint.verb == "create":
            # The record is there, only spelled otherwise by the target: to create again would double it.
            outcomes.append(Accepted(sight.delivery, sight.target_id, sight.etag, exchange=sight.exchange, found=True))
        elif sight.target_id and endpoint.verb == "sync":
            # What is there and not as it should be is named by its id: not every list of rows is found by a key.
            to_send.append(msgspec.structs.replace(sight.delivery, target_id=sight.target_id))
        elif endpoint.anew and sight.etag != sight.delivery.if_match:
            outcomes.append(
                Busy(sight.delivery, "changed in between", timedelta(), exchange=sight.exchange, moved=True)
            )
        elif sight.etag:
            to_send.append(msgspec.structs.replace(sight.delivery, if_match=sight.etag))
        else:
            to_send.append(sight.delivery)


def _is_doubtful(endpoint: Endpoint, delivery: Delivery) -> bool:
    """An earlier call may have taken effect; or the record had changed, and is to be read again."""
    return delivery.unsettled or (endpoint.verb == "update" and delivery.attempts > 1)
