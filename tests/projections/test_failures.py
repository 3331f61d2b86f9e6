"""Failures are grouped by cause as they happen: counts, projects, first and last sight, whatever order they come in."""

from collections import Counter
from collections.abc import Sequence
from random import Random
from uuid import UUID

import msgspec
import pytest

from domain.events import Event
from domain.record import Record
from projections.record_state import RECORD_STATES
from tests.ledger_story import (
    CONNECTION,
    FLOW,
    Command,
    Story,
    claimed,
    confirmed,
    conflicting,
    delayed,
    excluded,
    moment,
    observed,
    parked,
    refused,
    rejected,
    replayed,
    requested,
    retried,
    settled,
    sight,
    skipped,
    tombstoned,
    vanished,
)
from tests.projections.folded import Tables, folded

REFUSED = (observed(), requested(), claimed(), refused(message="Vendor V1 is inactive"))
CODE = "PROCORE_HEADER_VENDOR_IS_INACTIVE"


def tables(*commands: Command) -> Tables:
    return folded(RECORD_STATES, *commands)


@pytest.mark.requirement("BX-21")
def test_a_refusal_is_a_failure_and_a_group_of_one() -> None:
    found = tables(*REFUSED)

    failure, group = found.row("failure"), found.row("failure_group")
    assert {name: failure[name] for name in ("flow", "connection", "cause", "state", "number", "project", "text")} == {
        "flow": FLOW,
        "connection": CONNECTION,
        "cause": CODE,
        "state": "dead",
        "number": "PO-1",
        "project": "J1",
        "text": "Vendor V1 is inactive",
    }
    assert (group["cause"], group["records"], group["jobs"]) == (CODE, 1, 1)
    assert group["first_seen"] == group["last_seen"] == moment(3).at.isoformat()
    assert (group["helps"], group["acts"]) == ("after_mend", "Procore admin")
    assert found.row("failure_job")["records"] == 1


@pytest.mark.requirement("BX-21")
@pytest.mark.parametrize(
    "act",
    [retried(), replayed(), skipped(), observed("v2"), vanished()],
    ids=["retried", "replayed", "skipped", "changed", "gone"],
)
def test_a_record_that_goes_on_is_counted_no_more_and_the_group_remembers(act: Command) -> None:
    found = tables(*REFUSED, act)

    assert found.rows("failure") == []
    assert found.rows("failure_job") == []
    group = found.row("failure_group")
    assert (group["records"], group["jobs"], group["text"]) == (0, 0, "Vendor V1 is inactive")


@pytest.mark.requirement("BX-21")
def test_a_cause_that_comes_back_begins_anew() -> None:
    found = tables(*REFUSED, observed("v2"), *REFUSED[1:])

    group = found.row("failure_group")
    assert group["records"] == 1
    assert group["first_seen"] == group["last_seen"] == moment(7).at.isoformat()


@pytest.mark.requirement("BX-21", "DC-09")
@pytest.mark.parametrize(
    ("commands", "cause", "state"),
    [
        ((rejected("Job No.", "Cost Type"),), "PP-24", "rejected"),
        ((conflicting("number is taken"),), "CONFLICT_NUMBER_IS_TAKEN", "conflict"),
        ((parked(),), "WAITING_FOR_VENDOR", "parked"),
        ((requested(), claimed(), delayed()), "PROCORE_NO_ANSWER", "failed"),
    ],
)
def test_every_state_that_does_not_go_on_has_its_cause(commands: tuple[Command, ...], cause: str, state: str) -> None:
    found = tables(observed(), *commands)

    assert (found.row("failure")["cause"], found.row("failure")["state"]) == (cause, state)
    assert (found.row("failure_group")["cause"], found.row("failure_group")["records"]) == (cause, 1)


@pytest.mark.parametrize("quiet", [(excluded(),), (settled(),), (vanished(), tombstoned()), (requested(), claimed())])
def test_what_is_settled_or_under_way_is_no_failure(quiet: tuple[Command, ...]) -> None:
    assert tables(observed(), *quiet).rows("failure") == []


