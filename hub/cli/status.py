"""Exit statuses: their list for the help text, and which error ends with which."""

import textwrap
from typing import cast

from domain.errors import (
    Changed,
    Misconfigured,
    NeedsDecision,
    NotLetIn,
    RetryLater,
    SiteLedgerError,
    Unknown,
    Unreadable,
    WrongInput,
)
from hub.report import ExitStatus, Halted, gravest

__all__ = ["ExitStatus", "known_errors", "listed", "status_of", "status_of_all"]


def listed() -> str:
    """All exit statuses, as help prints them; wrapped here, because help breaks long lines without indent."""
    lines = (
        textwrap.fill(status.says, 79, initial_indent=f"  {status.value:>3}  ", subsequent_indent=" " * 7)
        for status in ExitStatus
    )
    return "\n".join(("Exit status", *lines))


def known_errors(error: BaseException) -> tuple[SiteLedgerError, ...]:
    """The errors raised on purpose inside an error or a group of errors; none if anything else is in it."""
    if isinstance(error, SiteLedgerError):
        return (error,)
    if not isinstance(error, BaseExceptionGroup):
        return ()
    group = cast("BaseExceptionGroup[BaseException]", error)
    parts = [known_errors(part) for part in group.exceptions]
    return tuple(known for part in parts for known in part) if all(parts) else ()


def status_of_all(errors: tuple[SiteLedgerError, ...]) -> ExitStatus:
    """The one status for several errors."""
    statuses = [status_of(error) for error in errors]
    return statuses[0] if len(statuses) == 1 else gravest(statuses)


def status_of(error: SiteLedgerError) -> ExitStatus:  # noqa: PLR0911 - one line for each kind of error reads best
    """How a command ends that this error ended."""
    # The store is imported with its database drivers, and only a command that failed needs to know its errors.
    from adapters.store.backup import BackupRefused
    from adapters.store.errors import Locked, StoreUnavailable, StreamMoved, UnknownEvent, WrongStore

    match error:
        case Halted():
            return error.status
        case BackupRefused():
            return ExitStatus.INTEGRITY
        case WrongStore() | WrongInput() | Unknown():
            return ExitStatus.WRONG_USE
        case NotLetIn():
            return ExitStatus.REMOTE
        case Misconfigured() | UnknownEvent():
            return ExitStatus.CONFIGURATION
        case RetryLater() | Locked() | StoreUnavailable() | StreamMoved():
            return ExitStatus.TRY_LATER
        case NeedsDecision() | Unreadable():
            return ExitStatus.REMOTE
        case Changed():
            return ExitStatus.CHANGED
        case _:
            return ExitStatus.NEEDS_PERSON
