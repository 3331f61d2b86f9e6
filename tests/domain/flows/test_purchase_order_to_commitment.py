"""An order becomes one commitment: checked whole, made as a draft, filled line by line, then given its status."""

from decimal import Decimal
from typing import Any

import pytest

from domain import endpoints
from domain.decide import FLAG_OFF, PROJECT_FLAG_OFF, Clash, Exclude, Ignore, NeedsFacts, Park, Reject, Settle
from domain.flow import Known
from domain.flows.purchase_order_to_commitment import FLOW
from domain.values import Json
from tests.domain.flows.documents import COMPANY, ETAG, linked_order, order, order_line
from tests.ledger_story import PROCORE_COMPANY, Lists, Passage, known, unlinked

MINE = f"bc:{COMPANY}:purchaseOrders:77777777-0000-0000-0000-000000000001"
LINE = f"bc:{COMPANY}:purchaseOrderLines:88888888-0000-0000-0000-00000000000"
L1, L2 = (f"line:88888888-0000-0000-0000-00000000000{number}" for number in (1, 2))
BACK = [
    "bc:purchaseOrders:77777777-0000-0000-0000-000000000001",
    "bc:purchaseOrderLines:88888888-0000-0000-0000-000000000001",
    "bc:purchaseOrderLines:88888888-0000-0000-0000-000000000002",
    "bc:log",
]
DRAFT = {"id": 9001, "status": "Draft", "number": "PO-1", "origin_id": MINE}
MOVED = (
    "the order moved to project J2, its commitment 9001 stays where it was made; move the order back, or flag a new one"
)
UNITS = endpoints.units(PROCORE_COMPANY)


def passage(
    source: Json | None = None,
    *rows: Json,
    references: dict[tuple[str, str], Known] | None = None,
    resource: str = "purchase_order_contracts",
    units: tuple[str, ...] = (),
    **more: Any,
) -> Passage:
    lists = Lists({endpoints.contracts(resource, "701"): rows, UNITS: [{"name": name} for name in units]})
    known_ones = dict(linked_order()) if references is None else references
    return Passage(FLOW, source or order(), references=known_ones, lists=lists, **more)


def violations(decision: object) -> list[tuple[str, str, int | None]]:
    assert isinstance(decision, Reject)
    return [(it.rule, it.field, it.line) for it in decision.violations]


def texts(decision: object) -> list[str]:
    assert isinstance(decision, Park)
    return [wait.text for wait in decision.waits]


# -- the flags -------------------------------------------------------------------------------------


@pytest.mark.requirement("PP-21", "C-12")
def test_an_order_without_flag_has_no_state() -> None:
    assert isinstance(passage(order(sendToProcore=False)).decide(), Ignore)


@pytest.mark.requirement("PP-21", "PP-20")
def test_flag_off_leaves_the_commitment_as_it_is_and_flag_on_goes_on_with_it() -> None:
    making = passage(order(status="Open"), DRAFT)
    making.carry_all()
    assert making.sees(order(status="Open", sendToProcore=False)).decide() == Exclude(FLAG_OFF)

    (part,) = making.sees(order(status="Open", yourReference="New")).sends()

    assert (part.name, part.key, part.body["title"]) == ("header", MINE, "New")


@pytest.mark.requirement("PP-22", "C-13", "PP-32")
def test_only_flagged_lines_become_items() -> None:
    lines = [order_line(1), order_line(2, sendToProcore=False), order_line(3)]
    making = passage(order(*lines, status="Open"))
    making.carry()

    assert [part.name for part in making.carry()] == [L1, "line:88888888-0000-0000-0000-000000000003"]


@pytest.mark.requirement("C-60", "PP-07")
def test_an_order_of_a_project_whose_flag_is_off_is_left_out() -> None:
    references = {**linked_order(), ("project", "J1"): unlinked("excluded")}

    assert passage(references=references).decide() == Exclude(PROJECT_FLAG_OFF)


