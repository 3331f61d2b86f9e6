"""Nothing goes out before a person accepted it, nothing but that goes out then, and one word counts."""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any, get_args

import pytest
from msgspec.structs import replace

from domain.approval import Deed, Objection, bytes_of, hash_of, objection, read, same_person
from domain.decide import Ask, NeedsFacts, NeedsKnown, Park, Send, Settle
from domain.delivery import Listing
from domain.events import ApprovalRequested, LinkRow, Wait
from domain.flow import NOBODY, Flow, Known, Origin, Part, Plan, Reference, Subject
from domain.memory import FlowMemory
from domain.values import PROCORE, Json, digest, money, money_text, text
from tests.ledger_story import (
    FLOW,
    Command,
    Passage,
    Story,
    accepted,
    asked,
    claimed,
    declined,
    delivered,
    excluded,
    known,
    observed,
    parked,
    refused,
    requested,
    resent,
    retried,
    retrieved,
    settled,
    stirred,
    unlinked,
)

# -- what people do about a request ----------------------------------------------------------------

STAGES: dict[str, tuple[Command, ...]] = {
    "nothing": (),
    "requested": (asked(),),
    "resent": (asked(), declined(), resent()),
    "declined": (asked(), declined()),
    "retrieved": (asked(), retrieved()),
    "accepted": (asked(), accepted()),
    "accepted and refused": (asked(), accepted(), requested(), claimed(), refused()),
    "changed": (asked(), observed("v2")),
    "changed after a decline": (asked(), declined(), observed("v2")),
    "waiting for another": (asked(), observed("v2"), parked()),
    "carried": (asked(), accepted(), *delivered(), settled()),
    "left out": (asked(), excluded()),
}
ALLOWED: dict[tuple[str, str], Objection] = {
    **{(stage, deed): "" for stage in ("requested", "resent") for deed in ("accept", "decline", "retrieve")},
    **{(stage, "resend"): "" for stage in ("declined", "retrieved")},
    **{(stage, "resend"): "open" for stage in ("requested", "resent")},
    **{(stage, deed): "decided" for stage in ("declined", "retrieved") for deed in ("accept", "decline", "retrieve")},
    **{(stage, deed): "decided" for stage in ("accepted", "accepted and refused") for deed in get_args(Deed)},
    **{
        (stage, deed): "changed"
        for stage in ("changed", "changed after a decline", "waiting for another")
        for deed in get_args(Deed)
    },
    **{(stage, deed): "unknown" for stage in ("nothing", "carried", "left out") for deed in get_args(Deed)},
}


@pytest.mark.requirement("ER-29")
@pytest.mark.parametrize(("stage", "deed"), list(product(STAGES, get_args(Deed))))
def test_in_every_stage_exactly_what_fits_can_be_done(stage: str, deed: Deed) -> None:
    story = Story().given(observed("v1"), *STAGES[stage])

    assert objection(story.record.flow(FLOW), deed, "", "user:eve", four_eyes=False) == ALLOWED[stage, deed]


@pytest.mark.requirement("ER-29")
@pytest.mark.parametrize("deed", get_args(Deed))
def test_another_hash_than_the_one_that_is_asked_about_is_refused(deed: Deed) -> None:
    memory = Story().given(observed(), asked("v1")).record.flow(FLOW)

    assert objection(memory, deed, digest(["v2"]), "user:ann", four_eyes=False) == "changed"


HANDS: list[tuple[tuple[Command, ...], str, Objection]] = [
    ((asked(),), "user:bob", ""),
    ((asked(), retrieved("user:bob"), resent(by="user:bob")), "user:bob", "own"),
    ((asked(), retrieved("user:bob"), resent(by="user:bob")), "cli:Bob", "own"),
    ((asked(), retrieved("user:bob"), resent(by="user:bob")), "user:ann", ""),
    ((asked(), retrieved("user:bob"), resent(by="user:eve")), "user:bob", ""),
    ((asked(), declined(by="user:ann"), resent(by="user:bob")), "user:ann", ""),
]


