"""Which lists of Procore are asked for, and which documents are made of them: every order once, whole, on its side."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from domain.delivery import Listing
from domain.endpoints import changes
from domain.flow import Context, Reading, SiteProject
from domain.flows.change_order_feed import ORIGIN, documents, listings
from domain.project import CHILD
from domain.values import Json
from tests.ledger_story import BC_COMPANY, CONNECTION, PROCORE_COMPANY, START

ROOT = SiteProject("J1", "701", "Base Project", ())
LATER = datetime(2026, 3, 2, 9, tzinfo=UTC)
VIEW = changes.unified("prime", "701")
LINES = changes.order_lines("prime", PROCORE_COMPANY, "701", "88")
FIELDS = changes.custom_fields(PROCORE_COMPANY)
PACKAGES = changes.packages("701")


def reading(
    facts: Mapping[Listing, Sequence[Json]] | None = None,
    *,
    refused: Sequence[Listing] = (),
    projects: Sequence[SiteProject] = (ROOT,),
    **settings: Any,
) -> Reading:
    return Reading(
        projects=projects,
        since=None,
        until=LATER,
        start=date(2026, 3, 1),
        facts=facts or {},
        refused=dict.fromkeys(refused, "404"),
        context=Context(
            connection=CONNECTION,
            bc_company=BC_COMPANY,
            procore_company=PROCORE_COMPANY,
            now=START,
            settings=settings,
            root_classes=("", "Base Project", "Master Job", "Project with Change Order"),
        ),
    )


def row(**fields: Any) -> Json:
    return {
        "id": 88,
        "legacy_package_id": 77,
        "contract_id": 66,
        "number": "001",
        "title": "Footing",
        "description": None,
        "status": "approved",
        "revision": 0,
        "grand_total": "100.0",
        "reviewed_at": "2026-03-02T06:00:00Z",
        "due_date": None,
        "updated_at": "2026-03-02T07:00:00Z",
        "currency_configuration": {"currency_iso_code": "USD"},
        "custom_fields": {},
        **fields,
    }


def line(**fields: Any) -> Json:
    return {
        "id": "9001",
        "wbs_code_id": "801",
        "wbs_code": {"id": "801", "flat_code": "EAST.01-100.M"},
        "quantity": Decimal("4.0"),
        "unit_cost": "25.00",
        "amount": "100.00",
        "uom": "cy",
        "description": "Footing",
        **fields,
    }


def whole(order: Json | None = None, fields: Sequence[Json] = (), **settings: Any) -> Json:
    facts = {VIEW: [row() if order is None else order], LINES: [line()], FIELDS: fields}
    (document,) = documents(reading(facts, **settings))
    return document


@pytest.mark.requirement("PP-55", "PP-65")
def test_a_document_holds_the_order_with_its_lines_in_one_spelling() -> None:
    document = whole()

    assert document["key"] == "prime:88"
    assert (document["total"], document["approvedDate"], document["packageId"]) == ("100", "2026-03-02", "77")
    assert document["lines"] == [
        {
            "id": "9001",
            "wbsCodeId": "801",
            "flatCode": "EAST.01-100.M",
            "description": "Footing",
            "quantity": "4",
            "uom": "cy",
            "unitCost": "25",
            "amount": "100",
        }
    ]
    assert (ORIGIN.number(document), ORIGIN.title(document)) == ("J1|PCCO #001", "Footing")


@pytest.mark.requirement("PP-58")
def test_lines_are_asked_for_of_approved_orders_alone_and_fields_where_there_is_an_order() -> None:
    assert list(listings(reading())) == [VIEW]
    assert list(listings(reading({VIEW: [row(status="pending")]}))) == [VIEW, FIELDS]
    assert list(listings(reading({VIEW: [row()]}))) == [VIEW, LINES, FIELDS]


@pytest.mark.requirement("PP-58")
def test_an_order_that_is_no_longer_approved_is_told_without_lines() -> None:
    (document,) = documents(reading({VIEW: [row(status="void")], FIELDS: []}))

    assert (document["status"], document["lines"]) == ("void", [])


@pytest.mark.requirement("PP-55")
def test_what_changed_is_asked_for_between_two_bounds() -> None:
    since = ROOT.since or datetime(2026, 3, 2, 8, tzinfo=UTC)
    (listing,) = listings(reading(projects=[SiteProject("J1", "701", "", (), since)]))
    (ahead,) = listings(reading(projects=[SiteProject("J1", "701", "", (), datetime(2026, 4, 1, tzinfo=UTC))]))

    assert ("filters[updated_at]", "2026-03-02T08:00:00Z...2026-03-02T09:00:00Z") in listing.query
    assert ("filters[updated_at]", "2026-04-01T00:00:00Z...2026-04-01T00:00:00Z") in ahead.query


@pytest.mark.requirement("C-01", "PP-57")
@pytest.mark.parametrize(
    ("project", "read"),
    [
        (SiteProject("J1", "701", "", ()), True),
        (SiteProject("J1", "701", "Project with Change Order", ()), True),
        (SiteProject("J1", "701", "Master Job", (CHILD,)), False),
        (SiteProject("J1", "701", "NPC Change Order", (CHILD,)), False),
        (SiteProject("J1", "701", "Extra Work", ()), False),
    ],
)
def test_root_projects_alone_are_read(project: SiteProject, *, read: bool) -> None:
    assert bool(list(listings(reading(projects=[project])))) is read


@pytest.mark.parametrize(("side", "sides"), [("prime", 1), ("commitment", 1), ("both", 2)])
def test_the_sides_are_those_of_the_settings(side: str, sides: int) -> None:
    assert len(list(listings(reading(side=side)))) == sides


@pytest.mark.requirement("PP-67", "C-04")
@pytest.mark.parametrize(
    ("value", "npc"),
    [
        (True, True),
        ("true", True),
        ("TRUE", True),
        (1, True),
        ("1", True),
        (False, False),
        (None, False),
        ("no", False),
    ],
)
def test_the_mark_is_found_by_its_label_and_read_as_it_is_kept(value: object, *, npc: bool) -> None:
    held = {"custom_field_5": {"data_type": "boolean", "value": value}}
    fields = [{"id": 5, "label": " npc ", "active": True}, {"id": 6, "label": "Change Order Type", "active": True}]
    document = whole(row(custom_fields=held), fields)

    assert (document["npc"], document["npcField"], document["type"]) == (npc, "custom_field_5", "")


@pytest.mark.requirement("C-04", "PP-67")
def test_labels_come_from_the_settings_and_entries_of_lists_are_read_by_their_label() -> None:
    held = {"custom_field_7": {"value": "true"}, "custom_field_8": {"value": {"id": 1, "label": "NPC Change Order"}}}
    fields = [{"id": 7, "label": "Own job"}, {"id": 8, "label": "Sort"}, {"id": 9, "label": "NPC", "active": False}]
    document = whole(row(custom_fields=held), fields, npc_field="Own job", type_field="Sort")

    assert (document["npc"], document["type"]) == (True, "NPC Change Order")


@pytest.mark.requirement("PP-67")
def test_nothing_is_made_as_long_as_the_company_fields_are_unknown() -> None:
    assert list(documents(reading({VIEW: [row()], LINES: [line()]}))) == []


def test_an_order_whose_lines_could_not_be_read_is_left_for_the_next_time() -> None:
    assert list(documents(reading({VIEW: [row()], FIELDS: []}, refused=[LINES]))) == []


@pytest.mark.requirement("PF-11")
def test_with_three_tiers_packages_take_the_place_of_the_view() -> None:
    listed = {PACKAGES: [{**row(id=77, legacy_package_id=None)}]}
    tiers = {changes.potentials("701"): [{"id": 5, "change_order_tiers": 3}]}
    shown = {**row(id=77), "type": "PrimeContractChangeOrder", "line_items": [{**line(), "total_amount": "100.00"}]}
    one = changes.package("701", "77")

    assert list(listings(reading(refused=[VIEW]))) == [VIEW, PACKAGES]
    assert list(listings(reading(listed, refused=[VIEW])))[2:] == [changes.potentials("701"), FIELDS]
    assert one in list(listings(reading({**listed, **tiers}, refused=[VIEW])))

    found = list(documents(reading({**listed, **tiers, one: [shown], FIELDS: []}, refused=[VIEW])))

    assert [(each["key"], each["packageId"], len(each["lines"])) for each in found] == [("prime:77", "77", 1)]


@pytest.mark.requirement("PF-11", "PP-59")
def test_a_view_that_failed_in_a_project_of_fewer_tiers_makes_no_second_order_of_a_package() -> None:
    facts = {PACKAGES: [row(id=77)], changes.potentials("701"): [{"id": 5, "change_order_tiers": 2}], FIELDS: []}

    assert changes.package("701", "77") not in list(listings(reading(facts, refused=[VIEW])))
    assert list(documents(reading(facts, refused=[VIEW]))) == []


@pytest.mark.requirement("PF-11")
def test_a_package_that_does_not_tell_its_side_is_a_dead_letter_and_another_side_is_left_out() -> None:
    facts = {PACKAGES: [row(id=77)], changes.potentials("701"): [{"id": 5, "change_order_tiers": 3}], FIELDS: []}
    one = changes.package("701", "77")
    vague = {**row(id=77), "type": "ChangeOrderPackage"}
    other = {**row(id=77), "type": "CommitmentContractChangeOrder"}

    (document,) = documents(reading({**facts, one: [vague]}, refused=[VIEW]))
    assert "does not say which side" in document["fault"]
    assert list(documents(reading({**facts, one: [other]}, refused=[VIEW]))) == []


@pytest.mark.requirement("PP-61")
@pytest.mark.parametrize("amount", ["ten", "NaN"])
def test_an_amount_that_is_no_number_is_a_dead_letter(amount: str) -> None:
    assert "no number" in whole(row(grand_total=amount))["fault"]


def test_the_hubs_own_mark_and_a_new_moment_are_no_news() -> None:
    first, second = whole(), whole(row(updated_at="2026-03-03T07:00:00Z"))

    assert ORIGIN.relevant(first) == ORIGIN.relevant(second)
    assert ORIGIN.relevant(first) != ORIGIN.relevant(whole(row(revision=1)))
