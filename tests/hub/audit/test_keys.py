"""Signing keys follow one from another, and the private half of an old one is gone."""

from pathlib import Path

import pytest

from adapters.ports import FixedClock
from hub.audit.keys import NotSigned
from hub.audit.parts import signing_keys
from tests.hub.audit.harness import fill, later, opened, rows, sealed_and_signed, sqlite, verified
from tests.ledger_story import START

pytestmark = pytest.mark.requirement("BX-08")


async def test_a_new_key_is_signed_by_the_old_one_which_is_then_forgotten_and_old_heads_stay_valid(
    tmp_path: Path,
) -> None:
    url, clock = sqlite(tmp_path), FixedClock(START)
    async with opened(url, clock=clock) as hub:
        keys = signing_keys(hub)
        assert await keys.rotate("cli:olga") == ""
        await fill(hub, 2)
        await sealed_and_signed(hub)
        old = (await keys.known())[0]

        new = await keys.rotate("cli:olga")

        later(clock)
        await fill(hub, 2, first=2)
        await sealed_and_signed(hub)
        await sealed_and_signed(hub)
        assert [name for name in await hub.vault.names() if name.startswith("audit")] == [f"audit key {new}"]
        made = (await keys.known())[1]
        assert (made.key, made.predecessor, made.actor) == (new, old.key, "cli:olga")
    found = await verified(url)
    assert (found.findings, found.heads) == (0, 2)
    assert "private" not in str(rows(url, "SELECT state FROM stored_events WHERE topic LIKE 'audit.key%'"))


async def test_a_key_that_the_old_one_did_not_sign_is_named(tmp_path: Path) -> None:
    url = sqlite(tmp_path)
    async with opened(url) as hub:
        await fill(hub, 1)
        await sealed_and_signed(hub)
        before = (await signing_keys(hub).known())[0]
        forged = before.__class__(
            **{**{name: getattr(before, name) for name in before.__struct_fields__}, "originator_version": 2}
        )
        await hub.ledger.append([forged])

    found = await verified(url)

    assert [(each.kind, "does not follow" in each.words) for each in found.told] == [("key", True)]


async def test_a_key_that_can_not_be_opened_signs_nothing_and_says_so(tmp_path: Path) -> None:
    async with opened(sqlite(tmp_path)) as hub:
        await fill(hub, 1)
        await sealed_and_signed(hub)
    async with opened(sqlite(tmp_path), key="o" * 43) as hub:
        with pytest.raises(NotSigned, match=r"server\.secret_key"):
            await signing_keys(hub).signer("system")