@pytest.mark.requirement("BX-20")
@pytest.mark.parametrize(("before", "actor", "answer"), HANDS)
def test_four_eyes_are_those_of_two_people(before: tuple[Command, ...], actor: str, answer: Objection) -> None:
    memory = Story().given(observed(), *before).record.flow(FLOW)

    assert objection(memory, "accept", "", actor, four_eyes=True) == answer
    assert objection(memory, "accept", "", actor, four_eyes=False) == ""
    assert objection(memory, "decline", "", actor, four_eyes=True) == ""


def test_the_hub_itself_is_nobody_who_could_be_in_the_way() -> None:
    assert not same_person("system", ("system",))
    assert not same_person("user:", ("cli:",))


@pytest.mark.requirement("ER-29")
def test_the_same_content_is_asked_about_once() -> None:
    Story().given(observed()).when(asked("a")).then(ApprovalRequested)
    Story().given(observed(), asked("a")).when(asked("a")).then()
    Story().given(observed(), asked("a"), declined()).when(asked("a")).then()
    Story().given(observed(), asked("a")).when(asked("b")).then(ApprovalRequested)


@pytest.mark.requirement("ER-29")
@pytest.mark.parametrize(
    ("before", "standing"),
    [
        ((asked("a"),), "requested"),
        ((asked("a"), declined()), "declined"),
        ((asked("a"), retrieved()), "retrieved"),
        ((asked("a"), declined(), resent()), "resent"),
        ((asked("a"), accepted()), "requested"),
        ((asked("b"), declined()), "requested"),
    ],
)
def test_what_was_said_of_a_content_stands_as_long_as_it_is_the_same(
    before: tuple[Command, ...], standing: str
) -> None:
    story = Story().given(observed("v1"), *before, observed("v2")).when(asked("a")).then(ApprovalRequested)

    assert story.events[0].standing == standing  # type: ignore[attr-defined]
    assert story.state() == "awaiting-approval"


def test_a_person_who_had_it_tried_again_has_touched_it() -> None:
    story = Story().given(observed(), asked(), accepted(), requested(), claimed(), refused(), retried())
    assert story.record.flow(FLOW).touched == ""
    story.given(asked("b"), retrieved("user:bob"))
    assert story.record.flow(FLOW).touched == "user:bob"
    story.given(settled())
    assert story.record.flow(FLOW).touched == ""


def test_nothing_can_be_said_where_nothing_was_asked() -> None:
    with pytest.raises(ValueError, match="nothing is asked"):
        Story().given(observed()).when(accepted())


# -- what is asked ---------------------------------------------------------------------------------

LIST = Listing("vendors", PROCORE, "/rest/v1.0/vendors")
SOURCE: Json = {"id": "s1", "number": "S1", "amount": "12.50"}
VENDOR = Reference(kind="vendor", key="V1", text="waiting for vendor V1")
CODE = Reference(kind="budget_code", key="J1|A", text="waiting for budget code A", content={"code": "A"})
LINKED: Mapping[tuple[str, str], Known] = {
    ("vendor", "V1"): known("vendors", "77"),
    ("budget_code", "J1|A"): known("wbs_codes", "2147000001"),
}


def plan(subject: Subject) -> Plan:
    """A head that names the vendor, then a line that names its head and its code, then the ids back."""
    head = Part(
        name="head",
        endpoint="purchase_order_contracts",
        stage=0,
        body={"title": subject.source["amount"], "vendor_id": int(subject.link("vendor", "V1").procore_id)},
    )
    made = subject.memory.target_id("head")
    if not made:
        return Plan(parts=[head])
    code = subject.link("budget_code", "J1|A").procore_id
    line = Part(
        name="line:1",
        endpoint="purchase_order_contracts.line_items",
        stage=1,
        scope={"contract_id": made},
        body={"head_id": int(made), "wbs_code_id": int(code), "amount": subject.source["amount"]},
    )
    back = Part(name="back", endpoint="bc.purchaseOrders", stage=2, body={"procoreCommitmentId": int(made)})
    row = LinkRow("purchaseOrders", "s1", "S1", "purchase_order_contracts", made)
    return Plan(parts=[head, line, back], links=lambda _known: [row], link_stage=1)


