"""Personal fields of bodies: whole for who may see bodies, masked for who may only read, wherever they are told."""

from pathlib import Path
from typing import Any, cast

import pytest

from hub.access import EVERY, Principal, Right, Role
from hub.masking import REDACTED
from hub.web.bodies import without_personal
from tests.hub.web.harness import Filled, Web, served, settings

PERSONAL = ("contract_date", "orderDate", "description")
"""Fields of the order of this ledger, taken as personal: of its head and of its lines, in both systems."""
ROOT = Principal("user:root", {EVERY: Role.ADMIN}, frozenset(Right), "root")


async def order(it: Web, number: str = "PO1") -> str:
    found = (await it.ask(f"/api/v1/find?q={number}"))["items"]
    return next(row["record"] for row in found if row["kind"] == "commitment")


def told_of(document: Any, names: tuple[str, ...]) -> list[Any]:
    """Every value of a field that is called so, at any depth, in documents and in rows about fields."""
    match document:
        case {"field": str(path), **rest} if path.rpartition(".")[2].partition("[")[0] in names:
            return [rest[name] for name in ("before", "after", "value", "target_has", "we_write") if name in rest]
        case {"sort": "field", "name": str(path), "value": value} if path.rpartition(".")[2] in names:
            return [value]
        case dict():
            row = cast("dict[str, Any]", document)
            own = [value for name, value in row.items() if name in names and isinstance(value, str)]
            return [*own, *(found for value in row.values() for found in told_of(value, names))]
        case list():
            return [found for value in cast("list[Any]", document) for found in told_of(value, names)]
        case _:
            return []


@pytest.mark.parametrize("view", ["ID?asof=LAST", "ID/diff?asof=BEFORE", "ID/changes", "ID/provenance"])
async def test_who_may_only_read_sees_no_personal_text_and_who_may_operate_sees_all(
    ledger: Filled, tmp_path: Path, view: str
) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables, personal_fields=list(PERSONAL))) as it:
        record = await order(it)
        timeline = (await it.ask(f"/api/v1/records/{record}/timeline?limit=1000"))["items"]
        first = next(each["position"] for each in timeline if each["event"] == "delivery.confirmed.1")
        words = view.replace("ID", record).replace("LAST", str(timeline[-1]["position"]))
        path = f"/api/v1/records/{words.replace('BEFORE', str(first - 1))}"
        whole = await it.ask(path, token=await it.token("operator", Role.STANDARD))
        masked = await it.ask(path, token=await it.token("reader", Role.READ))

    seen = {value for value in told_of(whole.get("items", whole), PERSONAL) if value}
    assert seen
    assert REDACTED not in seen
    hidden = told_of(masked.get("items", masked), PERSONAL)
    assert len(hidden) == len(told_of(whole.get("items", whole), PERSONAL))
    assert {value for value in hidden if value} == {REDACTED}


async def test_changes_of_a_project_are_masked_by_the_connection_of_each_record(ledger: Filled, tmp_path: Path) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables, personal_fields=["jobTaskNumber"])) as it:
        await it.hub.access.put_user(ROOT, "anna", roles={"main": Role.STANDARD, "north": Role.READ})
        cookie = "__Host-session=" + await it.hub.access.book.start_session("anna")
        page = await it.ask("/api/v1/projects/JOB1/changes", token=None, headers={"Cookie": cookie})
        north = {await order(it, "PO9")}

    rows = [row for row in page["items"] if row["field"].endswith(".jobTaskNumber")]
    assert {row["after"] for row in rows if row["record"] in north} == {REDACTED}
    assert {row["after"] for row in rows if row["record"] not in north} == {"01-100"}


@pytest.mark.parametrize(
    ("document", "shown"),
    [
        ({"party": {"id": 7, "name": "Ann"}}, {"party": {"id": 7, "name": REDACTED}}),
        (
            {"field": "entries[9].party.name", "before": None, "after": "Ann", "record": "r"},
            {"field": "entries[9].party.name", "before": None, "after": REDACTED, "record": "r"},
        ),
        (
            {"field": "lines[party].total", "after": "5.00"},  # the id of a line is no field
            {"field": "lines[party].total", "after": "5.00"},
        ),
        (
            {"field": "name", "value": "Ann", "sources": [{"sort": "field", "name": "workerName", "value": "Ann"}]},
            {
                "field": "name",
                "value": REDACTED,
                "sources": [{"sort": "field", "name": "workerName", "value": REDACTED}],
            },
        ),
        (
            {"field": "workerName", "source": "Ann", "target": "Bob", "state": "open"},
            {"field": "workerName", "source": REDACTED, "target": REDACTED, "state": "open"},
        ),
        (
            {"field": "workerName", "value": "Ann", "source": {"kind": "time_sheet", "number": "7"}},
            {"field": "workerName", "value": REDACTED, "source": {"kind": "time_sheet", "number": "7"}},
        ),
        ("<html>Ann was refused</html>", REDACTED),
    ],
)
def test_a_document_and_a_row_about_a_field_are_masked_alike(document: Any, shown: Any) -> None:
    assert without_personal(document, {"party", "workerName"}) == shown
