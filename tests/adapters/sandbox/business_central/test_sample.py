"""The sample company is whole, the same every time, and as uneven as real ones."""

import pytest

from adapters.sandbox.business_central import BusinessCentral
from adapters.sandbox.business_central.sample import BROKEN_ORDER, PROJECTS, load_sample
from adapters.sandbox.business_central.schema import connector
from tests.adapters.sandbox.business_central.conftest import Clock, Remote


def filled(clock: Clock, seed: int) -> BusinessCentral:
    bc = BusinessCentral(now=clock, seed=seed)
    load_sample(bc, procore_company_id=4711)
    return bc


def test_the_sample_is_the_same_every_time(clock: Clock) -> None:
    first, second, other = filled(clock, 1), filled(clock, 1), filled(clock, 2)

    assert first.tables.rows("projects") == second.tables.rows("projects")
    assert first.tables.rows("projects") != other.tables.rows("projects")
    assert first.export() == other.export()


def test_the_sample_names_its_procore_company(clock: Clock) -> None:
    (setup,) = filled(clock, 1).tables.rows("connectorSetups")

    assert (setup["procoreCompanyId"], setup["procoreEnvironment"]) == (4711, "sandbox")


def test_the_sample_has_what_flows_must_tell_apart(clock: Clock) -> None:
    tables = filled(clock, 1).tables

    assert len(tables.rows("projects")) == len(PROJECTS) == 12
    assert {it["taskType"] for it in tables.rows("projectTasks")} == {
        "Heading",
        "Begin_x002D_Total",
        "End_x002D_Total",
        "Total",
        "Posting",
    }
    orders = tables.rows("purchaseOrders")
    assert {it["status"] for it in orders} == {"Open", "Released"}
    assert {it["commitmentType"] for it in orders} == {"Purchase_x0020_Order", "Subcontract"}
    assert {it["sendToProcore"] for it in orders} == {True, False}
    assert any(it["segmentType"] and it["parentCode"] for it in tables.rows("segments"))


def test_the_broken_order_is_broken_in_several_places(clock: Clock) -> None:
    bc = filled(clock, 1)
    order = bc.tables.find("purchaseOrders", number=BROKEN_ORDER)
    lines = [it for it in bc.tables.rows("purchaseOrderLines") if it["documentNumber"] == BROKEN_ORDER]

    assert (order["sendToProcore"], order["jobNumber"]) == (True, "")
    assert [it["costTypeCode"] == "" for it in lines[:2]] == [True, False]
    assert [it["segmentCode"] == "" for it in lines[:2]] == [False, True]


@pytest.fixture
def bc(clock: Clock) -> BusinessCentral:
    return filled(clock, 1)


async def test_every_row_of_the_sample_fits_the_metadata(remote: Remote) -> None:
    for entity in connector().values():
        ways = ",".join(entity.navigations)
        assert (await remote.get(f"{entity.set}?$expand={ways}" if ways else entity.set)).status == 200
