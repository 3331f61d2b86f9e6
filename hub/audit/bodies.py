"""Every body is what its digest says, and every digest that an event names has its body.

A redacted body is what the event of its redaction says that it became. What must be remembered over the whole ledger
stands in a temporary file of SQLite, so memory does not grow with the number of bodies.
"""

import sqlite3
import zlib
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

import msgspec

from adapters.store import Reader, Registry, Row
from adapters.store.contents import REDACTED, unpacked
from domain.events import ContentsRedacted
from domain.events.naming import CONTENT_FIELDS
from hub.audit.findings import Finding, Findings, stream_text

PAGE = 200
"""Bodies that are in memory at a time."""
LOOK_UP = 200
"""Names of one question to the database."""

_PAGE = "SELECT sha256, zipped, body FROM contents WHERE sha256 > ? ORDER BY sha256 LIMIT ?"
_NAMES = "SELECT sha256 FROM contents WHERE "
_BODIES = "SELECT sha256, zipped, body FROM contents WHERE "
_TABLES = """
CREATE TABLE marked (name BLOB PRIMARY KEY, form BLOB) WITHOUT ROWID;
CREATE TABLE redacted (name BLOB PRIMARY KEY, form BLOB) WITHOUT ROWID;
CREATE TABLE spoilt (name BLOB PRIMARY KEY, why TEXT, told INTEGER) WITHOUT ROWID;
"""
_UNEXPLAINED = """
SELECT marked.name, redacted.name IS NULL FROM marked LEFT JOIN redacted ON redacted.name = marked.name
WHERE redacted.name IS NULL OR (redacted.form <> x'' AND redacted.form <> marked.form) ORDER BY marked.name
"""


class Bodies:
    """The bodies first, page by page; then the events that name them; then what is left open."""

    def __init__(self, registry: Registry, findings: Findings, *, whole: bool = True) -> None:
        self.findings = findings
        self.whole = whole
        self.count = 0
        self._readers = {
            stored: registry.decoder(stored, view)
            for topic, view in VIEWS.items()
            for stored in registry.stored_topics([topic])
        }
        self._redactions = {
            stored: registry.decoder(stored, ContentsRedacted)
            for stored in registry.stored_topics([ContentsRedacted.TOPIC])
        }
        self._book = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._book.executescript(_TABLES)
        self._after = b""
        self._spoilt = 0

    def close(self) -> None:
        """Give the temporary file back."""
        self._book.close()

    def step(self, reader: Reader) -> bool:
        """Hash the next page of bodies; False when there is none."""
        rows = reader.rows(_PAGE, (self._after, PAGE))
        self._hash(rows)
        if rows:
            self._after = rows[-1][0]
        return bool(rows)

    def _hash(self, rows: Iterable[Sequence[Any]]) -> None:
        for row in rows:
            name, mark, _ = row
            self.count += 1
            digest = _digest(row)
            if digest is None:
                self._spoil(name, "can't be unpacked")
            elif isinstance(mark, int) and mark & REDACTED:
                self._book.execute("INSERT OR REPLACE INTO marked VALUES (?, ?)", (name, digest))
            elif digest != name:
                self._spoil(name, "is not what its digest says")

    def events(self, reader: Reader, rows: Sequence[Row]) -> None:
        """Look that everything that these events name is there."""
        named: dict[bytes, Row] = {}
        for row in rows:
            for name in self._named(row):
                named.setdefault(name, row)
        names = list(named)
        for start in range(0, len(names), LOOK_UP):
            chunk = names[start : start + LOOK_UP]
            condition, values = among(reader, chunk)
            if not self.whole:
                self._hash(reader.rows(_BODIES + condition, values))
            there = {bytes(found[0]) for found in reader.rows(_NAMES + condition, values)}
            for name in chunk:
                if name not in there:
                    self._say(named[name], name, "is missing: it was taken out")
                elif self._spoilt:
                    self._blame(named[name], name)

    def end(self) -> None:
        """What no event explains: bodies that were changed and marked as redacted, and those that nobody names.

        Of a part of the ledger nothing can be said here, as an earlier event may explain it.
        """
        if not self.whole:
            return
        for name, silent in self._book.execute(_UNEXPLAINED):
            words = "is marked as redacted, and no event says so" if silent else "is not what its redaction left"
            self.findings.add(Finding(kind="content", words=f"the content {_hex(name)} {words}: it was changed"))
        for name, why in self._book.execute("SELECT name, why FROM spoilt WHERE told = 0 ORDER BY name"):
            self.findings.add(Finding(kind="content", words=f"the content {_hex(name)} {why}; no event names it"))

    def _named(self, row: Row) -> list[bytes]:
        topic = row[3]
        read = self._readers.get(topic)
        try:
            if read is not None:
                event = read(row[4])
                return [bytes.fromhex(name) for field in event.__struct_fields__ if (name := getattr(event, field))]
            if topic in self._redactions:
                self._note(self._redactions[topic](row[4]))
        except (msgspec.MsgspecError, ValueError, TypeError) as error:
            words = f"event {row[0]} ({topic}) can't be read: {error}"
            self.findings.add(
                Finding(
                    kind="unreadable", position=row[0], stream=stream_text(row[1]), topic=str(topic), words=words[:500]
                )
            )
        return []

    def _note(self, event: ContentsRedacted) -> None:
        forms = event.forms or ("",) * len(event.contents)
        rows = [(bytes.fromhex(name), bytes.fromhex(form)) for name, form in zip(event.contents, forms, strict=True)]
        self._book.executemany("INSERT OR REPLACE INTO redacted VALUES (?, ?)", rows)

    def _spoil(self, name: Any, why: str) -> None:
        self._spoilt += 1
        self._book.execute("INSERT OR REPLACE INTO spoilt VALUES (?, ?, 0)", (name, why))

    def _blame(self, row: Row, name: bytes) -> None:
        found = self._book.execute("SELECT why FROM spoilt WHERE name = ? AND told = 0", (name,)).fetchone()
        if found:
            self._book.execute("UPDATE spoilt SET told = 1 WHERE name = ?", (name,))
            self._say(row, name, found[0])

    def _say(self, row: Row, name: bytes, why: str) -> None:
        words = f"the content {name.hex()} {why}; event {row[0]} ({row[3]}, stream {stream_text(row[1])}) names it"
        self.findings.add(
            Finding(kind="content", position=row[0], stream=stream_text(row[1]), topic=row[3], words=words)
        )


def among(reader: Reader, names: Sequence[bytes]) -> tuple[str, Sequence[Any]]:
    """A condition that a body has one of these names; a list of JSON, as other questions take it, holds no bytes."""
    if reader.dialect.name == "sqlite":
        return f"sha256 IN ({', '.join('?' * len(names))})", names
    return "sha256 = ANY(?)", (list(names),)


def _digest(row: Sequence[Any]) -> bytes | None:
    try:
        ((_, body),) = unpacked([(row[0], row[1], row[2])]).items()
        return sha256(body).digest()
    except (zlib.error, TypeError, ValueError, AttributeError):
        return None


def _hex(name: Any) -> str:
    return name.hex() if isinstance(name, bytes) else repr(name)


def _view(topic: str, fields: Sequence[str]) -> type[Any]:
    """Only the fields that name bodies: a narrow type is read several times faster than the whole event."""
    return msgspec.defstruct(f"Bodies of {topic}", [(field, str, "") for field in fields], frozen=True)


VIEWS: Mapping[str, type[Any]] = {topic: _view(topic, fields) for topic, fields in CONTENT_FIELDS.items()}