@pytest.mark.requirement("C-44")
def test_an_order_is_left_out_by_its_number() -> None:
    assert passage(exclude_tags=("PO-1",)).decide() == Exclude("tag PO-1")


# -- validation ------------------------------------------------------------------------------------


@pytest.mark.requirement("PP-24")
def test_a_missing_job_is_named() -> None:
    decision = passage(order(order_line(1), jobNumber=" ")).decide()

    assert violations(decision) == [("PP-24", "Job No.", 10000)]
    assert isinstance(decision, Reject)
    assert decision.violations[0].message == "line 10000: Job No. is missing"


@pytest.mark.requirement("PP-24", "PP-26")
def test_an_order_without_lines_and_job_is_told_both() -> None:
    assert violations(passage({**order(), "purchaseOrderLines": [], "jobNumber": ""}).decide()) == [
        ("PP-26", "Lines", None),
        ("PP-24", "Job No.", None),
    ]


@pytest.mark.requirement("PP-25")
def test_a_missing_vendor_is_named() -> None:
    assert violations(passage(order(vendorNumber="")).decide()) == [("PP-25", "Vendor No.", None)]


@pytest.mark.requirement("PP-26", "C-13")
@pytest.mark.parametrize("line", [order_line(sendToProcore=False), order_line(lineType="_x0020_")])
def test_an_order_needs_one_flagged_line_that_carries_cost(line: Json) -> None:
    assert violations(passage(order(line)).decide()) == [("PP-26", "Lines", None)]


@pytest.mark.parametrize(
    ("field", "rule", "caption"),
    [
        pytest.param("costTypeCode", "PP-27", "Cost Type", marks=pytest.mark.requirement("PP-27")),
        pytest.param("jobTaskNumber", "PP-28", "Project Task No.", marks=pytest.mark.requirement("PP-28")),
        pytest.param("segmentCode", "PP-29", "Segment Code", marks=pytest.mark.requirement("PP-29")),
    ],
)
def test_a_field_that_a_line_lacks_is_named_with_the_line(field: str, rule: str, caption: str) -> None:
    decision = passage(order(order_line(1), order_line(2, **{field: "  "}))).decide()

    assert violations(decision) == [(rule, caption, 20000)]
    assert isinstance(decision, Reject)
    assert decision.violations[0].message == f"line 20000: {caption} is missing"


@pytest.mark.requirement("PP-30")
def test_every_fault_of_every_line_is_reported_in_one_pass() -> None:
    faulty = order(order_line(1, costTypeCode=""), order_line(2, jobTaskNumber="", segmentCode=""), vendorNumber="")

    assert violations(passage(faulty).decide()) == [
        ("PP-25", "Vendor No.", None),
        ("PP-27", "Cost Type", 10000),
        ("PP-28", "Project Task No.", 20000),
        ("PP-29", "Segment Code", 20000),
    ]


def test_lines_that_do_not_go_are_not_checked() -> None:
    silent = order_line(2, sendToProcore=False, costTypeCode="", jobTaskNumber="")

    assert passage(order(order_line(1), silent)).sends()[0].name == "header"


@pytest.mark.requirement("PP-28")
def test_a_line_on_a_total_is_rejected() -> None:
    references = {**linked_order(), ("project_task", "J1|01-100"): unlinked("", facet="Total")}

    assert ("PP-28", "Project Task No.", None) in violations(passage(references=references).decide())


def test_an_order_in_another_currency_is_rejected() -> None:
    assert violations(passage(order(currencyCode="EUR"), local_currency="USD").decide()) == [
        ("BX-17", "Currency Code", None)
    ]
    assert passage(order(currencyCode="usd"), local_currency="USD").sends()


@pytest.mark.requirement("C-59")
def test_an_order_that_becomes_invalid_is_rejected_and_its_commitment_stays() -> None:
    making = passage()
    making.carry_all()
    decision = making.sees(order(vendorNumber="")).decide()

    assert isinstance(decision, Reject)


