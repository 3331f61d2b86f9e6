"""What the tables of the past and of today say together of any position is what the tables said at that position."""

from collections.abc import Callable, Iterable, Sequence
from random import Random
from uuid import UUID

import pytest
from msgspec.structs import replace

from domain.events import DriftLooked, Event, LinkRow
from domain.record import Record
from domain.values import digest
from projections.approval import APPROVALS, BOTH
from projections.batch import BATCHES
from projections.batch import BOTH as BATCH_TABLES
from projections.cross_reference import CROSS_REFERENCE, CROSS_REFERENCES
from projections.drift import DRIFTS, FIELDS, LOOKS
from projections.history import LINK_HISTORY, RECORD_HISTORY, STATE_HISTORY
from projections.projection import Projection, Row, Table
from projections.record_state import RECORD, RECORD_STATE, RECORD_STATES
from tests.ledger_story import (
    CHANGED_THERE,
    CONNECTION,
    FLOW,
    START,
    Command,
    Story,
    accepted,
    adopted,
    agreed,
    asked,
    claimed,
    confirmed,
    conflicting,
    cut_off,
    declined,
    delayed,
    delivered,
    drifted,
    excluded,
    linkage_refused,
    linked,
    observed,
    parked,
    refused,
    rejected,
    requested,
    reset,
    resolved,
    retried,
    settled,
    skipped,
    stirred,
    tombstoned,
    vanished,
)
from tests.projections.folded import Tables, folded, told
from tests.projections.test_batch import worked

pytestmark = pytest.mark.requirement("BX-05")

LINE = LinkRow("purchaseOrderLines", "l-1", "PO-1|10000", "purchase_order_contracts.line_items", "901", "900")

ANY_TIME: tuple[Command, ...] = (
    observed("v1"),
    observed("v2", number="PO-1A"),
    vanished(),
    parked("V1"),
    parked("V2", "V3"),
    rejected(),
    excluded(),
    conflicting(),
    tombstoned(),
    settled(),
    stirred(),
    retried(),
    skipped(),
    requested("a"),
    requested("b", "line"),
    asked("v1"),
    linked(),
    linked("77"),
    lambda record, when: record.link(FLOW, [LINE], when),
    adopted(),
    adopted("", "78"),
    cut_off(),
    reset(),
    linkage_refused(),
)
UNDER_WAY: tuple[Command, ...] = (claimed(), confirmed(), delayed(), delayed(unknown=True), refused())
ASKED: tuple[Command, ...] = (accepted(), declined())

PAIRS: tuple[tuple[Table, Table], ...] = (
    BOTH,
    (RECORD, RECORD_HISTORY),
    (RECORD_STATE, STATE_HISTORY),
    (CROSS_REFERENCE, LINK_HISTORY),
)


def life(seed: int, steps: int = 60) -> Sequence[Event]:
    """A record to which anything happens that may happen."""
    chance = Random(seed)
    story = Story(Record(Record.id_for(CONNECTION, "commitment", f"po-{seed}"), CONNECTION))
    happened: list[Event] = list(told(observed(), story=story))
    for _ in range(steps):
        memory = story.record.flow(FLOW)
        may = [*ANY_TIME, *(UNDER_WAY * 4 if "header" in memory.open else ()), *(ASKED if memory.approval else ())]
        happened += told(chance.choice(may), story=story)
    return happened


def tables(happened: Sequence[Event], page: int) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for projection in (RECORD_STATES, CROSS_REFERENCES, APPROVALS):
        it = Tables(projection).take(happened, page)
        found |= {table.name: it.rows(table.name) for table in projection.tables}
    return found


def shown(rows: Iterable[Row], table: Table) -> list[Row]:
    """Rows with the columns that the past keeps, too."""
    names = [name for name in table.names if name not in {"valid_from", "valid_until"}]
    return sorted(({name: row[name] for name in names} for row in rows), key=repr)


