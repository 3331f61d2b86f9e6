"""In which state a record is in a flow, worked out from its events in one place for records and read models."""

from typing import Literal, get_args

from msgspec import Struct

from domain import events
from domain.events import Event

State = Literal[
    "pending",
    "awaiting-approval",
    "parked",
    "rejected",
    "in-flight",
    "synced",
    "failed",
    "dead",
    "conflict",
    "excluded",
    "deleted",
]

STATES: tuple[State, ...] = get_args(State)
UNFINISHED: frozenset[State] = frozenset({"pending", "in-flight", "failed"})
NEEDS_A_PERSON: frozenset[State] = frozenset({"dead", "rejected", "conflict"})
QUIET: frozenset[State] = frozenset({"synced", "excluded", "deleted", "pending"})


class Status(Struct, frozen=True):
    """Where a record stands in a flow.

    open     deliveries without a final outcome
    refused  deliveries that the target refused since the source last changed
    todo     a decision is owed: something happened that the last decision did not know
    """

    state: State = "pending"
    open: int = 0
    refused: int = 0
    todo: bool = False

    @property
    def decidable(self) -> bool:
        """A decision is owed and nothing is under way that it could contradict."""
        return self.todo and self.open == 0


NEW = Status()


def after(  # noqa: C901, PLR0911, PLR0912 - one line for each kind of event reads best
    status: Status, event: Event
) -> Status:
    """The status that an event leads to; events of no meaning for it leave it alone."""
    match event:
        case events.Observed() | events.Vanished() | events.Stirred():
            busy = status.open > 0
            return Status(status.state if busy else "pending", status.open, 0, todo=True)
        case events.Retried() | events.Adopted() | events.Reset():
            return Status("pending", status.open, 0, todo=True)
        case events.DriftResolved() if event.again:
            return Status("pending", status.open, 0, todo=True)
        case events.Unlinked():
            return Status("deleted")
        case events.Parked():
            return Status("parked")
        case events.Rejected():
            return Status("rejected")
        case events.Excluded() | events.Skipped():
            return Status("excluded")
        case events.Conflicted():
            return Status("conflict")
        case events.Tombstoned():
            return Status("deleted")
        case events.Synced():
            return Status("synced")
        case events.ApprovalRequested() | events.ApprovalDeclined():
            return Status("awaiting-approval")
        case events.ApprovalRetrieved() | events.ApprovalResent():
            return Status("awaiting-approval")
        case events.ApprovalAccepted():
            return Status("pending", todo=True)
        case events.Requested():
            return Status("in-flight", status.open + 1, status.refused, todo=False)
        case events.Replayed():
            more = int(event.reopened)
            return Status("in-flight", status.open + more, max(status.refused - more, 0), status.todo)
        case events.Attempted():
            return Status("in-flight", status.open, status.refused, status.todo)
        case events.Delayed():
            return Status("failed", status.open, status.refused, status.todo)
        case events.Confirmed() | events.Closed():
            return _one_less(status, status.refused)
        case events.Refused():
            return _one_less(status, status.refused + 1)
        case _:
            return status


def _one_less(status: Status, refused: int) -> Status:
    left = max(status.open - 1, 0)
    if left:
        return Status(status.state, left, refused, status.todo)
    if refused and not status.todo:
        return Status("dead", 0, refused, todo=False)
    # A refusal of what the source said before it changed is no reason to give up what it says now.
    return Status("pending", todo=True)
