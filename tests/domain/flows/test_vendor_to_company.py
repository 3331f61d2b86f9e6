"""A vendor is linked to the company that it is, never doubled, and made only where the setting says so."""

from typing import Any

import pytest

from domain import endpoints
from domain.decide import Clash, Exclude, Ignore, Park, Reject, Send, Settle
from domain.flows.vendor_to_company import FLOW
from domain.values import Json
from tests.domain.flows.documents import COMPANY, ETAG, vendor
from tests.ledger_story import PROCORE_COMPANY, Lists, Passage

MINE = f"bc:{COMPANY}:vendors:11111111-0000-0000-0000-000000000001"
ACTIVE, INACTIVE = endpoints.vendors(PROCORE_COMPANY), endpoints.inactive_vendors(PROCORE_COMPANY)


def row(id_: int = 55, **fields: Any) -> Json:
    return {
        "id": id_,
        "name": "Somebody",
        "origin_id": None,
        "origin_code": "",
        "business_id": "",
        "notes": "",
        **fields,
    }


def passage(*rows: Json, inactive: list[Json] | None = None, create: bool = False, **more: Any) -> Passage:
    lists = Lists({ACTIVE: rows, INACTIVE: inactive or []})
    return Passage(FLOW, more.pop("source", vendor()), lists=lists, settings={"create": create}, **more)


def wait_of(decision: object) -> str:
    assert isinstance(decision, Park)
    (wait,) = decision.waits
    return wait.text


@pytest.mark.requirement("C-27", "C-61")
@pytest.mark.parametrize(
    "fields",
    [
        {"origin_id": MINE},
        {"origin_code": " v10 "},
        {"business_id": "93-1234567"},
        {"business_register": {"type": "EIN", "identifier": " 93-1234567"}},
    ],
    ids=["origin id", "code", "tax number", "register"],
)
def test_a_vendor_is_linked_by_origin_id_then_code_then_tax_number(fields: Json) -> None:
    linking = passage(row(54), row(55, **fields))
    decision = linking.decide()

    assert isinstance(decision, Send)
    assert [(link.bc_number, link.procore_resource, link.procore_id) for link in decision.links] == [
        ("V10", "vendors", "55")
    ]
    assert [(part.endpoint, part.body.get("procoreVendorId")) for part in decision.parts] == [
        ("bc.vendors", 55),
        ("bc.syncLogEntries.create", None),
    ]


@pytest.mark.requirement("C-27")
def test_linking_writes_nothing_into_the_company() -> None:
    linking = passage(row(55, origin_code="V10"))
    rounds = linking.carry_all()

    assert all(name.startswith("bc:") for names in rounds for name in names)
    assert isinstance(linking.decision, Settle)


@pytest.mark.requirement("C-27")
def test_a_linked_company_keeps_its_fields_when_the_vendor_changes() -> None:
    linking = passage(row(55, origin_code="V10"))
    linking.carry_all()
    linking.sees(vendor(displayName="Harbour Concrete Inc."))

    assert isinstance(linking.decide(), Settle)


@pytest.mark.requirement("C-61")
def test_the_origin_id_wins_over_the_code() -> None:
    decision = passage(row(54, origin_code="V10"), row(55, origin_id=MINE)).decide()

    assert isinstance(decision, Send)
    assert [link.procore_id for link in decision.links] == ["55"]


@pytest.mark.requirement("C-27")
def test_an_equal_name_is_only_a_proposal() -> None:
    words = wait_of(passage(row(66, name="harbour concrete "), create=False).decide())

    assert words == "vendor V10 is not linked; companies of the same name: harbour concrete  (66); link the right one"


@pytest.mark.requirement("C-27", "PP-25")
def test_a_vendor_without_company_is_parked_and_not_made() -> None:
    words = wait_of(passage(row(66)).decide())

    assert words == "vendor V10 has no company in Procore; link one, or let this flow create it"