@pytest.mark.parametrize("seed", range(6))
def test_every_position_is_told_as_it_was(seed: int) -> None:
    happened = life(seed)
    at_the_end = tables(happened, page=7)

    for position in range(len(happened) + 1):
        then = tables(happened[:position], page=1)
        for today, past in PAIRS:
            began = "position" if today is RECORD else "valid_from"
            rows = [row for row in at_the_end[today.name] if row[began] <= position]
            rows += [row for row in at_the_end[past.name] if row["valid_from"] <= position < row["valid_until"]]
            assert shown(rows, past) == shown(then[today.name], past), (today.name, position)


@pytest.mark.parametrize("seed", range(6))
def test_the_size_of_a_page_makes_no_difference(seed: int) -> None:
    happened = life(seed)

    assert tables(happened, page=1) == tables(happened, page=5) == tables(happened, page=1000)


def test_what_says_the_same_again_adds_no_row() -> None:
    rows = folded(RECORD_STATES, observed(), parked("V1"), observed("v2"), parked("V1"))
    same = folded(RECORD_STATES, observed(), requested("a"), requested("b", "line"), claimed(), claimed("line"))

    assert [row["state"] for row in rows.rows(STATE_HISTORY.name)] == ["pending", "parked", "pending"]
    assert [row["state"] for row in same.rows(STATE_HISTORY.name)] == ["pending"]
    assert rows.row(RECORD_STATE.name)["valid_from"] == 4


def test_a_pair_that_is_joined_again_alike_adds_no_row_and_one_that_is_cut_is_kept() -> None:
    alike = folded(CROSS_REFERENCES, observed(), linked(), reset(), linked())

    assert [(row["valid_from"], row["valid_until"]) for row in alike.rows(LINK_HISTORY.name)] == [(2, 3)]
    assert alike.row(CROSS_REFERENCE.name)["valid_from"] == 4


def looked(version: int, found: int) -> Event:
    """Somebody looked over the whole connection."""
    return DriftLooked(
        originator_id=UUID(int=9),
        originator_version=version,
        at=START,
        connection=CONNECTION,
        correlation_id="look",
        causation_id="look",
        actor="system",
        flow="",
        project="",
        marked=False,
        records=3,
        rows=10,
        reads=2,
        found=found,
        settled=0,
        marks=(),
        unread=(),
    )


def changes_there() -> list[Event]:
    """Drift that is found, changes, is settled in both ways, comes back, and is cut with its record."""
    other = replace(CHANGED_THERE, field="description", there="By the site")
    again = replace(CHANGED_THERE, there="Cement, level 4", target=digest("Cement, level 4"))
    commands: tuple[Command, ...] = (
        *(observed(), *delivered(), drifted(), drifted(again, other), agreed(), drifted()),
        *(resolved("keep-target"), drifted(again), resolved(), drifted(), cut_off()),
    )
    story = Story(Record(UUID(int=1), CONNECTION))
    return [looked(1, 0), *told(*commands, story=story), looked(2, 1)]


HISTORIES = (
    (DRIFTS, (FIELDS, LOOKS), changes_there),
    (BATCHES, (BATCH_TABLES,), worked),
)


@pytest.mark.parametrize(("projection", "pairs", "story"), HISTORIES, ids=["drift", "batch"])
@pytest.mark.parametrize("page", [1, 4, 100])
def test_what_was_found_and_how_far_a_batch_was_is_told_of_every_position(
    projection: Projection, pairs: Sequence[tuple[Table, Table]], story: Callable[[], list[Event]], page: int
) -> None:
    happened = story()
    at_the_end = Tables(projection).take(happened, page)

    for position in range(len(happened) + 1):
        then = Tables(projection).take(happened[:position])
        for today, past in pairs:
            rows = [row for row in at_the_end.rows(today.name) if row["valid_from"] <= position]
            rows += [row for row in at_the_end.rows(past.name) if row["valid_from"] <= position < row["valid_until"]]
            assert shown(rows, past) == shown(then.rows(today.name), past), (today.name, position)
    assert len(at_the_end.rows(pairs[0][1].name)) > 1