# -- what it waits for -----------------------------------------------------------------------------


@pytest.mark.requirement("PP-23", "PP-25", "C-27")
def test_an_order_waits_for_project_vendor_and_task_before_anything_is_brought_forth() -> None:
    decision = passage(references={}).decide()

    assert texts(decision) == [
        "waiting for vendor V10 to be linked to a Procore company",
        "waiting for project J1",
        "waiting for project task 01-100 of project J1",
    ]
    assert isinstance(decision, Park)
    assert decision.demands == []


@pytest.mark.requirement("PP-23", "C-52", "PP-29")
def test_then_it_brings_forth_the_directory_entry_and_one_budget_code_for_equal_lines() -> None:
    references = {
        key: value for key, value in linked_order().items() if key[0] in ("project", "vendor", "project_task")
    }
    decision = passage(references=references).decide()

    assert texts(decision) == [
        "waiting for vendor V10 in the directory of project J1",
        "waiting for budget code EAST / 01-100 / M of project J1",
    ]
    assert isinstance(decision, Park)
    assert [demand.kind for demand in decision.demands] == ["project_vendor", "budget_code"]


@pytest.mark.requirement("C-03")
def test_an_order_of_a_child_goes_to_the_project_of_its_parent() -> None:
    shared = passage(order(jobNumber="J1-NPC"), references=dict(linked_order("J1-NPC")))
    (part,) = shared.sends()

    assert part.scope == {"project_id": "701"}


# -- the commitment --------------------------------------------------------------------------------


@pytest.mark.requirement("PP-31", "C-49")
def test_the_header_is_made_as_a_draft_with_number_title_vendor_and_date() -> None:
    (part,) = passage().sends()

    assert (part.endpoint, part.key, part.scope) == ("purchase_order_contracts", MINE, {"project_id": "701"})
    assert part.body == {
        "number": "PO-1",
        "title": "Panels for the east wing",
        "vendor_id": 55,
        "origin_code": "PO-1",
        "contract_date": "2026-03-01",
        "delivery_date": "2026-03-20",
        "payment_terms": "30 DAYS",
        "status": "Draft",
    }


@pytest.mark.requirement("PP-31")
def test_a_subcontract_becomes_a_work_order_contract_with_retainage() -> None:
    made = passage(
        order(commitmentType="Subcontract", retentionPercent=Decimal("7.5")), resource="work_order_contracts"
    )
    (part,) = made.sends()

    assert part.endpoint == "work_order_contracts"
    assert part.body["retainage_percent"] == "7.50"
    assert part.body["contract_estimated_completion_date"] == "2026-03-20"
    assert made.carry_all()[1:3] == [[L1, L2], ["status"]]


@pytest.mark.requirement("PP-31")
def test_the_kind_of_contract_is_fixed_when_it_is_made() -> None:
    made = passage(order(status="Open"), DRAFT)
    made.carry_all()
    (part,) = made.sees(order(status="Open", commitmentType="Subcontract", yourReference="New")).sends()

    assert part.endpoint == "purchase_order_contracts"


def test_an_order_without_reference_is_titled_by_its_number() -> None:
    assert passage(order(yourReference="")).sends()[0].body["title"] == "PO-1"


@pytest.mark.requirement("PF-21")
def test_dates_are_plain_days_and_a_blank_one_is_left_out() -> None:
    body = passage(order(orderDate="0001-01-01", requestedReceiptDate="0001-01-01")).sends()[0].body

    assert body["contract_date"] == "2026-03-02"
    assert "delivery_date" not in body


@pytest.mark.requirement("PP-31", "PP-32", "PP-33", "C-49")
def test_draft_then_lines_then_the_status_of_the_order_then_the_way_back() -> None:
    making = passage()

    assert making.carry_all() == [["header"], [L1, L2], ["status"], BACK]
    assert isinstance(making.decision, Settle)


