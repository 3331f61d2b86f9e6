"""A company's own names and codes become those of the connector API in one place, and nothing is ever guessed."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from domain.mapping import AS_IT_IS, ORIGINAL, Mapping, as_named, raw_of, unmapped
from domain.mapping_rules import CODED, mappable, parsed

pytestmark = pytest.mark.requirement("BX-11")

DAY, LATER = "2026-01-01", "2026-02-01"


def maps(**sets: Any) -> Mapping:
    """Maps without a fault."""
    found, faults = parsed(sets)
    assert faults == []
    return found


def faults_of(**sets: Any) -> list[str]:
    """What is said of maps, in words."""
    return [fault.words for fault in parsed(sets)[1]]


def test_without_maps_a_row_is_the_very_row() -> None:
    row = {"id": "1", "number": "PO1"}

    assert AS_IT_IS.read("purchaseOrders", row, "purchaseOrderLines") is row
    assert maps(vendors={"fields": {"email": "eMail"}}).read("purchaseOrders", row) is row


def test_a_field_comes_from_another_one_and_the_row_stays_as_it_came() -> None:
    row = {"id": "1", "subject": "Steel", "terms": {"code": "30D"}, "yourReference": "old"}
    read = maps(purchaseOrders={"fields": {"yourReference": "subject", "paymentTermsCode": "terms/code"}}).read(
        "purchaseOrders", row
    )

    assert (read["yourReference"], read["paymentTermsCode"]) == ("Steel", "30D")
    assert row["yourReference"] == "old"
    assert raw_of(read) is row


def test_two_fields_may_change_places() -> None:
    both = {"displayName": "description2", "description2": "displayName"}
    read = maps(projects={"fields": both}).read("projects", {"displayName": "A", "description2": "B"})

    assert (read["displayName"], read["description2"]) == ("B", "A")


@pytest.mark.parametrize("row", [{}, {"retainage": None}, {"retainage": ""}])
def test_a_default_stands_for_what_is_missing_or_blank(row: dict[str, Any]) -> None:
    taken = {"field": "retainage", "default": Decimal("5.5")}
    read = maps(purchaseOrders={"fields": {"retentionPercent": taken}}).read("purchaseOrders", row)

    assert read["retentionPercent"] == Decimal("5.5")


def test_a_constant_stands_whatever_the_row_says() -> None:
    read = maps(purchaseOrders={"fields": {"sendToProcore": {"constant": True}}}).read(
        "purchaseOrders", {"sendToProcore": False}
    )

    assert read["sendToProcore"] is True


def test_a_code_becomes_the_one_of_the_map_whatever_its_case_and_the_original_is_kept() -> None:
    read = maps(purchaseOrders={"codes": {"paymentTermsCode": {"30D": "Net 30"}}}).read(
        "purchaseOrders", {"paymentTermsCode": " 30d "}
    )

    assert read["paymentTermsCode"] == "Net 30"
    assert as_named(read)["paymentTermsCode"] == " 30d "


@pytest.mark.parametrize(
    ("day", "terms"),
    [("2026-06-30", "Net 14"), ("2026-07-01", "2% 10"), ("2025-12-31", None), ("0001-01-01", None)],
)
def test_a_code_holds_from_its_first_to_its_last_day(day: str, terms: str | None) -> None:
    later = {"to": "2% 10", "from": date(2026, 7, 1)}
    codes = {"14D": [later, {"to": "Net 14", "from": "2026-01-01", "until": "2026-06-30"}]}
    read = maps(purchaseOrders={"codes": {"paymentTermsCode": codes}}).read(
        "purchaseOrders", {"paymentTermsCode": "14D", "documentDate": day}
    )

    assert (read["paymentTermsCode"] if not unmapped(read) else None) == terms


def test_a_code_that_nobody_mapped_is_said_with_the_nearest_one_and_never_guessed() -> None:
    read = maps(purchaseOrders={"codes": {"paymentTermsCode": {"30DAYS": "Net 30", "CASH": "Due"}}}).read(
        "purchaseOrders", {"paymentTermsCode": "30DAY"}
    )
    [violation] = unmapped(read)

    assert read["paymentTermsCode"] == "30DAY"
    assert (violation.rule, violation.field) == ("BX-11", "paymentTermsCode")
    assert '"30DAY"' in violation.message
    assert '"30DAYS"' in violation.message


def test_a_blank_code_is_no_code() -> None:
    read = maps(purchaseOrders={"codes": {"paymentTermsCode": {"30D": "Net 30"}}}).read(
        "purchaseOrders", {"paymentTermsCode": ""}
    )

    assert unmapped(read) == []


def test_lines_have_maps_of_their_own_and_are_of_the_day_of_their_document() -> None:
    mapped = maps(
        purchaseOrderLines={
            "fields": {"description": "text"},
            "codes": {"unitOfMeasureCode": {"STK": {"to": "ea", "from": "2026-01-01"}}},
        }
    )
    lines = [{"lineNumber": 10000, "text": "Beam", "unitOfMeasureCode": "STK", "sendToProcore": True}]
    read = mapped.read(
        "purchaseOrders", {"documentDate": "2026-03-01", "purchaseOrderLines": lines}, "purchaseOrderLines"
    )

    assert read["purchaseOrderLines"][0]["description"] == "Beam"
    assert read["purchaseOrderLines"][0]["unitOfMeasureCode"] == "ea"
    assert "description" not in lines[0]


def test_a_line_is_named_by_its_number_and_one_that_stays_at_home_may_hold_any_code() -> None:
    mapped = maps(purchaseOrderLines={"codes": {"unitOfMeasureCode": {"STK": "ea"}}})
    rows = [
        {"lineNumber": 10000, "unitOfMeasureCode": "KG", "sendToProcore": True},
        {"lineNumber": 20000, "unitOfMeasureCode": "LB", "sendToProcore": False},
    ]
    read = mapped.read("purchaseOrders", {"purchaseOrderLines": rows}, "purchaseOrderLines")

    assert [(each.line, '"KG"' in each.message) for each in unmapped(read)] == [(10000, True)]


@pytest.mark.requirement("BX-24")
def test_a_code_by_which_others_name_theirs_is_turned_and_turned_back() -> None:
    mapped = maps(costTypes={"codes": {"code": {"LABOR": "L", "MAT": "M"}}})

    assert mapped.code("costTypes", "code", "labor") == "L"
    assert mapped.back("costTypes", "code", "l") == "LABOR"
    assert mapped.code("costTypes", "code", "X") == mapped.back("costTypes", "code", "X") == "X"
    assert mapped.read("costTypes", {"code": "LABOR"})[ORIGINAL] == {"code": "LABOR"}


@pytest.mark.requirement("BX-24")
def test_two_codes_that_would_become_one_are_refused_and_named_together() -> None:
    [words] = faults_of(costTypes={"codes": {"code": {"LABOR": "L", "LEASE": "l", "MAT": "M"}}})

    assert "LABOR and LEASE would both become L" in words


def test_units_may_become_one_as_nobody_is_named_by_them() -> None:
    assert faults_of(purchaseOrderLines={"codes": {"unitOfMeasureCode": {"STK": "ea", "PCS": "ea"}}}) == []


@pytest.mark.parametrize(
    ("sets", "said"),
    [
        ({"purchaseOrder": {}}, "purchaseOrder: it is no entity set that flows read. Did you mean purchaseOrders?"),
        ({"vendors": {"field": {}}}, "vendors.field: there is no such table"),
        ({"vendors": {"fields": {"emial": "x"}}}, "emial: flows read no such field. Did you mean email?"),
        ({"vendors": {"fields": {"email": 5}}}, "vendors.fields.email: 5 says no field"),
        ({"vendors": {"fields": {"email": "a//b"}}}, "'a//b' is no field or path"),
        ({"vendors": {"fields": {"email": {"field": "a", "constant": "b"}}}}, "a field and a constant"),
        ({"vendors": {"fields": {"number": {"constant": "V1"}}}}, "rows are told apart by this field"),
        ({"vendors": {"fields": {"id": "key"}}}, "vendors.fields.id: flows read no such field"),
        ({"vendors": {"fields": {"email": {"constant": [1]}}}}, "no text, number or truth value"),
        ({"purchaseOrderLines": {"codes": {"costTypeCode": {"A": "B"}}}}, "names another record"),
        ({"vendors": {"codes": {"state": {"A": 1}}}}, "vendors.codes.state.A: 1 is no code"),
        ({"vendors": {"codes": {"state": {"A": {"to": "B", "from": "2026-01-01"}}}}}, "vendors has no day"),
        ({"purchaseOrders": {"codes": {"status": {"A": {"to": "B", "until": DAY, "from": LATER}}}}}, "days in order"),
        ({"purchaseOrders": {"codes": {"status": {"A": {"to": "B", "from": "July"}}}}}, "no days in order"),
        ({"purchaseOrders": {"codes": {"status": {"A": ["B", "C"]}}}}, "hold on the same days"),
        ({"purchaseOrders": {"codes": {"status": {"a": "B", "A": "C"}}}}, "stands twice"),
        ({"purchaseOrders": {"codes": {"status": {"A": " "}}}}, "is no code"),
    ],
)  # fmt: skip
def test_a_fault_names_the_key_the_problem_and_the_mend(sets: dict[str, Any], said: str) -> None:
    [words] = faults_of(**sets)

    assert said in words


def test_every_fault_is_told_at_once() -> None:
    assert len(faults_of(vendors={"fields": {"emial": "x", "id": "y"}}, nothing={})) == 3


def test_what_may_have_codes_is_a_field_that_flows_use() -> None:
    assert [name for name, fields in CODED.items() if not mappable()[name] >= set(fields)] == []
