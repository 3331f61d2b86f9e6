"""A filter means what OData says, and what Business Central does not understand is refused, never ignored."""

import pytest

from adapters.sandbox.business_central import Refusal
from adapters.sandbox.business_central.filters import compiled
from adapters.sandbox.business_central.schema import connector
from adapters.sandbox.business_central.values import ZERO_GUID

ROW = {
    "id": "5d115c9c-44e3-ea11-bb43-000d3a2feca1",
    "number": "O'HARE-1",
    "displayName": "Terminal Façade",
    "status": "Open",
    "blocked": "_x0020_",
    "sendToProcore": True,
    "procoreProjectId": 12,
    "startingDate": "2026-01-05",
    "contractSellPrice": 1250,
    "rowVersion": 2001,
    "lastModifiedDateTime": "2026-03-31T10:00:00.5Z",
    "projectClass": "NPC_x0020_Change_x0020_Order",
}


def matches(text: str, *, sturdy: bool = False) -> bool:
    return compiled(text, connector()["projects"], sturdy=sturdy)(ROW.__getitem__)


@pytest.mark.parametrize(
    "text",
    [
        "number eq 'o''hare-1'",
        "displayName eq 'TERMINAL FAÇADE'",
        "status eq 'Open'",
        "projectClass eq 'NPC Change Order'",
        "projectClass eq 'NPC_x0020_Change_x0020_Order'",
        "blocked eq ' '",
        "blocked eq '_x0020_'",
        "status ne 'Completed'",
        "sendToProcore eq true",
        "procoreProjectId gt 11 and procoreProjectId le 12",
        "procoreProjectId eq -1 or procoreProjectId eq 12",
        "not (procoreProjectId eq 13)",
        "not sendToProcore eq false",
        "startingDate ge 2026-01-05",
        "lastModifiedDateTime gt 2026-03-31T10:00:00Z",
        "lastModifiedDateTime lt 2026-03-31T12:00:01+02:00",
        f"id ne {ZERO_GUID}",
        "id eq 5D115C9C-44E3-EA11-BB43-000D3A2FECA1",
        "contractSellPrice eq 1250.00",
        "startswith(number,'O''H') and endswith(displayName,'façade')",
        "contains(displayName,'MINAL')",
        "contains(displayName,'minal') eq true",
        "tolower(displayName) eq 'terminal façade'",
        "substring(number,1,2) eq '''H'",
        "rowVersion gt 2000 and rowVersion lt 2002",
        "(sendToProcore eq true and status eq 'Open') and (number ne '')",
    ],
)
def test_a_true_condition_lets_the_row_through(text: str) -> None:
    assert matches(text)


@pytest.mark.parametrize(
    "text",
    ["procoreProjectId lt 12", "status eq 'Quote'", "number gt 'P'", "sendToProcore ne true", "not (number ne '')"],
)
def test_a_false_condition_keeps_the_row_out(text: str) -> None:
    assert not matches(text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("number eq 'A' or displayName eq 'B'", "BadRequest"),
        ("(status eq 'Open' and sendToProcore eq true) or status eq 'Quote'", "BadRequest"),
        ("nope eq 1", "BadRequest"),
        ("status eq 'Closed'", "BadRequest"),
        ("status eq Open", "BadRequest"),
        ("procoreProjectId eq '12'", "BadRequest"),
        ("number eq 12", "BadRequest"),
        ("id eq '5d115c9c-44e3-ea11-bb43-000d3a2feca1'", "BadRequest"),
        ("startingDate eq 2026-01-05T00:00:00Z", "BadRequest"),
        ("number eq null", "BadRequest"),
        ("projectTasks/any(t: t/taskNumber eq '1')", "BadRequest_InvalidRequestUrl"),
        ("number in ('A','B')", "BadRequest_InvalidRequestUrl"),
        ("contains(tolower(number),'a')", "BadRequest_InvalidRequestUrl"),
        ("number eq 'A' and", "BadRequest_InvalidRequestUrl"),
        ("(number eq 'A'", "BadRequest_InvalidRequestUrl"),
        ("number = 'A'", "BadRequest_InvalidRequestUrl"),
        (f"number eq '{'x' * 21}'", "Application_FilterErrorException"),
    ],
)
def test_what_is_not_offered_is_refused(text: str, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        matches(text)

    assert refused.value.code == code


def test_the_newer_schema_version_adds_lists_and_nested_functions() -> None:
    assert matches("number in ('A','O''HARE-1')", sturdy=True)
    assert matches("contains(tolower(displayName),'terminal')", sturdy=True)


def test_a_property_computed_in_code_cannot_be_filtered() -> None:
    with pytest.raises(Refusal):
        compiled("status eq 'Paid'", connector()["postedPurchaseInvoices"])
