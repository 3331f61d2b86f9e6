"""The cross-reference shows which record is which, once for each pair, since the day that they were joined."""

import pytest

from domain.events import LinkRow
from projections.cross_reference import CROSS_REFERENCE, CROSS_REFERENCES
from tests.ledger_story import (
    FLOW,
    START,
    Command,
    Story,
    adopted,
    cut_off,
    linkage_refused,
    linked,
    observed,
    parked,
    reset,
    settled,
)
from tests.projections.folded import Tables, folded, told


def pairs(*links: LinkRow) -> Command:
    return lambda record, when: record.link(FLOW, links, when)


HEADER = LinkRow("purchaseOrders", "po-1", "PO-1", "purchase_order_contracts", "900", "7")
LINE = LinkRow("purchaseOrderLines", "l-1", "PO-1|10000", "purchase_order_contracts.line_items", "901", "900")


def test_the_columns_are_those_that_others_build_on() -> None:
    assert CROSS_REFERENCE.names == (
        "connection",
        "flow",
        "record",
        "role",
        "bc_set",
        "bc_id",
        "bc_number",
        "procore_resource",
        "procore_id",
        "procore_parent_id",
        "since",
        "valid_from",
    )


@pytest.mark.requirement("DC-05", "PP-05")
def test_every_pair_is_one_row() -> None:
    tables = folded(CROSS_REFERENCES, observed(), pairs(HEADER, LINE), settled())

    assert [(row["bc_set"], row["bc_number"], row["procore_id"], row["role"]) for row in tables.rows()] == [
        ("purchaseOrderLines", "PO-1|10000", "901", "primary"),
        ("purchaseOrders", "PO-1", "900", "primary"),
    ]


def test_a_pair_keeps_the_moment_at_which_it_was_joined() -> None:
    renumbered = LinkRow("purchaseOrders", "po-1", "PO-1A", "purchase_order_contracts", "900", "7")
    row = folded(CROSS_REFERENCES, observed(), pairs(HEADER), pairs(renumbered)).row()

    assert (row["bc_number"], row["since"]) == ("PO-1A", START.replace(minute=1).isoformat())


def test_another_counterpart_begins_anew() -> None:
    row = folded(CROSS_REFERENCES, observed(), linked("900"), linked("999")).row()

    assert (row["procore_id"], row["since"]) == ("999", START.replace(minute=2).isoformat())


@pytest.mark.requirement("C-03")
def test_a_derived_pair_stands_beside_a_primary_one() -> None:
    derived = LinkRow("projects", "j-2", "J1-NPC", "projects", "7", role="derived")
    tables = folded(CROSS_REFERENCES, observed(), pairs(HEADER), pairs(derived))

    assert [row["role"] for row in tables.rows()] == ["derived", "primary"]


@pytest.mark.requirement("ER-26", "C-55")
def test_what_a_person_joined_is_marked_until_its_flow_carried_it() -> None:
    before = folded(CROSS_REFERENCES, observed(), adopted()).row()
    after = folded(CROSS_REFERENCES, observed(), adopted(), linked("900")).row()

    assert (before["role"], before["procore_id"], before["since"]) == (
        "adopted",
        "900",
        START.replace(minute=1).isoformat(),
    )
    assert (after["role"], after["procore_id"]) == ("primary", "900")


@pytest.mark.requirement("ER-37")
def test_a_pair_that_needs_no_delivery_stands_at_once() -> None:
    assert folded(CROSS_REFERENCES, observed(), adopted(part="")).row()["role"] == "primary"


@pytest.mark.requirement("ER-62", "ER-44")
@pytest.mark.parametrize("end", [cut_off(), reset()])
@pytest.mark.parametrize("page", [1, 100])
def test_what_was_cut_or_reset_is_gone_and_can_be_joined_again(end: Command, page: int) -> None:
    cut = told(observed(), pairs(HEADER, LINE), end)
    again = told(observed(), pairs(HEADER, LINE), end, linked("999"))

    assert Tables(CROSS_REFERENCES).take(cut, page).rows() == []
    assert [row["procore_id"] for row in Tables(CROSS_REFERENCES).take(again, page).rows()] == ["999"]


def test_a_refusal_changes_no_pair() -> None:
    assert len(folded(CROSS_REFERENCES, observed(), pairs(HEADER, LINE), linkage_refused()).rows()) == 2


@pytest.mark.requirement("DC-07")
@pytest.mark.parametrize("page", [2, 100])
def test_a_rebuild_gives_the_same_rows(page: int) -> None:
    events = told(observed(), adopted(), pairs(HEADER), cut_off(), adopted(), parked(), pairs(LINE), linked("999"))

    assert Tables(CROSS_REFERENCES).take(events, page).rows() == Tables(CROSS_REFERENCES).take(events).rows()


def test_nothing_but_a_join_changes_the_cross_reference() -> None:
    assert folded(CROSS_REFERENCES, observed(), parked(), settled()).rows() == []
    assert Story().given(observed()).when(pairs()).then().events == []
