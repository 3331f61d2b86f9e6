"""One procedure decides for every flow: each question in its order, each answer the same for the same facts."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from domain.consulted import Remembering
from domain.decide import (
    FLAG_OFF,
    PROJECT_DELETED,
    PROJECT_FLAG_OFF,
    Bury,
    Clash,
    Exclude,
    Ignore,
    NeedsFacts,
    NeedsKnown,
    Park,
    Reject,
    Send,
    Settle,
    Stuck,
    body_of,
    decide,
)
from domain.delivery import Listing
from domain.events import LinkRow, Violation, Wait
from domain.flow import NOBODY, Context, Flow, Known, Origin, Part, Plan, Reference, Subject
from domain.values import BUSINESS_CENTRAL, PROCORE, Json, digest, text
from tests.ledger_story import Passage, known, moment, unlinked

LIST = Listing("vendors", PROCORE, "/rest/v1.0/vendors")
SOURCE: Json = {"id": "s1", "number": "S1", "flag": True}
HEADER = Part(name="header", endpoint="vendors", stage=0, body={"name": "a"})
LINE = Part(name="line:1", endpoint="vendors", stage=1, body={"name": "b"})
BACK = Part(name="back", endpoint="bc.vendors", stage=2, body={"procoreVendorId": 9})
PAIR = LinkRow("vendors", "s1", "S1", "vendors", "9001")


def flow(
    plan: Plan | None = None,
    *,
    asks: Sequence[Reference] = (),
    lists: Sequence[Listing] = (),
    excluded: str = "",
    violations: Sequence[Violation] = (),
) -> Flow:
    def rule(_source: Json, _context: Context) -> Iterable[Violation]:
        return violations

    return Flow(
        name="made-up",
        kind="thing",
        origin=Origin(
            number=lambda row: text(row, "number"),
            title=lambda _row: "",
            project=lambda _row: "",
            relevant=lambda row: row,
        ),
        counts=lambda row, demanded: bool(row["flag"]) or demanded,
        excludes=lambda _source, _context: excluded,
        rules=(rule, rule),
        references=lambda _source, _context: asks,
        listings=lambda _subject: lists,
        plan=lambda _subject: plan or Plan(parts=[HEADER]),
    )


def passage(made: Flow, references: Mapping[tuple[str, str], Known] | None = None, **more: Any) -> Passage:
    return Passage(made, SOURCE, references=references, **more)


VENDOR = Reference(kind="vendor", key="V1", text="waiting for vendor V1")
PROJECT = Reference(kind="project", key="J1", text="waiting for project J1")
CODE = Reference(kind="budget_code", key="J1|A", text="waiting for budget code A", content={"code": "A"})


@pytest.mark.requirement("BX-10")
def test_a_decision_looks_at_the_records_that_its_own_record_names_and_at_no_other_of_its_page() -> None:
    made = flow(asks=[VENDOR])
    strangers = {("project", f"J{number}"): known("projects", str(number)) for number in range(1000)}
    page = Remembering({("vendor", "V1"): known("vendors", "7"), **strangers})
    one = passage(made)
    decision = decide(made, one.record, SOURCE, page, {}, one.context)

    assert isinstance(decision, Send)
    assert list(page.asked) == [("vendor", "V1")]


# -- the order of the questions --------------------------------------------------------------------


@pytest.mark.requirement("PP-20", "C-59")
def test_a_removed_source_is_buried_before_anything_else_is_asked() -> None:
    gone = passage(flow(excluded="blocked"))
    gone.record.vanish(BUSINESS_CENTRAL, "", moment())

    assert isinstance(gone.decide(), Bury)


@pytest.mark.requirement("C-59")
def test_a_synced_order_that_was_replaced_by_its_posted_invoice_stays_synced() -> None:
    done = passage(flow())
    done.carry()
    done.record.vanish(BUSINESS_CENTRAL, "PI-1", moment())

    assert done.decide() == Settle()


RELEASED = Part(name="header", endpoint="vendors", stage=0, body={"status": "Released"})


def posted(plan: Plan, **more: Any) -> Passage:
    """An order that was carried as far as its header, and then became an invoice."""
    made = replace(flow(plan, **more), afterlife=lambda row: {**row, "status": "Released"})
    gone = passage(made)
    gone.record.vanish(BUSINESS_CENTRAL, "PI-1", moment())
    return gone


@pytest.mark.requirement("C-59", "PP-36")
def test_a_source_that_became_something_else_is_carried_to_its_end_and_nothing_is_written_back() -> None:
    gone = posted(Plan(parts=[RELEASED, BACK], links=lambda _memory: [PAIR]))

    assert gone.carry_all() == [["header"]]
    assert gone.decide() == Settle([PAIR], ())


def test_the_plan_sees_the_source_as_it_must_have_been_when_it_became_something_else() -> None:
    def plan(subject: Subject) -> Plan:
        return Plan(parts=[Part(name="status", endpoint="vendors", stage=0, body={"is": subject.source["status"]})])

    gone = posted(Plan())
    gone.flow = replace(gone.flow, plan=plan)

    assert gone.sends()[0].body == {"is": "Released"}


def test_what_nobody_can_mend_any_more_is_buried() -> None:
    gone = posted(Plan(parts=[HEADER]), violations=[Violation("PP-24", "Job No.", "missing")])

    assert gone.decide() == Bury()


def test_a_refusal_is_tried_once_more_when_the_source_became_something_else() -> None:
    dead = passage(replace(flow(Plan(parts=[HEADER])), afterlife=lambda row: row))
    dead.refuse("Name is taken")
    dead.record.vanish(BUSINESS_CENTRAL, "PI-1", moment())

    assert dead.sends() == [HEADER]


def test_an_order_that_never_was_in_procore_is_buried_even_if_something_replaced_it() -> None:
    gone = passage(flow())
    gone.record.vanish(BUSINESS_CENTRAL, "PI-1", moment())

    assert isinstance(gone.decide(), Bury)


def test_a_record_without_flag_that_never_took_part_is_ignored() -> None:
    assert isinstance(Passage(flow(), {**SOURCE, "flag": False}).decide(), Ignore)


@pytest.mark.requirement("PP-07")
def test_a_record_whose_flag_is_turned_off_is_excluded() -> None:
    known_one = passage(flow())
    known_one.carry_all()

    assert known_one.sees({**SOURCE, "flag": False}).decide() == Exclude(FLAG_OFF)


@pytest.mark.requirement("PP-58")
def test_a_flow_may_hold_on_to_a_record_that_was_carried_and_no_longer_counts() -> None:
    holding = replace(flow(Plan(conflict="taken back")), holds_on=True)
    off = {**SOURCE, "flag": False}
    carried = passage(replace(flow(), holds_on=True))
    carried.carry_all()
    carried.flow = holding

    assert carried.sees(off).decide() == Clash("taken back")
    assert passage(holding).sees(off).decide() == Exclude(FLAG_OFF)


def test_a_record_that_another_one_needs_takes_part_without_flag() -> None:
    assert isinstance(Passage(flow(), {**SOURCE, "flag": False}, demanded=True).decide(), Send)


@pytest.mark.requirement("C-44")
def test_an_excluded_record_breaks_no_rules() -> None:
    violations = [Violation("PP-24", "Job No.", "missing")]

    assert passage(flow(excluded="tag NO", violations=violations)).decide() == Exclude("tag NO")


@pytest.mark.requirement("PP-30")
def test_all_violations_of_all_rules_are_reported_together() -> None:
    violations = [Violation("PP-24", "Job No.", "missing"), Violation("PP-27", "Cost Type", "missing", line=10000)]

    assert passage(flow(violations=violations, asks=[VENDOR])).decide() == Reject([*violations, *violations])


@pytest.mark.requirement("C-60")
def test_nothing_is_decided_for_a_project_whose_flag_is_off() -> None:
    made = flow(asks=[VENDOR, PROJECT])

    assert passage(made, {("project", "J1"): unlinked("excluded")}).decide() == Exclude(PROJECT_FLAG_OFF)


def test_nothing_is_decided_for_a_project_that_is_gone() -> None:
    made = flow(asks=[VENDOR, PROJECT])

    assert passage(made, {("project", "J1"): unlinked("deleted")}).decide() == Exclude(PROJECT_DELETED)


def test_a_reference_of_the_wrong_sort_is_a_violation() -> None:
    task = Reference(
        kind="project_task", key="J1|100", text="", only=("Posting",), rule="PP-28", field="Project Task No."
    )
    decision = passage(flow(asks=[task]), {("project_task", "J1|100"): unlinked(facet="Total")}).decide()

    assert decision == Reject(
        [Violation("PP-28", "Project Task No.", "Project Task No. 100 is of type Total; only Posting can be used")]
    )


def test_a_reference_of_unknown_sort_is_waited_for() -> None:
    task = Reference(kind="project_task", key="J1|100", text="waiting", only=("Posting",))

    assert isinstance(passage(flow(asks=[task])).decide(), Park)


# -- references ------------------------------------------------------------------------------------


def test_every_missing_reference_is_named_at_once() -> None:
    decision = passage(flow(asks=[VENDOR, PROJECT])).decide()

    assert decision == Park(
        [Wait("vendor", "V1", "waiting for vendor V1"), Wait("project", "J1", "waiting for project J1")], []
    )


@pytest.mark.parametrize("state", ["pending", "parked", "rejected", "in-flight", "failed", "dead", "conflict", ""])
def test_a_record_waits_for_a_reference_that_has_no_counterpart_whatever_its_state(state: Any) -> None:
    assert isinstance(passage(flow(asks=[VENDOR]), {("vendor", "V1"): unlinked(state)}).decide(), Park)


def test_a_linked_reference_is_enough_whatever_its_state() -> None:
    for state in ("synced", "rejected", "dead", "excluded"):
        references = {("vendor", "V1"): known("vendors", "5", state=state)}  # type: ignore[arg-type]
        assert isinstance(passage(flow(asks=[VENDOR]), references).decide(), Send)


def test_an_excluded_counterpart_is_enough_for_an_optional_reference_only() -> None:
    optional = Reference(kind="segment", key="A", text="", optional=True)
    required = Reference(kind="segment", key="A", text="")
    references = {("segment", "A"): unlinked("excluded")}

    assert isinstance(passage(flow(asks=[optional]), references).decide(), Send)
    assert isinstance(passage(flow(asks=[required]), references).decide(), Park)


def test_derived_records_are_brought_forth_only_once_everything_else_is_there() -> None:
    made = flow(asks=[CODE, VENDOR])
    waiting = passage(made)
    assert waiting.decide() == Park([Wait("vendor", "V1", VENDOR.text)], [])

    waiting.references[("vendor", "V1")] = known("vendors", "5")

    assert waiting.decide() == Park([Wait("budget_code", "J1|A", CODE.text)], [CODE])


def test_a_derived_record_that_is_there_is_waited_for_and_not_brought_forth_again() -> None:
    decision = passage(flow(asks=[CODE]), {("budget_code", "J1|A"): unlinked("in-flight")}).decide()

    assert decision == Park([Wait("budget_code", "J1|A", CODE.text)], [])


def test_a_reference_that_matters_for_some_sorts_is_met_by_every_other_and_by_none() -> None:
    heading = Reference(kind="project_task", key="J1|01", text="waiting", if_facet=("Heading",))
    made = flow(asks=[heading])

    assert isinstance(passage(made).decide(), Send)
    assert isinstance(passage(made, {("project_task", "J1|01"): unlinked(facet="Posting")}).decide(), Send)
    decision = passage(made, {("project_task", "J1|01"): unlinked("", facet="Heading")}).decide()
    assert decision == Park([Wait("project_task", "J1|01", "waiting")], [heading])


# -- facts -----------------------------------------------------------------------------------------


def test_lists_are_asked_for_only_once_everything_is_linked() -> None:
    made = flow(asks=[VENDOR], lists=[LIST])
    assert isinstance(passage(made, lists={}).decide(), Park)

    assert passage(made, {("vendor", "V1"): known("vendors", "5")}, lists={}).decide() == NeedsFacts([LIST])


def test_a_list_that_was_read_is_not_asked_for_again() -> None:
    assert isinstance(passage(flow(lists=[LIST]), lists={LIST: []}).decide(), Send)


@pytest.mark.parametrize(
    ("plan", "decision"),
    [
        (Plan(excluded="lives as sub job", violations=[Violation("a", "b", "c")]), Exclude("lives as sub job")),
        (Plan(violations=[Violation("a", "b", "c")], conflict="x"), Reject([Violation("a", "b", "c")])),
        (Plan(conflict="taken", waits=[Wait("fact", "a", "b")]), Clash("taken")),
        (Plan(waits=[Wait("fact", "a", "b")], parts=[HEADER]), Park([Wait("fact", "a", "b")])),
        (Plan(warnings=["unit EA is unknown"]), Settle([], ["unit EA is unknown"])),
    ],
    ids=["excluded", "rejected", "conflict", "parked", "settled"],
)
def test_a_plan_may_end_without_a_delivery(plan: Plan, decision: object) -> None:
    assert passage(flow(plan)).decide() == decision


# -- parts, stages and links -----------------------------------------------------------------------


def staged(_subject: Subject) -> Plan:
    return Plan(parts=[BACK, LINE, HEADER], links=lambda _memory: [PAIR], link_stage=1)


STAGED = Flow(
    name="staged",
    kind="thing",
    origin=flow().origin,
    counts=lambda _row, _demanded: True,
    plan=staged,
)


@pytest.mark.requirement("PP-11")
def test_a_stage_is_sent_when_the_one_before_is_confirmed() -> None:
    assert passage(STAGED).carry_all() == [["header"], ["line:1"], ["back"]]


@pytest.mark.requirement("PP-10", "PP-33")
def test_a_failed_write_back_is_sent_again_alone() -> None:
    there = passage(STAGED)
    there.carry()
    there.carry()
    there.refuse("connection reset")

    assert isinstance(there.decide(), Stuck)
    assert [part.name for part in there.sees({**SOURCE, "text": "new"}).sends()] == ["back"]


def test_identities_are_joined_once_the_parts_that_make_them_are_confirmed() -> None:
    joining = passage(STAGED)
    seen: list[tuple[str, int]] = []
    for _ in range(3):
        parts = joining.carry()
        seen.append((parts[0].name, len(joining.links)))

    assert seen == [("header", 0), ("line:1", 0), ("back", 1)]
    assert joining.decide() == Settle([PAIR], ())


def test_identities_that_exist_already_are_joined_at_once() -> None:
    there = passage(flow(Plan(parts=[HEADER], links=lambda _memory: [PAIR], link_stage=-1)))

    assert there.decide() == Send([HEADER], [PAIR])


def test_what_the_target_holds_is_not_sent_again() -> None:
    done = passage(flow(Plan(parts=[HEADER])))
    done.carry()

    assert done.decide() == Settle([], ())


def test_a_part_is_told_apart_by_its_meaning_not_by_what_changes_at_every_call() -> None:
    def stamped(stamp: str) -> Part:
        return Part(name="back", endpoint="bc.vendors", stage=0, body={"at": stamp, "id": 9}, meaning={"id": 9})

    assert stamped("1").digest == stamped("2").digest == digest({"id": 9})
    assert body_of(stamped("1")) == {"at": "1", "id": 9}


def test_a_refused_part_is_not_sent_again_until_the_source_changes() -> None:
    dead = passage(flow(Plan(parts=[HEADER])))
    dead.refuse("Name is taken")
    assert isinstance(dead.decide(), Stuck)

    dead.sees({**SOURCE, "text": "new"})

    assert dead.sends() == [HEADER]


def test_a_refused_part_is_sent_again_when_a_person_asks() -> None:
    dead = passage(flow(Plan(parts=[HEADER])))
    dead.refuse("Name is taken")
    dead.record.retry("made-up", moment())

    assert dead.sends() == [HEADER]


def test_the_same_reference_twice_is_waited_for_once() -> None:
    assert passage(flow(asks=[VENDOR, VENDOR])).decide() == Park([Wait("vendor", "V1", VENDOR.text)], [])


def test_a_refused_part_does_not_hold_up_the_others_of_its_stage() -> None:
    other = Part(name="line:2", endpoint="vendors", stage=0, body={"name": "c"})
    half = passage(flow(Plan(parts=[HEADER])))
    half.refuse()
    half.flow = flow(Plan(parts=[HEADER, other]))

    assert half.sends() == [other]


def test_a_refused_part_holds_up_the_stages_behind_it() -> None:
    stuck = passage(STAGED)
    stuck.refuse()

    assert isinstance(stuck.decide(), Stuck)


@pytest.mark.requirement("PP-20")
def test_a_piece_that_should_be_gone_is_removed_once_and_only_if_it_is_there() -> None:
    gone = Part(name="line:1", endpoint="vendors", stage=0, body={}, absent=True)
    never = passage(flow(Plan(parts=[gone])))
    assert never.decide() == Settle([], ())

    there = passage(flow(Plan(parts=[HEADER, LINE])))
    there.carry_all()
    there.flow = flow(Plan(parts=[HEADER, gone]))

    assert there.carry_all() == [["line:1"]]
    assert there.record.flow("made-up").target_id("line:1") == ""


# -- records that carry others, and groups ---------------------------------------------------------

CARRIER = Reference(
    kind="budget_line", key="77", text="waiting for budget line A", content={"code": "77"}, carrier=True
)
CARRIED = ("budget_line", "77")


def carried(known_of_it: Known | None) -> Passage:
    made = replace(flow(asks=[VENDOR]), further=lambda _subject: [CARRIER])
    references = {("vendor", "V1"): known("vendors", "5")}
    return passage(made, references if known_of_it is None else {**references, CARRIED: known_of_it})


def test_what_shows_only_when_the_first_references_are_linked_is_asked_for_then() -> None:
    made = replace(flow(asks=[VENDOR]), further=lambda _subject: [CARRIER])

    assert isinstance(passage(made).decide(), Park)
    assert carried(None).decide() == NeedsKnown([CARRIER])


def test_a_carrier_that_nobody_knows_is_brought_forth() -> None:
    decision = carried(NOBODY).decide()

    assert decision == Park([Wait("budget_line", "77", CARRIER.text, carrier=True)], [CARRIER])


@pytest.mark.requirement("PP-14")
def test_a_changed_record_waits_until_its_carrier_knows_the_change() -> None:
    changed = carried(known("budget_line_items", "8"))
    assert isinstance(changed.decide(), Park), "nobody can have carried what was not decided yet"

    changed.record.park("made-up", [Wait("budget_line", "77", "", carrier=True)], moment())

    assert changed.sends() == [HEADER]


def test_a_record_whose_carrier_is_held_up_says_why() -> None:
    held_up = carried(Known("parked", None, "record", why=("the budget is locked",)))
    held_up.record.park("made-up", [Wait("budget_line", "77", "", carrier=True)], moment())

    assert held_up.decide() == Park(
        [Wait("budget_line", "77", "waiting for budget line A: the budget is locked", carrier=True)], []
    )


def test_a_record_remembers_everybody_who_ever_carried_it() -> None:
    moved = carried(NOBODY)
    for key in ("77", "78", "77"):
        moved.record.park("made-up", [Wait("budget_line", key, key, carrier=True)], moment())

    assert moved.record.flow("made-up").carriers == [("budget_line", "77"), ("budget_line", "78")]


def test_what_is_asked_for_loosely_is_never_waited_for() -> None:
    loose = Reference(kind="budget_line", key="77", text="", loose=True)
    made = replace(flow(), further=lambda _subject: [loose])

    assert passage(made, {CARRIED: NOBODY}).sends() == [HEADER]


@pytest.mark.requirement("PP-49")
def test_a_record_whose_group_has_a_fault_is_rejected_with_that_fault() -> None:
    fault = Violation("PP-48", "Amount", "entry 12: Amount must be more than 0")
    one = passage(flow())
    decision = decide(one.flow, one.record, SOURCE, {}, {}, one.context, [fault])

    assert decision == Reject([fault])


@pytest.mark.requirement("PP-30", "PP-49")
def test_its_own_faults_come_before_those_of_its_group() -> None:
    own, other = Violation("PP-45", "Job No.", "missing"), Violation("PP-48", "Amount", "entry 12")
    one = passage(flow(violations=[own]))

    assert decide(one.flow, one.record, SOURCE, {}, {}, one.context, [other]) == Reject([own, own])


def test_the_same_facts_lead_to_the_same_decision() -> None:
    undecided = passage(flow(asks=[VENDOR, PROJECT]))

    assert undecided.decide() == undecided.decide()


def test_a_link_that_a_flow_did_not_ask_for_is_a_fault() -> None:
    def plan(subject: Subject) -> Plan:
        return Plan(conflict=subject.link("vendor", "V1").procore_id)

    careless = Flow(name="careless", kind="thing", origin=flow().origin, counts=lambda _row, _d: True, plan=plan)

    with pytest.raises(KeyError):
        passage(careless).decide()
    with pytest.raises(KeyError):
        passage(careless, {("vendor", "V1"): unlinked()}).decide()
