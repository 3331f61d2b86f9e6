"""An NPC order becomes a project below its parent, and is kept under the parent; nothing of it happens twice."""

from typing import Any
from uuid import uuid5

import pytest

from domain.decide import Clash, Ignore, Park, Settle
from domain.flow import Part
from domain.flows.npc_change_order_to_project import FLOW
from domain.memory import OpenDelivery
from domain.values import LEDGER, Digest, Json
from tests.domain.flows.changes import PROJECT, job, kept, lists, order, package, passage
from tests.ledger_story import CONNECTION, Passage, unlinked

CHILD = str(uuid5(LEDGER, f"{CONNECTION}/projects/prime:88"))
OURS = str(uuid5(LEDGER, f"{CONNECTION}/changeOrders/prime:88"))
REGULAR = "change-order-to-change-order"


def npc(**fields: Any) -> Json:
    return order(npc=True, **fields)


def child(**fields: Any) -> Json:
    return {"id": CHILD, "number": "JOB9", "parentProjectNumber": "J1", "procoreChangeOrderId": 88, **fields}


def story(source: Json | None = None, **parts: Any) -> Passage:
    return passage(FLOW, npc() if source is None else source, **parts)


def carried() -> Passage:
    it = story()
    it.carry(project=CHILD)
    it.lists = lists(children=[child()])
    it.carry(order=OURS)
    it.lists = lists([kept(id=OURS, changeOrderType="NPC")], children=[child()])
    assert it.carry_all() == [["status"], ["mark"]]
    return it


def only(parts: Any) -> Part:
    (part,) = parts
    return part


@pytest.mark.requirement("PP-67", "PP-69")
@pytest.mark.parametrize("fields", [{"npc": False}, {"npc": True, "status": "pending"}])
def test_only_approved_orders_with_the_mark_take_part(fields: Json) -> None:
    assert story(order(**fields)).decide() == Ignore()


@pytest.mark.requirement("PP-72", "PP-73", "PP-74", "PP-75", "PP-76", "PP-77", "PP-78", "PP-59")
def test_the_project_comes_first_with_what_it_has_from_order_and_parent() -> None:
    part = only(story(npc(description="D" * 60)).sends())

    assert (part.endpoint, part.key) == ("bc.projects.create", CHILD)
    assert list(part.body.items()) == [
        ("id", CHILD),
        ("displayName", "Added footing"),
        ("description2", "D" * 50),
        ("customerNumber", "C1"),
        ("billToCustomerNumber", "C2"),
        ("projectClass", "NPC_x0020_Change_x0020_Order"),
        ("parentProjectNumber", "J1"),
        ("procoreChangeOrderId", 88),
        ("sendToProcore", True),
        ("procoreProjectId", int(PROJECT)),
    ]


@pytest.mark.requirement("PP-80", "PP-81")
def test_the_order_follows_under_the_parent_and_both_are_joined_to_it() -> None:
    it = story()
    it.carry(project=CHILD)
    it.lists = lists(children=[child()])
    part = only(it.sends())

    assert (part.endpoint, part.body["projectNumber"], part.body["changeOrderType"]) == (
        "bc.changeOrders.create",
        "J1",
        "NPC",
    )
    assert len(part.body["changeOrderLines"]) == 1

    joined = carried().record.flow(FLOW.name).links.values()

    assert {(link.bc_set, link.bc_number, link.procore_id) for link in joined} == {
        ("projects", "JOB9", "88"),
        ("changeOrders", "CO000001", "88"),
        ("changeOrderLines", "CO000001|10000", "9001"),
    }


@pytest.mark.requirement("PP-79", "C-02")
def test_the_parents_class_is_written_where_business_central_left_it_blank() -> None:
    it = story()
    it.carry(project=CHILD)
    it.carry(order=OURS)
    it.lists = lists([kept(id=OURS, changeOrderType="NPC")], jobs=[job(projectClass=" ")], children=[child()])

    assert it.carry_all() == [["class"], ["status"], ["mark"]]


@pytest.mark.requirement("PP-71", "PP-59")
def test_a_project_that_stands_there_already_is_adopted() -> None:
    it = story(lists=lists(children=[child(id="theirs")]))

    assert [part.name for part in it.sends()] == ["order"]


@pytest.mark.requirement("PP-71")
def test_a_project_elsewhere_that_carries_the_order_is_put_before_a_person() -> None:
    decision = story(lists=lists(children=[child(parentProjectNumber="J7")])).decide()

    assert isinstance(decision, Clash)
    assert "project JOB9 carries this change order and does not stand below J1" in decision.reason


@pytest.mark.requirement("C-04", "PP-69")
@pytest.mark.parametrize(("kind", "waits"), [("", False), ("NPC change order", False), ("Owner Change", True)])
def test_a_type_that_disagrees_with_the_mark_holds_the_order_back(kind: str, *, waits: bool) -> None:
    decision = story(npc(type=kind)).decide()

    assert isinstance(decision, Park) is waits


@pytest.mark.requirement("PP-72", "PP-74", "PP-75")
@pytest.mark.parametrize(
    ("fields", "there", "words"),
    [
        ({"title": ""}, {}, "has no title"),
        ({}, {"jobs": [job(customerNumber="")]}, "project J1 has no customer"),
        ({}, {"jobs": []}, "project J1 is not in Business Central"),
    ],
)
def test_what_a_project_needs_is_named_while_it_is_missing(fields: Json, there: Json, words: str) -> None:
    decision = story(npc(**fields), lists=lists(**there)).decide()

    assert isinstance(decision, Park)
    assert words in decision.waits[0].text


@pytest.mark.requirement("PP-75", "C-54")
def test_a_parent_that_is_not_linked_is_waited_for() -> None:
    decision = story(references={("project", "J1"): unlinked()}).decide()

    assert isinstance(decision, Park)
    assert decision.waits[0].text == "waiting for project J1"


@pytest.mark.requirement("PP-70")
def test_the_approval_is_looked_at_again_before_the_first_write() -> None:
    decision = story(lists=lists(packages=[package(status="void")])).decide()

    assert isinstance(decision, Park)
    assert "is void in Procore now" in decision.waits[0].text


@pytest.mark.requirement("PP-66")
def test_an_order_that_stands_as_a_regular_one_or_is_on_its_way_there_waits() -> None:
    standing = story(lists=lists([kept(id=OURS)])).decide()
    moving = story()
    moving.record.flow(REGULAR).open["order"] = OpenDelivery(moving.record.id, "order", Digest("x"))

    assert isinstance(standing, Park)
    assert "stands in Business Central as CO000001" in standing.waits[0].text
    assert isinstance(decision := moving.decide(), Park)
    assert "is being carried in its other form" in decision.waits[0].text


@pytest.mark.requirement("PP-58", "PP-66", "PP-70")
@pytest.mark.parametrize(
    ("fields", "words"),
    [({"status": "void"}, "is void in Procore now"), ({"npc": False}, "is no longer marked as NPC")],
)
def test_what_is_taken_back_is_told_with_the_project_that_stands(fields: Json, words: str) -> None:
    it = carried()
    decision = it.sees({**npc(), **fields}).decide()

    assert isinstance(decision, Clash)
    assert words in decision.reason
    assert "project JOB9 and change order CO000001 with 100" in decision.reason


@pytest.mark.requirement("PP-73")
def test_the_cut_of_the_description_is_said() -> None:
    it = carried()
    settled = it.sees(npc(description="D" * 60)).decide()

    assert isinstance(settled, Settle)
    assert any("first 50 characters" in warning for warning in settled.warnings)
