"""Three-way drift: whatever both sides and the hub do in whatever order, only other people's changes are drift.

The model keeps its own book of what was agreed on last; the product's answer is compared with it after every step.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from domain import drift
from domain.decide import Clash, Settle
from domain.drift import Written, careful, look, settlement, standing, value_like
from domain.endpoints import ENDPOINTS
from domain.events import DriftField
from domain.flow import Part, Plan, stands
from domain.memory import REDONE, FlowMemory, Kept
from domain.record import Choice, Request
from domain.values import PROCORE, Json, digest
from tests.domain.test_decide import flow, passage
from tests.ledger_story import (
    CHANGED_THERE,
    FLOW,
    Story,
    agreed,
    delivered,
    drifted,
    linked,
    moment,
    observed,
    requested,
    resolved,
    settled,
    tombstoned,
    vanished,
)

VENDORS = ENDPOINTS["vendors"]
FIELDS = ("name", "city")


@pytest.mark.requirement("BX-06")
@pytest.mark.parametrize(
    ("base", "source", "target", "wanted"),
    [
        ("a", "a", "a", "same"),
        ("a", "b", "a", "source"),
        ("a", "a", "c", "target"),
        ("a", "b", "b", "alike"),
        ("a", "b", "c", "conflict"),
        (10, "10.00", "10", "same"),
        ("", None, "", "same"),
        ("a", None, "", "alike"),
        ("2026-03-02", "2026-03-02", "2026-03-02T00:00:00Z", "same"),
    ],
)
def test_a_field_is_classified_by_what_was_agreed_on_last(
    base: object, source: object, target: object, wanted: str
) -> None:
    assert standing(base, source, target) == wanted


# -- random histories --------------------------------------------------------------------------------


@dataclass
class Model:
    """A vendor and its company, people on both sides, and the hub between them."""

    source: dict[str, str] = field(default_factory=lambda: dict.fromkeys(FIELDS, "a"))
    target: dict[str, str] = field(default_factory=dict[str, str])
    agreed: dict[str, str] = field(default_factory=dict[str, str])
    sent: dict[str, str] = field(default_factory=dict[str, str])
    accepted: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    story: Story = field(default_factory=Story)
    moved: bool = True

    @property
    def memory(self) -> FlowMemory:
        return self.story.record.flow(FLOW)

    @property
    def unsettled(self) -> dict[str, DriftField]:
        return self.memory.drift.get("company", {})

    def part(self) -> Part:
        return Part(name="company", endpoint="vendors", stage=0, body=dict(self.source))

    def carry(self) -> None:
        """The hub decides and sends; what nobody settled is not overwritten."""
        plan = careful(Plan(parts=[self.part()]), self.memory)
        before, unsettled = dict(self.target), dict(self.unsettled)
        if plan.conflict:
            assert any(self.source[name] != self.before(name) for name in unsettled)
            record, at = self.story.record, moment()
            record.find_drift(FLOW, PROCORE, drift.news(self.memory, plan.clashes), (), at)
            record.conflict(FLOW, plan.conflict, at)
            return
        self.moved = False
        if not plan.parts or stands(self.memory, plan.parts[0]):
            return  # it is settled, whether or not anything of it was left to be sent
        (part,) = plan.parts
        wish = Request(
            part="company", endpoint="vendors", system=PROCORE, scope={}, key="k",
            body=digest(dict(part.body)), digest=part.digest, kept=part.kept,
        )  # fmt: skip
        self.story.when(lambda record, when: record.request(FLOW, wish, when), *delivered(part="company")[1:])
        self.target.update(part.body)
        self.sent.update(part.body)
        for name in part.body:
            self.agreed[name] = self.target[name]
            if name not in part.kept:
                self.accepted.pop(name, None)
        for name, known in unsettled.items():
            if known.target != digest(before[name]):
                continue  # it was changed once more after the last look, which nobody knows yet
            assert self.target[name] in (before[name], self.source[name])
            assert self.target[name] == before[name] or before[name] == self.source[name]

    def look(self) -> None:
        """A look, or an echo: everything is read again and compared."""
        if not self.sent or self.memory.parts["company"].digest == REDONE:
            return  # it is about to be written again, and no look counts it before
        version = self.memory.parts["company"].version
        row: Json = {"id": 900, **self.target}
        written = Written(
            part="company",
            endpoint="vendors",
            scope={},
            key="k",
            target_id="900",
            body=dict(self.sent),
            version=version,
        )
        wished = dict(self.source) if self.moved else None
        kept = self.memory.kept.get("company", {})
        sights = look(written, row, wished, kept, VENDORS).fields
        assert {each.field: each.verdict for each in sights} == self.expected(moved=wished is not None)
        new = drift.news(self.memory, sights)
        over = drift.settled(self.memory, {"company"}, sights)
        self.story.record.find_drift(FLOW, PROCORE, new, over, moment())

    def before(self, name: str) -> str:
        """What the source said when people settled the field last, or else what both agreed on."""
        return self.accepted[name][0] if name in self.accepted else self.agreed[name]

    def expected(self, *, moved: bool) -> dict[str, str]:
        """By the model's own book: what people changed in the target since both agreed."""
        found: dict[str, str] = {}
        for name, known in self.agreed.items():
            here, there = self.source[name], self.target[name]
            by_source = moved and here != self.before(name)
            if (
                there != known
                and not (by_source and there == here)
                and not (name in self.accepted and there == self.sent[name])
            ):
                found[name] = "conflict" if by_source else "target"
        return found

    def settle(self, choice: Choice, name: str) -> None:
        known = self.unsettled.get(name)
        if known is None:
            return
        take: Literal["source", "target"] = "source" if choice == "keep-source" else "target"
        self.story.record.resolve_drift(FLOW, choice, [settlement(known, take)], "why", moment())
        self.moved = True
        if take == "target":
            self.agreed[name] = known.there  # as people saw it, whatever became of it since
            self.accepted[name] = (self.source[name], known.there)
        else:
            self.accepted.pop(name, None)


