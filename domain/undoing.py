"""Taking back what a run sent: which records can be un-synced, and the legal path of those that can't (BX-12).

Nothing is deleted in either system. A record that is taken back is forgotten, names what stands of it, and is left out
until its source changes or a person retries it; while that still stands it is not sent again. What other records rest
on, what an earlier run made, and what is locked is left as it is, each with the way that is left.

Rules   BX-12, ER-44, C-49, K9; Procore O4, O6 (locking), I3.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Literal

from domain.commitment import LOCKING
from domain.events import Left
from domain.left_behind import standing_of, warning_of
from domain.linking import CHANGES, COMMITMENTS, INVOICES, JOURNALS, TIME
from domain.memory import FlowMemory
from domain.record import Moment, Record
from domain.values import BUSINESS_CENTRAL, PROCORE, System, digest

FLOWS: Mapping[str, System] = {
    COMMITMENTS: PROCORE,
    INVOICES: PROCORE,
    JOURNALS: PROCORE,
    CHANGES: BUSINESS_CENTRAL,
    TIME: BUSINESS_CENTRAL,
}
"""Flows whose documents can be taken back one by one -> the system that they were sent to."""

Verdict = Literal["", "shared", "earlier"]
"""What the choice of members says of one: nothing against it, others rest on it, an earlier run made it."""
WORDS: Mapping[str, str] = {
    "shared": "other records rest on it; what is below it can be undone, and `reset` takes a project with all of it",
    "earlier": "an earlier run made it; change it in its source, and the next round carries that",
}


def locked(record: Record, flow: str) -> str:
    """The legal path of a record that is locked where it was sent to, empty where it is not."""
    memory = record.flow(flow)
    check = _LOCKS.get(flow)
    return "" if check is None else check(record, memory)


def _commitment(record: Record, memory: FlowMemory) -> str:
    finished: dict[str, str] = {digest([status]): status for status in LOCKING}
    found = [
        finished[part.digest]
        for name, part in memory.parts.items()
        if name.partition(":")[0] == "status" and part.digest in finished
    ]
    if not found:
        return ""
    return (
        f"its commitment is {found[0]} in Procore, and locked: change it by a commitment change order; or, before it is"
        f" billed, set it to Draft there, remove it, and `siteledger reset {record.number}`"
    )


def _invoice(record: Record, memory: FlowMemory) -> str:
    if _has(memory, "approval"):
        return (
            "its invoice is approved in Procore, and locked: cancel the posted invoice in Business Central, and have"
            f" the one in Procore unlocked and removed before `siteledger reset {record.number}`"
        )
    return _cost(record, memory)


def _cost(_record: Record, memory: FlowMemory) -> str:
    if _has(memory, "finish"):
        return "its direct cost is approved in Procore, and locked: correct it by a new posting of the opposite amount"
    return ""


def _has(memory: FlowMemory, name: str) -> bool:
    return any(part.partition(":")[0] == name and memory.target_id(part) for part in memory.parts)


_LOCKS: Mapping[str, Callable[[Record, FlowMemory], str]] = {
    COMMITMENTS: _commitment,
    INVOICES: _invoice,
    JOURNALS: _cost,
}


def objection(record: Record, flow: str, verdict: str) -> tuple[Literal["", "fine", "barred"], str]:
    """What speaks against taking it back now: that nothing is to be done, or that it may not be."""
    memory = record.flow(flow)
    if verdict in WORDS:
        return "barred", WORDS[verdict]
    if not (memory.parts or memory.links or memory.adopted or memory.open):
        return "fine", "nothing of it is known to stand there any more"
    if any(delivery.unknown for delivery in memory.open.values()):
        return "barred", "the outcome of a call is not known yet; let a round settle it by looking, then undo it again"
    path = locked(record, flow)
    return ("barred", path) if path else ("", "")


def undo(
    record: Record, flow: str, verdict: str, made: Iterable[Left], by: str, reason: str, moment: Moment
) -> tuple[Literal["", "fine", "barred"], str]:
    """Un-syncs one record: it is forgotten, and left out until its source changes or a person retries it."""
    against = objection(record, flow, verdict)
    if against[0]:
        return against
    memory, target = record.flow(flow), FLOWS[flow]
    left = standing_of(memory, made, target)
    warning = warning_of(left, memory.links.values(), target)
    record.reset(flow, left, warning, reason, moment)
    record.skip(flow, by, f"undone: {reason}", moment)
    return "", ""
