"""A cause is a stable code: equal for all that fails for one reason, and different for what needs another act."""

from typing import Any

import pytest

from domain import events
from domain.cause_words import in_code
from domain.causes import FailureCause, cause_of
from domain.events import LinkRow, Violation, Wait
from tests.ledger_story import START, Story, observed, requested

PROCORE_URL = "https://api.procore.com/rest/v1.0/purchase_order_contracts/sync"
CENTRAL_URL = "https://api.businesscentral.dynamics.com/v2.0/t/e/api/v1.0/companies(0f2a)/purchaseOrders(11-22)"
COMMON: dict[str, Any] = {
    "originator_id": Story().record.id,
    "originator_version": 1,
    "at": START,
    "connection": "main",
    "correlation_id": "s",
    "causation_id": "s",
    "actor": "system",
    "flow": "purchase-order-to-commitment",
}
CALL: dict[str, Any] = {"delivery": Story().record.id, "part": "header", **COMMON}


def told(event: events.Event) -> FailureCause:
    cause = cause_of(event)
    assert cause is not None
    return cause


def refusal(message: str, status: int = 422, url: str = PROCORE_URL, **more: Any) -> FailureCause:
    return told(events.Refused(**{**CALL, "message": message, "status": status, "url": url, "digest": "d", **more}))


def delay(reason: str, status: int = 0, url: str = PROCORE_URL) -> FailureCause:
    return told(events.Delayed(**CALL, attempt=1, retry_at=START, reason=reason, unknown=False, status=status, url=url))


@pytest.mark.requirement("BX-21")
@pytest.mark.parametrize(
    ("texts", "code"),
    [
        (
            ["Vendor Lakeside Medical (V100) is inactive", "Vendor Acme (V7) is inactive"],
            "PROCORE_422_PURCHASE_ORDER_CONTRACTS_VENDOR_IS_INACTIVE",
        ),
        (
            ["wbs_code_id: 4711 is invalid", "wbs_code_id: 4712 is invalid"],
            "PROCORE_422_PURCHASE_ORDER_CONTRACTS_WBS_CODE_ID_IS_INVALID",
        ),
        (
            ["Quantity 1.5 exceeds the ordered 'PO-1'", "Quantity 20 exceeds the ordered 'PO-2'"],
            "PROCORE_422_PURCHASE_ORDER_CONTRACTS_QUANTITY_EXCEEDS_THE_ORDERED",
        ),
    ],
)
def test_what_belongs_to_one_record_is_no_part_of_the_code(texts: list[str], code: str) -> None:
    assert {refusal(text).code for text in texts} == {code}


@pytest.mark.requirement("BX-21")
def test_the_remotes_words_stay_as_they_were() -> None:
    words = "Vendor Lakeside Medical (V100) is inactive"

    assert refusal(words).text == words


def test_a_text_without_any_word_still_has_a_code() -> None:
    assert refusal("4711").code == "PROCORE_422_PURCHASE_ORDER_CONTRACTS_REFUSED"