NAMES, VALUES = st.sampled_from(FIELDS), st.sampled_from("abc")
STEPS = st.one_of(
    st.tuples(st.just("source"), NAMES, VALUES),
    st.tuples(st.just("target"), NAMES, VALUES),
    st.tuples(st.sampled_from(["carry", "look"])),
    st.tuples(st.sampled_from(["keep-source", "keep-target"]), NAMES),
)


@pytest.mark.requirement("BX-06")
@settings(max_examples=150, deadline=None)
@given(st.lists(STEPS, max_size=25))
def test_only_what_others_changed_is_drift_and_nothing_of_it_is_overwritten_unasked(
    steps: list[tuple[Any, ...]],
) -> None:
    it = Model()
    it.carry()
    it.look()
    assert not it.unsettled  # the hub's own write, seen again
    for step in steps:
        match step:
            case ("source", name, value):
                it.source[name], it.moved = value, True
            case ("target", name, value):
                it.target[name] = value
                it.look()
            case ("carry",):
                it.carry()
            case ("look",):
                it.look()
            case (choice, name):
                it.look()
                it.settle(choice, name)
    it.carry()  # what is about to be written again is looked at after that alone
    it.look()
    for name in FIELDS:
        it.settle("keep-source", name)
    it.carry()
    it.look()
    assert not it.unsettled


# -- what it means for what is sent ------------------------------------------------------------------


def drift_of(name: str, base: object, target: object, **more: Any) -> DriftField:
    was, now = drift.in_text(base), drift.in_text(target)
    known = {"base": digest(base), "source": digest(base), "target": digest(target), "was": was, "there": now}
    return DriftField(part="header", field=name, verdict="target", target_id="900", **{**known, **more})


def memory_with(*fields: DriftField) -> FlowMemory:
    memory = Story().given(observed(), *delivered("old")).record.flow(FLOW)
    for each in fields:
        memory.drift.setdefault(each.part, {})[each.field] = each
    return memory


def planned(**body: object) -> Plan:
    return Plan(parts=[Part(name="header", endpoint="vendors", stage=0, body=body)])


@pytest.mark.requirement("BX-06")
def test_a_field_that_only_the_target_changed_is_left_out_of_what_the_source_sends() -> None:
    plan = careful(planned(name="a", city="Ulm"), memory_with(drift_of("name", "a", "b")))

    assert plan.conflict == ""
    assert plan.parts[0].body == {"city": "Ulm"}
    assert plan.parts[0].digest == planned(name="a", city="Ulm").parts[0].digest


