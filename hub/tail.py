"""The end of the event log, kept in memory for everybody who follows it: live streams, counters.

One task reads what is new once, whoever wrote it; each follower takes it at its own pace and falls back to the store
when it is too far behind, so a slow one costs nobody anything.
"""

from collections import Counter, deque
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import takewhile
from typing import Literal

import anyio

from hub.app import Hub

KEPT = 2000
"""Events in memory, about 2 MiB."""
PAGE = 500


@dataclass(frozen=True)
class Happening:
    """One line of the event log."""

    position: int
    at: str
    connection: str
    record: str
    version: int
    event: str
    flow: str
    summary: str
    actor: str
    correlation_id: str


COLUMNS = tuple(Happening.__dataclass_fields__)
_SELECT = f"SELECT {', '.join(COLUMNS)} FROM event_log WHERE position > ? ORDER BY position LIMIT ?"  # noqa: S608 - own columns


Follower = Callable[[Sequence[Happening]], Awaitable[None]]
Dropped = Literal["full", "revoked", "slow"]
"""Why a stream that somebody wanted was ended or refused: too many, no longer allowed, or not taken in time."""


class Tail:
    """Follows the ledger from the moment at which it is made."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._kept: deque[Happening] = deque(maxlen=KEPT)
        self._followers: list[Follower] = []
        self._news = anyio.Event()
        self.position = 0
        self._from = 0
        self.closed = False
        self.streams = 0
        self.dropped: Counter[Dropped] = Counter()

    def follow(self, follower: Follower) -> None:
        """Have everything that happens from now on told to a function; the next page waits until it is through."""
        self._followers.append(follower)

    async def start(self) -> None:
        """Begin at the present position."""
        self.position = self._from = await self._hub.projector.catch_up()

    async def run(self) -> None:
        """Reads what is new until cancelled.

        Raises  StoreUnavailable.
        """
        looked = self.position
        while True:
            await self._hub.ledger.wait(looked)
            current = await self._hub.projector.catch_up()
            while page := await self._read(self.position):
                self._kept.extend(page)
                self.position = page[-1].position
                for follower in self._followers:
                    await follower(page)
                self._spread()
            # An event that could not be read has no row; to wait for it would be a loop without a pause.
            looked = max(self.position, current)

    @contextmanager
    def stream(self) -> Generator[None]:
        """Counts a reader."""
        self.streams += 1
        try:
            yield
        finally:
            self.streams -= 1

    def close(self) -> None:
        """Ends every stream."""
        self.closed = True
        self._spread()

    async def after(self, position: int, timeout: float | None = None) -> list[Happening]:  # noqa: ASYNC109 - part of the answer
        """What happened behind a position, at most a page; nothing when the time is over or the service ends.

        Units   `timeout` in seconds.
        """
        with anyio.move_on_after(timeout):
            while self.position <= position and not self.closed:
                await self._news.wait()
        if self.closed or self.position <= position:
            return []
        # Nothing between is missing here: positions that were skipped belong to nothing.
        covered = self._kept[0].position - 1 if len(self._kept) == KEPT else self._from
        if position < covered:
            return await self._read(position)
        newest_first = takewhile(lambda item: item.position > position, reversed(self._kept))
        return list(newest_first)[::-1][:PAGE]

    async def _read(self, after: int) -> list[Happening]:
        return [Happening(*row) for row in await self._hub.ledger.rows(_SELECT, (after, PAGE))]

    def _spread(self) -> None:
        self._news.set()
        self._news = anyio.Event()
