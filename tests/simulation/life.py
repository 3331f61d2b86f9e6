"""One process of the hub, from its start to its end, and of what it may die."""

import asyncio
from dataclasses import dataclass, field

import anyio

from adapters.store import StoreUnavailable


class Killed(BaseException):
    """The process is gone. Nothing that handles errors may take it for one."""


@dataclass
class Life:
    """One process; cancelling its scope stops it in good order, unless it is dead."""

    number: int
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    dead: bool = False

    def alive(self) -> None:
        """Whoever is dead does nothing more.

        Raises  Killed
        """
        if self.dead:
            raise Killed

    def die(self) -> None:
        """Nothing that it still does reaches anybody."""
        self.dead = True
        self.scope.cancel()


def died_of_its_ledger(error: BaseException) -> bool:
    """The ledger could not be used; whoever was handing work to what died for it found nobody there."""
    leaves = _leaves(error)
    return any(isinstance(leaf, StoreUnavailable) for leaf in leaves) and all(
        isinstance(leaf, StoreUnavailable | anyio.BrokenResourceError | anyio.ClosedResourceError) for leaf in leaves
    )


def only_stopped(error: BaseException) -> bool:
    """Nothing but being told to stop."""
    return all(isinstance(leaf, asyncio.CancelledError) for leaf in _leaves(error))


def _leaves(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for each in error.exceptions for leaf in _leaves(each)]
    return [error]
