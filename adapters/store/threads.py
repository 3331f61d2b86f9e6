"""Where blocking calls of a database run: in worker threads, or in the caller for a simulation."""

from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

import anyio.lowlevel
import anyio.to_thread
from anyio import CapacityLimiter

T = TypeVar("T")

READERS = 4
"""As many as connections for reading: more threads would only wait for a connection."""


class Threads(Protocol):
    """Runs a blocking call; writes one at a time, reads beside each other."""

    @property
    def in_use(self) -> Mapping[str, int]:
        """Calls under way, each with a connection of its own, by `read` and `write`."""
        ...

    async def write(self, call: Callable[[], T]) -> T:
        """Run a call that writes, after all earlier ones."""
        ...

    async def read(self, call: Callable[[], T]) -> T:
        """Run a call that reads."""
        ...


class ThreadPool:
    """Worker threads: one writer, because SQLite lets one in at a time and a group commit needs no second."""

    def __init__(self) -> None:
        self._writer = CapacityLimiter(1)
        self._readers = CapacityLimiter(READERS)

    @property
    def in_use(self) -> Mapping[str, int]:
        """Calls under way."""
        return {"read": self._readers.borrowed_tokens, "write": self._writer.borrowed_tokens}

    async def write(self, call: Callable[[], T]) -> T:
        """Run a call that writes, after all earlier ones."""
        return await anyio.to_thread.run_sync(call, limiter=self._writer)

    async def read(self, call: Callable[[], T]) -> T:
        """Run a call that reads."""
        return await anyio.to_thread.run_sync(call, limiter=self._readers)


class Inline:
    """In the caller, without threads: the same order every time, for a simulation."""

    @property
    def in_use(self) -> Mapping[str, int]:
        """None: whoever asks would have to wait for its end."""
        return {"read": 0, "write": 0}

    async def write(self, call: Callable[[], T]) -> T:
        """Run a call that writes."""
        await anyio.lowlevel.checkpoint()
        return call()

    async def read(self, call: Callable[[], T]) -> T:
        """Run a call that reads."""
        await anyio.lowlevel.checkpoint()
        return call()