def made_flow(**changed: Any) -> Flow:
    fields: dict[str, Any] = {
        "name": "made-up",
        "kind": "thing",
        "origin": Origin(
            number=lambda row: text(row, "number"),
            title=lambda _row: "",
            project=lambda _row: "",
            relevant=lambda row: {"amount": row["amount"]},
        ),
        "counts": lambda _row, _demanded: True,
        "references": lambda _source, _context: (VENDOR, CODE),
        "plan": plan,
        "amount": lambda row: money_text(money(row["amount"])),
    }
    return Flow(**{**fields, **changed})


class Gated(Passage):
    """A passage through a flow with a gate, and a person in front of it."""

    def __init__(self, flow: Flow | None = None, **more: Any) -> None:
        settings = {"approval": "approver", **more.pop("settings", {})}
        references = {**LINKED, **more.pop("references", {})}
        super().__init__(flow or made_flow(), SOURCE, references=references, settings=settings, **more)

    def asks(self) -> Ask:
        """What is put before people."""
        decision = self.decide()
        assert isinstance(decision, Ask), decision
        return decision

    def accept(self) -> Ask:
        """A person accepts what is asked."""
        wish = self.asks()
        self.accepted = read(bytes_of(wish.frozen))
        return wish


def names(parts: Sequence[Any]) -> list[str]:
    return [part.name for part in parts]


@pytest.mark.requirement("C-28", "ER-10")
def test_a_gate_asks_for_everything_that_goes_out_before_the_first_of_it() -> None:
    asked_for = Gated().asks()

    assert names(asked_for.frozen.parts) == ["head", "line:1"]
    assert (asked_for.amount, asked_for.frozen.whole) == ("12.50", True)
    head, line = asked_for.frozen.parts
    assert head.body == {"title": "12.50", "vendor_id": "@vendor V1"}
    assert line.body == {"head_id": "@head", "wbs_code_id": "@budget_code J1|A", "amount": "12.50"}
    assert line.scope == {"contract_id": "@head"}


@pytest.mark.requirement("C-28")
def test_the_same_is_frozen_to_the_same_hash() -> None:
    first, again = Gated().asks().frozen, Gated().asks().frozen

    assert hash_of(first) == hash_of(again)
    assert read(bytes_of(first)) == first


@pytest.mark.requirement("C-28")
def test_what_was_accepted_goes_to_its_end_without_another_word() -> None:
    passage = Gated()
    passage.accept()

    assert passage.carry_all() == [["head"], ["line:1"], ["back"]]
    assert isinstance(passage.decide(), Settle)


@pytest.mark.requirement("C-28")
def test_a_change_on_the_way_asks_again_for_what_is_left() -> None:
    passage = Gated()
    passage.accept()
    passage.carry()
    passage.sees({**SOURCE, "amount": "13.00"})

    assert names(passage.asks().frozen.parts) == ["head", "line:1"]
    passage.accept()
    assert passage.carry_all() == [["head"], ["line:1"], ["back"]]


@pytest.mark.requirement("C-28")
def test_ids_that_are_written_back_need_nobodys_word() -> None:
    passage = Gated()
    passage.accept()
    passage.carry()
    passage.carry()
    passage.accepted = None

    assert names(passage.sends()) == ["back"]


@pytest.mark.requirement("C-28")
@pytest.mark.parametrize(
    "change",
    [
        {"settings": {"approval": "approver", "status": "other"}},
        {"references": {**LINKED, ("vendor", "V1"): known("vendors", "78")}},
    ],
    ids=["a setting", "a counterpart"],
)
def test_what_the_content_rests_on_is_part_of_it(change: dict[str, Any]) -> None:
    passage = Gated()
    passage.accept()
    if "settings" in change:
        passage.context = replace(passage.context, settings=change["settings"])
    else:
        passage.references = change["references"]

    assert isinstance(passage.decide(), Ask)


def test_the_gate_itself_is_no_part_of_the_content() -> None:
    passage = Gated()
    passage.accept()
    passage.context = replace(passage.context, settings={"approval": "approver", "four_eyes": True, "enabled": True})

    assert isinstance(passage.decide(), Send)


