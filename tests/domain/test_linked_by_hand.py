"""People join, cut and reset: the record says what happened, once, and nothing comes back by itself."""

from typing import Any

import pytest
from msgspec.structs import replace

from domain.decide import Bury, NeedsFacts, Park, Send, decide
from domain.delivery import Listing
from domain.endpoints import contracts, projects
from domain.events import (
    Adopted,
    Closed,
    Left,
    LinkageRefused,
    LinkRow,
    Observed,
    Reset,
    Tombstoned,
    Unlinked,
    Vanished,
)
from domain.flow import Flow, Known, Origin, Part, Plan
from domain.left_behind import left_by
from domain.record import Record
from domain.snapshot import restored, taken
from domain.values import BUSINESS_CENTRAL, PROCORE, Json, text
from tests.ledger_story import (
    CONNECTION,
    FLOW,
    LEFT,
    PROCORE_COMPANY,
    Command,
    Passage,
    Story,
    adopted,
    claimed,
    confirmed,
    cut_off,
    delayed,
    delivered,
    linkage_refused,
    linked,
    moment,
    observed,
    parked,
    requested,
    reset,
    settled,
    tombstoned,
    vanished,
)


def memory(story: Story) -> Any:
    return story.record.flow(FLOW)


# -- link --------------------------------------------------------------------------------------------


@pytest.mark.requirement("C-55")
def test_a_parked_record_that_is_joined_is_decided_anew_and_knows_its_counterpart() -> None:
    story = Story().given(observed(), parked()).when(adopted()).then(Adopted)

    assert story.state() == "pending"
    assert memory(story).status.todo
    assert memory(story).target_id("header") == "900"
    assert memory(story).is_adopting("header")
    assert not memory(story).links


def test_a_link_that_is_said_twice_happens_once() -> None:
    story = Story().given(observed(), adopted()).when(adopted()).then()

    assert story.answers == [True]


@pytest.mark.parametrize("before", [requested(), linked(), *[delivered()]], ids=["under way", "joined", "made"])
def test_what_is_under_way_or_joined_is_not_joined_with_something_else(before: Command | tuple[Command, ...]) -> None:
    commands = before if isinstance(before, tuple) else (before,)
    story = Story().given(observed(), *commands).when(adopted(procore_id="901")).then()

    assert story.answers == [False]


def test_the_first_delivery_ends_the_adoption() -> None:
    story = Story().given(observed(), adopted(), requested(), claimed(), confirmed()).when()

    assert memory(story).target_id("header") == "900"
    assert not memory(story).is_adopting("header")


# -- unlink ------------------------------------------------------------------------------------------


@pytest.mark.requirement("ER-62", "BX-12")
def test_what_was_cut_has_no_counterpart_and_is_deleted() -> None:
    story = Story().given(observed(), *delivered(), linked(), settled()).when(cut_off()).then(Unlinked)

    assert story.state() == "deleted"
    assert not memory(story).links
    assert memory(story).target_id("header") == ""
    assert memory(story).closed


def test_nothing_is_cut_while_something_is_under_way() -> None:
    story = Story().given(observed(), linked(), requested()).when(cut_off()).then()

    assert story.answers == [False]


def test_a_refusal_is_told_and_changes_nothing() -> None:
    story = Story().given(observed(), *delivered(), linked(), settled())
    before = taken(story.record)
    story.when(linkage_refused(), linkage_refused("other words")).then(LinkageRefused, LinkageRefused)
    after = taken(story.record)

    assert story.state() == "synced"
    assert after.replace(b'"version":8', b'"version":6') == before


# -- reset -------------------------------------------------------------------------------------------


@pytest.mark.requirement("ER-44", "C-39")
def test_a_reset_forgets_everything_but_what_was_left() -> None:
    story = Story().given(observed(), *delivered(), linked(), settled()).when(reset()).then(Reset)

    assert story.state() == "pending"
    assert not memory(story).links
    assert not memory(story).parts
    assert memory(story).left == [LEFT]


def test_a_reset_withdraws_what_was_not_sent() -> None:
    story = Story().given(observed(), requested()).when(reset()).then(Closed, Reset)

    assert not memory(story).open


@pytest.mark.parametrize("under_way", [(claimed(),), (claimed(), delayed(unknown=True))], ids=["called", "lost"])
def test_nothing_is_reset_while_an_outcome_is_unknown(under_way: tuple[Command, ...]) -> None:
    story = Story().given(observed(), requested(), *under_way).when(reset()).then()

    assert story.answers == [False]


