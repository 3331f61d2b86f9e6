"""A batch: a frozen set of records, worked through in pages, each page and its progress in one transaction.

Its stream has three kinds of events and few of them; the set itself stands in the contents. Whoever resumes a batch
goes on behind the last page that is stored, so every member has its turn exactly once, whenever the process dies.
"""

from collections.abc import Iterable, Sequence
from typing import Literal
from uuid import UUID

from domain import events
from domain.drift import refusal, settlement
from domain.events import BatchLeft, Event, Left
from domain.flows import BY_NAME
from domain.record import Moment, Record
from domain.undoing import undo
from domain.values import Cause, Digest

FINE, BARRED, DONE = "fine", "barred", "done"


class Batch:
    """What the events of a batch tell. `version` 0 means that there is none."""

    def __init__(self, id: UUID) -> None:
        self.id = id
        self.version = 0
        self.connection = ""
        self.action = ""
        self.actor = ""
        self.reason = ""
        self.members = Digest("")
        self.total = 0
        self.through = 0
        self.over = False

    @classmethod
    def rebuilt(cls, id: UUID, happened: Sequence[Event]) -> "Batch":
        """The batch as its events tell it."""
        batch = cls(id)
        for event in happened:
            batch.apply(event)
        return batch

    def apply(self, event: Event) -> None:
        """Assigns what an event says."""
        match event:
            case events.BatchFrozen():
                self.connection, self.action, self.actor = event.connection, event.action, event.actor
                self.reason, self.members, self.total = event.reason, event.members, event.total
            case events.BatchAdvanced():
                self.through = event.through
            case events.BatchEnded():
                self.over = True
            case _:
                raise ValueError(f"{type(event).__name__} does not happen to a batch")
        self.version = event.originator_version

    @property
    def is_worked_through(self) -> bool:
        """Every member had its turn."""
        return self.through >= self.total

    def advanced(self, through: int, done: int, left: Sequence[BatchLeft], moment: Moment) -> Event:
        """The next members had their turn; to be stored with what happened to them."""
        return events.BatchAdvanced(
            originator_id=self.id,
            originator_version=self.version + 1,
            at=moment.at,
            connection=self.connection,
            correlation_id=str(self.id),
            causation_id=str(self.id),
            actor=moment.cause.actor,
            through=through,
            done=done,
            left=tuple(left),
        )

    def ended(self, moment: Moment, *, cancelled: bool = False) -> Event:
        """The batch is over."""
        return events.BatchEnded(
            originator_id=self.id,
            originator_version=self.version + 1,
            at=moment.at,
            connection=self.connection,
            correlation_id=str(self.id),
            causation_id=str(self.id),
            actor=moment.cause.actor,
            cancelled=cancelled,
        )

    def act(
        self, record: Record, flow: str, moment: Moment, note: str = "", made: Iterable[Left] = ()
    ) -> tuple[str, str]:
        """Do it to one member: the result, and why it was left where it was left.

        `note` is what was said of it when it was chosen; `made` the documents that were made of it, for an undo.

        Everything that happens to members belongs to the story of the batch and is signed by whoever froze it.
        """
        own = Moment(moment.at, Cause(str(self.id), str(self.id), self.actor))
        if not record.version:
            return BARRED, "nobody knows this record any more"
        state = record.flow(flow).status.state
        by = self.actor.partition(":")[2] or self.actor
        match self.action:
            case "undo":
                result, why = undo(record, flow, note, made, by, self.reason, own)
                return result or DONE, why
            case "retry":
                acted = record.retry(flow, own)
            case "skip":
                acted = record.skip(flow, by, self.reason, own)
            case "replay":
                acted = record.replay(flow, own)
            case "keep-source" | "keep-target":
                acted, why = _settled(record, flow, self.action, self.reason, own)
                if why:
                    return BARRED, why
            case _:
                raise ValueError(f"a batch can't {self.action}")
        return (DONE, "") if acted else _left(self.action, state)


def _settled(
    record: Record, flow: str, choice: Literal["keep-source", "keep-target"], reason: str, own: Moment
) -> tuple[bool, str]:
    """All open drift of the record, but that its source is gone: of that, nothing is said for many at once.

    Says whether anything was settled, and why nothing could be.
    """
    take: Literal["source", "target"] = "source" if choice == "keep-source" else "target"
    known = [each for fields in record.flow(flow).drift.values() for each in fields.values() if each.part]
    barred = {words: None for each in known if (words := refusal(BY_NAME[flow], each, take))}
    if barred:
        return False, " ".join(barred)
    return record.resolve_drift(flow, choice, [settlement(each, take) for each in known], reason, own), ""


_FINE = {
    "synced": "it is synced",
    "excluded": "it is left out",
    "deleted": "its source is gone",
    "pending": "it is decided in the next round",
    "in-flight": "it is under way",
    "awaiting-approval": "it waits for an approval",
    "parked": "it goes by itself when what it waits for is there",
}


def _left(action: str, state: str) -> tuple[str, str]:
    """Why a member was left as it was."""
    if action in {"keep-source", "keep-target"}:
        return (
            (BARRED, "it is being carried; say it again later") if state == "in-flight" else (FINE, "it has no drift")
        )
    if action == "skip" and state in {"in-flight", "failed"}:
        return BARRED, "a call may have taken effect; let a round settle it, then skip it"
    if action == "skip" and state == "awaiting-approval":
        return BARRED, "it waits for an approval; decline it instead"
    if action == "replay" and state in {"dead", "failed"}:
        return BARRED, "its source changed since, or nothing stored can be sent; retry it"
    if action == "replay" and state in {"rejected", "conflict", "parked"}:
        return BARRED, "nothing of it was sent that could be sent again; retry it"
    return FINE, _FINE.get(state, f"it is {state}")