@pytest.mark.requirement("C-49")
def test_an_open_order_stays_a_draft_and_becomes_approved_with_its_release() -> None:
    making = passage(order(status="Open"))
    assert making.carry_all() == [["header"], [L1, L2], BACK]

    (part,) = making.sees(order()).sends()

    assert (part.name, part.body) == ("status", {"status": "Approved"})


@pytest.mark.requirement("C-49")
def test_a_reopened_order_takes_the_status_back() -> None:
    making = passage()
    making.carry_all()
    (part,) = making.sees(order(status="Open")).sends()

    assert (part.name, part.body) == ("status", {"status": "Draft"})


@pytest.mark.requirement("C-49")
def test_the_mapping_of_the_status_is_a_setting() -> None:
    making = passage(settings={"status": {"Released": "Processing", "default": "Draft"}})
    making.carry_all()

    assert making.record.flow(FLOW.name).parts["status"].target_id == "9001"
    assert making.sees(order(status="Open")).sends()[0].body == {"status": "Draft"}


@pytest.mark.requirement("PP-32")
def test_a_line_carries_code_description_quantity_cost_and_amount() -> None:
    making = passage(order(order_line(1), order_line(2, lineAmount=Decimal("6.50"), amount=Decimal("6.50"))))
    making.carry()
    first, second = making.sends()

    assert (first.endpoint, first.key) == ("purchase_order_contracts.line_items", f"{LINE}1")
    assert first.scope == {"project_id": "701", "purchase_order_contract_id": "9001"}
    assert first.body == {
        "wbs_code_id": 801,
        "description": "Panels 1",
        "quantity": "2",
        "unit_cost": "3.50",
        "amount": "7.00",
        "extended_type": "calculated",
    }
    assert (second.body["amount"], second.body["extended_type"]) == ("6.50", "manual")


@pytest.mark.requirement("PP-17")
def test_material_and_labor_land_on_distinct_cost_types_and_comments_nowhere() -> None:
    references = {**linked_order(), ("budget_code", "J1|EAST|01-100|L"): known("wbs_codes", "802", parent="701")}
    lines = [order_line(1), order_line(2, costTypeCode="L"), order_line(3, lineType="_x0020_")]
    making = passage(order(*lines), references=references)
    making.carry()

    assert [part.body["wbs_code_id"] for part in making.sends()] == [801, 802]


@pytest.mark.requirement("PP-32")
def test_a_thousand_lines_and_more_are_each_one_item_and_add_up() -> None:
    lines = [
        order_line(id=f"99999999-0000-0000-0000-{count:012}", lineNumber=count * 10, lineAmount=Decimal("0.01"))
        for count in range(1, 1201)
    ]
    making = passage(order(*lines, status="Open"))
    making.carry()
    parts = making.sends()

    assert len({part.key for part in parts}) == 1200
    assert sum(Decimal(part.body["amount"]) for part in parts) == Decimal("12.00")


@pytest.mark.requirement("C-51")
def test_a_unit_is_sent_as_procore_spells_it_and_an_unknown_one_is_left_out_and_said() -> None:
    lines = [order_line(1, unitOfMeasureCode="EA"), order_line(2, unitOfMeasureCode="PALLET")]
    making = passage(order(*lines), units=("ea", "m2"))
    making.carry()
    first, second = making.sends()
    making.carry_all()

    assert (first.body["uom"], "uom" in second.body) == ("ea", False)
    assert isinstance(making.decision, Settle)
    assert list(making.decision.warnings) == ["unit PALLET is unknown in Procore and was left out"]


def test_units_are_asked_for_only_where_a_line_has_one() -> None:
    plain, with_unit = passage(), passage(order(order_line(1, unitOfMeasureCode="EA")))
    plain.lists = with_unit.lists = {}

    assert plain.decide() == NeedsFacts([endpoints.contracts("purchase_order_contracts", "701")])
    assert with_unit.decide() == NeedsFacts([UNITS])