@pytest.mark.requirement("C-27")
def test_a_company_is_made_once_where_the_setting_says_so() -> None:
    making = passage(create=True)
    (part,) = making.sends()
    assert (part.endpoint, part.key, part.target_id) == ("vendors", MINE, "")
    assert part.body == {
        "name": "Harbour Concrete",
        "address": "1 Quay, Unit 2",
        "city": "Portland",
        "zip": "97201",
        "state_code": "OR",
        "country_code": "US",
        "business_phone": "503 555 0100",
        "email_address": "office@harbour.example",
        "origin_code": "V10",
    }

    assert making.carry_all() == [
        ["company"],
        ["bc:vendors:11111111-0000-0000-0000-000000000001", "bc:log"],
    ]
    assert [link.procore_id for link in making.links] == ["9001"]


@pytest.mark.requirement("PP-19")
def test_a_company_that_the_flow_made_follows_its_vendor() -> None:
    making = passage(create=True)
    making.carry_all()
    (part,) = making.sees(vendor(displayName="Harbour Concrete Inc.")).sends()

    assert (part.endpoint, part.key, part.body["name"]) == ("vendors", MINE, "Harbour Concrete Inc.")


@pytest.mark.requirement("PF-05")
def test_a_made_company_is_never_sent_with_both_ids() -> None:
    making = passage(create=True)
    making.carry_all()
    (part,) = making.sees(vendor(city="Salem")).sends()

    assert part.target_id == "9001"
    assert "origin_id" not in part.body


@pytest.mark.requirement("C-27")
def test_a_company_of_another_integration_is_a_conflict() -> None:
    decision = passage(row(55, origin_code="V10", origin_id="erp:5")).decide()

    assert decision == Clash("company Somebody (55) belongs to another integration (origin id erp:5)")


@pytest.mark.requirement("C-61")
def test_several_companies_with_its_code_are_put_before_a_person() -> None:
    words = wait_of(passage(row(55, origin_code="V10"), row(56, business_id="93-1234567"), create=True).decide())

    assert words == "vendor V10 fits several companies: Somebody (55), Somebody (56); link the right one"


def test_an_inactive_company_is_found_and_not_doubled() -> None:
    words = wait_of(passage(inactive=[row(55, origin_code="V10")], create=True).decide())

    assert words == "company Somebody (55) is inactive in Procore; reactivate it there"


@pytest.mark.requirement("C-44")
def test_a_company_that_is_tagged_in_procore_is_left_alone() -> None:
    tagged = passage(row(55, origin_code="V10", notes="Old; NOTPROCORE, thanks"), exclude_tags=("NOTPROCORE",))

    assert isinstance(tagged.decide(), Park)


@pytest.mark.requirement("C-44")
@pytest.mark.parametrize("tag", ["V10", "11111111-0000-0000-0000-000000000001", "CONCRETE"])
def test_a_vendor_is_left_out_by_its_number_its_id_or_a_word(tag: str) -> None:
    assert passage(exclude_tags=(tag,)).decide() == Exclude(f"tag {tag}")


@pytest.mark.requirement("C-44")
def test_a_tag_is_a_whole_word() -> None:
    assert isinstance(passage(row(55, origin_code="V10"), exclude_tags=("HARB",)).decide(), Send)


@pytest.mark.requirement("C-27")
def test_a_vendor_counts_when_it_is_flagged_or_an_order_names_it() -> None:
    assert isinstance(Passage(FLOW, vendor(sendToProcore=False)).decide(), Ignore)
    assert isinstance(Passage(FLOW, vendor(sendToProcore=False), demanded=True).decide(), Park)


def test_a_vendor_without_name_is_rejected() -> None:
    decision = passage(source=vendor(displayName="  "), create=True).decide()

    assert isinstance(decision, Reject)
    assert [(it.rule, it.field) for it in decision.violations] == [("C-27", "Name")]


def test_a_code_that_is_no_iso_code_is_left_out() -> None:
    (part,) = passage(source=vendor(state="Oregon", country="USA"), create=True).sends()

    assert not {"state_code", "country_code"} & set(part.body)


@pytest.mark.requirement("PF-19")
def test_the_way_back_carries_the_etag_that_was_read() -> None:
    (back, _log) = passage(row(55, origin_code="V10")).sends()

    assert (back.if_match, back.target_id, back.key) == (ETAG, vendor()["id"], vendor()["id"])


def test_a_linked_vendor_is_settled_without_a_look() -> None:
    linking = passage(row(55, origin_code="V10"))
    linking.carry_all()
    linking.lists = {}

    assert isinstance(linking.decide(), Settle)
