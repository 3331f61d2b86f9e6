"""What the hub sends is what both vendors describe, and what it is answered here is what they could answer."""

import re
from datetime import timedelta
from decimal import Decimal
from functools import cache
from typing import Any, cast
from xml.etree import ElementTree as ET

import pytest

from adapters.sandbox.request_log import Entry
from hub.operations import demo_month as month
from tests.adapters.sandbox.business_central import contract as business_central
from tests.contract import procore_contract as procore
from tests.journeys.harness import World, line, shape, sqlite, world
from tests.journeys.quick import run

pytestmark = [
    pytest.mark.journey,
    pytest.mark.skipif(not procore.present(), reason=procore.MISSING),
    pytest.mark.skipif(
        not business_central.REFERENCE.exists(), reason="the connector API's metadata is not beside this"
    ),
]

EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
NAV = "Microsoft.NAV."


async def live(it: World) -> None:
    """A company that is synced, changed in every way that the flows know, and synced again."""
    await it.sync()
    it.vendor("V900")
    it.project("JOB900", tasks=("01", "01-100"), segments=("SITE",), description2="New", startingDate="2026-04-01")
    it.order(
        "PO900", "JOB900", [line("01-100", "SITE", "M"), line("01-100", "BLDG-A", "L")], vendor="V900", release=True
    )
    await it.sync()
    it.update("projects", {"number": "JOB900"}, displayName="Renamed")
    it.update("segments", {"code": "NORTH"}, description="North wing, renamed")
    it.update("projectTasks", {"projectNumber": "JOB900", "taskNumber": "01-100"}, description="Renamed")
    it.reopen("PO900")
    it.update("purchaseOrderLines", {"documentNumber": "PO900", "lineNumber": 10000}, quantity=Decimal(3))
    it.delete("purchaseOrderLines", documentNumber="PO900", lineNumber=20000)
    it.release("PO900")
    it.clock.skip(timedelta(hours=1))
    await it.sync()
    await live_a_month(it)


async def live_a_month(it: World) -> None:
    """What comes after the orders: changes on the site, time, postings, and what follows from them."""
    today = it.clock.now().date()
    month.approve_change_order(it.procore)
    month.approve_npc_order(it.procore)
    people = month.hire_crew(it.bc, it.procore)
    month.write_time(it.procore, people, (today, today + timedelta(days=1)))
    month.open_month(it.procore, today)
    month.post_concrete(it.bc, today)
    month.post_journal(it.bc, today)
    await it.sync()
    month.allow_crew_time_sheets(it.bc)
    planned = next(row for row in it.bc.tables.rows("projectPlanningLines") if row["procoreBudgetLineItemId"])
    it.bc.tables.update("projectPlanningLines", planned["id"], quantity=planned["quantity"] + 1)
    it.clock.skip(timedelta(hours=1))
    await it.sync()


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Entry], list[Entry]]:
    """What Business Central and Procore were asked in that life."""

    async def story() -> tuple[list[Entry], list[Entry]]:
        async with world(sqlite(tmp_path_factory.mktemp("life")), filled=True) as it:
            await live(it)
            return list(it.bc.log), list(it.procore.log)

    return run(story)


@pytest.mark.requirement("PF-03")
def test_every_exchange_with_procore_fits_its_description(logs: tuple[list[Entry], list[Entry]]) -> None:
    _, entries = logs

    assert procore.validate_exchanges(entries) > 150
    assert [(entry.method, entry.path, entry.status) for entry in entries if entry.status >= 400] == []
    assert "DELETE" in {entry.method for entry in entries}


def test_every_exchange_with_business_central_fits_its_metadata(logs: tuple[list[Entry], list[Entry]]) -> None:
    entries, _ = logs
    for entry in entries:
        if entry.token:
            continue
        assert entry.status < 400, (entry.method, entry.path, entry.answer)
        if isinstance(entry.answer, dict) and not entry.batch:
            business_central.check_answer(entry.status, entry.answer)
        if entry.writes:
            check_request(entry)

    assert len([entry for entry in entries if entry.writes]) > 100


@cache
def metadata() -> tuple[dict[str, dict[str, ET.Element]], dict[str, set[str]]]:
    """Properties of each entity set, and members of each enum."""
    root = ET.fromstring(business_central.REFERENCE.read_bytes())  # noqa: S314 - the vendor's own document
    kinds = {it.attrib["Name"]: it for it in root.iter(f"{EDM}EntityType")}
    sets = {it.attrib["Name"]: kinds[it.attrib["EntityType"].removeprefix(NAV)] for it in root.iter(f"{EDM}EntitySet")}
    enums = {
        it.attrib["Name"]: {member.attrib["Name"] for member in it.iter(f"{EDM}Member")}
        for it in root.iter(f"{EDM}EnumType")
    }
    properties = {name: {it.attrib["Name"]: it for it in kind.iter(f"{EDM}Property")} for name, kind in sets.items()}
    return properties, enums


def check_request(entry: Entry) -> None:
    """A body names properties that exist and may be written, in their types, lengths and members."""
    if isinstance(entry.body, dict):
        check_row(f"{entry.method} {shape(entry.path)}", shape(entry.path), entry.body, new=entry.method == "POST")


def check_row(where: str, entity_set: str, row: dict[str, Any], *, new: bool = True) -> None:
    """One row; what stands under the name of a navigation is a list of rows of a deep insert."""
    sets, enums = metadata()
    properties = sets[entity_set]
    for name, value in row.items():
        there = f"{where}.{name} = {value!r}"
        if isinstance(value, list) and name in sets:
            for child in cast("list[dict[str, Any]]", value):
                check_row(there, name, child)
            continue
        assert name in properties, f"{there}: no such property"
        terms = {note.attrib["Term"] for note in properties[name].iter(f"{EDM}Annotation")}
        assert "Core.Computed" not in terms, f"{there}: is computed"
        assert "Core.Immutable" not in terms or new, f"{there}: can't be changed"
        _check_value(there, properties[name], value, enums)


def _check_value(where: str, declared: ET.Element, value: Any, enums: dict[str, set[str]]) -> None:
    kind = declared.attrib["Type"].removeprefix(NAV)
    if kind in enums:
        assert value in enums[kind], where
    elif kind == "Edm.String":
        assert isinstance(value, str), where
        assert len(value) <= int(declared.attrib.get("MaxLength", "0") or 0), where
    elif kind in {"Edm.Int32", "Edm.Int64"}:
        assert isinstance(value, int) and not isinstance(value, bool), where  # noqa: PT018 - one type
    elif kind == "Edm.Decimal":
        assert isinstance(value, Decimal | int), where
    elif kind == "Edm.Boolean":
        assert isinstance(value, bool), where
    elif kind == "Edm.Guid":
        assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", value), where
    elif kind == "Edm.Date":
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", value), where
    elif kind == "Edm.DateTimeOffset":
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", value), where
    else:
        raise AssertionError(f"{where}: nothing is known of {kind}")