@pytest.mark.requirement("PP-33", "DC-05")
def test_the_ids_come_back_to_order_and_lines() -> None:
    making = passage()
    for _ in range(3):
        making.carry()
    parts = making.sends()

    assert [(part.endpoint, part.body.get("procoreCommitmentId"), part.if_match) for part in parts[:1]] == [
        ("bc.purchaseOrders", 9001, ETAG)
    ]
    assert [part.body["procoreCommitmentLineId"] for part in parts[1:3]] == [9002, 9003]
    assert [(link.bc_set, link.bc_number, link.procore_id, link.procore_parent_id) for link in making.links] == [
        ("purchaseOrders", "PO-1", "9001", "701"),
        ("purchaseOrderLines", "PO-1|10000", "9002", "9001"),
        ("purchaseOrderLines", "PO-1|20000", "9003", "9001"),
    ]


@pytest.mark.requirement("PP-33")
def test_a_failed_write_back_leaves_one_commitment() -> None:
    making = passage(order(status="Open"), DRAFT)
    for _ in range(2):
        making.carry()
    making.refuse("412", status=412)

    assert {part.name for part in making.sees(order(status="Open", yourReference="New")).sends()} == {"header"}
    assert making.sends()[0].key == MINE


# -- somebody was there before ---------------------------------------------------------------------


@pytest.mark.requirement("C-55", "PP-31")
def test_a_number_that_the_project_has_already_is_parked() -> None:
    assert texts(passage(None, {"id": 77, "number": "po-1", "origin_id": None}).decide()) == [
        "number PO-1 exists in Procore (commitment 77), link or rename"
    ]


@pytest.mark.requirement("C-55")
def test_a_number_of_another_integration_is_a_conflict() -> None:
    decision = passage(None, {"id": 77, "number": "PO-1", "origin_id": "erp:1"}).decide()

    assert decision == Clash(
        "commitment 77 has number PO-1 and belongs to another record or integration (origin id erp:1)"
    )


@pytest.mark.requirement("PP-31")
def test_a_contract_with_our_origin_id_is_written_by_that_id_and_not_doubled() -> None:
    (part,) = passage(None, {"id": 77, "number": "PO-1", "origin_id": MINE}).sends()

    assert (part.key, part.target_id) == (MINE, "")


# -- changes ---------------------------------------------------------------------------------------


@pytest.mark.requirement("PP-19", "PP-34")
def test_a_changed_line_of_a_draft_is_sent_alone() -> None:
    making = passage(order(status="Open"), DRAFT)
    making.carry_all()
    changed = order(order_line(1), order_line(2, quantity=Decimal(3), lineAmount=Decimal("10.50")), status="Open")
    (part,) = making.sees(changed).sends()

    assert (part.name, part.key, part.body["amount"]) == (L2, f"{LINE}2", "10.50")


@pytest.mark.requirement("PP-32")
def test_a_new_line_becomes_a_new_item() -> None:
    making = passage(order(status="Open"), DRAFT)
    making.carry_all()
    wider = order(order_line(1), order_line(2), order_line(3), status="Open")

    assert [part.key for part in making.sees(wider).sends()] == [f"{LINE}3"]


@pytest.mark.requirement("PP-20")
@pytest.mark.parametrize("second", [[], [order_line(2, sendToProcore=False)]], ids=["removed", "unflagged"])
def test_a_line_that_no_longer_goes_is_deleted_from_the_draft(second: list[Json]) -> None:
    making = passage(order(status="Open"), DRAFT)
    making.carry_all()
    shorter = order(order_line(1), *second, status="Open")
    (part,) = making.sees(shorter).sends()

    assert (part.endpoint, part.target_id) == ("purchase_order_contracts.line_items.delete", "9003")
    assert part.scope == {"project_id": "701", "purchase_order_contract_id": "9001"}
    assert making.carry_all()[1:] == [["bc:log"]]
    assert isinstance(making.sees(shorter).decide(), Settle)


