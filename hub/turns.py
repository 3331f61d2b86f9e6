"""A turn on a connection: for what needs it for itself, as soon as the round that is under way has ended."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

import anyio

from adapters.store import Locked
from hub.report import ExitStatus, Halted
from hub.schedule import Schedule

T = TypeVar("T")

_AGAIN = 0.2
"""Seconds between two tries: another process may hold the connection, and nobody tells when it lets go."""


async def in_turn(schedule: Schedule, connection: str, work: Callable[[], Awaitable[T]], patience: timedelta) -> T:
    """The work, done between two rounds.

    Raises  Locked, or Halted (75), when no turn came within the patience; what the work raises.
    """
    until = anyio.current_time() + patience.total_seconds()
    while True:
        with anyio.move_on_after(max(until - anyio.current_time(), 0)):
            await schedule.pause(connection)
        try:
            return await work()
        except (Locked, Halted) as error:
            if isinstance(error, Halted) and error.status != ExitStatus.TRY_LATER:
                raise
            if anyio.current_time() >= until:
                raise
        await anyio.sleep(_AGAIN)
