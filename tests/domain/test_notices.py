"""Notices are read with patience, within bounds, and whatever arrives ends as a notice or as a named fault."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain import notices
from domain.errors import Unreadable
from domain.notices import Notice, is_own, procore_event, read_business_central, read_procore, state_fits
from domain.values import BUSINESS_CENTRAL, PROCORE

SUBSCRIPTION = "0A6C9A7E-5E4B-4C3A-8F55-0F3D6F1B2C11"
COMPANY = "3f6d2c1e-8a47-4d0b-9c35-7e1f5a2b6d90"
RECORD = "5d115c9c-44e3-ea11-bb43-000d3a2feca1"
RESOURCE = f"api/siteledger/procore/v1.0/companies({COMPANY})/vendors({RECORD})"
ULID = "01HX3K9Z7Q8W6V5T4S3R2P1N0M"

EVENT: dict[str, Any] = {
    "id": 5982324300946918154,
    "ulid": ULID,
    "timestamp": "2026-03-02T08:15:30.5Z",
    "metadata": {
        "source_user_id": 2147483700,
        "source_company_id": 9007199001,
        "source_project_id": None,
        "source_application_id": "application-1",
        "source_operation_id": None,
    },
    "user_id": 2147483700,
    "company_id": 9007199001,
    "project_id": 2147483800,
    "api_version": "v2.0",
    "event_type": "create",
    "resource_name": "Purchase Order Contracts",
    "resource_id": 2147483900,
}
LATER: dict[str, Any] = {
    "id": ULID,
    "timestamp": "2026-03-02T08:15:30Z",
    "reason": "update",
    "company_id": "9007199001",
    "project_id": "2147483800",
    "user_id": "2147483700",
    "resource_type": "Timecard Entries",
    "resource_id": "2147483900",
}
ITEM: dict[str, Any] = {
    "subscriptionId": SUBSCRIPTION,
    "clientState": "a secret that nobody guesses",
    "expirationDateTime": "2026-03-05T08:00:00Z",
    "resource": RESOURCE,
    "changeType": "updated",
    "lastModifiedDateTime": "2026-03-02T08:15:30.123Z",
}


def event(**fields: Any) -> Notice:
    return read_procore(msgspec.json.encode(EVENT | fields))


def told(*items: Any) -> notices.Told:
    return read_business_central(msgspec.json.encode({"value": list(items)}))


def one(**fields: Any) -> Notice:
    (notice,) = told(ITEM | fields).notices
    return notice


# -- Procore -------------------------------------------------------------------------------------------------------


def test_an_event_of_procore_becomes_flat() -> None:
    """N9, N15, N16."""
    assert event() == Notice(
        system=PROCORE,
        id=ULID,
        at=datetime(2026, 3, 2, 8, 15, 30, 500_000, UTC),
        reason="create",
        said="create",
        resource="Purchase Order Contracts",
        resource_id="2147483900",
        company_id="9007199001",
        project_id="2147483800",
        user_id="2147483700",
        source_user_id="2147483700",
        application_id="application-1",
    )


def test_the_newer_payload_says_the_same_in_other_words() -> None:
    """N16: v4.0 has `reason` and `resource_type`, all ids are text, and no metadata."""
    notice = read_procore(msgspec.json.encode(LATER))

    assert (notice.id, notice.reason, notice.resource, notice.resource_id) == (
        ULID,
        "update",
        "Timecard Entries",
        "2147483900",
    )
    assert (notice.company_id, notice.project_id, notice.user_id, notice.application_id) == (
        "9007199001",
        "2147483800",
        "2147483700",
        "",
    )


@pytest.mark.parametrize("fields", [{"ulid": None}, {"ulid": ""}])
def test_without_a_ulid_the_id_tells_repeats_apart(fields: dict[str, Any]) -> None:
    """N9."""
    assert event(**fields).id == "5982324300946918154"


def test_ids_may_be_text_metadata_may_be_null_and_unknown_fields_pass() -> None:
    """N15 (all metadata may be null), H4 (ids as numbers or text)."""
    notice = event(
        metadata=None, resource_id="2147483900", company_id="9007199001", project_id=None, user_id=None, newcomer=[{}]
    )

    assert notice.resource_id == "2147483900"
    assert (notice.company_id, notice.project_id, notice.user_id, notice.application_id) == ("9007199001", "", "", "")
    assert event(metadata=dict.fromkeys(EVENT["metadata"])).application_id == ""


def test_an_event_without_company_or_time_is_read() -> None:
    notice = event(timestamp="soon", company_id=None)

    assert notice.at is None
    assert notice.company_id == "9007199001"


@pytest.mark.parametrize(
    ("said", "reason"), [("CREATED", "create"), ("Update", "update"), ("DELETED", "delete"), ("restore", "update")]
)
def test_words_are_compared_without_case_and_unknown_ones_ask_for_a_look(said: str, reason: str) -> None:
    """N4, and N16: `reason` can be more than create, update, delete."""
    notice = read_procore(msgspec.json.encode(LATER | {"reason": said}))

    assert (notice.reason, notice.said) == (reason, said)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"ulid": None, "id": None}, "id: it is missing"),
        ({"resource_id": None}, "resource_id: it is missing"),
        ({"event_type": ""}, "event_type: it is missing"),
        ({"resource_name": None}, "resource_name: it is missing"),
        ({"resource_id": {"a": 1}}, "resource_id: an object is neither text nor a whole number"),
        ({"resource_id": 1.5}, "resource_id: '1.5' is neither text nor a whole number"),
        ({"resource_id": True}, "resource_id: 'True' is neither text nor a whole number"),
        ({"resource_name": "x" * 300}, "300 characters, more than 200"),
        ({"resource_name": "a\x00b"}, "characters that cannot be printed"),
    ],
)
def test_an_event_that_cannot_be_read_says_what_is_wrong(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(Unreadable, match=words.replace("(", r"\(")):
        event(**fields)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "body: it is not JSON"),
        (b"<html>", "body: it is not JSON"),
        (b"[]", "the event: a list is not an object"),
        (b'"x"', "the event: 'x' is not an object"),
        (b"[" * 6000 + b"]" * 6000, "body: it is nested too deeply"),
        (b'{"id": 1e99999999999999999999}', "body: it is not JSON"),
        (b" " * (notices.LARGEST_EVENT + 1), "are more than"),
    ],
)
def test_bytes_that_are_no_event_say_so(body: bytes, words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        read_procore(body)


def test_a_document_that_was_read_before_is_read_the_same() -> None:
    """The list of deliveries shows the payload that was sent (N18)."""
    assert procore_event(EVENT) == event()


# -- own changes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "own"),
    [
        ({}, False),
        ({"metadata": EVENT["metadata"] | {"source_application_id": "siteledger"}}, True),
        ({"user_id": 77}, True),
        ({"metadata": EVENT["metadata"] | {"source_user_id": 77}}, True),
        ({"metadata": None, "user_id": 77}, True),
        ({"metadata": None, "user_id": None}, False),
    ],
)
def test_own_changes_are_known_by_application_or_user(fields: dict[str, Any], *, own: bool) -> None:
    """N15."""
    assert is_own(event(**fields), "siteledger", "77") is own


def test_an_unknown_application_or_user_makes_nothing_own() -> None:
    assert not is_own(event(metadata=None, user_id=None), "", "")


def test_nothing_that_business_central_tells_is_known_as_own() -> None:
    assert not is_own(one(), "siteledger", "77")


# -- Business Central ----------------------------------------------------------------------------------------------


def test_a_notice_of_business_central_becomes_flat() -> None:
    """BC 11.7, 11.9."""
    notice = one()

    assert (notice.system, notice.reason, notice.said) == (BUSINESS_CENTRAL, "update", "updated")
    assert (notice.company_id, notice.resource, notice.resource_id) == (COMPANY, "vendors", RECORD)
    assert notice.at == datetime(2026, 3, 2, 8, 15, 30, 123_000, UTC)
    assert notice.expires == datetime(2026, 3, 5, 8, tzinfo=UTC)
    assert notice.subscription_id == SUBSCRIPTION.lower()
    assert notice.client_state == "a secret that nobody guesses"


@pytest.mark.parametrize(
    "resource",
    [
        f"/{RESOURCE}",
        f"https://api.businesscentral.dynamics.com/v2.0/contoso/production/{RESOURCE}",
        RESOURCE.replace(RECORD, f"'{RECORD.upper()}'"),
        RESOURCE.replace(COMPANY, f"{{{COMPANY.upper()}}}"),
    ],
)
def test_the_resource_may_have_a_slash_a_host_or_other_spelling(resource: str) -> None:
    """BC 11.9; nothing of the host is kept, so nobody can send us to another one."""
    notice = one(resource=resource)

    assert (notice.company_id, notice.resource, notice.resource_id) == (COMPANY, "vendors", RECORD)


def test_repeats_of_a_notice_have_one_id_and_others_have_another() -> None:
    """I5: subscription, resource, kind of change, time of change."""
    same = {
        one().id,
        one(clientState="other").id,
        one(expirationDateTime="2026-03-08T08:00:00Z").id,
        one(subscriptionId=SUBSCRIPTION.lower()).id,
    }
    others = {
        one(subscriptionId="other").id,
        one(resource=RESOURCE.replace("vendors", "customers")).id,
        one(changeType="deleted").id,
        one(lastModifiedDateTime="2026-03-02T08:15:31Z").id,
    }

    assert same == {one().id}
    assert len(others | same) == 5


def test_a_collection_names_its_set_and_the_moment_from_which_on_it_changed() -> None:
    """BC 11.12."""
    path = RESOURCE.removesuffix(f"({RECORD})")
    query = "%24filter=lastModifiedDateTime%20gt%202026-03-02T08%3A00%3A00.073Z"
    filtered = one(changeType="collection", resource=f"{path}?{query}")
    plain = one(changeType="collection", resource=f"{path}?$filter=lastModifiedDateTime gt 2026-03-02T08:00:00Z")

    assert (filtered.reason, filtered.resource, filtered.resource_id) == ("collection", "vendors", "")
    assert filtered.since == datetime(2026, 3, 2, 8, 0, 0, 73_000, UTC)
    assert plain.since == datetime(2026, 3, 2, 8, tzinfo=UTC)


def test_a_collection_without_filter_speaks_of_the_whole_set() -> None:
    """BC 11.12: the filter is left out when something was deleted."""
    notice = one(changeType="collection", resource=RESOURCE.removesuffix(f"({RECORD})"))

    assert notice.reason == "collection"
    assert notice.since is None


def test_one_bad_item_takes_no_other_with_it() -> None:
    found = told(ITEM, 7, ITEM | {"resource": "vendors"}, ITEM | {"changeType": "deleted"})

    assert [it.reason for it in found.notices] == ["update", "delete"]
    assert found.faults == (
        "value[1].item: '7' is not an object",
        "value[2].resource: 'vendors' does not name an entity set of a company",
    )


def test_thousands_of_bad_items_are_told_in_a_few_words() -> None:
    found = told(*[{}] * 3000)

    assert len(found.faults) == notices.MOST_FAULTS + 1
    assert found.faults[-1] == "and 2980 more"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"subscriptionId": ""}, "subscriptionId: it is missing"),
        ({"changeType": None}, "changeType: it is missing"),
        ({"clientState": "x" * 2049}, "2049 characters, more than 2048"),
        ({"changeType": "collection"}, "must name no record when changeType is collection"),
        ({"resource": RESOURCE.removesuffix(f"({RECORD})")}, "must name one record when changeType is updated"),
    ],
)
def test_an_item_that_cannot_be_read_says_what_is_wrong(fields: dict[str, Any], words: str) -> None:
    (fault,) = told(ITEM | fields).faults

    assert words in fault


@pytest.mark.parametrize("body", [b"{}", b'{"value": {}}', b'{"value": null}', b"7", b"\xff\xfe", b""])
def test_a_call_that_is_no_list_of_notices_says_so(body: bytes) -> None:
    with pytest.raises(Unreadable, match=r"(value|body|the call): "):
        read_business_central(body)


def test_an_empty_call_tells_nothing() -> None:
    assert told() == notices.Told()


# -- secrets -------------------------------------------------------------------------------------------------------


def test_the_secret_of_a_subscription_is_compared_and_never_shown() -> None:
    """BC 11.8."""
    notice = one()

    assert state_fits(notice, "a secret that nobody guesses")
    assert not state_fits(notice, "a secret that nobody guesse")
    assert not state_fits(one(clientState=""), "")
    assert not state_fits(one(clientState="ключ"), "key")
    assert "secret" not in f"{notice} {notice!r} {told(ITEM)}"


def test_a_fault_never_shows_the_secret() -> None:
    (fault,) = told(ITEM | {"resource": 1.5}).faults

    assert "secret" not in fault


# -- hostile bytes -------------------------------------------------------------------------------------------------

_ODD: list[Any] = [None, True, 1.5, 1e300, 10**400, {}, {"a": []}, [[]], "\x00", "0" * 5000]
_JUNK: st.SearchStrategy[Any] = st.text(max_size=30) | st.integers() | st.sampled_from(_ODD)


def spoilt(document: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """The document with a few fields of any kind."""
    return st.dictionaries(st.sampled_from(sorted(document)), _JUNK, max_size=3).map(lambda fields: document | fields)


def outcome(read: Callable[[bytes], object], body: bytes) -> object:
    """What came of it, or what was said to be wrong; anything else that is raised fails the test."""
    try:
        return read(body)
    except Unreadable as error:
        return str(error)


def whole(notice: Notice) -> None:
    """What everybody who gets a notice may rely upon."""
    assert notice.id
    assert notice.resource
    assert notice.reason in {"create", "update", "delete", "collection"}
    assert notice.resource_id or notice.reason == "collection"
    assert notice.at is None or notice.at.tzinfo is UTC
    assert max(len(it) for it in (notice.id, notice.resource, notice.resource_id, notice.said)) <= 200
    msgspec.json.encode(notice)  # every letter of it can be stored


@given(st.binary(max_size=400))
def test_any_bytes_end_as_a_notice_or_as_unreadable(body: bytes) -> None:
    found = [outcome(read_procore, body), outcome(read_business_central, body)]

    assert all(isinstance(it, Notice | notices.Told) or str(it).isprintable() for it in found)


@settings(suppress_health_check=[HealthCheck.too_slow])  # which depends on what else the machine does
@given(spoilt(EVENT) | spoilt(LATER))
def test_any_event_ends_whole_or_with_a_short_word_on_what_is_wrong(document: dict[str, Any]) -> None:
    found = outcome(read_procore, msgspec.json.encode(document))

    if isinstance(found, Notice):
        whole(found)
    else:
        assert str(found).isprintable()
        assert len(str(found)) < 300


@given(st.lists(spoilt(ITEM), max_size=4))
def test_any_item_ends_whole_or_as_a_fault(items: list[dict[str, Any]]) -> None:
    found = told(*items)

    for notice in found.notices:
        whole(notice)
    assert len(found.notices) + len(found.faults) == len(items)
    assert all(fault.isprintable() for fault in found.faults)


@given(st.integers(0, 600), st.integers(0, 255))
def test_a_broken_byte_breaks_nothing_else(place: int, byte: int) -> None:
    body = bytearray(msgspec.json.encode({"value": [ITEM, ITEM]}))
    body[place % len(body)] = byte

    found = outcome(read_business_central, bytes(body))

    match found:
        case notices.Told():
            assert len(found.notices) + len(found.faults) <= 2
        case _:
            assert str(found).isprintable()