@pytest.mark.requirement("PP-20")
def test_a_line_that_goes_before_the_order_is_joined_is_deleted_too() -> None:
    making = passage()
    making.carry()
    making.carry()
    parts = making.sees(order(order_line(1))).sends()

    assert [(part.endpoint, part.target_id) for part in parts] == [
        ("purchase_order_contracts.line_items.delete", "9003")
    ]


@pytest.mark.requirement("PP-20", "C-49")
def test_a_line_is_deleted_before_the_status_locks_the_commitment() -> None:
    making = passage(order(status="Open"), DRAFT)
    making.carry_all()
    making.sees(order(order_line(1)))

    assert making.carry_all() == [[L2], ["status"], ["bc:log"]]


CHANGED = order(order_line(1), order_line(2, quantity=Decimal(3), lineAmount=Decimal("10.50"), amount=Decimal("10.50")))


def approved(status: str = "Approved", **fields: Any) -> Passage:
    """An order that is whole in Procore, which shows this status."""
    done = passage(None, {"id": 9001, "number": "PO-1", "origin_id": MINE, "status": status, **fields})
    done.carry_all()
    return done


def shows(done: Passage, status: str) -> None:
    row = {"id": 9001, "number": "PO-1", "origin_id": MINE, "status": status}
    done.lists = Lists({endpoints.contracts("purchase_order_contracts", "701"): [row]})


@pytest.mark.requirement("PP-34", "C-49")
def test_our_own_approval_is_taken_back_for_a_change_and_given_again() -> None:
    done = approved()
    done.sees(CHANGED)
    (opened,) = done.carry()
    assert (opened.name, opened.body) == ("status", {"status": "Draft"})

    shows(done, "Draft")
    (line,) = done.carry()
    (again,) = done.carry()

    assert (line.name, again.name, again.body) == (L2, "status", {"status": "Approved"})
    shows(done, "Approved")
    assert [name for names in done.carry_all() for name in names] == ["bc:log"]
    assert isinstance(done.decision, Settle)


@pytest.mark.requirement("PP-34")
def test_nothing_is_opened_where_only_the_status_changes() -> None:
    done = approved()
    done.lists = {}

    assert done.sees(order(status="Open")).sends()[0].name == "status"


@pytest.mark.requirement("PP-34")
@pytest.mark.parametrize(
    ("status", "fields", "words"),
    [
        ("Complete", {}, "the commitment is Complete in Procore by somebody else; set it back to Draft there"),
        (
            "Approved",
            {"total_requisitions_amount": "10.00"},
            "the commitment is Approved and invoiced in Procore; change it by a commitment change order",
        ),
        (
            "Approved",
            {"approved_change_orders": Decimal("0.01")},
            "the commitment is Approved and has approved change orders in Procore; change it there",
        ),
    ],
    ids=["somebody else", "invoiced", "changed by change order"],
)
def test_a_locked_commitment_is_parked_with_the_reason(status: str, fields: Json, words: str) -> None:
    done = approved(status, **fields)

    assert texts(done.sees(CHANGED).decide()) == [words]


@pytest.mark.requirement("PP-34")
def test_an_order_that_was_open_and_approved_in_procore_by_hand_is_parked_on_change() -> None:
    done = passage(order(status="Open"), {"id": 9001, "number": "PO-1", "origin_id": MINE, "status": "Approved"})
    done.carry_all()

    assert texts(done.sees(order(order_line(1), status="Open")).decide()) == [
        "the commitment is Approved in Procore by somebody else; set it back to Draft there"
    ]


@pytest.mark.requirement("PP-34")
def test_zero_amounts_do_not_lock_a_commitment() -> None:
    done = approved(total_requisitions_amount="0.00", approved_change_orders=None)

    assert done.sees(CHANGED).sends()[0].body == {"status": "Draft"}


