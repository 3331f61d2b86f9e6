"""People at the desk of failures, while everything else goes on: they retry, replay and skip what does not go on.

They work in the very process that carries, as those do who use its pages. Before everything is compared at the end,
what they skipped is taken in again: a record that somebody left out is nothing that can be compared.
"""

from collections.abc import Callable
from random import Random

import anyio

from hub.app import Hub
from hub.operations import batches
from hub.operations.choosing import ACTIONS, Choice, Member
from hub.report import Halted

SHORTEST, LONGEST = 300.0, 2400.0
"""Seconds between two looks at the desk."""
MOST = 4
"""Records in one batch."""
WHO = "user:desk"


class Desk:
    """Somebody who looks at failures now and then, and acts on some."""

    def __init__(self, hub: Hub, rng: Random, say: Callable[[str], None]) -> None:
        self._hub = hub
        self._rng = rng
        self._say = say

    async def run(self) -> None:
        """Until the process ends."""
        while True:
            await anyio.sleep(self._rng.uniform(SHORTEST, LONGEST))
            await self._look()

    async def take_back(self) -> None:
        """Nothing stays skipped."""
        await self._hub.projector.catch_up()
        rows = await self._hub.ledger.rows(
            "SELECT record, flow, connection, cause, state FROM record_state"
            " WHERE state = 'excluded' AND reasons LIKE '%skipped by desk%' ORDER BY record, flow"
        )
        if rows:
            await self._act("retry", [Member(*row) for row in rows])

    async def _look(self) -> None:
        rows = await self._hub.ledger.rows(
            "SELECT record, flow, connection, cause, state FROM failure ORDER BY record, flow"
        )
        if not rows:
            return
        members = [Member(*row) for row in self._rng.sample(rows, min(len(rows), self._rng.randint(1, MOST)))]
        await self._act(self._rng.choice((*ACTIONS, "retry", "replay")), members)

    async def _act(self, action: str, members: list[Member]) -> None:
        """Do it, in pages of any size; somebody else may be faster."""
        chosen = next(each for each in ACTIONS if each == action)
        try:
            made = await batches.freeze(self._hub, chosen, members, Choice(), reason="simulated", actor=WHO)
            done = await batches.run(self._hub, made, actor=WHO, page=self._rng.randint(1, MOST))
        except Halted as halted:
            self._say(f"desk: {action} of {len(members)}: {halted}")
            return
        self._say(f"desk: {action} of {done.total}: {done.done} done, {done.fine} fine, {done.barred} barred")
