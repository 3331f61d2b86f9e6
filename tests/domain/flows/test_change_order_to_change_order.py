"""A change order goes to Business Central once and whole; what changes afterwards is told and left alone."""

from decimal import Decimal
from typing import Any
from uuid import uuid5

import pytest

from domain.decide import Clash, Exclude, Ignore, Park, Reject, Settle
from domain.endpoints import changes as endpoints
from domain.flow import NOBODY, THERE, Known, Part
from domain.flows.change_order_to_change_order import FLOW
from domain.values import LEDGER, Json
from tests.domain.flows.changes import (
    PROJECT,
    job,
    kept,
    kept_line,
    line,
    linked,
    lists,
    made_by_the_hub,
    order,
    package,
    passage,
)
from tests.domain.flows.documents import COMPANY
from tests.ledger_story import CONNECTION, Passage, known, unlinked

OURS = str(uuid5(LEDGER, f"{CONNECTION}/changeOrders/prime:88"))
MARK = f"bc:{COMPANY}:changeOrders:{OURS}"


def story(source: Json | None = None, **parts: Any) -> Passage:
    return passage(FLOW, order() if source is None else source, **parts)


def carried(source: Json | None = None) -> Passage:
    """The order stands in Business Central, and everything that follows is done."""
    it = story(source)
    it.carry(order=OURS)
    it.lists = lists([kept(id=OURS)])
    assert it.carry_all() == [["status"], ["mark"]]
    return it


def only(parts: Any) -> Part:
    (part,) = parts
    return part


@pytest.mark.requirement("PP-58", "C-05", "PP-66")
@pytest.mark.parametrize("fields", [{"status": "pending"}, {"status": "void"}, {"npc": True}])
def test_orders_that_are_not_approved_or_npc_take_no_part(fields: Json) -> None:
    assert story(order(**fields)).decide() == Ignore()


@pytest.mark.requirement("PP-60", "PP-61", "PP-65", "PP-59")
def test_one_deep_insert_in_the_order_of_the_connectors_tables() -> None:
    part = only(story(order(line(), line("9002", amount="-20.50", quantity="", unitCost=""))).sends())

    assert (part.endpoint, part.key, part.stage) == ("bc.changeOrders.create", OURS, 0)
    assert list(part.body) == [
        "id",
        "projectNumber",
        "changeOrderType",
        "procoreChangeOrderNumber",
        "title",
        "description",
        "approvedDate",
        "procoreProjectId",
        "procoreContractId",
        "procoreChangeOrderId",
        "changeOrderLines",
    ]
    assert (part.body["projectNumber"], part.body["changeOrderType"]) == ("J1", "Regular")
    assert (part.body["approvedDate"], part.body["procoreChangeOrderId"]) == ("2026-03-02", 88)
    first, second = part.body["changeOrderLines"]
    assert list(first.items()) == [
        ("jobTaskNumber", "01-100"),
        ("segmentCode", "EAST"),
        ("costTypeCode", "M"),
        ("description", "Footing"),
        ("quantity", Decimal(4)),
        ("unitOfMeasureCode", "CY"),
        ("unitCost", Decimal(25)),
        ("amount", Decimal(100)),
        ("procoreLineItemId", 9001),
    ]
    assert second["amount"] == Decimal("-20.50")
    assert str(first["unitCost"]) == "25"
    assert second.keys().isdisjoint({"quantity", "unitCost"})  # Business Central's own default is kept


@pytest.mark.requirement("PP-63")
def test_status_and_mark_follow_once_the_order_stands() -> None:
    it = story()
    it.carry(order=OURS)
    it.lists = lists([kept(id=OURS)])
    (status,) = it.carry()

    assert (status.endpoint, status.target_id, status.if_match) == ("bc.changeOrders", OURS, "order")
    assert (status.body["status"], status.body["procoreSyncStatus"]) == ("Synced", "Synced")

    (mark,) = it.carry()

    assert (mark.endpoint, mark.target_id, mark.scope) == ("change_order_packages", "77", {"project_id": PROJECT})
    assert mark.body == {"origin_id": MARK, "origin_code": "CO000001"}
    assert isinstance(it.decide(), Settle)
    links = {(link.bc_set, link.bc_number, link.procore_id) for link in it.record.flow(FLOW.name).links.values()}
    assert links == {("changeOrders", "CO000001", "88"), ("changeOrderLines", "CO000001|10000", "9001")}