@pytest.mark.requirement("C-28")
def test_what_exists_only_for_a_document_is_not_brought_forth_before_it_is_accepted() -> None:
    passage = Gated(references={("budget_code", "J1|A"): NOBODY})
    wish = passage.accept()

    assert names(wish.frozen.parts) == ["head", "line:1"]
    assert wish.frozen.links == {"budget_code J1|A": "", "vendor V1": "77"}
    parked_for = passage.decide()
    assert isinstance(parked_for, Park)
    assert names_of(parked_for) == ["budget_code"]

    passage.references["budget_code", "J1|A"] = known("wbs_codes", "2147000009")
    assert passage.carry_all() == [["head"], ["line:1"], ["back"]]


def names_of(park: Park) -> list[str]:
    return [reference.kind for reference in park.demands]


def test_nobody_is_asked_while_something_else_is_missing() -> None:
    passage = Gated(references={("vendor", "V1"): unlinked(), ("budget_code", "J1|A"): NOBODY})
    decision = passage.decide()

    assert isinstance(decision, Park)
    assert ([wait.kind for wait in decision.waits], decision.demands) == (["vendor"], [])


def test_an_obstacle_is_said_before_anything_is_brought_forth_for_the_document() -> None:
    wait = Wait("fact", "number", "number S1 exists in Procore, link or rename")
    flow = made_flow(plan=lambda _subject: Plan(waits=[wait]))
    decision = Gated(flow, references={("budget_code", "J1|A"): NOBODY}).decide()

    assert isinstance(decision, Park)
    assert (decision.waits, decision.demands) == ([wait], ())


def test_lists_are_read_before_people_are_asked() -> None:
    flow = made_flow(listings=lambda _subject: (LIST,))

    assert isinstance(Gated(flow, lists={}).decide(), NeedsFacts)
    assert isinstance(Gated(flow, lists={}, references={("budget_code", "J1|A"): NOBODY}).decide(), NeedsFacts)


def test_a_list_of_something_that_is_still_to_be_made_ends_what_can_be_told() -> None:
    def listings(subject: Subject) -> Sequence[Listing]:
        made = subject.memory.target_id("head")
        return (Listing("items", PROCORE, f"/rest/v1.0/contracts/{made}/items"),) if made else ()

    passage = Gated(made_flow(listings=listings), lists={})
    wish = passage.accept()

    assert (names(wish.frozen.parts), wish.frozen.whole) == (["head"], False)
    passage.carry()
    passage.lists = dict.fromkeys(listings(subject_of(passage)), ())
    assert passage.carry_all() == [["line:1"], ["back"]]


def subject_of(passage: Passage) -> Any:
    class OnlyMemory:
        memory: FlowMemory = passage.record.flow("made-up")

    return OnlyMemory()


def test_records_named_by_what_is_still_to_be_made_are_nobody() -> None:
    def further(subject: Subject) -> Sequence[Reference]:
        code = subject.link("budget_code", "J1|A").procore_id
        return (Reference(kind="project", key=f"procore:{code}", text="", loose=True),)

    unmade = Gated(made_flow(further=further), references={("budget_code", "J1|A"): NOBODY})
    assert isinstance(unmade.decide(), Ask)
    assert isinstance(Gated(made_flow(further=further)).decide(), NeedsKnown)


def test_a_flow_whose_records_others_carry_asks_nobody() -> None:
    assert isinstance(Gated(made_flow(carried=True)).decide(), Send)


@pytest.mark.parametrize("mode", ["off", ""])
def test_without_a_gate_everything_goes_at_once(mode: str) -> None:
    assert isinstance(Gated(settings={"approval": mode}).decide(), Send)


def test_a_request_says_what_the_record_is_called_and_what_it_comes_to() -> None:
    story = Story().given(observed()).when(asked("a", amount="12.50", why="what was accepted changed"))
    (event,) = story.events
    assert isinstance(event, ApprovalRequested)

    assert (event.kind, event.number, event.title, event.project) == ("commitment", "PO-1", "Concrete", "J1")
    assert (event.amount, event.why, event.hash) == ("12.50", "what was accepted changed", digest(["a"]))


def test_a_stir_asks_nothing_new() -> None:
    story = Story().given(observed(), asked("a"), declined(), stirred()).when(asked("a"))

    assert objection(story.record.flow(FLOW), "resend", "", "user:bob", four_eyes=False) == ""
