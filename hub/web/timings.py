"""How long things take, measured from the events: a change until it stands on the other side, a call, a replay.

Source  `modified_at` of an observation is the source's own time of the change; where clocks differ by more than the
        change took, it counts as nothing.
"""

from collections import OrderedDict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Generic, TypeVar
from uuid import UUID

from prometheus_client import CollectorRegistry, Counter, Histogram

from domain import events
from domain.events import Event
from hub.acting import SYSTEM
from hub.app import Hub
from hub.tail import Happening

T = TypeVar("T")
Place = tuple[UUID, str]
"""A record in a flow."""

MOST = 20_000
"""Changes and replays under way that are remembered, about 5 MiB; of more the oldest are not measured."""
PAGE = 500
_CALLS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
_ENDS = (5, 15, 30, 60, 120, 300, 600, 1800, 3600, 4 * 3600, 24 * 3600)

_ENDINGS: dict[str, str] = {
    events.Synced.TOPIC: "ok",
    events.Refused.TOPIC: "refused",
    events.Parked.TOPIC: "held",
    events.Rejected.TOPIC: "held",
    events.Conflicted.TOPIC: "held",
    events.Excluded.TOPIC: "left",
    events.Tombstoned.TOPIC: "left",
    events.Skipped.TOPIC: "left",
}
"""What ends a replay, and how."""
_CALLED = frozenset({events.Confirmed.TOPIC, events.Delayed.TOPIC, events.Refused.TOPIC})
_MEASURED = frozenset({events.Observed.TOPIC, events.Retried.TOPIC, events.Replayed.TOPIC, *_CALLED, *_ENDINGS})


class _Open(Generic[T]):
    """What is under way, the oldest forgotten first."""

    def __init__(self) -> None:
        self._known: OrderedDict[Place, T] = OrderedDict()

    def begin(self, place: Place, value: T) -> None:
        """Remembers it, unless it is under way already."""
        if self._known.setdefault(place, value) is value and len(self._known) > MOST:
            self._known.popitem(last=False)

    def end(self, place: Place) -> T | None:
        return self._known.pop(place, None)


class Timings:
    """Histograms of one service. Changes that were made before it started are not measured: it was not there."""

    def __init__(self, hub: Hub, started: datetime, on: CollectorRegistry) -> None:
        self._hub = hub
        self._started = started
        self._changes = _Open[datetime]()
        self._replays = _Open[bool]()
        self._end_to_end = Histogram(
            "siteledger_end_to_end_seconds",
            "From a change in its source until nothing is left to do for it.",
            ["connection", "flow"],
            buckets=_ENDS,
            registry=on,
        )
        self._calls = Histogram(
            "siteledger_delivery_duration_seconds",
            "Duration of the call that carried a delivery, a batch counting for each of its rows.",
            ["connection", "flow"],
            buckets=_CALLS,
            registry=on,
        )
        self._replayed = Counter(
            "siteledger_replays",
            "Retries and replays that people asked for, by what came of them.",
            ["connection", "outcome"],
            registry=on,
        )

    async def follow(self, page: Sequence[Happening]) -> None:
        """Measures what happened; the events of a page are read together.

        Raises  StoreUnavailable.
        """
        if not any(item.event in _MEASURED for item in page):
            return
        position, last = page[0].position - 1, page[-1].position
        while position < last and (rows := await self._hub.ledger.read(position, PAGE)):
            for at, _, _, topic, state in rows:
                if at <= last and self._hub.ledger.events.current(topic) in _MEASURED:
                    self.measure(self._hub.ledger.events.decode(topic, state))
            position = rows[-1][0]

    def measure(self, event: Event) -> None:
        """Measures one event."""
        match event:
            case events.Observed():
                self._observed(event)
            case events.Retried() | events.Replayed():
                if event.actor != SYSTEM:
                    self._replays.begin((event.originator_id, event.flow), True)  # noqa: FBT003 - nothing else to know
            case events.FlowEvent():
                self._called(event)
                self._ended(event)
            case _:
                return

    def _observed(self, event: events.Observed) -> None:
        changed = _moment(event.modified_at)
        if changed is None or changed < self._started:
            return
        for flow in event.flows:
            self._changes.begin((event.originator_id, flow), changed)

    def _called(self, event: events.FlowEvent) -> None:
        if isinstance(event, events.DeliveryEvent) and event.took_ms:
            self._calls.labels(event.connection, event.flow).observe(event.took_ms / 1000)

    def _ended(self, event: events.FlowEvent) -> None:
        outcome = _ENDINGS.get(event.TOPIC)
        if outcome is None:
            return
        place = (event.originator_id, event.flow)
        if self._replays.end(place):
            self._replayed.labels(event.connection, outcome).inc()
        if outcome == "ok" and (changed := self._changes.end(place)) is not None:
            took = (event.at - changed).total_seconds()
            self._end_to_end.labels(event.connection, event.flow).observe(max(took, 0))
        elif outcome == "left":
            self._changes.end(place)


def _moment(text: str) -> datetime | None:
    """A moment as a source says it; None where it says none, or none that can be compared."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else None