@pytest.mark.requirement("BX-21")
def test_a_part_that_is_refused_while_others_are_under_way_counts_when_the_last_one_ends() -> None:
    parts = (
        requested("a"),
        requested("b", "line:1"),
        claimed(),
        claimed("line:1"),
        refused("line:1", "unit is unknown"),
    )
    busy = tables(observed(), *parts)
    assert busy.rows("failure") == []

    found = tables(observed(), *parts, confirmed())

    failure = found.row("failure")
    assert failure["cause"] == "PROCORE_LINE_UNIT_IS_UNKNOWN"
    assert "unit is unknown" in failure["text"]
    assert found.row("failure_group")["records"] == 1


@pytest.mark.requirement("BX-21")
def test_a_second_delay_is_the_same_failure_seen_again() -> None:
    found = tables(observed(), requested(), claimed(), delayed(), claimed(), delayed())

    group = found.row("failure_group")
    assert (group["records"], group["last_seen"]) == (1, moment(5).at.isoformat())


def many(seed: int, records: int = 40, turns: int = 300) -> Sequence[Event]:
    """What happens to many records of a few projects, whatever that may be."""
    rng = Random(seed)
    stories = [
        Story(
            Record(
                Record.id_for(CONNECTION if n % 5 else "other", "commitment", f"po-{n}"), "main" if n % 5 else "other"
            )
        )
        for n in range(records)
    ]
    told: list[Event] = []
    for turn in range(turns):
        story = rng.choice(stories)
        record = story.record
        busy = "header" in record.flow(FLOW).open
        acts: list[Command] = [
            retried(),
            skipped(),
            replayed(),
            *([claimed(), confirmed(), refused(), delayed()] * busy),
        ]
        if not busy:
            acts += [
                rejected(rng.choice(("Job No.", "Cost Type"))),
                conflicting(),
                parked(),
                requested(str(turn)),
                settled(),
            ]
        if not record.version or rng.random() < 0.3:
            project = rng.choice(("J1", "J2", "J3", ""))
            acts = [lambda it, when: it.observe(msgspec.structs.replace(sight(str(turn)), project=project), when)]  # noqa: B023
        story.when(rng.choice(acts))
        told.extend(story.events)
    return told


@pytest.mark.requirement("BX-21")
@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("page", [1, 7, 1000])
def test_groups_always_count_what_fails_now_however_the_events_are_cut_into_pages(seed: int, page: int) -> None:
    found = Tables(RECORD_STATES).take(many(seed), page)

    failures = found.rows("failure")
    states = {(row["record"], row["flow"]): row for row in found.rows("record_state")}
    assert failures
    for failure in failures:
        state = states[failure["record"], failure["flow"]]
        assert all(failure[name] == state[name] for name in ("state", "cause", "project", "since", "connection"))
    failing = {"dead", "rejected", "conflict", "failed", "parked"}
    assert len(failures) == sum(row["state"] in failing for row in states.values())
    groups = found.rows("failure_group")
    assert {(row["connection"], row["cause"]): row["records"] for row in groups if row["records"]} == Counter(
        (row["connection"], row["cause"]) for row in failures
    )
    jobs = {(row["connection"], row["cause"], row["project"]) for row in failures if row["project"]}
    assert {(row["connection"], row["cause"]): row["jobs"] for row in groups if row["jobs"]} == Counter(
        job[:2] for job in jobs
    )
    assert {
        (row["connection"], row["cause"], row["project"]): row["records"] for row in found.rows("failure_job")
    } == Counter((row["connection"], row["cause"], row["project"]) for row in failures)


@pytest.mark.requirement("BX-21")
def test_five_hundred_failures_of_three_causes_are_three_rows() -> None:
    told: list[Event] = []
    for number in range(500):
        story = Story(Record(UUID(int=number + 1), CONNECTION))
        words = (f"Vendor V{number} is inactive", f"wbs_code_id: {number} is invalid", f"The budget {number} is locked")
        story.when(observed(), requested(), claimed(), refused(message=words[number % 3]))
        told.extend(story.events)
    found = Tables(RECORD_STATES).take(told, 200)

    assert sorted(row["records"] for row in found.rows("failure_group")) == [166, 167, 167]