@pytest.mark.requirement("BX-06")
def test_a_field_that_both_sides_changed_stops_the_record_with_all_three_values() -> None:
    plan = careful(planned(name="c"), memory_with(drift_of("name", "a", "b")))

    assert plan.conflict.startswith("changed on both sides: name was a, is b there, c in its source")
    assert [(each.verdict, each.was, each.there, each.wanted) for each in plan.clashes] == [("conflict", "a", "b", "c")]


@pytest.mark.requirement("BX-06")
def test_a_field_that_both_sides_changed_to_the_same_goes_through() -> None:
    plan = careful(planned(name="b"), memory_with(drift_of("name", "a", "b")))

    assert (plan.conflict, plan.parts[0].body) == ("", {"name": "b"})


@pytest.mark.requirement("BX-06")
def test_one_figure_of_a_line_is_never_sent_beside_another_that_was_changed_there() -> None:
    memory = memory_with(drift_of("unit_cost", "10.00", "12.00"))

    assert careful(planned(quantity="3", unit_cost="10.00", amount="30.00"), memory).conflict
    assert not careful(planned(unit_cost="10.00", uom="ea"), memory).conflict


@pytest.mark.requirement("BX-06")
def test_what_is_masked_is_told_without_its_values() -> None:
    known = drift_of("name", "a", "b", masked=True, was="", there="")

    assert "name was changed on both sides" in careful(planned(name="c"), memory_with(known)).conflict


@pytest.mark.requirement("BX-06")
def test_a_line_that_somebody_changed_is_not_removed_over_their_head() -> None:
    gone = Plan(parts=[Part(name="header", endpoint="vendors", stage=0, body={}, absent=True)])

    assert careful(gone, memory_with(drift_of("name", "a", "b"))).conflict
    assert not careful(gone, memory_with()).conflict


@pytest.mark.requirement("BX-06")
def test_a_clash_is_the_decision_and_a_settled_one_lets_the_record_go_on() -> None:
    wish = Plan(parts=[Part(name="header", endpoint="vendors", stage=0, body={"name": "c"})])
    it = passage(flow(wish))
    it.carry_all()
    memory = it.record.flow("made-up")
    memory.parts["header"] = replace(memory.parts["header"], digest=digest({"name": "a"}))
    known = drift_of("name", "a", "b")
    it.record.find_drift("made-up", PROCORE, [known], (), moment())

    clash = it.decide()
    assert isinstance(clash, Clash)
    it.record.find_drift("made-up", PROCORE, clash.fields, (), moment())
    said = settlement(memory.drift["header"]["name"], "target")
    it.record.resolve_drift("made-up", "keep-target", [said], "as agreed", moment())
    assert isinstance(it.decide(), Settle)  # nothing of the row is left to be sent


@pytest.mark.requirement("BX-06")
def test_a_source_that_goes_back_to_what_it_said_first_is_sent_though_nothing_was_sent_since() -> None:
    memory = memory_with()
    memory.parts["header"] = replace(memory.parts["header"], digest=digest({"name": "a"}))
    memory.kept["header"] = {"name": Kept(source=digest("c"), target=digest("b"))}

    assert careful(planned(name="c"), memory).parts == []
    (part,) = careful(planned(name="a"), memory).parts
    assert (part.body, part.digest) == ({"name": "a"}, digest({"name": "a"}))
    assert not stands(memory, part)


@pytest.mark.requirement("BX-06")
def test_a_row_that_is_to_be_made_is_sent_whole_whatever_was_settled_of_the_one_before() -> None:
    memory = memory_with()
    memory.kept["header"] = {"name": Kept(source=digest("c"), target=digest("b"))}
    memory.parts["header"] = replace(memory.parts["header"], target_id="")

    assert [part.body for part in careful(planned(name="c", city="Ulm"), memory).parts] == [
        {"name": "c", "city": "Ulm"}
    ]


# -- what people say ---------------------------------------------------------------------------------


