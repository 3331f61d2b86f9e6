"""Lists come in pages, in order, with what was asked for, and a reader by row version misses nothing."""

from datetime import timedelta

import pytest

from adapters.sandbox.business_central import BusinessCentral
from tests.adapters.sandbox.business_central.conftest import Clock, Remote


@pytest.fixture
def bc(bc: BusinessCentral) -> BusinessCentral:
    for number in ("V5", "V3", "V4", "V2"):
        bc.tables.insert("vendors", number=number, displayName=f"Vendor {number}")
    return bc


async def pages(remote: Remote, path: str, size: int) -> list[list[str]]:
    found: list[list[str]] = []
    link = path
    while link:
        answer = await remote.get(link, Prefer=f"odata.maxpagesize={size}")
        found.append([it["number"] for it in answer.value])
        link = answer.body.get("@odata.nextLink", "")
    return found


async def test_without_an_order_rows_come_by_primary_key(remote: Remote) -> None:
    assert [it["number"] for it in (await remote.get("vendors")).value] == ["V1", "V2", "V3", "V4", "V5"]


async def test_pages_follow_the_next_link_to_the_end(remote: Remote) -> None:
    assert await pages(remote, "vendors", 2) == [["V1", "V2"], ["V3", "V4"], ["V5"]]


async def test_the_page_size_must_be_sent_with_every_page(remote: Remote) -> None:
    first = await remote.get("vendors", Prefer="odata.maxpagesize=2")

    rest = await remote.get(first.body["@odata.nextLink"])

    assert len(rest.value) == 3


async def test_options_survive_the_next_link(remote: Remote) -> None:
    path = "vendors?$filter=number gt 'V1' and displayName ne 'A + B'&$orderby=number desc&$select=number&$top=3"

    assert await pages(remote, path, 2) == [["V5", "V4"], ["V3"]]


async def test_a_page_is_never_larger_than_the_server_allows(remote: Remote) -> None:
    remote.bc.service.page_limit = 2

    assert await pages(remote, "vendors", 50_000) == [["V1", "V2"], ["V3", "V4"], ["V5"]]


async def test_top_skip_and_count(remote: Remote) -> None:
    answer = await remote.get("vendors?$top=2&$skip=1&$count=true&$filter=number ge 'V2'")

    assert [it["number"] for it in answer.value] == ["V3", "V4"]
    assert answer.body["@odata.count"] == 4
    assert (await remote.get("vendors/$count?$filter=number ge 'V2'")).text == "4"


async def test_select_leaves_the_rest_out(remote: Remote) -> None:
    (row, *_) = (await remote.get("vendors?$select=number,id")).value

    assert set(row) == {"@odata.etag", "number", "id"}


async def test_expand_takes_nested_options(remote: Remote) -> None:
    tables = remote.bc.tables
    for number in ("02-100", "03-000"):
        kind = "Heading" if number.endswith("000") else "Posting"
        tables.insert("projectTasks", projectNumber="P1", taskNumber=number, taskType=kind)

    options = "$select=taskNumber;$filter=taskType eq 'Posting';$orderby=taskNumber desc"
    (project,) = (await remote.get(f"projects?$select=number&$expand=projectTasks({options}),projectSegments")).value

    assert [it["taskNumber"] for it in project["projectTasks"]] == ["02-100", "01-100"]
    assert [it["segmentCode"] for it in project["projectSegments"]] == ["BLDG-A"]


async def test_expand_goes_several_levels_deep_and_back_to_the_parent(remote: Remote) -> None:
    path = "projectTasks?$expand=project($expand=projectSegments($select=segmentCode);$select=number)"

    (task,) = (await remote.get(path)).value

    assert task["project"]["number"] == "P1"
    assert task["project"]["projectSegments"][0]["segmentCode"] == "BLDG-A"


async def test_a_navigation_is_an_address(remote: Remote) -> None:
    project = remote.bc.tables.find("projects", number="P1")
    task = remote.bc.tables.rows("projectTasks")[0]

    assert len((await remote.get(f"projects({project['id']})/projectTasks")).value) == 1
    assert (await remote.get(f"projects({project['id']})/projectTasks({task['id']})")).body["id"] == task["id"]
    assert (await remote.get(f"projectTasks({task['id']})/project")).body["id"] == project["id"]
    assert (await remote.get(f"projects({project['id']})/projectTasks/$count")).text == "1"
    assert (await remote.get(f"projects({project['id']})/orders")).code == "BadRequest_ResourceNotFound"


@pytest.mark.parametrize(
    "option",
    ["$search=x", "$apply=x", "$compute=x", "$top=many", "$orderby=nope", "$select=nope", "$expand=nope", "limit=5"],
)
async def test_an_option_that_is_not_offered_is_refused(remote: Remote, option: str) -> None:
    assert (await remote.get(f"vendors?{option}")).status == 400


async def test_an_order_by_a_computed_value_is_not_implemented(remote: Remote) -> None:
    assert (await remote.get("accountingPeriods?$orderby=endingDate")).status == 501


async def test_an_incremental_read_by_row_version_sees_each_change_once(remote: Remote) -> None:
    async def changed(after: int) -> tuple[list[str], int]:
        top = (await remote.get("connectorSetups")).value[0]["minimumActiveRowVersion"]
        path = f"vendors?$filter=rowVersion gt {after} and rowVersion lt {top}&$orderby=rowVersion"
        return [it["number"] for it in (await remote.get(path)).value], top - 1

    first, checkpoint = await changed(0)
    assert first == ["V1", "V5", "V3", "V4", "V2"]
    remote.bc.tables.update("vendors", remote.bc.tables.find("vendors", number="V4")["id"], displayName="New")

    second, checkpoint = await changed(checkpoint)
    assert second == ["V4"]
    assert (await changed(checkpoint))[0] == []


async def test_a_long_transaction_holds_the_safe_row_version_down(remote: Remote, clock: Clock) -> None:
    late = remote.bc.open_transaction()
    late.insert("vendors", number="LATE", displayName="Late")
    clock.advance(timedelta(minutes=4))
    after = remote.bc.tables.insert("vendors", number="EARLY", displayName="Early")

    top = (await remote.get("connectorSetups")).value[0]["minimumActiveRowVersion"]
    assert top < after["rowVersion"]
    assert (await remote.get("vendors?$filter=number eq 'LATE'")).value == []

    late.commit()

    (row,) = (await remote.get("vendors?$filter=number eq 'LATE'")).value
    assert top <= row["rowVersion"] < after["rowVersion"]
    assert row["lastModifiedDateTime"] < after["lastModifiedDateTime"]
    assert (await remote.get("connectorSetups")).value[0]["minimumActiveRowVersion"] > after["rowVersion"]


async def test_a_computed_total_changes_without_a_new_etag(remote: Remote) -> None:
    task = remote.bc.tables.rows("projectTasks")[0]
    before = (await remote.get(f"projectTasks({task['id']})")).body

    remote.bc.tables.insert(
        "projectPlanningLines",
        projectNumber="P1",
        taskNumber="01-100",
        type="Resource",
        number="R",
        quantity=2,
        unitCost=5,
    )

    after = (await remote.get(f"projectTasks({task['id']})")).body
    assert (before["budgetTotalCost"], after["budgetTotalCost"]) == (0, 10)
    assert after["@odata.etag"] == before["@odata.etag"]