@pytest.mark.requirement("PP-34", "C-49")
def test_a_commitment_that_somebody_set_back_to_draft_gets_its_status_again_after_the_change() -> None:
    done = approved("Draft")
    done.sees(CHANGED)
    sent = [part.body.get("status") for _ in range(3) for part in done.carry()]

    assert sent == ["Draft", None, "Approved"]


@pytest.mark.requirement("PF-09")
def test_a_commitment_that_is_not_to_be_seen_is_not_made_again() -> None:
    done = approved()
    done.lists = Lists()

    assert texts(done.sees(CHANGED).decide()) == [
        "the commitment is no longer visible in Procore; it was deleted, or the permission is missing"
    ]


@pytest.mark.requirement("PP-23")
def test_an_order_that_moves_to_another_project_is_put_before_a_person() -> None:
    done = passage(references={**linked_order("J1", "J2")})
    done.carry_all()

    assert texts(done.sees(order(jobNumber="J2")).decide()) == [MOVED]


# -- several jobs ----------------------------------------------------------------------------------

TWO_JOBS = order(order_line(1, jobNumber="J2"), order_line(2))


def split(source: Json = TWO_JOBS) -> Passage:
    return passage(source, references=dict(linked_order("J1", "J2")), settings={"split_by_job": True})


@pytest.mark.requirement("C-14")
def test_lines_of_several_jobs_are_parked() -> None:
    assert texts(passage(TWO_JOBS, references=dict(linked_order("J1", "J2"))).decide()) == [
        "lines belong to several jobs: J1, J2"
    ]


@pytest.mark.requirement("C-14")
def test_split_by_job_makes_one_commitment_for_each_job() -> None:
    making = split()
    headers = making.carry()
    lines = making.carry()

    assert [(part.name, part.key, part.scope["project_id"]) for part in headers] == [
        ("header", MINE, "701"),
        ("header:J2", f"{MINE}:J2", "702"),
    ]
    assert [(part.name, part.scope["purchase_order_contract_id"]) for part in lines] == [(L2, "9001"), (L1, "9002")]
    assert [part.name for part in making.carry()] == ["status", "status:J2"]
    making.carry_all()
    assert [(link.role, link.procore_id) for link in making.links if link.bc_set == "purchaseOrders"] == [
        ("primary", "9001"),
        ("split:J2", "9002"),
    ]


@pytest.mark.requirement("C-14", "PP-20")
def test_a_line_that_leaves_a_split_order_is_deleted_from_its_own_commitment() -> None:
    lines = [order_line(1, jobNumber="J2"), order_line(2), order_line(3, jobNumber="J2")]
    making = split(order(*lines, status="Open"))
    row = {"number": "PO-1", "status": "Draft"}
    making.lists = Lists(
        {
            endpoints.contracts("purchase_order_contracts", "701"): [{**row, "id": 9001, "origin_id": MINE}],
            endpoints.contracts("purchase_order_contracts", "702"): [{**row, "id": 9002, "origin_id": f"{MINE}:J2"}],
        }
    )
    making.carry_all()
    (part,) = making.sees(order(*lines[:2], status="Open")).sends()

    assert part.endpoint == "purchase_order_contracts.line_items.delete"
    assert part.scope == {"project_id": "702", "purchase_order_contract_id": "9002"}


@pytest.mark.requirement("C-03", "C-14")
def test_an_order_whose_lines_all_name_one_other_job_goes_to_that_job() -> None:
    other = passage(order(order_line(1, jobNumber="J2"), jobNumber=""), references=dict(linked_order("J1", "J2")))

    assert other.sends()[0].scope == {"project_id": "702"}


@pytest.mark.requirement("PP-34", "C-49")
def test_an_own_contract_that_is_billed_is_not_opened_again_when_the_ledger_forgot_it() -> None:
    billed = {**DRAFT, "status": "Approved", "total_requisitions_amount": "10.00"}

    assert texts(passage(None, billed).decide()) == [
        "the commitment is Approved and invoiced in Procore; change it by a commitment change order"
    ]
