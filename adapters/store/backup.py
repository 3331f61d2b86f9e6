"""A backup: one file that holds all of a store, the same from both databases, so that either can be filled from it.

Shape   a zip archive. For each table `NAME.jsonl`, a JSON array per row in the order of the key, bytes in base64; last
        `manifest.json` with the number of rows and the SHA-256 of each. Ordinary tools can read it. What is secret in
        the store is secret in here: the manifest names the keys that open it.
Source  docs/adr/0015-backups-and-secrets-at-rest.md
"""

import hashlib
import zipfile
import zlib
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import msgspec

from adapters.store.contents import REDACTED, unpacked
from adapters.store.database import Database, Snapshot
from adapters.store.errors import WrongStore
from adapters.store.schema import CONTENTS, KEPT, KEPT_EVENTS, SECRETS, Kept
from adapters.store.statements import Columns
from domain.errors import SiteLedgerError

FORMAT = 1
MANIFEST = "manifest.json"
LARGEST_MANIFEST = 1 << 20
_MADE = (1980, 1, 1, 0, 0, 0)  # the same store makes the same bytes

_TYPES: Mapping[str, Any] = {"text": str, "bigint": int, "bytea": bytes, "uuid": bytes}


class BackupRefused(SiteLedgerError):
    """The file is no backup, of a newer version, or damaged; nothing was changed."""


