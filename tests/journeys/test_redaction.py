"""Personal fields leave the store when they are old, and no decision, event or later round is worse for it."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.store import Ledger
from domain.events import ContentsRedacted
from hub.app import Hub
from hub.due import EVERYTHING
from hub.operations.plan import make_plan, plan_content, plan_row
from hub.operations.redact import Redacted, redacted
from hub.report import ExitStatus, Halted, Quiet
from hub.settings import Server
from hub.window import Window
from tests.journeys.harness import World, line
from tests.journeys.quick import quick
from tests.journeys.timecards import DAY, Site, site

pytestmark = pytest.mark.journey

FIELDS = Server.model_fields["personal_fields"].default
DAYS = timedelta(days=100)


async def redact(it: World, *, fields: Sequence[str] = FIELDS, dry_run: bool = False) -> Redacted:
    async with it.hub() as hub:
        before: datetime = hub.clock.now() - timedelta(days=90)
        return await redacted(hub, actor="cli:olga", before=before, fields=fields, dry_run=dry_run)


async def bodies(it: World) -> dict[str, bytes]:
    """Every content that events name."""
    async with it.hub() as hub:
        rows = await hub.ledger.read(0, 100_000)
        names = {name for *_, state in rows for name in _digests(state)}
        return await hub.ledger.contents(list(names))


def _digests(state: bytes) -> Iterator[str]:
    for part in state.decode().split('"'):
        if len(part) == 64 and all(letter in "0123456789abcdef" for letter in part):
            yield part


async def events(ledger: Ledger) -> list[tuple[Any, ...]]:
    return await ledger.read(0, 100_000)


async def worked(there: Site) -> int:
    """An entry of Anna that became a line, and one of a worker whom nobody knows."""
    there.worker("Zora", resource=False)
    sheet = there.sheet(DAY)
    there.entry(sheet, "Anna", "8.0")
    stuck = there.entry(sheet, "Zora", "4.0")
    await there.it.sync()
    return stuck


@quick
async def test_names_leave_what_is_finished_and_stay_where_they_are_needed(tmp_path: Path) -> None:
    async with site(tmp_path) as there:
        stuck = await worked(there)
        it = there.it
        assert await there.state(stuck) == "parked"
        async with it.hub() as hub:
            before = await events(hub.ledger)
        it.clock.skip(DAYS)

        tried = await redact(it, dry_run=True)
        done = await redact(it)

        assert (tried.redacted, done.redacted > 0) == (done.redacted, True)
        kept = b"".join((await bodies(it)).values())
        assert b"Anna Lund" not in kept
        assert b"Zora Lund" in kept
        assert done.in_use == 1
        async with it.hub() as hub:
            after = await events(hub.ledger)
        assert after[: len(before)] == before
        assert {row[3] for row in after[len(before) :]} == {ContentsRedacted.TOPIC}
        assert (await redact(it)).redacted == 0


@quick
async def test_rounds_after_a_redaction_write_what_they_would_have_written(tmp_path: Path) -> None:
    async with site(tmp_path) as there:
        stuck = await worked(there)
        it = there.it
        it.clock.skip(DAYS)
        await redact(it)
        places = it.places()

        assert (await it.sync(full=True)).status in {ExitStatus.DONE, ExitStatus.NEEDS_PERSON}
        assert it.written(places) == 0
        there.resource("Zora", procoreWorkerId=there.people["Zora"])
        await it.settle()

        assert await there.state(stuck) == "synced"
        assert sorted(row["resourceNumber"] for row in there.lines()) == ["R-ANNA", "R-ZORA"]


@quick
async def test_an_old_body_that_comes_back_is_whole_again_before_anything_is_decided_on_it(tmp_path: Path) -> None:
    async with site(tmp_path, flows={"vendor-to-company": {"create": True}}) as there:
        it = there.it
        old = {"email": "first@example.com"}
        vendor = it.insert("vendors", number="V9", displayName="Vendor V9", sendToProcore=True, **old)
        it.order("PO9", "JOB1", [line("01-100", "SITE", "M")], vendor="V9")
        await it.sync()
        it.update("vendors", {"id": vendor["id"]}, email="second@example.com")
        await it.sync()
        it.clock.skip(DAYS)
        await redact(it)
        kept = b"".join((await bodies(it)).values())
        assert b"first@example.com" not in kept
        assert b"second@example.com" in kept

        it.update("vendors", {"id": vendor["id"]}, **old)
        await it.settle()

        (company,) = it.procore.rows("vendors", origin_code="V9")
        assert company["email_address"] == "first@example.com"


@quick
async def test_what_is_younger_stays_whole(tmp_path: Path) -> None:
    async with site(tmp_path) as there:
        await worked(there)

        assert (await redact(there.it)).redacted == 0
        assert b"Anna Lund" in b"".join((await bodies(there.it)).values())


@quick
async def test_a_plan_is_whole_as_long_as_it_may_be_applied_and_then_loses_its_names(tmp_path: Path) -> None:
    async with site(tmp_path, flows={"vendor-to-company": {"create": True}}) as there:
        it = there.it
        it.insert("vendors", number="V9", displayName="V9", sendToProcore=True, email="planned@example.com")
        it.order("PO9", "JOB1", [line("01-100", "SITE", "M")], vendor="V9")
        async with it.hub() as hub:
            made = await make_plan(hub, "main", actor="cli:olga", progress=Quiet(), window=Window(), narrow=EVERYTHING)
            soon = hub.clock.now() + timedelta(seconds=1)
            first = await redacted(hub, actor="cli:olga", before=soon, fields=FIELDS)
            assert await whole(hub)
            it.clock.skip(DAYS)
            done = await redacted(hub, actor="cli:olga", before=soon, fields=FIELDS)
            assert not await whole(hub)
            plan = await plan_content(hub, await plan_row(hub, made.hash), to_show=True)
            with pytest.raises(Halted, match="make it anew"):
                await plan_content(hub, await plan_row(hub, made.hash))

    assert len(plan.writes) == len(made.plan.writes)
    assert first.in_use > done.in_use
    assert done.redacted > 0


async def whole(hub: Hub) -> bool:
    """The stored plan still names whom it would have written."""
    [(content,)] = await hub.ledger.rows("SELECT content FROM plan")
    return b"planned@example.com" in (await hub.ledger.contents([content]))[content]
