"""What an operation tells people and programs: its report, its progress and its exit status."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Protocol, Self

from domain.errors import SiteLedgerError

if TYPE_CHECKING:
    from rich.console import Console


class ExitStatus(IntEnum):
    """How a command ended, for scripts. `says` is the line of the help text."""

    says: str

    def __new__(cls, value: int, says: str) -> Self:
        """Keep the sentence beside the number, so that help, docs and code cannot disagree."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.says = says
        return member

    DONE = 0, "done, nothing needs a person"
    NEEDS_PERSON = 1, "done, and something needs a person (dead, rejected, conflict, differences, failed check)"
    WRONG_USE = 2, "wrong use"
    CONFIGURATION = 3, "configuration"
    NOT_PERMITTED = 4, "not permitted or not signed in"
    INTEGRITY = 5, "integrity (audit chain, hash)"
    REMOTE = 6, "a remote system could not be reached or refused us"
    CHANGED = 7, "changed since reviewed"
    TRY_LATER = 75, "try later (quota, lock)"
    INTERRUPTED = 130, "interrupted"


class Halted(SiteLedgerError):
    """An operation that cannot go on, for a reason that has an exit status of its own, such as an unknown id (2)."""

    def __init__(self, message: str, status: ExitStatus) -> None:
        super().__init__(message)
        self.status = status


_GRAVITY = (
    ExitStatus.CONFIGURATION,
    ExitStatus.INTEGRITY,
    ExitStatus.NOT_PERMITTED,
    ExitStatus.REMOTE,
    ExitStatus.TRY_LATER,
    ExitStatus.NEEDS_PERSON,
    ExitStatus.DONE,
)


def gravest(statuses: Iterable[ExitStatus]) -> ExitStatus:
    """The one status that stands for several: the first of 3, 5, 4, 6, 75, 1, 0; done when there is none."""
    return min(statuses, key=_GRAVITY.index, default=ExitStatus.DONE)


@dataclass(frozen=True)
class Report:
    """The result of one operation.

    Shape   `document` is the one JSON document of `--json`; `Decimal`, `datetime`, `date` and `UUID` may stand in it
            and become text. `render` writes the same for people.
    """

    document: dict[str, Any]
    status: ExitStatus
    render: "Callable[[Console], None]"


Announce = Callable[[Report], None]
"""How a command that goes on serving hands over its report at the moment that it is ready."""


class Progress(Protocol):
    """Where an operation says how far it is. A task is known by its name; an unknown `total` is None."""

    def start(self, task: str, total: int | None = None) -> None:
        """Begin a task, or begin it anew."""
        ...

    def advance(self, task: str, by: int = 1) -> None:
        """Say that `by` more units are done."""
        ...

    def finish(self, task: str) -> None:
        """End a task, whatever was done of it."""
        ...

    def say(self, text: str) -> None:
        """One line of prose, such as an event as it is recorded."""
        ...


class Quiet:
    """Progress that nobody watches: tests and embedded use."""

    def start(self, task: str, total: int | None = None) -> None:
        """Nobody watches."""

    def advance(self, task: str, by: int = 1) -> None:
        """Nobody watches."""

    def finish(self, task: str) -> None:
        """Nobody watches."""

    def say(self, text: str) -> None:
        """Nobody listens."""
