"""The event store, contents and rows, on SQLite or PostgreSQL, behind `Ledger`."""

from adapters.store.contents import redacted_form
from adapters.store.database import Reader, Row, Snapshot
from adapters.store.errors import (
    ConnectionLost,
    Locked,
    RowsRefused,
    StoreUnavailable,
    StreamMoved,
    UnknownEvent,
)
from adapters.store.events import Event, Registry
from adapters.store.ledger import Ledger, open_ledger
from adapters.store.overlay import Overlay, open_overlay
from adapters.store.statements import Statement
from adapters.store.threads import Inline, ThreadPool, Threads

__all__ = [
    "ConnectionLost",
    "Event",
    "Inline",
    "Ledger",
    "Locked",
    "Overlay",
    "Reader",
    "Registry",
    "Row",
    "RowsRefused",
    "Snapshot",
    "Statement",
    "StoreUnavailable",
    "StreamMoved",
    "ThreadPool",
    "Threads",
    "UnknownEvent",
    "open_ledger",
    "open_overlay",
    "redacted_form",
]