@pytest.mark.requirement("BX-21")
@pytest.mark.parametrize(
    ("cause", "code", "helps", "who"),
    [
        (refusal("You are not allowed", 403), "PROCORE_NOT_PERMITTED", "after_mend", "Procore admin"),
        (refusal("no", 403, CENTRAL_URL), "BUSINESS_CENTRAL_NOT_PERMITTED", "after_mend", "Business Central admin"),
        (refusal("Not found. Perhaps", 404), "PROCORE_NOT_FOUND", "after_mend", "Procore admin"),
        (refusal("The budget is locked"), "PROCORE_LOCKED", "after_mend", "Procore admin"),
        (refusal("Vendor V1 is blocked"), "PROCORE_422_PURCHASE_ORDER_CONTRACTS_VENDOR_IS_BLOCKED", "after_mend",
         "Procore admin"),
        (refusal("number: has already been taken"), "PROCORE_CONFLICT_TAKEN", "after_mend", "Procore admin"),
        (refusal("The billing period is closed"), "PROCORE_PERIOD_CLOSED", "after_mend", "accountant"),
        (refusal("Posting Date", 400, CENTRAL_URL), "BUSINESS_CENTRAL_400_PURCHASEORDERS_POSTING_DATE", "after_mend",
         "accountant"),
        (delay("timed out", 0), "PROCORE_TIMEOUT", "transient", "operator"),
        (delay("connection refused", 0), "PROCORE_NO_ANSWER", "transient", "operator"),
        (delay("slow down", 429), "PROCORE_BUSY", "transient", "operator"),
        (delay("maintenance", 503), "PROCORE_UNAVAILABLE", "transient", "operator"),
        (delay("changed in between: stale", 412, CENTRAL_URL), "BUSINESS_CENTRAL_CHANGED", "transient", "operator"),
        (delay("who are you", 401), "PROCORE_NOT_LET_IN", "after_mend", "Procore admin"),
        (delay("page moved", 302), "PROCORE_MISCONFIGURED", "after_mend", "operator"),
        (delay("rubbish", 200), "PROCORE_UNREADABLE", "transient", "operator"),
        (refusal("given up after 60 attempts; the last one said: maintenance", 503), "GIVEN_UP_PROCORE_UNAVAILABLE",
         "transient", "operator"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_each_cause_says_whether_a_retry_helps_and_who_acts(
    cause: FailureCause, code: str, helps: str, who: str
) -> None:
    assert (cause.code, cause.helps, cause.who) == (code, helps, who)
    assert cause.title
    assert cause.next


@pytest.mark.parametrize(
    ("part", "flow", "system"),
    [
        ("bc:header", "purchase-order-to-commitment", "BUSINESS_CENTRAL"),
        ("header", "purchase-order-to-commitment", "PROCORE"),
        ("sheet", "time-sheet-to-crew-time-sheet", "BUSINESS_CENTRAL"),
    ],
)
def test_a_row_that_never_left_is_told_by_its_part_and_flow(part: str, flow: str, system: str) -> None:
    assert refusal("no value for x", 0, "", part=part, flow=flow).code.startswith(system)


@pytest.mark.requirement("BX-21", "PP-27")
def test_a_rejection_counts_under_its_first_rule_and_tells_all() -> None:
    broken = (Violation("PP-27", "Cost Type", "Cost Type is missing"), Violation("PP-28", "Task", "Task is missing"))
    cause = told(events.Rejected(**COMMON, violations=broken))

    assert (cause.code, cause.text) == ("PP-27", "Cost Type is missing; Task is missing")
    assert cause.who == "accountant"
    assert "Cost Type in Business Central" in cause.next


def test_a_rejected_record_of_procore_is_mended_there() -> None:
    sheet = {**COMMON, "flow": "time-sheet-to-crew-time-sheet"}
    cause = told(events.Rejected(**sheet, violations=(Violation("PP-86", "Employee", "Employee is missing"),)))

    assert (cause.who, "Employee in Procore" in cause.next) == ("Procore admin", True)


@pytest.mark.requirement("BX-21", "DC-09")
@pytest.mark.parametrize(
    ("waits", "code"),
    [
        ([Wait("vendor", "V1", "waiting for vendor V1"), Wait("vendor", "V2", "…")], "WAITING_FOR_VENDOR"),
        ([Wait("purchase_order/lines", "PO-1|3", "waiting")], "WAITING_FOR_PURCHASE_ORDER"),
        ([Wait("fact", "vendor:V1", "vendor V1 has no company")], "WAITING_VENDOR"),
        ([Wait("fact", "4711:cost_type", "the pattern asks")], "WAITING_COST_TYPE"),
        ([Wait("fact", "budget:4711", "the budget is locked")], "WAITING_LOCKED"),
        ([Wait("fact", "period:2026-01-31", "the accounting period is closed")], "WAITING_PERIOD"),
    ],
)
def test_a_wait_is_a_cause_by_what_is_waited_for(waits: list[Wait], code: str) -> None:
    assert told(events.Parked(**COMMON, waits=tuple(waits))).code == code


def test_a_conflict_is_a_cause_by_its_words() -> None:
    first, second = (
        told(events.Conflicted(**COMMON, reason=f"number PO-{number} belongs to somebody else (origin id {number})"))
        for number in (1, 2)
    )

    assert first.code == second.code == "CONFLICT_NUMBER_BELONGS_TO_SOMEBODY_ELSE"


def test_what_goes_on_has_no_cause() -> None:
    link = LinkRow("purchaseOrders", "po-1", "PO-1", "purchase_order_contracts", "900")
    story = Story().when(observed(), requested())

    assert [cause_of(event) for event in story.events] == [None, None]
    assert cause_of(events.Linked(**COMMON, links=(link,))) is None


@pytest.mark.parametrize("noise", ["a@b.example", "https://x.example/1", "{'x': 1}", "“J1”", "Document No.=PO1", "É"])
def test_noise_never_reaches_a_code(noise: str) -> None:
    assert in_code(f"vendor {noise} is inactive").startswith("VENDOR")
    assert set(in_code(f"vendor {noise} is inactive")) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ_")
