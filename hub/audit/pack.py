"""A folder that proves itself: events, bodies, seals, heads and keys as lines of JSON, and the script that verifies it.

Whoever gets it needs Python alone. Seals that only lead from an event to the next signed head go without their leaves.
"""

import base64
import json
import sqlite3
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

import msgspec

from adapters.store import Reader, Row
from adapters.store.contents import REDACTED, unpacked
from domain.events import ContentsRedacted
from domain.events.naming import CONTENT_FIELDS
from hub.app import Hub
from hub.audit import verify
from hub.audit.bodies import VIEWS, among
from hub.audit.chain import Seal, seals_of
from hub.audit.findings import stream_text
from hub.report import ExitStatus, Halted

PAGE = 200
"""Bodies that are in memory at a time."""
SEALS = 32
_REDACTIONS = "SELECT position FROM event_log WHERE connection = '' AND event = ? AND position > ? ORDER BY position"
_MARKED = "SELECT sha256 FROM contents WHERE zipped >= 2 AND "
_BODIES = "SELECT sha256, zipped, body FROM contents WHERE "
_HEADS = (
    "SELECT position, hash, moment, key, signature FROM audit_head WHERE position > ? AND position <= ?"
    " ORDER BY position LIMIT ?"
)
_NEXT_HEAD = "SELECT min(position) FROM audit_head WHERE position >= ?"
_KEYS = "SELECT key, public, predecessor, signature FROM audit_key ORDER BY position"
_SEALS = (
    "SELECT first_position, last_position, previous, hash, leaves FROM audit_seal WHERE first_position > ?"
    " AND first_position <= ? ORDER BY first_position LIMIT ?"
)
_FIRST_SEAL = "SELECT max(first_position) FROM audit_seal WHERE first_position <= ?"

Pages = AsyncIterator[Sequence[Row]]


@dataclass(frozen=True)
class Packed:
    """What a folder holds."""

    folder: Path
    first: int
    last: int
    events: int
    contents: int
    seals: int
    heads: int