@pytest.mark.requirement("PP-59")
def test_what_stands_there_already_is_adopted_and_an_applied_order_stays_applied() -> None:
    it = story(lists=lists([kept(id="theirs", status="Applied")]))
    (status,) = it.carry()

    assert "status" not in status.body
    assert status.target_id == "theirs"
    assert it.carry_all() == [["mark"]]


@pytest.mark.requirement("PP-59")
def test_another_amount_there_is_a_conflict_before_anything_is_written() -> None:
    decision = story(lists=lists([kept(kept_line(amount=Decimal(90)))])).decide()

    assert isinstance(decision, Clash)
    assert "Business Central holds 90, Procore 100" in decision.reason


@pytest.mark.requirement("PP-62", "C-02")
@pytest.mark.parametrize(
    ("label", "written"),
    [
        ("_x0020_", True),
        ("", True),
        ("Base_x0020_Project", True),
        ("Master_x0020_Job", True),
        ("Project_x0020_with_x0020_Change_x0020_Order", False),
        ("NPC_x0020_Change_x0020_Order", False),
        ("Extra_x0020_Work", False),
    ],
)
def test_the_class_is_written_only_where_business_central_left_it(label: str, *, written: bool) -> None:
    it = story()
    it.carry(order=OURS)
    it.lists = lists([kept(id=OURS)], jobs=[job(projectClass=label)])
    parts = it.sends()

    assert [part.name for part in parts] == (["class"] if written else ["status"])
    if written:
        assert parts[0].body == {"projectClass": "Project_x0020_with_x0020_Change_x0020_Order"}
        assert (parts[0].target_id, parts[0].if_match) == (job()["id"], "job")


@pytest.mark.requirement("PP-62", "PP-79")
def test_of_orders_that_are_made_together_the_first_one_sees_to_the_class() -> None:
    it = story()
    it.carry(order=OURS)
    other = kept(id=str(uuid5(LEDGER, f"{CONNECTION}/changeOrders/prime:7")), number="CO000000", procoreChangeOrderId=7)
    it.lists = lists([kept(id=OURS), other], jobs=[job(projectClass=" ")])

    assert [part.name for part in it.sends()] == ["status"]


@pytest.mark.requirement("PP-62")
def test_a_child_project_keeps_its_class() -> None:
    it = story()
    it.carry(order=OURS)
    it.lists = lists([kept(id=OURS)], jobs=[job(projectClass="", parentProjectNumber="J0")])

    assert [part.name for part in it.sends()] == ["status"]


@pytest.mark.requirement("PP-61", "C-23")
def test_a_code_that_the_hub_did_not_make_is_taken_apart_by_the_pattern() -> None:
    segments = [("sub_job", "EAST"), ("cost_code", "01-100"), ("line_item_type", "M")]
    items = [{"code": code, "path_code": code, "segment": {"type": kind}} for kind, code in segments]
    references = {**linked(), ("budget_code", f"{THERE}801"): NOBODY}
    shown = lists(codes=[{"id": 801, "flat_code": "EAST.01-100.M", "segment_items": items}])
    part = only(story(references=references, lists=shown).sends())

    row = part.body["changeOrderLines"][0]
    assert (row["segmentCode"], row["jobTaskNumber"], row["costTypeCode"]) == ("EAST", "01-100", "M")


@pytest.mark.requirement("PP-61")
def test_the_list_of_codes_is_read_only_where_the_hub_did_not_make_them() -> None:
    it = story()
    it.decide()
    references = {**linked(), ("budget_code", f"{THERE}801"): NOBODY}
    waiting = story(references=references).decide()

    assert isinstance(waiting, Park)
    assert "is not among the codes of the project" in waiting.waits[0].text
    assert endpoints.wbs_codes(PROJECT).scope == PROJECT


