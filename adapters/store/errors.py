"""What can go wrong with the ledger's database, in words for whoever runs the hub."""

from collections.abc import Iterable
from uuid import UUID

from domain.errors import SiteLedgerError


class StoreUnavailable(SiteLedgerError):
    """The database can't be used: locked, full, damaged, unreachable, or of another version.

    `outcome_unknown` says that what was being written may be in the ledger all the same: read before writing again.
    """

    def __init__(self, message: str, *, outcome_unknown: bool = False) -> None:
        super().__init__(message)
        self.outcome_unknown = outcome_unknown


class WrongStore(StoreUnavailable):
    """The store that was named is not one that this can be done with: not empty, or never used."""


class ConnectionLost(StoreUnavailable):
    """The connection broke in the middle of something; whether it was committed must be settled by reading."""

    def __init__(self, message: str) -> None:
        super().__init__(message, outcome_unknown=True)


class StreamMoved(SiteLedgerError):
    """Somebody else wrote to these streams first: load them again and decide again."""

    def __init__(self, streams: Iterable[UUID]) -> None:
        self.streams = frozenset(streams)
        names = ", ".join(sorted(str(stream) for stream in self.streams))
        super().__init__(f"The ledger moved on while this was decided; nothing was stored. Streams: {names}.")


class RowsRefused(SiteLedgerError):
    """A statement can't be run, or met other rows than it expects; nothing of its transaction was stored."""


READ_ONLY = "This query would write; rows are only read here."


class Locked(SiteLedgerError):
    """Another process holds this lock."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"Another SiteLedger process is busy with '{name}'. Try again when it has ended.")


class UnknownEvent(SiteLedgerError):
    """The ledger holds an event that this version can't read; a newer version wrote it."""

    def __init__(self, topic: str) -> None:
        self.topic = topic
        super().__init__(f"The ledger holds an event '{topic}' that this version of SiteLedger does not know.")
