"""A backup is whole, the same from both databases, proved before it is used, and never mixes with what is there."""

import json
import os
import random
import subprocess
import sys
import zipfile
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
import pytest

from adapters.store import Ledger, Statement, StoreUnavailable, backup
from adapters.store.backup import BackupRefused, Manifest
from adapters.store.ledger import database_at
from adapters.store.schema import KEPT
from tests.adapters.store.conftest import Noted

Opened = Callable[[str], AbstractAsyncContextManager[Ledger]]
AT = datetime(2026, 1, 6, tzinfo=UTC).isoformat()
BODIES = {sha256(body).hexdigest(): body for body in (b"small", b"large " * 500, bytes(range(256)) * 4)}


async def filled(opened: Opened, url: str, noted: Callable[..., Noted], count: int = 1200) -> None:
    """A store with something in each table."""
    async with opened(url) as ledger:
        await ledger.append([noted("a", version, "ä\0\\" * 3) for version in range(1, count)], BODIES)
        await ledger.append(
            [noted("b")],
            also=[
                Statement("INSERT INTO secret VALUES ('webhook', 'ab12cd34', ?, ?)", ((b"\x00\xffcipher", AT),)),
                Statement("INSERT INTO access_user VALUES ('anna', 'local', '{}', '[]', 1, 1, ?)", ((AT,),)),
                Statement(
                    "INSERT INTO access_token VALUES ('t', ?, '', 'read', '[]', 0, ?, ?, '', '')", ((b"\x01", AT, AT),)
                ),
                Statement("INSERT INTO access_session VALUES (?, 'anna', ?, ?)", ((b"\x02", AT, AT),)),
                Statement("INSERT INTO access_session_end VALUES (?, ?)", ((b"\x02", AT),)),
                Statement("INSERT INTO sign_in_link VALUES (?, 'anna', ?)", ((b"\x06", AT),)),
                Statement("INSERT INTO audit_seal VALUES (1, 2, ?, ?, ?)", ((b"\x03", b"\x04", b"\x05"),)),
            ],
        )
        await ledger.save_snapshot(noted("a").originator_id, 7, "t", b"\x00state")


def taken(url: str, file: Path) -> Manifest:
    database = database_at(url)
    try:
        with file.open("wb") as out:
            return backup.write(database, out, version="1.0", made_at=AT)
    finally:
        database.close()


def restored(url: str, file: Path) -> Manifest:
    with backup.opened(file) as found:
        found.verify()
        database = database_at(url)
        try:
            found.fill(database, at=AT)
        finally:
            database.close()
        return found.manifest