@pytest.mark.requirement("PP-61", "C-54")
@pytest.mark.parametrize(
    ("key", "known_", "words"),
    [
        (("project_task", "J1|01-100"), NOBODY, "project task 01-100 of budget code EAST.01-100.M does not exist"),
        (("project_task", "J1|01-100"), unlinked("deleted", "Posting"), "does not exist in project J1"),
        (("project_task", "J1|01-100"), unlinked("parked", "Heading"), "only Posting can be used"),
        (("cost_type", "M"), NOBODY, "cost type M of budget code EAST.01-100.M does not exist"),
    ],
)
def test_a_code_that_business_central_lacks_holds_back_the_whole_order(
    key: tuple[str, str], known_: Known, words: str
) -> None:
    decision = story(references={**linked(), key: known_}).decide()

    assert isinstance(decision, Park)
    assert any(words in wait.text for wait in decision.waits), decision.waits


@pytest.mark.requirement("C-52", "PP-61")
def test_a_segment_gets_its_row_where_business_central_knows_it_and_is_waited_for_where_not() -> None:
    lacking = {**linked(), ("project_segment", "J1|EAST"): NOBODY}
    made = story(references=lacking).decide()
    waiting = story(references={**lacking, ("segment", "EAST"): NOBODY}).decide()

    assert isinstance(made, Park)
    assert [demand.key for demand in made.demands] == ["J1|EAST"]
    assert isinstance(waiting, Park)
    assert waiting.demands == ()
    assert "segment EAST of budget code EAST.01-100.M is not among the segments of project J1" in waiting.waits[0].text


@pytest.mark.requirement("PP-61")
def test_a_segment_whose_row_was_deleted_is_not_made_again_behind_anybodys_back() -> None:
    gone = Known("deleted", known("sub_jobs", "20").link, "record")
    decision = story(references={**linked(), ("project_segment", "J1|EAST"): gone}).decide()

    assert isinstance(decision, Park)
    assert decision.demands == ()
    assert "segment EAST of budget code EAST.01-100.M is not among the segments" in decision.waits[0].text


@pytest.mark.requirement("PP-61")
def test_a_blocked_segment_and_a_task_without_counterpart_are_there_all_the_same() -> None:
    references = {
        **linked(),
        ("project_segment", "J1|EAST"): unlinked("excluded"),
        ("project_task", "J1|01-100"): unlinked("conflict", "Posting"),
    }

    assert [part.name for part in story(references=references).sends()] == ["order"]


@pytest.mark.requirement("PP-61")
@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"lines": []}, "nothing is kept as a header alone"),
        ({"total": "99"}, "the lines come to 100, PCCO #001 says 99"),
        ({"lines": [line(amount="100.001")], "total": "100.001"}, "no amount in whole cents"),
    ],
)
def test_lines_that_do_not_make_the_order_are_refused(fields: Json, words: str) -> None:
    decision = story(order(**fields)).decide()

    assert isinstance(decision, Reject)
    assert any(words in violation.message for violation in decision.violations)


@pytest.mark.requirement("BX-17")
def test_another_currency_than_the_projects_is_refused() -> None:
    abroad = story(order(currency="CAD"))
    theirs = story(order(currency="CAD"), lists=lists(jobs=[job(currencyCode="CAD")]))

    assert isinstance(abroad.decide(), Reject)
    assert [part.name for part in theirs.sends()] == ["order"]


@pytest.mark.requirement("PP-70")
@pytest.mark.parametrize(
    ("packages", "words"),
    [
        ([], "no longer among the change orders in Procore"),
        ([package(status="revised")], "is revised in Procore now"),
        ([package(custom_fields={"custom_field_5": {"value": True}})], "the NPC mark"),
    ],
)
def test_an_order_that_changed_since_it_was_read_waits_to_be_read_again(packages: list[Json], words: str) -> None:
    decision = story(lists=lists(packages=packages)).decide()

    assert isinstance(decision, Park)
    assert words in decision.waits[0].text


