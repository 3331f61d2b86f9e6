"""What a run sent is taken back record by record; what is locked stays, and says which way is left."""

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from domain.events import Left, LinkRow, Reset, Skipped
from domain.linking import CHANGES, COMMITMENTS, INVOICES, JOURNALS, TIME
from domain.memory import OpenDelivery, PartMemory
from domain.record import Believed, Moment, Record
from domain.undoing import FLOWS, WORDS, locked, objection, undo
from domain.values import PROCORE, Cause, Digest, digest

pytestmark = pytest.mark.requirement("BX-12")

NOW = Moment(datetime(2026, 3, 31, tzinfo=UTC), Cause("batch", "batch", "user:ann"))
CONTRACT = LinkRow("purchaseOrders", "b1", "PO1", "purchase_order_contracts", "900", "7")


def sent(flow: str = COMMITMENTS, parts: Mapping[str, str] | None = None, *, state: str = "synced") -> Record:
    """A record that stands in the target, with the digests of its parts."""
    record = Record(uuid4(), "main")
    record.kind, record.number, record.version = "commitment", "PO1", 4
    record.believed["business_central"] = Believed(Digest("d"), Digest("c"), 1)
    memory = record.flow(flow)
    memory.known, memory.links = True, {"purchaseOrders/b1/primary": CONTRACT}
    memory.status = memory.status.__class__(state=state)  # type: ignore[arg-type]
    given = parts if parts is not None else {"header": "h", "line:1": "l"}
    memory.parts = {name: PartMemory(value, "900", "", 2) for name, value in given.items()}
    return record


def test_a_record_is_forgotten_names_what_stands_of_it_and_is_left_out() -> None:
    record = sent()
    made = Left(PROCORE, "purchase_order_contracts", "900", "7")
    assert undo(record, COMMITMENTS, "", [made], "ann", "wrong vendor", NOW) == ("", "")

    first, second = record.collect_events()
    assert isinstance(first, Reset)
    assert isinstance(second, Skipped)
    assert (first.left, first.reason) == ((made,), "wrong vendor")
    assert "remove purchase order contracts 900 there by hand" in first.warning
    memory = record.flow(COMMITMENTS)
    assert (memory.status.state, memory.skipped) == ("excluded", "skipped by ann: undone: wrong vendor")
    assert not memory.parts
    assert not memory.links

    assert undo(record, COMMITMENTS, "", [], "ann", "again", NOW)[0] == "fine"
    assert record.collect_events() == []


@pytest.mark.parametrize(
    ("flow", "parts", "path"),
    [
        (COMMITMENTS, {"header": "h", "status": digest(["Approved"])}, "commitment change order"),
        (COMMITMENTS, {"header": "h", "status:JOB2": digest(["Complete"])}, "set it to Draft there"),
        (INVOICES, {"requisition": "r", "items": "i", "approval": "a"}, "cancel the posted invoice"),
        (INVOICES, {"head": "h", "finish": "f"}, "new posting of the opposite amount"),
        (JOURNALS, {"head": "h", "line": "l", "finish": "f"}, "new posting of the opposite amount"),
    ],
    ids=str,
)
def test_what_is_locked_is_left_as_it_is_with_the_legal_path(flow: str, parts: dict[str, str], path: str) -> None:
    record = sent(flow, parts)
    result, why = undo(record, flow, "", [], "ann", "wrong", NOW)

    assert (result, path in why) == ("barred", True)
    assert record.collect_events() == []


@pytest.mark.parametrize(
    ("flow", "parts"),
    [
        (COMMITMENTS, {"header": "h", "status": digest(["Draft"])}),
        (INVOICES, {"requisition": "r", "items": "i"}),
        (JOURNALS, {"head": "h", "line": "l"}),
        (CHANGES, {"order": "o", "status": "s", "mark": "m"}),
        (TIME, {"buffer-row": "b", "process": "p"}),
    ],
    ids=str,
)
def test_what_is_not_locked_is_taken_back(flow: str, parts: dict[str, str]) -> None:
    assert locked(sent(flow, parts), flow) == ""
    assert flow in FLOWS


def test_nothing_is_taken_back_while_an_outcome_is_unknown_or_where_others_rest_on_it() -> None:
    record = sent()
    record.flow(COMMITMENTS).open["header"] = OpenDelivery(uuid4(), "header", Digest("h"), 1, unknown=True)
    assert objection(record, COMMITMENTS, "")[0] == "barred"
    for verdict, words in WORDS.items():
        assert objection(sent(), COMMITMENTS, verdict) == ("barred", words)
