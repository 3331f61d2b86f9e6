"""Every notice finds the kinds of records that it concerns, and nothing is asked for that concerns none."""

from typing import get_args

import pytest

from domain.concerns import RESOURCES, Concern, concern_of, is_muted, resources_for, sets_for
from domain.flows import BY_KIND, FLOWS
from domain.notices import Notice
from domain.values import BUSINESS_CENTRAL, PROCORE, System
from hub.settings.model import Resource


def notice(system: System, resource: str) -> Notice:
    return Notice(system=system, id="1", reason="update", said="update", resource=resource, resource_id="7")


@pytest.mark.parametrize(
    ("resource", "concern"),
    [
        ("Change Order Packages", Concern(("change_order",), origin=True)),
        ("Potential Change Order Line Items", Concern(("change_order",), origin=True)),
        ("Timecard Entries", Concern(("time_sheet",), origin=True)),
        ("timecard_entries", Concern(("time_sheet",), origin=True)),
        ("Purchase Order Contract Line Items", Concern(("commitment",), origin=False)),
        ("Work Order Contracts", Concern(("commitment",), origin=False)),
        ("Company Vendors", Concern(("vendor",), origin=False)),
        ("Direct Costs", Concern(("posted_invoice", "journal_entry"), origin=False)),
    ],
)
def test_a_resource_of_procore_names_our_kinds(resource: str, concern: Concern) -> None:
    assert concern_of(notice(PROCORE, resource)) == concern


@pytest.mark.parametrize(
    ("entity_set", "concern"),
    [
        ("vendors", Concern(("vendor",), origin=True)),
        ("purchaseOrders", Concern(("commitment",), origin=True)),
        ("purchaseOrderLines", Concern(("commitment",), origin=True)),
        ("postedPurchaseInvoiceLines", Concern(("posted_invoice",), origin=True)),
        ("projectSegments", Concern(("project", "project_segment"), origin=True)),
        ("projectPlanningLines", Concern(("planning_line",), origin=True)),
        ("changeOrders", Concern(("change_order",), origin=False)),
        ("timeSheetBufferEntries", Concern(("time_sheet",), origin=False)),
    ],
)
def test_an_entity_set_names_our_kinds_and_a_line_its_document(entity_set: str, concern: Concern) -> None:
    """BC 11.15: lines have sets of their own in the connector."""
    assert concern_of(notice(BUSINESS_CENTRAL, entity_set)) == concern


@pytest.mark.parametrize(
    ("system", "resource"),
    [
        (PROCORE, "RFIs"),
        (PROCORE, "Standard Cost Codes"),
        (BUSINESS_CENTRAL, "employees"),
        (BUSINESS_CENTRAL, "Vendors"),
    ],
)
def test_what_is_nothing_of_ours_concerns_nothing(system: System, resource: str) -> None:
    assert concern_of(notice(system, resource)) is None


def test_every_set_and_every_feed_of_a_flow_can_be_noticed() -> None:
    """A flow that nobody would ever be told of would live by polling alone without anybody having decided so."""
    for flow in FLOWS:
        origin = flow.origin
        if origin.system == BUSINESS_CENTRAL:
            for name in filter(None, (origin.entity_set, origin.child_set)):
                concern = concern_of(notice(BUSINESS_CENTRAL, name))
                assert concern is not None
                assert flow.kind in concern.kinds
        else:
            assert any(flow.kind in resource.kinds for resource in RESOURCES)


def test_every_kind_of_the_table_is_in_the_registry() -> None:
    assert {kind for resource in RESOURCES for kind in resource.kinds} <= set(BY_KIND)


def test_only_what_the_flows_in_use_need_is_asked_for() -> None:
    vendors, times = BY_KIND["vendor"], BY_KIND["time_sheet"]

    assert [it.name for it in resources_for([vendors])] == ["Projects", "Company Vendors"]
    assert [it.name for it in resources_for([times])] == ["Projects", "Timecard Entries"]
    assert [it.name for it in resources_for([])] == ["Projects"]
    assert sets_for([vendors, BY_KIND["commitment"]]) == ("vendors", "purchaseOrders", "purchaseOrderLines")
    assert sets_for([times]) == ("timeSheetBufferEntries", "crewTimeSheets", "crewTimeSheetLines")
    assert sets_for([]) == ()


def test_sets_are_asked_for_once_each_and_far_below_the_limit() -> None:
    """BC 11.5: 200 subscriptions in an environment, for all companies and applications together."""
    sets = sets_for(FLOWS)

    assert len(set(sets)) == len(sets) < 30
    assert all(concern_of(notice(BUSINESS_CENTRAL, name)) for name in sets)


@pytest.mark.requirement("LE-20", "LE-21")
def test_a_muted_document_mutes_its_lines_and_nothing_else() -> None:
    muted = ("Work Order Contracts",)
    left = [it.name for it in resources_for(FLOWS, muted)]

    assert is_muted("work_order_contract_line_items", muted)
    assert is_muted("Work Order Contracts", muted)
    assert not is_muted("Purchase Order Contract Line Items", muted)
    assert not is_muted("RFIs", muted)
    assert [it.name for it in RESOURCES if it.name not in left] == [
        "Work Order Contracts",
        "Work Order Contract Line Items",
    ]


def test_every_resource_can_be_muted_by_the_name_of_its_document() -> None:
    heads = {it.head for it in RESOURCES}

    assert heads == {
        it.name for it in RESOURCES if not it.name.endswith("Line Items") or it.name == "Budget Line Items"
    }
    assert heads == set(get_args(Resource))
