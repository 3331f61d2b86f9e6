"""A store of an older version keeps all its data; one of a newer version is left alone."""

import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from adapters.store import Ledger, StoreUnavailable, schema
from adapters.store.ledger import database_at
from adapters.store.sqlite import SqliteDatabase
from adapters.store.statements import SqliteDialect
from tests.adapters.store.conftest import Noted, stream

Opened = Callable[[str], AbstractAsyncContextManager[Ledger]]
NEWEST = schema.upgrades(SqliteDialect(), ())[-1].number
AT = datetime(2026, 1, 6, tzinfo=UTC).isoformat()

STREAM = stream("a")
STATE = f'{{"originator_id":"{STREAM}","originator_version":1,"text":"seen","amount":"0"}}'.encode()
BODY = b"a body"
SHA = "a6a1ec2df9ed8dae31f4faa5f28ffd2dad86c0bd2f7baa5ab1c2ac6cb2e4a8b7"  # any name does: the store never looks inside

SQLITE_2 = """
CREATE TABLE schema_version (number BIGINT PRIMARY KEY, why TEXT NOT NULL, at TEXT NOT NULL);
CREATE TABLE stored_events (notification_id INTEGER PRIMARY KEY AUTOINCREMENT, originator_id BLOB NOT NULL,
 originator_version INTEGER NOT NULL, topic TEXT NOT NULL, state BLOB NOT NULL);
CREATE UNIQUE INDEX stored_events_stream ON stored_events (originator_id, originator_version);
CREATE TABLE contents (sha256 BLOB, zipped BIGINT, body BLOB, PRIMARY KEY (sha256));
CREATE TABLE snapshots (stream TEXT, version BIGINT, topic TEXT, state BLOB, PRIMARY KEY (stream));
CREATE TABLE projection_checkpoint (name TEXT, version BIGINT, generation BIGINT, position BIGINT, tables TEXT,
 PRIMARY KEY (name));
CREATE TABLE projection_errors (projection TEXT, position BIGINT, topic TEXT, error TEXT,
 PRIMARY KEY (projection, position));
INSERT INTO schema_version VALUES (1, 'events, contents, snapshots', '2026-01-01T00:00:00+00:00');
INSERT INTO schema_version VALUES (2, 'checkpoints of projections', '2026-01-01T00:00:00+00:00');
"""
POSTGRES_2 = """
CREATE SCHEMA siteledger;
SET search_path TO siteledger;
CREATE TABLE schema_version (number BIGINT PRIMARY KEY, why TEXT NOT NULL, at TEXT NOT NULL);
CREATE TABLE stored_events (notification_id bigint PRIMARY KEY, originator_id uuid NOT NULL,
 originator_version bigint NOT NULL, topic text NOT NULL, state bytea NOT NULL,
 UNIQUE (originator_id, originator_version));
CREATE FUNCTION stored_events_append(streams uuid[], versions bigint[], topics text[], states bytea[],
 shas bytea[] DEFAULT NULL, zips bigint[] DEFAULT NULL, bodies bytea[] DEFAULT NULL)
RETURNS bigint LANGUAGE plpgsql AS $body$
DECLARE last bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(1);
  SELECT coalesce(max(notification_id), 0) INTO last FROM siteledger.stored_events;
  INSERT INTO siteledger.stored_events (notification_id, originator_id, originator_version, topic, state)
    SELECT last + n, i, v, t, s
    FROM unnest(streams, versions, topics, states) WITH ORDINALITY AS e(i, v, t, s, n);
  IF shas IS NOT NULL THEN
    INSERT INTO siteledger.contents SELECT * FROM unnest(shas, zips, bodies) ON CONFLICT (sha256) DO NOTHING;
  END IF;
  RETURN last;
END $body$;
CREATE TABLE contents (sha256 BYTEA, zipped BIGINT, body BYTEA, PRIMARY KEY (sha256));
CREATE TABLE snapshots (stream TEXT COLLATE "C", version BIGINT, topic TEXT COLLATE "C", state BYTEA,
 PRIMARY KEY (stream));
CREATE TABLE projection_checkpoint (name TEXT COLLATE "C", version BIGINT, generation BIGINT, position BIGINT,
 tables TEXT COLLATE "C", PRIMARY KEY (name));
CREATE TABLE projection_errors (projection TEXT COLLATE "C", position BIGINT, topic TEXT COLLATE "C",
 error TEXT COLLATE "C", PRIMARY KEY (projection, position));
INSERT INTO schema_version VALUES (1, 'events, contents, snapshots', '2026-01-01T00:00:00+00:00');
INSERT INTO schema_version VALUES (2, 'checkpoints of projections', '2026-01-01T00:00:00+00:00');
"""


