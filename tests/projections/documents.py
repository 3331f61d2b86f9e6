"""Documents of Business Central as they are observed, with their bodies, for projections that read figures."""

from typing import Any
from uuid import UUID, uuid5

from domain.events import EVENTS, Event, Excluded, Observed, Rejected, Synced, Vanished, Violation
from domain.values import BUSINESS_CENTRAL, LEDGER, Digest, canonical, sha256_of
from tests.ledger_story import CONNECTION, START

FLOWS = {
    "project": "project-to-project",
    "planning_line": "planning-line-to-budget-line",
    "commitment": "purchase-order-to-commitment",
    "posted_invoice": "posted-invoice-to-commitment-invoice",
    "journal_entry": "project-journal-to-direct-cost",
}


class Documents:
    """What was seen, in order: `events`, and the `bodies` that they name."""

    def __init__(self, after: int = 0) -> None:
        self._after = after  # versions of streams that were told before
        self.events: list[Event] = []
        self.bodies: dict[str, bytes] = {}

    def seen(self, kind: str, number: str, body: dict[str, Any], *, demanded: bool = False) -> None:
        """A document shows up, or shows up otherwise."""
        raw = canonical(body)
        sha = sha256_of(raw)
        self.bodies[sha] = raw
        self._add(
            Observed,
            number,
            kind=kind,
            side=BUSINESS_CENTRAL,
            entity_set="entities",
            source_id=str(body.get("id", number)),
            number=number,
            title=f"{kind} {number}",
            project=str(body.get("jobNumber") or body.get("projectNumber") or ""),
            digest=sha,
            content=sha,
            modified_at="",
            flows=(FLOWS[kind],),
            demanded=demanded,
        )

    def gone(self, kind: str, number: str, replaced_by: str = "") -> None:
        """The document was removed."""
        self._add(Vanished, number, side=BUSINESS_CENTRAL, flows=(FLOWS[kind],), replaced_by=replaced_by)

    def rejected(self, kind: str, number: str, *words: str) -> None:
        """Its flow can't take it."""
        violations = tuple(Violation("PP-48", "Amount", text) for text in words)
        self._add(Rejected, number, flow=FLOWS[kind], violations=violations)

    def synced(self, kind: str, number: str) -> None:
        """It stands in Procore."""
        self._add(Synced, number, flow=FLOWS[kind], content=Digest("as last seen"))

    def excluded(self, kind: str, number: str, rule: str) -> None:
        """A rule leaves it out."""
        self._add(Excluded, number, flow=FLOWS[kind], rule=rule)

    def _add(self, event: type[Event], of: str, /, **fields: Any) -> None:
        assert event.TOPIC in EVENTS
        head: dict[str, Any] = {
            "originator_id": record_of(of),
            "originator_version": self._after + len(self.events) + 1,
            "at": START,
            "connection": CONNECTION,
            "correlation_id": "story",
            "causation_id": "story",
            "actor": "system",
        }
        self.events.append(event(**head, **fields))


def record_of(number: str) -> UUID:
    """Id of the record of a document."""
    return uuid5(LEDGER, number)
