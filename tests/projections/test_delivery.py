"""Every delivery is one row from its request to its outcome, with what the remote said."""

from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from domain.events import Attempted, Confirmed
from projections.delivery import DELIVERIES
from tests.ledger_story import (
    CONNECTION,
    FLOW,
    START,
    Command,
    claimed,
    closed,
    confirmed,
    delayed,
    observed,
    open_delivery,
    refused,
    requested,
    row,
)
from tests.projections.folded import Tables, folded, told


@pytest.mark.requirement("DC-03")
def test_a_request_is_a_row_before_any_call() -> None:
    kept = folded(DELIVERIES, observed(), requested()).row()

    assert (kept["state"], kept["attempts"], kept["unsettled"], kept["settled_at"]) == ("requested", 0, 0, "")
    assert (kept["system"], kept["endpoint"], kept["key"]) == ("procore", "purchase_order_contracts", row().key)
    assert msgspec.json.decode(kept["scope"]) == {"project_id": "7"}
    assert (kept["body"], kept["position"], kept["requested_at"]) == (
        row().body,
        2,
        START.replace(minute=1).isoformat(),
    )


OUTCOMES: list[tuple[tuple[Command, ...], str, int, str]] = [
    ((claimed(),), "attempted", 1, ""),
    ((claimed(), confirmed()), "confirmed", 0, ""),
    ((claimed(), delayed(unknown=True)), "delayed", 1, "busy"),
    ((claimed(), delayed()), "delayed", 0, "busy"),
    ((claimed(), refused(message="Name is taken")), "refused", 0, "Name is taken"),
    ((closed(),), "closed", 0, "changed"),
]


@pytest.mark.requirement("DC-04")
@pytest.mark.parametrize(("commands", "state", "unsettled", "error"), OUTCOMES)
def test_a_row_follows_its_delivery(commands: tuple[Command, ...], state: str, unsettled: int, error: str) -> None:
    kept = folded(DELIVERIES, observed(), requested(), *commands).row()

    assert (kept["state"], kept["unsettled"], kept["error"]) == (state, unsettled, error)
    assert bool(kept["settled_at"]) == (state in {"confirmed", "refused", "closed"})


def test_a_claim_says_that_the_outcome_is_open_until_it_is_known() -> None:
    events = told(observed(), requested(), claimed(), delayed(), claimed())
    kept = Tables(DELIVERIES).take(events).row()

    assert (kept["unsettled"], kept["attempts"], kept["retry_at"]) == (1, 2, "")


def test_a_delayed_delivery_says_when_its_next_attempt_is() -> None:
    kept = folded(DELIVERIES, observed(), requested(), claimed(), delayed()).row()

    assert kept["retry_at"] == (START + timedelta(minutes=8)).isoformat()


def exchanged() -> Command:
    return lambda record, when: record.confirm(
        FLOW,
        open_delivery(record),
        when,
        target_id="900",
        found=True,
        method="PATCH",
        url="https://procore/sync",
        status=200,
        request="r" * 64,
        response="a" * 64,
        took_ms=41,
    )


@pytest.mark.requirement("DC-04", "DC-06")
def test_the_last_exchange_is_kept_by_digest() -> None:
    kept = folded(DELIVERIES, observed(), requested(), claimed(), exchanged()).row()

    assert (kept["status"], kept["took_ms"], kept["request"], kept["response"]) == (200, 41, "r" * 64, "a" * 64)
    assert (kept["found"], kept["target_id"]) == (1, "900")


def test_each_delivery_is_a_row_of_its_own() -> None:
    tables = folded(DELIVERIES, observed(), requested("a"), claimed(), confirmed(), requested("b"))

    assert sorted(it["state"] for it in tables.rows()) == ["confirmed", "requested"]


@pytest.mark.requirement("DC-07")
@pytest.mark.parametrize("page", [2, 3, 100])
def test_a_rebuild_gives_the_same_rows(page: int) -> None:
    events = told(observed(), requested("a"), claimed(), delayed(), claimed(), confirmed(), requested("b"), closed())

    assert Tables(DELIVERIES).take(events, page).rows() == Tables(DELIVERIES).take(events).rows()


def test_the_outcome_of_an_unknown_delivery_makes_no_row() -> None:
    (seen,) = told(observed())
    stray = {
        "originator_id": seen.originator_id,
        "originator_version": 2,
        "at": START,
        "connection": CONNECTION,
        "correlation_id": "",
        "causation_id": "",
        "actor": "",
        "flow": FLOW,
        "delivery": UUID(int=9),
        "part": "header",
    }
    events = [Attempted(**stray, attempt=1), Confirmed(**stray, target_id="1", digest=row().digest)]

    assert Tables(DELIVERIES).take(events).rows() == []