@pytest.fixture
def old_url(store_url: str) -> str:
    """A store as the first landed schema made it, number 2, with an event, a body and a snapshot."""
    if store_url.startswith("sqlite"):
        with closing(sqlite3.connect(store_url.removeprefix("sqlite:///"))) as connection:
            connection.executescript(SQLITE_2)
            connection.execute("INSERT INTO stored_events VALUES (1, ?, 1, 'test.noted.2', ?)", (STREAM.bytes, STATE))
            connection.execute("INSERT INTO contents VALUES (?, 0, ?)", (bytes.fromhex(SHA), BODY))
            connection.execute("INSERT INTO snapshots VALUES (?, 1, 't', ?)", (str(STREAM), b"s"))
            connection.commit()
    else:
        with psycopg.connect(store_url) as connection:
            connection.execute(POSTGRES_2)  # type: ignore[arg-type]  # ours
            connection.execute("INSERT INTO stored_events VALUES (1, %s, 1, 'test.noted.2', %s)", (STREAM, STATE))
            connection.execute("INSERT INTO contents VALUES (%s, 0, %s)", (bytes.fromhex(SHA), BODY))
            connection.execute("INSERT INTO snapshots VALUES (%s, 1, 't', %s)", (str(STREAM), b"s"))
    return store_url


async def test_a_store_of_the_first_schema_keeps_all_its_data_and_goes_on(
    opened: Opened, old_url: str, noted: Callable[..., Noted]
) -> None:
    async with opened(old_url) as ledger:
        assert await ledger.rows("SELECT max(number) FROM schema_version") == [(NEWEST,)]
        assert [row[4] for row in await ledger.read(0, 10)] == [STATE]
        assert await ledger.load([STREAM]) == {STREAM: [noted("a")]}
        assert await ledger.contents([SHA]) == {SHA: BODY}
        assert await ledger.snapshots([STREAM]) == {STREAM: (1, "t", b"s")}
        assert await ledger.append([noted("a", 2)]) == 2
        assert await ledger.rows("SELECT name FROM secret") == []


async def test_many_that_start_at_once_upgrade_once(opened: Opened, old_url: str) -> None:
    def start(_: int) -> tuple[int, int]:
        database = database_at(old_url)
        try:
            return database.upgrade(AT)
        finally:
            database.close()

    with ThreadPoolExecutor(6) as pool:
        told = list(pool.map(start, range(6)))

    assert sorted(told) == [(2, NEWEST), *[(NEWEST, NEWEST)] * 5]
    async with opened(old_url) as ledger:
        assert await ledger.rows("SELECT number FROM schema_version ORDER BY number") == [
            (number,) for number in range(1, NEWEST + 1)
        ]


async def test_an_old_store_can_be_backed_up_before_it_is_upgraded(old_url: str) -> None:
    database = database_at(old_url)
    try:
        with database.snapshot() as snapshot:
            assert snapshot.number == 2
            assert [row[4] for row in snapshot.rows(schema.KEPT_EVENTS)] == [STATE]
    finally:
        database.close()


class Session:
    """A transaction on a database in memory."""

    def __init__(self) -> None:
        self.connection = sqlite3.connect(":memory:")

    def fetch(self, sql: str) -> list[tuple[int]]:
        return self.connection.execute(sql).fetchall()

    def run(self, sql: str, values: tuple[str | int, ...] = ()) -> None:
        self.connection.execute(sql, values)


def test_what_changes_the_schema_waits_for_a_person_and_what_adds_does_not() -> None:
    known = schema.upgrades(SqliteDialect(), ())
    changes = schema.Upgrade(
        len(known) + 1, "names are split", ("ALTER TABLE secret ADD COLUMN x TEXT",), additive=False
    )
    session = Session()
    assert schema.apply(session, known, AT, everything=False) == (0, NEWEST)

    with pytest.raises(StoreUnavailable, match=r"names are split.*backup.*siteledger upgrade"):
        schema.apply(session, (*known, changes), AT, everything=False)
    assert schema.apply(session, (*known, replace(changes, additive=True)), AT, everything=False) == (
        NEWEST,
        NEWEST + 1,
    )
    assert schema.apply(Session(), (*known, changes), AT, everything=False) == (0, NEWEST + 1)


def test_what_changes_the_schema_is_applied_by_upgrade() -> None:
    known = schema.upgrades(SqliteDialect(), ())
    session = Session()
    schema.apply(session, known, AT)

    assert schema.apply(session, (*known, schema.Upgrade(NEWEST + 1, "more", (), additive=False)), AT) == (
        NEWEST,
        NEWEST + 1,
    )


def test_an_upgrade_that_fails_leaves_the_schema_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = SqliteDatabase(str(tmp_path / "ledger.db"))
    database.upgrade(AT)
    known = schema.upgrades(SqliteDialect(), ())
    broken = schema.Upgrade(NEWEST + 1, "broken", ("CREATE TABLE half (a TEXT)", "CREATE TABLE secret (a TEXT)"))
    monkeypatch.setattr(schema, "upgrades", lambda *_: (*known, broken))

    with pytest.raises(Exception, match="already exists"):
        database.upgrade(AT)

    assert database.rows("SELECT max(number) FROM schema_version", ()) == [(NEWEST,)]
    assert database.rows("SELECT name FROM sqlite_schema WHERE name = 'half'", ()) == []
    database.close()
