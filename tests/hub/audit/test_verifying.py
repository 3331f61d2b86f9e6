"""One flipped byte anywhere is named: the event, the body, the seal, the head; and nothing else is accused."""
# ruff: noqa: S608 - the SQL of a test, made of its own constants

import asyncio
import random
from pathlib import Path
from shutil import copyfile
from typing import Any

import anyio
import pytest

from adapters.ports import FixedClock, seeded_rng
from hub.audit.parts import sealer_of
from hub.audit.sealing import last_seal, seal
from hub.audit.verifying import Anchor
from hub.operations.redact import redacted
from tests.hub.audit.harness import change, fill, later, opened, rows, sealed_and_signed, sqlite, verified
from tests.ledger_story import START

pytestmark = pytest.mark.requirement("BX-08")


SPACED = "UPDATE stored_events SET state = CAST(state || ' ' AS BLOB) WHERE notification_id"


async def ready(url: str) -> None:
    """A ledger with two signed heads and several seals."""
    clock = FixedClock(START)
    async with opened(url, clock=clock) as hub:
        await fill(hub, 8)
        await sealed_and_signed(hub)
        later(clock)
        await fill(hub, 12, first=8)
        await seal(hub.ledger)
        await sealed_and_signed(hub)
        await sealed_and_signed(hub)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a ledger that nobody touched."""
    folder = tmp_path_factory.mktemp("sealed")
    asyncio.run(ready(sqlite(folder)))
    return folder / "ledger.db"


@pytest.fixture
def url(made: Path, tmp_path: Path) -> str:
    """A copy of it."""
    copyfile(made, tmp_path / "ledger.db")
    return sqlite(tmp_path)


async def test_a_ledger_that_nobody_touched_is_sound_and_says_what_was_looked_at(store_url: str) -> None:
    await ready(store_url)

    found = await verified(store_url)

    last = rows(store_url, "SELECT max(last_position) FROM audit_seal")[0][0]
    assert (found.findings, found.events, found.position, found.contents, found.heads) == (0, last, last, 40, 2)
    assert found.head > 0


def flipped(state: bytes, place: int) -> bytes:
    """One bit of one byte turned, so that it stays text."""
    return state[:place] + bytes([state[place] ^ 1]) + state[place + 1 :]


@pytest.mark.parametrize("seed", range(12))
async def test_one_flipped_byte_names_that_event_and_no_other(url: str, seed: int) -> None:
    chance = random.Random(seed)
    position, state = chance.choice(
        rows(url, "SELECT notification_id, state FROM stored_events WHERE topic LIKE 're%'")
    )
    change(
        url,
        "UPDATE stored_events SET state = ? WHERE notification_id = ?",
        flipped(state, chance.randrange(len(state))),
        position,
    )

    found = await verified(url)

    first = found.told[0]
    assert {each.position for each in found.told} == {position}
    assert (first.kind, first.before.split()[0], first.after.split()[0]) == (
        "changed",
        str(position - 1),
        str(position + 1),
    )


ACTS: dict[str, tuple[str, tuple[Any, ...], str, int]] = {
    "topic": ("UPDATE stored_events SET topic = 'record.vanished.1' WHERE notification_id = 7", (), "changed", 7),
    "version": ("UPDATE stored_events SET originator_version = 9 WHERE notification_id = 7", (), "changed", 7),
    "stream": ("UPDATE stored_events SET originator_id = ? WHERE notification_id = 7", (b"x" * 16,), "changed", 7),
    "taken out": ("DELETE FROM stored_events WHERE notification_id = 7", (), "missing", 7),
    "put in": (
        "INSERT INTO stored_events SELECT 0, x'00', 1, topic, state FROM stored_events WHERE notification_id = 7",
        (),
        "inserted",
        0,
    ),
    "a number for bytes": (
        "UPDATE stored_events SET state = ? WHERE notification_id = 7",
        (9_000_000_000_000,),
        "changed",
        7,
    ),
    "text for bytes": ("UPDATE stored_events SET state = 'odd' WHERE notification_id = 7", (), "changed", 7),
}


@pytest.mark.parametrize("act", ACTS)
async def test_what_was_done_to_an_event_is_said(url: str, act: str) -> None:
    sql, values, kind, position = ACTS[act]
    change(url, sql, *values)

    found = await verified(url)

    assert (kind, position) in {(each.kind, each.position) for each in found.told}


async def test_events_that_changed_places_are_said_to_have_moved(url: str) -> None:
    for old, new in ((5, -5), (9, 5), (-5, 9)):
        change(url, "UPDATE stored_events SET notification_id = ? WHERE notification_id = ?", new, old)

    found = await verified(url)

    assert [(each.kind, each.position) for each in found.told[:2]] == [("moved", 5), ("moved", 9)]


@pytest.mark.parametrize("column", ["previous", "hash", "leaves"])
async def test_a_changed_seal_is_named_by_the_events_that_it_holds(url: str, column: str) -> None:
    first, last, value = rows(url, f"SELECT first_position, last_position, {column} FROM audit_seal")[1]
    change(url, f"UPDATE audit_seal SET {column} = ? WHERE first_position = ?", flipped(value, 3), first)

    found = await verified(url)

    assert found.told[0].kind == "seal"
    assert str(last) in found.told[0].words


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE audit_seal SET last_position = 4611686018427387904 WHERE first_position = 1",
        "UPDATE audit_seal SET leaves = NULL WHERE first_position = 1",
        "UPDATE audit_seal SET first_position = 'a' WHERE first_position = 1",
        "DELETE FROM audit_seal WHERE first_position = 1",
        "DELETE FROM audit_seal WHERE first_position > 1",
    ],
)
async def test_no_seal_is_so_broken_that_it_hides_itself_or_ends_the_verification(url: str, sql: str) -> None:
    change(url, sql)

    found = await verified(url)

    assert {each.kind for each in found.told} & {"seal", "head"}


async def test_whoever_seals_anew_is_found_out_by_the_signed_heads_and_by_a_noted_one(url: str) -> None:
    async with opened(url) as hub:
        position, newest = await last_seal(hub.ledger)
    noted = Anchor(position, newest.hex())
    change(url, f"{SPACED} = 3")
    change(url, "DELETE FROM audit_seal WHERE 1 = 1")

    found = await verified(url, anchors=[noted])

    assert [each.kind for each in found.told] == ["head", "head", "anchor"]


async def test_a_head_that_another_key_signed_proves_nothing(url: str) -> None:
    sql = "UPDATE stored_events SET state = CAST(replace(state, 'signature\":\"', 'signature\":\"00') AS BLOB)"
    change(url, f"{sql} WHERE topic = 'audit.head-signed.1'")

    found = await verified(url)

    assert {each.kind for each in found.told} == {"changed", "head"}


async def test_a_body_that_was_changed_taken_out_or_passed_off_as_redacted_is_named_with_its_event(url: str) -> None:
    names = [name for (name,) in rows(url, "SELECT sha256 FROM contents ORDER BY sha256")]
    change(url, "UPDATE contents SET body = CAST(body || ' ' AS BLOB) WHERE sha256 = ?", names[0])
    change(url, "DELETE FROM contents WHERE sha256 = ?", names[1])
    change(url, "UPDATE contents SET zipped = 2, body = x'7b7d' WHERE sha256 = ?", names[2])
    change(url, "UPDATE contents SET zipped = 1 WHERE sha256 = ?", names[3])

    found = await verified(url)

    told = {name.hex(): each for each in found.told for name in names if name.hex() in each.words}
    assert set(told) == {name.hex() for name in names[:4]}
    assert "not what its digest says" in told[names[0].hex()].words
    assert "taken out" in told[names[1].hex()].words
    assert "no event says so" in told[names[2].hex()].words
    assert all(told[names[at].hex()].topic for at in (0, 1, 3))


async def test_a_redaction_breaks_nothing_and_what_it_left_is_proved_too(url: str) -> None:
    clock = FixedClock(START)
    later(clock, 24 * 100)
    async with opened(url, clock=clock, rng=seeded_rng(9)) as hub:
        change(url, "UPDATE record_state SET state = 'synced', todo = 0, open = 0 WHERE 1 = 1")
        done = await redacted(hub, actor="cli:olga", before=clock.now(), fields=("workerName",))
    after = await verified(url)
    change(url, "UPDATE contents SET body = x'7b7d' WHERE zipped = 2")

    found = await verified(url)

    assert (done.redacted, after.findings) == (20, 0)
    assert found.findings == 20
    assert "not what its redaction left" in found.told[0].words


async def test_a_part_is_verified_from_the_seal_that_holds_its_first_event(url: str) -> None:
    change(url, f"{SPACED} = 3")
    change(url, f"{SPACED} = 50")

    found = await verified(url, start=40)

    assert {each.position for each in found.told} == {50}


async def test_two_that_seal_at_once_make_one_chain(store_url: str) -> None:
    async with opened(store_url) as one, opened(store_url) as other:
        await fill(one, 4)
        async with anyio.create_task_group() as tasks:
            for hub in (one, other, one, other):
                tasks.start_soon(seal, hub.ledger)
        await fill(other, 2, first=4)
        await seal(one.ledger, 14)
        await seal(other.ledger)

    chain = rows(store_url, "SELECT first_position, last_position FROM audit_seal ORDER BY first_position")
    assert [first for first, _ in chain[1:]] == [last + 1 for _, last in chain[:-1]]
    assert (await verified(store_url)).findings == 0


async def test_a_service_seals_and_signs_by_itself_what_is_stored(tmp_path: Path) -> None:
    url = sqlite(tmp_path)
    async with opened(url) as hub, anyio.create_task_group() as tasks:
        tasks.start_soon(sealer_of(hub).run)
        await fill(hub, 1)
        with anyio.fail_after(20):
            while "audit.head-signed.1" not in [row[3] for row in await hub.ledger.read(0, 100)]:
                await hub.ledger.wait(await hub.ledger.last_position(), timeout=0.1)
        tasks.cancel_scope.cancel()

    assert rows(url, "SELECT min(first_position) FROM audit_seal") == [(1,)]
    assert (await verified(url)).findings == 0


async def test_without_a_key_seals_go_on_and_it_is_said_why_no_head_is_signed(tmp_path: Path) -> None:
    async with opened(sqlite(tmp_path), key="") as hub:
        await fill(hub, 2)
        sealer = sealer_of(hub)

        position = await sealer.turn()

        assert position == 6
        assert "server.secret_key" in sealer.trouble
        assert rows(sqlite(tmp_path), "SELECT count(*) FROM stored_events WHERE topic LIKE 'audit.%'") == [(0,)]


async def test_an_idle_ledger_signs_nothing_however_often_it_is_asked(url: str) -> None:
    clock = FixedClock(START)
    async with opened(url, clock=clock) as hub:
        before = await hub.ledger.last_position()
        for _ in range(4):
            later(clock)
            await sealed_and_signed(hub)

        assert await hub.ledger.last_position() == before


async def test_a_sealed_position_never_gets_another_event(url: str) -> None:
    change(url, "DELETE FROM stored_events WHERE notification_id > 60")
    async with opened(url) as hub:
        await fill(hub, 5, first=900)

    assert not (await verified(url)).sound