def contents(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table."""
    database = database_at(url)
    try:
        with database.snapshot() as snapshot:
            return {table.name: list(snapshot.rows(table)) for table in KEPT if table.since <= snapshot.number}
    finally:
        database.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def other_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A second store, on each of both databases; a test that has both parameters goes all four ways."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'other.db'}"
    server = request.getfixturevalue("postgres_server")
    name = f"other_{os.getpid()}_{abs(hash(request.node.nodeid))}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    before, mark, options = server.partition("?")
    return f"{before.rpartition('/')[0]}/{name}{mark}{options}"


@pytest.mark.requirement("DC-07")
async def test_what_comes_back_is_what_went_in_to_the_byte_from_either_database_into_either(
    opened: Opened, store_url: str, other_url: str, noted: Callable[..., Noted], tmp_path: Path
) -> None:
    await filled(opened, store_url, noted)
    manifest = taken(store_url, tmp_path / "b")

    assert restored(other_url, tmp_path / "b") == manifest
    assert contents(other_url) == contents(store_url)
    assert (manifest.position, manifest.keys) == (1200, ("ab12cd34",))
    assert {table.name: table.rows for table in manifest.tables} == {
        "stored_events": 1200, "contents": 3, "snapshots": 1, "secret": 1, "access_user": 1, "access_token": 1,
        "access_session": 1, "audit_seal": 1, "access_session_end": 1, "sign_in_link": 1,
    }  # fmt: skip
    async with opened(other_url) as ledger:
        assert await ledger.append([noted("b", 2)]) == 1201
        assert await ledger.contents(list(BODIES)) == BODIES


async def test_every_table_that_is_no_read_model_is_in_a_backup(opened: Opened, store_url: str) -> None:
    async with opened(store_url) as ledger:
        sql = (
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            if ledger.dialect.name == "sqlite"
            else "SELECT tablename FROM pg_tables WHERE schemaname = 'siteledger'"
        )
        tables = {name for (name,) in await ledger.rows(sql)}

    assert tables == {table.name for table in KEPT} | {"schema_version", "projection_checkpoint", "projection_errors"}


async def test_a_backup_is_of_one_moment_while_others_go_on_writing(
    opened: Opened, store_url: str, noted: Callable[..., Noted]
) -> None:
    async with opened(store_url) as ledger:
        await ledger.append([noted("a")])
        database = database_at(store_url)
        try:
            with database.snapshot() as snapshot:
                await ledger.append([noted("a", 2)], BODIES)

                assert [len(list(snapshot.rows(table))) for table in KEPT[:3]] == [1, 0, 0]
        finally:
            database.close()
        assert await ledger.last_position() == 2


async def test_a_store_with_anything_in_it_is_refused_and_stays_as_it_was(
    opened: Opened, store_url: str, other_url: str, noted: Callable[..., Noted], tmp_path: Path
) -> None:
    await filled(opened, store_url, noted, 5)
    taken(store_url, tmp_path / "b")
    async with opened(other_url) as ledger:
        await ledger.append([noted("mine")])
    before = contents(other_url)

    with pytest.raises(StoreUnavailable, match="not empty"):
        restored(other_url, tmp_path / "b")

    assert contents(other_url) == before


@pytest.mark.parametrize("seed", range(40))
async def test_a_file_that_was_cut_or_changed_is_refused_and_changes_nothing(
    opened: Opened, noted: Callable[..., Noted], tmp_path: Path, seed: int
) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    await filled(opened, url, noted, 50)
    taken(url, tmp_path / "b")
    good = (tmp_path / "b").read_bytes()
    bad, chance = bytearray(good), random.Random(seed)
    if seed % 4 == 0:
        bad = bad[: chance.randrange(len(bad))]
    else:
        with zipfile.ZipFile(tmp_path / "b") as archive:
            whole = [each for each in archive.infolist() if each.compress_size > 40]
        entry = chance.choice(whole)
        place = entry.header_offset + 30 + len(entry.filename) + 20 + chance.randrange(entry.compress_size - 20)
        bad[place] ^= 1 << chance.randrange(8)
    (tmp_path / "b").write_bytes(bytes(bad))

    with pytest.raises(BackupRefused):
        restored(f"sqlite:///{tmp_path / 'other.db'}", tmp_path / "b")

    assert not (tmp_path / "other.db").exists()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"format": 2}, "format 2; this version reads 1"),
        ({"position": 999}, "it ends at"),
        ({"schema": 999}, "knows up to"),
        ({"tables": [["evil", [["a", "text"]], 0, "00"]]}, "does not know"),
    ],
)
async def test_a_manifest_that_says_something_else_is_refused(
    opened: Opened, noted: Callable[..., Noted], tmp_path: Path, change: dict[str, Any], says: str
) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    await filled(opened, url, noted, 5)
    taken(url, tmp_path / "b")
    with zipfile.ZipFile(tmp_path / "b") as old, zipfile.ZipFile(tmp_path / "c", "w") as new:
        for entry in old.infolist():
            text = old.read(entry)
            if entry.filename == "manifest.json":
                rows = {"tables": [dict(zip(("name", "columns", "rows", "sha256"), each, strict=True)) for each in t]
                        } if (t := change.get("tables")) else change  # fmt: skip
                text = json.dumps(json.loads(text) | rows).encode()
            new.writestr(entry.filename, text)

    with pytest.raises((BackupRefused, StoreUnavailable), match=says):
        restored(f"sqlite:///{tmp_path / 'other.db'}", tmp_path / "c")


@pytest.mark.parametrize("text", [b"", b"no archive", b"PK\x05\x06" + bytes(18)])
def test_a_file_that_is_no_backup_is_named(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "b").write_bytes(text)

    with pytest.raises(BackupRefused, match="no backup"), backup.opened(tmp_path / "b"):
        pytest.fail("it was opened")


def test_a_store_that_was_never_used_has_nothing_to_back_up(store_url: str, tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="never used"):
        taken(store_url, tmp_path / "b")


KILLED = """
import os, sys
from pathlib import Path
from adapters.store import backup
from adapters.store.ledger import database_at

url, file, after = sys.argv[1], sys.argv[2], int(sys.argv[3])
rows = backup.Backup.rows


def until(self, saved):
    for count, row in enumerate(rows(self, saved)):
        if saved.name == "stored_events" and count == after:
            os._exit(9)
        yield row


with backup.opened(Path(file)) as found:
    found.verify()
    backup.Backup.rows = until
    found.fill(database_at(url), at="2026-01-06T00:00:00+00:00")
"""


@pytest.mark.parametrize("after", [0, 700, 1199])
async def test_a_restore_that_is_killed_leaves_an_empty_store_that_can_be_filled(
    opened: Opened, other_url: str, noted: Callable[..., Noted], tmp_path: Path, after: int
) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    await filled(opened, url, noted)
    taken(url, tmp_path / "b")
    arguments = [sys.executable, "-c", KILLED, other_url, str(tmp_path / "b"), str(after)]
    killed = subprocess.run(arguments, check=False, timeout=60)  # noqa: ASYNC221, S603 - ourselves

    assert killed.returncode == 9
    restored(other_url, tmp_path / "b")
    assert contents(other_url) == contents(url)
