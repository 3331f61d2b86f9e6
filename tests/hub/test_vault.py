"""Secrets at rest: encrypted, under keys that can change, and nowhere else."""

import base64
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from adapters.ports import FixedClock, seeded_rng
from adapters.store import Ledger, Registry, Statement, ThreadPool, open_ledger
from domain.errors import Misconfigured, SiteLedgerError
from domain.events import EVENTS
from hub.keyring import Keyring, keyring_of, new_key
from hub.vault import Vault

OLD, NEW = "o" * 40, "n" * 40


async def text_of(kept: Vault, name: str) -> str:
    found = await kept.get(name)
    assert found is not None
    return found.get_secret_value()


@asynccontextmanager
async def ledger_at(url: str) -> AsyncGenerator[Ledger]:
    clock = FixedClock(datetime(2026, 1, 5, tzinfo=UTC))
    async with open_ledger(url, events=Registry(EVENTS), clock=clock, threads=ThreadPool()) as ledger:
        yield ledger


def vault(ledger: Ledger, keys: str) -> Vault:
    return Vault(ledger, ledger.clock, lambda: Keyring(keys))


async def test_a_secret_comes_back_and_is_nowhere_in_the_store(store_url: str) -> None:
    async with ledger_at(store_url) as ledger:
        await vault(ledger, OLD).put("webhook", "first-planted")
        await vault(ledger, OLD).put("webhook", "planted-secret")

        found = await vault(ledger, OLD).get("webhook")
        assert found is not None
        assert found.get_secret_value() == "planted-secret"
        assert "planted" not in repr(found)
        ((stored,),) = await ledger.rows("SELECT ciphertext FROM secret")
        assert b"planted" not in stored
        assert b"planted" not in base64.urlsafe_b64decode(stored)


async def test_a_secret_that_is_not_there_is_none_and_deleting_it_twice_is_once() -> None:
    async with ledger_at("sqlite:///:memory:") as ledger:
        kept = vault(ledger, OLD)
        await kept.put("a", "b")
        for _ in range(2):
            await kept.delete("a")

        assert await kept.get("a") is None
        assert await kept.names() == {}


async def test_a_rotation_moves_everything_and_old_keys_still_read_what_is_left(store_url: str) -> None:
    async with ledger_at(store_url) as ledger:
        for count in range(5):
            await vault(ledger, OLD).put(f"s{count}", f"secret {count}")
        both = vault(ledger, f"{NEW}\n{OLD}\n")
        assert [await both._moved("s0"), await both._moved("s1")] == [1, 1]  # killed here

        assert [await text_of(both, f"s{count}") for count in range(5)] == [f"secret {count}" for count in range(5)]
        assert await both.rotate() == 3
        assert await both.rotate() == 0
        assert await text_of(vault(ledger, NEW), "s4") == "secret 4"


async def test_a_secret_that_is_changed_while_it_is_moved_keeps_the_change() -> None:
    async with ledger_at("sqlite:///:memory:") as ledger:
        await vault(ledger, OLD).put("a", "old")
        both = vault(ledger, f"{NEW},{OLD}")

        rows = ledger.rows

        async def then_changed(sql: str, params: tuple[str, ...] = ()) -> list[tuple[object, ...]]:
            found = await rows(sql, params)
            if "ciphertext" in sql:
                await both.put("a", "newer")
            return found

        ledger.rows = then_changed  # type: ignore[method-assign]
        moved = await both._moved("a")
        ledger.rows = rows  # type: ignore[method-assign]

        assert moved == 0
        assert await text_of(both, "a") == "newer"


async def test_a_key_that_is_missing_is_named_and_a_changed_secret_is_no_secret() -> None:
    async with ledger_at("sqlite:///:memory:") as ledger:
        await vault(ledger, OLD).put("a", "planted-secret")
        with pytest.raises(Misconfigured, match=Keyring(OLD).ids[0]) as caught:
            await vault(ledger, NEW).get("a")
        assert OLD not in str(caught.value)

        await ledger.change([Statement("UPDATE secret SET ciphertext = ?", ((b"x" * 40,),))])
        with pytest.raises(Misconfigured, match="was changed"):
            await vault(ledger, OLD).get("a")


async def test_a_secret_in_the_place_of_another_is_refused() -> None:
    async with ledger_at("sqlite:///:memory:") as ledger:
        kept = vault(ledger, OLD)
        await kept.put("a", "one")
        await ledger.change([Statement("UPDATE secret SET name = 'b'")])

        with pytest.raises(SiteLedgerError, match='holds what belongs to "a"'):
            await kept.get("b")


@pytest.mark.parametrize("text", ["short", f"{OLD},short", "", " \n"])
def test_a_key_that_could_be_guessed_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(Misconfigured, match=r"server\.secret_key") as caught:
        Keyring(text)

    assert "short" not in str(caught.value).replace("too short", "")


def test_without_a_key_the_mend_is_said() -> None:
    with pytest.raises(Misconfigured, match="siteledger init"):
        keyring_of(None)


def test_keys_have_names_that_tell_nothing_and_stay_the_same() -> None:
    chance = seeded_rng(1)
    keys = [new_key(chance) for _ in range(3)]

    assert Keyring("\n".join(keys)).ids == tuple(Keyring(key).ids[0] for key in keys)
    assert len(set(Keyring(",".join(keys)).ids)) == 3
    assert not any(Keyring(key).ids[0] in key for key in keys)
