"""What a field depends on is found by telling one thing otherwise at a time, and in few plans where there are many."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from domain.delivery import Listing
from domain.flow import Context, Flow, Origin, Part, Plan, Subject
from domain.flows import erp_request_to_close_out as erp
from domain.memory import FlowMemory, PartMemory
from domain.sensitivity import row_of, traced
from domain.values import PROCORE, Json, digest, text
from tests.ledger_story import START, known

pytestmark = pytest.mark.requirement("BX-10")

UNITS = Listing("units", PROCORE, "/units")
LINES = 400


class Counted:
    """A small flow, and how often its plan is made."""

    def __init__(self) -> None:
        self.plans = 0

    def plan(self, subject: Subject) -> Plan:
        self.plans += 1
        source = subject.source
        if not source["open"]:
            return Plan()
        parts: list[Part] = []
        for line in source["lines"]:
            unit = next((row["name"] for row in subject.facts[UNITS] if row["name"] == text(line, "unit")), "")
            body: Json = {
                "amount": line["quantity"] * line["price"],
                "vendor_id": int(subject.link("vendor", text(source, "vendor")).procore_id),
                "contract_id": subject.memory.target_id("header"),
                "tax": subject.context.settings["tax"],
                "sort": "line",
                "day": source["day"],
                **({"unit": unit} if unit else {}),
            }
            parts.append(Part(name=f"line:{line['id']}", endpoint="x", stage=0, body=body, key=f"k:{line['id']}"))
        return Plan(parts=parts)


def flow_of(it: Counted) -> Flow:
    origin = Origin(
        number=lambda row: text(row, "number"),
        title=lambda _row: "",
        project=lambda _row: "",
        relevant=lambda row: row,
    )
    return Flow(name="small", kind="small", origin=origin, counts=lambda _row, _demanded: True, plan=it.plan)


def subject_of(lines: Sequence[Json]) -> Subject:
    source: Json = {
        "id": "6f0b5a52-1d0c-4a0e-9a57-51edc0de0002",
        "number": "N-1",
        "vendor": "V1",
        "day": "2026-03-02",
        "open": True,
        "note": "nobody reads this",
        "lines": list(lines),
    }
    memory = FlowMemory(parts={"header": PartMemory(digest("h"), "900", "", 3)})
    context = Context(
        connection="main", bc_company="B", procore_company="P", now=START, settings={"tax": "19", "unused": 1}
    )
    return Subject(
        source=source,
        source_id=text(source, "id"),
        number="N-1",
        demanded=False,
        references={("vendor", "V1"): known("vendors", "77"), ("vendor", "V2"): known("vendors", "78")},
        facts={},
        memory=memory,
        context=context,
    )


def line(number: int) -> Json:
    return {"id": f"l{number}", "quantity": Decimal(number + 1), "price": Decimal("2.50"), "unit": "ea", "text": "x"}


def told(subject: Subject, part: str, row: Json, it: Counted | None = None) -> tuple[dict[str, Any], set[str]]:
    found = traced(flow_of(it or Counted()), subject, part, row)
    fields = {name: {(source.sort, source.name) for source in sources} for name, sources in found.fields.items()}
    return fields, {source.name for source in found.conditions}


def row_at(subject: Subject, part: str) -> Json:
    units = {UNITS: [{"name": "ea"}]}
    parts = Counted().plan(replace(subject, facts=units)).parts
    return row_of(next(each for each in parts if each.name == part))


def test_each_field_names_exactly_what_it_depends_on() -> None:
    subject = subject_of([line(0), line(1)])
    fields, conditions = told(subject, "line:l1", row_at(subject, "line:l1"))

    assert fields == {
        "amount": {("field", "lines[l1].quantity"), ("field", "lines[l1].price")},
        "vendor_id": {("field", "vendor"), ("link", "vendor V1")},
        "contract_id": {("own id", "header")},
        "tax": {("setting", "flows.tax")},
        "sort": {("constant", "of the flow small")},
        "day": {("field", "day")},
        "unit": {("field", "lines[l1].unit"), ("list", "units")},
        "@key": {("field", "lines[l1].id")},
    }
    assert "open" in conditions
    assert "note" not in conditions


def test_an_answer_to_the_desk_depends_on_the_name_and_the_detail_of_its_request() -> None:
    source: Json = {"id": 77, "request_name": "create_or_update_job", "request_data": {"request_detail_id": 5}}
    subject = replace(subject_of([]), source=source, source_id="77", references={}, memory=FlowMemory())
    [part] = erp.FLOW.plan(subject).parts
    found = traced(erp.FLOW, subject, part.name, row_of(part)).fields

    assert {name: {(source.sort, source.name) for source in sources} for name, sources in found.items()} == {
        "status": {("constant", f"of the flow {erp.NAME}")},
        "messages[0]": {("field", "request_name")},
        "@key": {("field", "request_data.request_detail_id")},
    }


def test_a_row_that_does_not_come_out_again_says_so_and_names_what_has_the_same_value() -> None:
    subject = subject_of([line(0)])
    row = {**row_at(subject, "line:l0"), "tax": "V1"}
    found = traced(flow_of(Counted()), subject, "line:l0", row).fields["tax"]

    assert ("field", "vendor", False) in [(source.sort, source.name, source.exact) for source in found]
    assert (found[-1].sort, found[-1].exact) == ("list", False)


def test_a_document_of_many_lines_takes_few_plans() -> None:
    subject = subject_of([line(number) for number in range(LINES)])
    it = Counted()
    fields, _ = told(subject, "line:l300", row_at(subject, "line:l300"), it)

    assert fields["amount"] == {("field", "lines[l300].quantity"), ("field", "lines[l300].price")}
    assert it.plans < 5 * LINES / 4  # of some two thousand fields, each with two other values or more


def test_nothing_that_is_looked_at_is_changed() -> None:
    subject = subject_of([line(0)])
    before = repr(subject)
    told(subject, "line:l0", row_at(subject, "line:l0"))

    assert repr(subject) == before
