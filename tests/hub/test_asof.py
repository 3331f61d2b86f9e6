"""What `asof` means: one position of the ledger, the same on every day that it is asked."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid5

import pytest

from adapters.ports import FixedClock
from adapters.store import Ledger, Registry, ThreadPool, open_ledger
from domain.errors import WrongInput
from domain.events import EVENTS, Configured
from domain.values import LEDGER, digest
from hub.asof import position_at
from hub.projector import Projector
from projections.event_log import EVENT_LOGS

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTES = (0, 0, 5, 3, 10)
"""When the five events of a ledger happened: the fourth was signed before the third, and stored after it."""


@asynccontextmanager
async def five(url: str, clock: FixedClock | None = None) -> AsyncGenerator[Ledger]:
    at = clock or FixedClock(NOON + timedelta(hours=1))
    async with open_ledger(url, events=Registry(EVENTS), clock=at, threads=ThreadPool()) as ledger:
        await ledger.append([event(version, minutes) for version, minutes in enumerate(MINUTES, 1)])
        await Projector(ledger, [EVENT_LOGS]).catch_up()
        yield ledger


def event(version: int, minutes: int) -> Configured:
    return Configured(
        originator_id=uuid5(LEDGER, "asof"),
        originator_version=version,
        at=NOON + timedelta(minutes=minutes),
        connection="main",
        correlation_id="story",
        causation_id="story",
        actor="system",
        content=digest(version),
    )


WORDS = [
    ("", 5),
    ("0", 0),
    ("3", 3),
    (4, 4),
    ("5", 5),
    ("2026-03-02T11:59:59Z", 0),
    ("2026-03-02T12:00:00Z", 2),
    ("2026-03-02T12:04:59.999999Z", 2),
    ("2026-03-02T12:05:00Z", 4),
    ("2026-03-02T13:05:00+01:00", 4),
    ("2026-03-02T12:10:00Z", 5),
    ("2026-03-02T13:00:00Z", 5),
]


@pytest.mark.requirement("BX-05")
async def test_a_position_means_itself_and_an_instant_the_position_before_all_that_is_later() -> None:
    async with five("sqlite:///:memory:") as ledger:
        assert [(asof, await position_at(ledger, asof)) for asof, _ in WORDS] == WORDS


@pytest.mark.postgres
@pytest.mark.requirement("BX-05")
async def test_postgresql_answers_the_same(postgres_url: str) -> None:
    async with five(postgres_url) as ledger:
        assert [(asof, await position_at(ledger, asof)) for asof, _ in WORDS] == WORDS


REFUSED = [
    ("-1", "Positions begin at 0"),
    (-7, "Positions begin at 0"),
    ("6", "yet to come"),
    ("9" * 30, "yet to come"),
    ("2026-03-02T13:00:01Z", "yet to come"),
    ("2026-03-02T12:00:00", "neither a position nor an instant"),
    ("yesterday", "neither a position nor an instant"),
    ("-", "neither a position nor an instant"),
    ("0001-01-01T00:00:00+23:59", "neither a position nor an instant"),
]


@pytest.mark.requirement("BX-05")
async def test_what_means_no_position_is_refused_with_the_name_that_it_was_asked_by() -> None:
    async with five("sqlite:///:memory:") as ledger:
        for asof, words in REFUSED:
            with pytest.raises(WrongInput, match=words) as told:
                await position_at(ledger, asof, "since")
            assert told.value.field == "since"


@pytest.mark.requirement("BX-05")
async def test_an_instant_means_the_same_when_more_has_happened() -> None:
    clock = FixedClock(NOON + timedelta(hours=1))
    async with five("sqlite:///:memory:", clock) as ledger:
        instants = [NOON + timedelta(minutes=minutes) for minutes in range(-1, 12)]
        before = [await position_at(ledger, each.isoformat()) for each in instants]
        await ledger.append([event(version, 4 + version) for version in range(6, 40)])
        await Projector(ledger, [EVENT_LOGS]).catch_up()

        later = [await position_at(ledger, each.isoformat()) for each in instants]
        assert [min(each, 5) for each in later] == before == sorted(before)
        assert later[:10] == before[:10]