class _File:
    """One file, hashed as it is written."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        self.lines = 0
        self._hash = sha256()
        self._file: IO[bytes] = (folder / name).open("xb")

    def line(self, document: dict[str, Any]) -> None:
        """One more document."""
        self.lines += 1
        self.write(verify.written(document))

    def write(self, data: bytes) -> None:
        """Some bytes."""
        self._hash.update(data)
        self._file.write(data)

    def close(self) -> str:
        """The SHA-256 of all of it, hex."""
        self._file.close()
        return self._hash.hexdigest()


class Pack:
    """A folder that is being written."""

    def __init__(self, hub: Hub, folder: Path) -> None:
        self._hub = hub
        self._folder = folder
        self._book = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._book.execute("CREATE TABLE named (name BLOB PRIMARY KEY) WITHOUT ROWID")
        self._positions: list[tuple[int, int]] = []
        registry = hub.ledger.events
        self._views = {
            stored: registry.decoder(stored, view)
            for topic, view in VIEWS.items()
            for stored in registry.stored_topics([topic])
        }

    async def write(
        self, pages: Pages, *, complete: bool, made_at: str, version: str, also: Iterable[str] = ()
    ) -> Packed:
        """Write everything; `complete` says that the events are all between the first and the last.

        `also` names files that stand in the folder already, to be named in SHA256SUMS.

        Raises  Halted where the folder can't be written.
        """
        try:
            return await self._write(pages, complete=complete, made_at=made_at, version=version, also=tuple(also))
        except OSError as error:
            message = f"{self._folder} can't be written ({error.strerror}): name an empty folder that you may write."
            raise Halted(message, ExitStatus.WRONG_USE) from error
        finally:
            self._book.close()

    async def _write(self, pages: Pages, *, complete: bool, made_at: str, version: str, also: Sequence[str]) -> Packed:
        sums: dict[str, str] = {name: _digest(self._folder / name) for name in also}
        with ExitStack() as files:

            def opened(name: str) -> _File:
                file = _File(self._folder, name)
                files.callback(lambda: sums.update({file.name: file.close()}))
                return file

            events, contents = opened("events.jsonl"), opened("contents.jsonl")
            seals, heads, keys = opened("seals.jsonl"), opened("heads.jsonl"), opened("keys.jsonl")
            first, last = await self._events(events, pages)
            await self._contents(contents)
            await self._proofs(seals, heads)
            for row in await self._hub.ledger.rows(_KEYS):
                keys.line(dict(zip(("key", "public", "predecessor", "signature"), row, strict=True)))
        manifest = {
            "format": verify.FORMAT,
            "made_at": made_at,
            "version": version,
            "first": first,
            "last": last,
            "complete": complete,
            "events": events.lines,
            "contents": contents.lines,
            "names": {topic: list(fields) for topic, fields in CONTENT_FIELDS.items()},
        }
        for name, text in (
            ("manifest.json", json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"),
            ("verify.py", SCRIPT),
            ("README.txt", README),
        ):
            file = _File(self._folder, name)
            file.write(text.encode())
            sums[name] = file.close()
        file = _File(self._folder, "SHA256SUMS")
        file.write("".join(f"{digest}  {name}\n" for name, digest in sorted(sums.items())).encode())
        file.close()
        return Packed(self._folder, first, last, events.lines, contents.lines, seals.lines, heads.lines)

    # -- events ------------------------------------------------------------------------------------

    async def _events(self, file: _File, pages: Pages) -> tuple[int, int]:
        first = last = 0
        async for rows in pages:
            for row in rows:
                self._event(file, row)
            if rows:
                first, last = first or rows[0][0], rows[-1][0]
        for row in await self._redactions(last):
            self._event(file, row)
        return first or 1, last

    def _event(self, file: _File, row: Row) -> None:
        position, stream, version, topic, state = row
        line: dict[str, Any] = {
            "position": position,
            "stream": stream_text(stream),
            "version": version,
            "topic": topic,
        }
        try:
            line["state"] = state.decode()
        except UnicodeDecodeError:  # somebody changed it; it is exported as it stands there
            line["state_base64"] = base64.b64encode(state).decode()
        file.line(line)
        if self._positions and self._positions[-1][1] == position - 1:
            self._positions[-1] = (self._positions[-1][0], position)
        else:
            self._positions.append((position, position))
        view = self._views.get(topic)
        if view is not None:
            try:
                event = view(state)
                names = [(bytes.fromhex(name),) for field in event.__struct_fields__ if (name := getattr(event, field))]
            except (msgspec.MsgspecError, ValueError):
                return  # the script names the event: it is not what its seal says
            self._book.executemany("INSERT OR IGNORE INTO named VALUES (?)", names)

    async def _redactions(self, after: int) -> list[Row]:
        """Events behind the last one that say what became of a body that is here and was redacted since."""
        marked: set[str] = set()
        for names in self._names():
            marked |= {row[0].hex() for row in await self._rows(_MARKED, names)}
        if not marked:
            return []
        found: list[Row] = []
        for (position,) in await self._hub.ledger.rows(_REDACTIONS, (ContentsRedacted.TOPIC, after)):
            (row,) = await self._hub.ledger.read(position - 1, 1)
            if marked & set(self._hub.ledger.events.decode(row[3], row[4]).contents):
                found.append(row)
        return found

    # -- bodies ------------------------------------------------------------------------------------

    def _names(self) -> Iterable[list[bytes]]:
        after = b""
        while page := [
            row[0]
            for row in self._book.execute("SELECT name FROM named WHERE name > ? ORDER BY name LIMIT ?", (after, PAGE))
        ]:
            yield page
            after = page[-1]

    async def _rows(self, sql: str, names: Sequence[bytes]) -> list[tuple[Any, ...]]:
        return await self._hub.ledger.reading(lambda reader: _rows(reader, sql, names))

    async def _contents(self, file: _File) -> None:
        for names in self._names():
            for row in sorted(await self._rows(_BODIES, names)):
                ((name, body),) = unpacked([row]).items()  # type: ignore[list-item]
                file.line({"sha256": name, "redacted": bool(row[1] & REDACTED), **_text(body)})

    # -- proofs ------------------------------------------------------------------------------------

    async def _proofs(self, seals: _File, heads: _File) -> None:
        """Seals over the events, and from there on to the next signed head; all heads among them."""
        for first, last in await self._spans():
            after = first - 1
            while page := seals_of(await self._hub.ledger.rows(_SEALS, (after, last, SEALS))):
                for seal in page:
                    seals.line(_seal(seal, self._positions))
                after = page[-1].first
            after = first - 1
            while found := await self._hub.ledger.rows(_HEADS, (after, last, PAGE)):
                for row in found:
                    heads.line(dict(zip(("position", "hash", "moment", "key", "signature"), row, strict=True)))
                after = found[-1][0]

    async def _spans(self) -> list[tuple[int, int]]:
        """First positions of the seals from an event to the next head, joined where they overlap."""
        ledger = self._hub.ledger
        spans: list[tuple[int, int]] = []
        for first, last in self._positions:
            if spans and last <= spans[-1][1]:
                continue
            begins = (await ledger.rows(_FIRST_SEAL, (first,)))[0][0]
            head = (await ledger.rows(_NEXT_HEAD, (last,)))[0][0]
            if begins is None:
                continue
            end = last if head is None else head
            if spans and begins <= spans[-1][1] + 1:
                spans[-1] = (spans[-1][0], end)
            else:
                spans.append((begins, end))
        return spans


def _seal(seal: Seal, events: Sequence[tuple[int, int]]) -> dict[str, Any]:
    line: dict[str, Any] = {
        "first": seal.first,
        "last": seal.last,
        "previous": seal.previous.hex(),
        "hash": seal.hash.hex(),
    }
    holds = any(first <= seal.last and last >= seal.first for first, last in events)
    name, value = ("leaves", seal.leaves) if holds else ("leaves_sha256", sha256(seal.leaves).digest())
    return {**line, name: value.hex()}


def _rows(reader: Reader, sql: str, names: Sequence[bytes]) -> list[tuple[Any, ...]]:
    condition, values = among(reader, names)
    return reader.rows(sql + condition, values)


def _text(body: bytes) -> dict[str, str]:
    try:
        return {"text": body.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode()}


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        hashed = sha256()
        while piece := content.read(1 << 20):
            hashed.update(piece)
        return hashed.hexdigest()


SCRIPT = Path(verify.__file__).read_text()
"""The script that goes with every folder, as it stands in the program."""

README = """\
This folder was written by SiteLedger and proves itself. With Python 3.11 or newer, and nothing else:

    python verify.py

It ends with 0 where nothing was changed since the hub sealed it, and with 5 where something was, and names it.

events.jsonl    what happened, one event a line; `state` is the exact text that is stored and hashed
contents.jsonl  bodies by their SHA-256: what was seen, sent and answered. Redacted ones say so.
seals.jsonl     hashes over the events, each over the one before; `leaves` are the hashes of single events
heads.jsonl     hashes that were signed, with the moment of the signature
keys.jsonl      the public keys that signed, each signed by the one before
manifest.json   what is in here
SHA256SUMS      SHA-256 of every file; `sha256sum -c SHA256SUMS` compares them too

A folder that was made anew from the first to the last byte proves itself too. So compare the name of the key, which
verify.py prints at its end, with the one that you were told when the ledger began, and a head with one that you noted.
"""