@pytest.mark.requirement("DC-07")
@pytest.mark.parametrize("end", [adopted(), cut_off(), reset(), tombstoned(closed=True)])
def test_a_snapshot_keeps_what_people_did(end: Command) -> None:
    story = Story().given(observed(), end)
    again = restored(story.record.id, CONNECTION, taken(story.record), {})

    assert taken(again) == taken(story.record)
    assert again.flow(FLOW) == story.record.flow(FLOW)


# -- what follows ------------------------------------------------------------------------------------

SOURCE: Json = {"id": "po-1", "number": "PO-1", "flag": True}
PROJECT = Known("synced", LinkRow("projects", "j1", "J1", "projects", "7"))


def made_up(**more: Any) -> Flow:
    flow = Flow(
        name=FLOW,
        kind="commitment",
        origin=Origin(
            number=lambda row: text(row, "number"),
            title=lambda _row: "",
            project=lambda _row: "",
            relevant=lambda row: row,
        ),
        counts=lambda row, _demanded: bool(row["flag"]),
        plan=lambda _subject: Plan(parts=[Part(name="header", endpoint="vendors", stage=0, body={"name": "a"})]),
    )
    return replace(flow, **more)


def passage(**more: Any) -> Passage:
    return Passage(made_up(**more), SOURCE, references={("project", "J1"): PROJECT})


@pytest.mark.requirement("BX-12")
def test_what_was_cut_is_not_decided_otherwise_however_its_source_changes() -> None:
    it = passage()
    it.record.unlink(FLOW, "Successful Unlinked", "", moment())
    it.sees({**SOURCE, "title": "changed"})

    assert it.record.flow(FLOW).status.todo
    assert it.decide() == Bury(closed=True)


@pytest.mark.requirement("BX-12", "PP-20")
@pytest.mark.parametrize(("stays", "comes_back"), [(True, False), (False, True)])
def test_a_carried_record_whose_deleted_source_is_seen_again_comes_back_only_by_a_person(
    *,
    stays: bool,
    comes_back: bool,
) -> None:
    it = passage(stays_deleted=stays)
    it.carry()
    it.record.vanish(BUSINESS_CENTRAL, "", moment())
    buried = it.decide()
    assert buried == Bury(closed=stays)
    it.record.tombstone(FLOW, moment(), closed=stays)
    it.sees({**SOURCE, "title": "seen again"})

    assert isinstance(it.decide(), Bury) is not comes_back


def test_a_record_that_was_never_carried_may_come_back() -> None:
    it = passage(stays_deleted=True)
    it.record.vanish(BUSINESS_CENTRAL, "", moment())

    assert it.decide() == Bury(closed=False)


@pytest.mark.requirement("ER-44")
def test_nothing_is_sent_while_what_a_reset_left_still_stands() -> None:
    it = passage()
    it.record.reset(FLOW, [LEFT, Left(PROCORE, "projects", "7")], "remove it", "", moment())
    held = {contracts("purchase_order_contracts", "7"): [{"id": 900}], projects(PROCORE_COMPANY): [{"id": 8}]}

    def decided(facts: dict[Listing, list[Json]]) -> Any:
        known = {("project", "J1"): PROJECT}
        return decide(it.flow, it.record, SOURCE, known, facts, it.context)

    assert isinstance(decided({}), NeedsFacts)
    stands = decided(held)
    assert isinstance(stands, Park)
    (wait,) = stands.waits
    assert wait.text.startswith("purchase order contracts 900 still stands in Procore since the record was reset; ")
    assert isinstance(decided({**held, contracts("purchase_order_contracts", "7"): []}), Send)


@pytest.mark.requirement("ER-44", "C-39")
def test_what_was_left_in_a_project_that_is_no_longer_the_records_own_holds_up_nothing() -> None:
    it = passage()
    it.record.reset(FLOW, [replace(LEFT, parent="6")], "remove it", "", moment())

    assert isinstance(it.decide(), Send)


@pytest.mark.requirement("C-03")
def test_a_project_that_belongs_to_the_parent_is_left_by_nobody() -> None:
    own = LinkRow("projects", "j1", "J1", "projects", "7")
    shared = replace(own, bc_id="j2", role="derived")
    order = LinkRow("changeOrders", "co-1", "CO1", "prime_change_orders", "55", "7")

    assert left_by([own, shared], PROCORE) == [Left(PROCORE, "projects", "7")]
    assert left_by([order], BUSINESS_CENTRAL) == [Left(BUSINESS_CENTRAL, "changeOrders", "co-1")]


def test_events_of_a_deleted_source_follow_each_other() -> None:
    Story().given(observed(), *delivered(), linked()).when(
        vanished(), tombstoned(closed=True), observed("v2"), tombstoned(closed=True)
    ).then(Vanished, Tombstoned, Observed, Tombstoned)
    assert Record.id_for(CONNECTION, "commitment", "po-1")
