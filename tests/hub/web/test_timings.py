"""What is measured of events alone: what counts as a change that arrived, and what does not."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from prometheus_client import CollectorRegistry

from domain import events
from hub.app import Hub
from hub.web import timings
from hub.web.timings import Timings

START = datetime(2026, 3, 31, 22, 0, tzinfo=UTC)
FLOW = "vendor-to-company"
RECORD = uuid4()

pytestmark = pytest.mark.requirement("BX-22")


class Measured:
    """Timings on their own, told of events in a row."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._timings = Timings(cast("Hub", None), START, self._registry)  # only a page of events needs the hub

    def tell(self, event: type[events.Event], minutes: float = 0, record: UUID = RECORD, **fields: Any) -> None:
        head: dict[str, Any] = {"originator_id": record, "originator_version": 1, "connection": "main"}
        story: dict[str, Any] = {"correlation_id": "s", "causation_id": "s", "actor": fields.pop("actor", "system")}
        self._timings.measure(event(**head, **story, at=START + timedelta(minutes=minutes), **fields))

    def changed(self, modified_at: str, record: UUID = RECORD) -> None:
        what: dict[str, Any] = {"kind": "vendor", "side": "business_central", "entity_set": "vendors"}
        names: dict[str, Any] = {"source_id": "1", "number": "V1", "title": "", "project": ""}
        self.tell(
            events.Observed, 9, record, **what, **names, digest="d", content="c", modified_at=modified_at, flows=(FLOW,)
        )

    def synced(self, minutes: float, record: UUID = RECORD) -> None:
        self.tell(events.Synced, minutes, record, flow=FLOW, content="c")

    def value(self, name: str, **labels: str) -> float | None:
        return self._registry.get_sample_value(f"siteledger_{name}", {"connection": "main", **labels})


def test_a_change_that_changes_again_before_it_arrives_is_measured_once_and_from_the_first() -> None:
    it = Measured()
    it.changed("2026-03-31T22:10:00Z")
    it.changed("2026-04-01T00:14:00+02:00")
    it.synced(20)
    it.synced(30)

    assert it.value("end_to_end_seconds_count", flow=FLOW) == 1
    assert it.value("end_to_end_seconds_sum", flow=FLOW) == 600


@pytest.mark.parametrize("when", ["2026-03-31T21:59:59Z", "", "soon", "2026-03-31T22:10:00", "0001-01-01T00:00:00Z"])
def test_a_change_from_before_the_start_or_at_no_moment_is_not_measured(when: str) -> None:
    it = Measured()
    it.changed(when)
    it.synced(20)

    assert it.value("end_to_end_seconds_count", flow=FLOW) is None


def test_a_source_whose_clock_is_ahead_makes_no_time_run_backwards() -> None:
    it = Measured()
    it.changed("2026-03-31T22:30:00Z")
    it.synced(20)

    assert it.value("end_to_end_seconds_sum", flow=FLOW) == 0


def test_what_is_left_out_never_arrives() -> None:
    it = Measured()
    it.changed("2026-03-31T22:10:00Z")
    it.tell(events.Excluded, 11, flow=FLOW, rule="a tag")
    it.synced(600)

    assert it.value("end_to_end_seconds_count", flow=FLOW) is None


def test_what_the_hub_tries_again_by_itself_is_no_replay() -> None:
    it = Measured()
    it.tell(events.Retried, 1, flow=FLOW)
    it.synced(2)
    it.tell(events.Retried, 3, flow=FLOW, actor="user:anna")
    it.tell(events.Parked, 4, flow=FLOW, waits=())
    it.synced(5)

    assert it.value("replays_total", outcome="held") == 1
    assert it.value("replays_total", outcome="ok") is None


def test_what_is_remembered_is_bounded_and_the_oldest_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timings, "MOST", 2)
    it = Measured()
    records = [uuid4() for _ in range(3)]
    for record in records:
        it.changed("2026-03-31T22:10:00Z", record)
    for record in records:
        it.synced(20, record)

    assert it.value("end_to_end_seconds_count", flow=FLOW) == 2
