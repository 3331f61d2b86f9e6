"""How many requests of one user run at once, and how many wait (BC 12)."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

RUNNING = 5
WAITING = 95


class TooMany(Exception):
    """The queue of the user is full; the service answers 429."""


@dataclass
class _User:
    turns: asyncio.Semaphore
    waiting: int = 0
    running: int = 0


@dataclass
class Gate:
    """Lets a few requests of each user run and queues the rest.

    Shape   `most_running` and `most_waiting` are the highest numbers ever seen, for tests of a client's manners.
    """

    most_running: int = 0
    most_waiting: int = 0
    _users: dict[str, _User] = field(default_factory=dict[str, _User])

    @asynccontextmanager
    async def turn(self, user: str) -> AsyncGenerator[None]:
        """Wait for a turn and hold it.

        Raises  TooMany
        """
        state = self._users.setdefault(user, _User(asyncio.Semaphore(RUNNING)))
        if state.turns.locked() and state.waiting >= WAITING:
            raise TooMany
        state.waiting += 1
        self.most_waiting = max(self.most_waiting, state.waiting if state.turns.locked() else 0)
        try:
            await state.turns.acquire()
        finally:
            state.waiting -= 1
        state.running += 1
        self.most_running = max(self.most_running, state.running)
        try:
            yield
        finally:
            state.running -= 1
            state.turns.release()