class Saved(msgspec.Struct, frozen=True):
    """One table: its columns with types, rows, and the SHA-256 of its lines in hex."""

    name: str
    columns: tuple[tuple[str, str], ...]
    rows: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds. `keys` are names of keys of `server.secret_key` that it takes to open its secrets."""

    format: int
    version: str
    made_at: str
    database: str
    schema: int
    position: int
    tables: tuple[Saved, ...]
    keys: tuple[str, ...]


def write(database: Database, file: IO[bytes], *, version: str, made_at: str) -> Manifest:
    """Everything that the store holds at this moment, into a file. A page of rows is in memory at a time.

    Raises  WrongStore for a store that was never used; StoreUnavailable; OSError.
    """
    with database.snapshot() as snapshot, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        if not snapshot.number:
            raise WrongStore("The store was never used; there is nothing to back up.")
        watch = _Watch()
        saved = tuple(
            _save(archive, table, watch.rows(table, snapshot)) for table in KEPT if table.since <= snapshot.number
        )
        manifest = Manifest(
            format=FORMAT,
            version=version,
            made_at=made_at,
            database=database.dialect.name,
            schema=snapshot.number,
            position=watch.position,
            tables=saved,
            keys=tuple(sorted(watch.keys)),
        )
        archive.writestr(_entry(MANIFEST), msgspec.json.format(msgspec.json.encode(manifest), indent=1))
    return manifest


class _Watch:
    """What is learnt of rows as they go by."""

    def __init__(self) -> None:
        self.position = 0
        self.keys: set[str] = set()

    def rows(self, table: Kept, snapshot: Snapshot) -> Iterator[tuple[Any, ...]]:
        for row in snapshot.rows(table):
            if table is KEPT_EVENTS:
                self.position = row[0]
            elif table is SECRETS:
                self.keys.add(row[1])
            yield row


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _MADE)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def _save(archive: zipfile.ZipFile, table: Kept, rows: Iterable[tuple[Any, ...]]) -> Saved:
    hashed, count = hashlib.sha256(), 0
    encode = msgspec.json.Encoder().encode
    with archive.open(_entry(f"{table.name}.jsonl"), "w", force_zip64=True) as lines:
        for row in rows:
            line = encode(row) + b"\n"
            hashed.update(line)
            lines.write(line)
            count += 1
    return Saved(table.name, tuple(table.columns), count, hashed.hexdigest())


class Backup:
    """A backup that is read. Opened by `opened`, which has read its manifest and nothing else."""

    def __init__(self, archive: zipfile.ZipFile, manifest: Manifest) -> None:
        self._archive = archive
        self.manifest = manifest

    def verify(self) -> None:
        """Read all of it and compare: rows, hashes, positions, and every body with the digest that names it.

        Raises  BackupRefused.
        """
        for saved in self.manifest.tables:
            rows = self.rows(saved)
            if saved.name == KEPT_EVENTS.name:
                self._verify_events(rows)
            elif saved.name == CONTENTS.name:
                _verify_contents(rows)
            else:
                for _ in rows:
                    pass  # read to its end, where it is proved

    def fill(self, database: Database, *, at: str) -> None:
        """Put all of it into an empty store, in one transaction.

        Raises  BackupRefused, StoreUnavailable; then the store is as it was.
        """
        known = {table.name: table for table in KEPT}
        with database.filling(self.manifest.schema, at) as filling:
            for saved in self.manifest.tables:
                filling.put(known[saved.name], saved.columns, self.rows(saved))

    def rows(self, saved: Saved) -> Iterator[tuple[Any, ...]]:
        """Rows of a table; at the end they are proved to be all of them, unchanged.

        Raises  BackupRefused.
        """
        hashed, count = hashlib.sha256(), 0
        decode = msgspec.json.Decoder(_row_type(saved.columns)).decode
        with _damage(saved.name), self._archive.open(f"{saved.name}.jsonl") as lines:
            for line in lines:
                hashed.update(line)
                count += 1
                yield decode(line)
        if (count, hashed.hexdigest()) != (saved.rows, saved.sha256):
            raise BackupRefused(f"The backup is damaged: {saved.name} is not what its manifest says.")

    def _verify_events(self, rows: Iterable[tuple[Any, ...]]) -> None:
        last = 0
        for row in rows:
            if row[0] <= last:
                raise BackupRefused("The backup is damaged: its events are not in order.")
            last = row[0]
        if last != self.manifest.position:
            raise BackupRefused(f"The backup is damaged: it ends at {last}, not at {self.manifest.position}.")


@contextmanager
def opened(path: Path) -> Generator[Backup]:
    """A backup, to be read.

    Raises  BackupRefused for a file that is none, or of a newer version; OSError where it can't be read.
    """
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise BackupRefused(f"{path} is no backup, or it is damaged: {error}.") from error
    with archive:
        yield Backup(archive, _manifest(archive, path))


def _manifest(archive: zipfile.ZipFile, path: Path) -> Manifest:
    try:
        with _damage(MANIFEST):
            if archive.getinfo(MANIFEST).file_size > LARGEST_MANIFEST:
                raise BackupRefused(f"{path} is no backup: its manifest is too large.")
            text = archive.read(MANIFEST)
            number = msgspec.json.decode(text, type=_Format).format
            manifest = msgspec.json.decode(text, type=Manifest) if number == FORMAT else None
    except KeyError:
        raise BackupRefused(f"{path} is no backup: it has no manifest.") from None
    if manifest is None:
        raise BackupRefused(f"{path} is a backup of format {number}; this version reads {FORMAT}. Install a newer one.")
    known = {table.name: dict(table.columns) for table in KEPT}
    for saved in manifest.tables:
        if not dict(saved.columns).items() <= known.get(saved.name, {}).items():
            raise BackupRefused(f"{path} holds a table {saved.name} that this version does not know.")
    return manifest


class _Format(msgspec.Struct):
    format: int


def _verify_contents(rows: Iterable[tuple[Any, ...]]) -> None:
    for row in rows:
        ((name, body),) = unpacked([row]).items()
        if row[1] < REDACTED and hashlib.sha256(body).hexdigest() != name:
            raise BackupRefused(f"The backup is damaged: the content {name} is not what its digest says.")


def _row_type(columns: Columns) -> Any:
    return tuple[tuple(_TYPES[kind] | None for _, kind in columns)]  # type: ignore[misc]  # made of data


@contextmanager
def _damage(name: str) -> Generator[None]:
    """Everything that reading damaged bytes can lead to, in one word."""
    try:
        yield
    except (
        zipfile.BadZipFile,
        zlib.error,
        msgspec.MsgspecError,
        EOFError,
        NotImplementedError,
        RuntimeError,
        UnicodeDecodeError,
        ValueError,
    ) as error:
        raise BackupRefused(f"The backup is damaged in {name} ({error}).") from error