@pytest.mark.requirement("ER-63")
def test_the_mark_of_another_integration_is_a_conflict_and_our_own_is_not_written_twice() -> None:
    foreign = story(lists=lists(packages=[package(origin_id="theirs")])).decide()
    it = story(lists=lists([kept(id=OURS)], packages=[package(origin_id=MARK)]))

    assert isinstance(foreign, Clash)
    assert "theirs" in foreign.reason
    assert it.carry_all() == [["status"]]


@pytest.mark.requirement("PP-58")
@pytest.mark.parametrize("status", ["void", "revised", "rejected"])
def test_an_approval_that_is_taken_back_is_put_before_a_person(status: str) -> None:
    it = carried()
    decision = it.sees(order(status=status, lines=[], total="80")).decide()

    assert isinstance(decision, Clash)
    assert f"is {status} in Procore now (its total is 80); Business Central holds" in decision.reason
    assert "CO000001 with 100" in decision.reason
    assert isinstance(it.sees(order(revision="1")).decide(), Settle)


@pytest.mark.requirement("PP-58")
@pytest.mark.parametrize("rows", [[], [kept(id=OURS, status="Canceled")]])
def test_an_order_that_is_gone_on_both_sides_is_left_out(rows: list[Json]) -> None:
    it = carried()
    it.lists = lists(rows)

    assert isinstance(it.sees(order(status="void")).decide(), Exclude)


@pytest.mark.requirement("PP-58", "PP-65")
def test_changed_lines_are_a_conflict_and_changed_words_a_warning() -> None:
    it = carried()
    moved = {**linked(), ("budget_code", f"{THERE}802"): made_by_the_hub("J1|EAST|01-100|L", "802")}
    it.references = {**moved, ("cost_type", "L"): known("line_item_types", "31")}
    other_code = it.sees(order(line(wbsCodeId="802"))).decide()
    words = it.sees(order(title="Renamed")).decide()

    assert isinstance(other_code, Clash)
    assert "both come to 100, but 1 of the lines differ" in other_code.reason
    assert isinstance(words, Settle)
    assert "'Renamed'" in words.warnings[0]


@pytest.mark.requirement("PP-66")
def test_an_order_that_stands_as_npc_waits_until_that_is_gone() -> None:
    decision = story(lists=lists([kept(changeOrderType="NPC")])).decide()

    assert isinstance(decision, Park)
    assert "stands in Business Central as CO000001" in decision.waits[0].text


@pytest.mark.requirement("PP-66")
def test_a_mark_that_is_turned_afterwards_is_put_before_a_person() -> None:
    decision = carried().sees(order(npc=True)).decide()

    assert isinstance(decision, Clash)
    assert "is marked as NPC now" in decision.reason


@pytest.mark.requirement("PP-60")
def test_the_side_decides_the_type_and_names_the_purchase_order_of_its_commitment() -> None:
    references = {**linked(), ("commitment", f"{THERE}66"): made_by_the_hub("PO-1", "66")}
    there = only(story(order(side="commitment"), references=references).sends())
    posted = {**references, ("commitment", f"{THERE}66"): unlinked("deleted")}
    gone = only(story(order(side="commitment"), references=posted).sends())

    assert (there.body["changeOrderType"], there.body["purchaseOrderNumber"]) == ("Commitment", "PO-1")
    assert there.key == str(uuid5(LEDGER, f"{CONNECTION}/changeOrders/commitment:88"))
    assert "purchaseOrderNumber" not in gone.body


@pytest.mark.requirement("PP-65")
def test_what_does_not_fit_is_cut_and_said() -> None:
    long = order(
        line(description="D" * 101, uom="cubic yards of it"), title="", description="X" * 2049, number="N" * 51
    )
    it = story(long)
    body = only(it.carry(order=OURS)).body
    it.lists = lists()
    it.carry_all()
    settled = it.decide()

    assert body["title"] == f"Change order {'N' * 51}"
    assert (len(body["description"]), len(body["procoreChangeOrderNumber"])) == (2048, 50)
    assert len(body["changeOrderLines"][0]["description"]) == 100
    assert "unitOfMeasureCode" not in body["changeOrderLines"][0]
    assert isinstance(settled, Settle)
    assert len(settled.warnings) == 4
