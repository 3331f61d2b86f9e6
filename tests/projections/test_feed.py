"""The hub knows how far it read, whom it joined, and how its last round went, from events alone."""

from datetime import timedelta
from typing import Any
from uuid import uuid5

import msgspec
import pytest

from domain.events import (
    Configured,
    DeadLettered,
    Event,
    FeedAdopted,
    FeedAdvanced,
    PairFingerprinted,
    RoundEnded,
)
from domain.values import LEDGER, digest
from projections.feed import FEEDS
from tests.ledger_story import CONNECTION, START
from tests.projections.folded import Tables


def head(version: int = 1, name: str = "purchaseOrders") -> dict[str, Any]:
    return {
        "originator_id": uuid5(LEDGER, name),
        "originator_version": version,
        "at": START + timedelta(minutes=version),
        "connection": CONNECTION,
        "correlation_id": "story",
        "causation_id": "step",
        "actor": "system",
    }


def advanced(position: int, version: int = 1, entity_set: str = "purchaseOrders") -> Event:
    return FeedAdvanced(entity_set=entity_set, position=position, **head(version, entity_set))


def adopted(*projects: str, version: int = 1) -> Event:
    return FeedAdopted(entity_set="projectTasks", projects=projects, **head(version, "projectTasks"))


PAIR = PairFingerprinted(
    kind="test",
    business_central_url="https://bc",
    business_central_company="c1",
    business_central_environment="sandbox",
    procore_url="https://procore",
    procore_company="4711",
    **head(name="connection"),
)
ROUND = RoundEnded(
    started=START,
    observed=3,
    delivered={"procore": 2, "business_central": 1},
    reads={"procore": 5},
    writes={"procore": 2},
    **head(2, "connection"),
)
FEED_EVENTS: list[Event] = [
    advanced(100),
    adopted("J1", "J2"),
    PAIR,
    Configured(content=digest("settings"), **head(3, "connection")),
    ROUND,
    DeadLettered(
        side="business_central",
        entity_set="vendors",
        source_id="x",
        reason='"id" of vendors is missing',
        content=digest("raw"),
        **head(1, "letter"),
    ),
]


def test_the_place_that_was_read_to_is_the_last_one() -> None:
    tables = Tables(FEEDS).take([advanced(100), advanced(250, 2), advanced(7, 1, "vendors")])

    assert [(row["entity_set"], row["read_to"], row["version"]) for row in tables.rows("feed")] == [
        ("purchaseOrders", 250, 2),
        ("vendors", 7, 1),
    ]


def test_a_project_that_was_read_whole_is_remembered_without_moving_the_place() -> None:
    feed = Tables(FEEDS).take([advanced(100, 1, "projectTasks"), adopted("J1", "J2", version=2)])

    assert [row["project"] for row in feed.rows("feed_project")] == ["J1", "J2"]
    assert (feed.row("feed")["read_to"], feed.row("feed")["version"]) == (100, 2)


def test_a_project_may_be_read_before_its_feed_was() -> None:
    feed = Tables(FEEDS).take([adopted("J1")])

    assert (feed.row("feed")["read_to"], feed.row("feed")["version"]) == (0, 1)


def test_reading_a_project_whole_twice_is_one_row() -> None:
    assert len(Tables(FEEDS).take([adopted("J1"), adopted("J1", version=2)]).rows("feed_project")) == 1


@pytest.mark.requirement("BX-15", "MA-06")
def test_the_pair_of_a_connection_is_remembered_with_the_day_of_its_first_contact() -> None:
    row = Tables(FEEDS).take([PAIR]).row("pair")

    assert (row["kind"], row["business_central_company"], row["procore_company"]) == ("test", "c1", "4711")
    assert row["since"] == PAIR.at.isoformat()


def test_the_last_round_is_kept() -> None:
    row = Tables(FEEDS).take([ROUND]).row("round")

    assert (row["started"], row["finished"], row["observed"]) == (START.isoformat(), ROUND.at.isoformat(), 3)
    assert msgspec.json.decode(row["delivered"]) == {"business_central": 1, "procore": 2}
    assert msgspec.json.decode(row["calls"]) == {"reads": {"procore": 5}, "writes": {"procore": 2}}


@pytest.mark.requirement("DC-07")
@pytest.mark.parametrize("page", [2, 100])
def test_a_rebuild_gives_the_same_rows(page: int) -> None:
    events = [advanced(1, 1, "projectTasks"), adopted("J1", version=2), advanced(9, 3, "projectTasks"), *FEED_EVENTS]
    one_by_one, paged = Tables(FEEDS).take(events), Tables(FEEDS).take(events, page)

    for table in FEEDS.tables:
        assert paged.rows(table.name) == one_by_one.rows(table.name)