@pytest.mark.requirement("BX-06")
def test_what_the_source_shall_win_is_written_again_and_decided_anew() -> None:
    story = Story().given(observed(), *delivered("v1"), settled(), drifted()).when(resolved("keep-source"))

    memory = story.record.flow(FLOW)
    assert (story.state(), memory.status.todo, memory.drift) == ("pending", True, {})
    assert not memory.holds("header", digest("v1"))
    assert memory.target_id("header") == "900"


@pytest.mark.requirement("BX-06")
def test_what_is_accepted_leaves_what_was_written_as_it_is() -> None:
    story = Story().given(observed(), *delivered("v1"), settled(), drifted()).when(resolved("keep-target"))

    memory = story.record.flow(FLOW)
    assert memory.holds("header", digest("v1"))
    assert memory.kept["header"]["title"].target == CHANGED_THERE.target


@pytest.mark.requirement("BX-06")
def test_nothing_is_settled_while_the_record_is_under_way() -> None:
    story = Story().given(observed(), *delivered("v1"), drifted(), requested("v2")).when(resolved())

    assert story.answers == [False]
    assert story.then().events == []


@pytest.mark.requirement("BX-06")
def test_a_row_that_is_gone_is_made_anew_or_left_away() -> None:
    gone = DriftField(part="header", field="", verdict="gone", target_id="900")
    story = Story().given(observed(), *delivered("v1"), linked(), drifted(gone)).when(resolved("keep-source", gone))
    assert story.record.flow(FLOW).parts == {}
    assert story.record.flow(FLOW).links == {}

    story = Story().given(observed(), *delivered("v1"), linked(), drifted(gone)).when(resolved("keep-target", gone))
    memory = story.record.flow(FLOW)
    assert (memory.target_id("header"), memory.holds("header", digest("v1"))) == ("", True)


@pytest.mark.requirement("PP-20")
def test_what_outlives_its_source_is_told_once_and_forgotten_when_the_source_is_back() -> None:
    story = Story().given(observed(), *delivered("v1"), linked(), vanished(), tombstoned())
    memory = story.record.flow(FLOW)
    (left,) = drift.outlived(flow(), memory)
    assert (left.verdict, left.target_id) == ("source-deleted", "900")

    story.given(drifted(left))
    assert drift.outlived(flow(), memory) == []
    assert drift.returned(memory) == [("", "")]
    story.given(agreed(("", "")))
    assert drift.returned(memory) == []


@pytest.mark.parametrize(
    ("sort", "was", "typed", "wanted"),
    [
        ("text", "Ulm", "Bonn", '"Bonn"'),
        ("text", "10.00", "12.50", '"12.50"'),
        ("number", "10", "12.5", "12.5"),
        ("truth", "true", "false", "false"),
    ],
)
def test_a_typed_value_becomes_what_the_field_holds(sort: Any, was: str, typed: str, wanted: str) -> None:
    assert value_like(drift_of("f", was, "x", sort=sort), typed) == wanted


@pytest.mark.parametrize(
    ("sort", "was", "typed"),
    [("number", "10", "ten"), ("text", "10.00", "ten"), ("truth", "true", "1"), ("structure", "[]", "[]")],
)
def test_a_typed_value_of_another_sort_is_refused_with_the_field(sort: Any, was: str, typed: str) -> None:
    with pytest.raises(ValueError, match=r"^f "):
        value_like(drift_of("f", was, "x", sort=sort), typed)


@pytest.mark.requirement("BX-06")
def test_a_short_view_and_fields_of_the_target_are_never_drift() -> None:
    body = {"name": "a", "city": "Ulm"}
    written = Written(part="p", endpoint="vendors", scope={}, key="", target_id="9", body=body, version=1)

    assert look(written, {"id": 9, "name": "a"}, None, {}, VENDORS).fields == ()
    assert look(written, {"id": 9, "name": "b", "city": "Ulm"}, None, {}, VENDORS, theirs=("name",)).fields == ()
    (gone,) = look(written, None, None, {}, VENDORS).fields
    assert (gone.verdict, gone.field) == ("gone", "")
    (masked,) = look(written, {"id": 9, "name": "b"}, None, {}, VENDORS, personal=("name",)).fields
    assert (masked.was, masked.there, masked.masked) == ("", "", True)
