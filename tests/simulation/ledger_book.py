"""What the ledger says, read from its file beside the hub: intents, claims, confirmations and links, as committed."""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from adapters.store import Registry
from adapters.store.contents import unpacked
from domain import events
from domain.events import EVENTS, UPCASTERS

Found = Callable[[str, str], None]
"""Hears of a broken invariant: its name, and what was seen."""

REGISTRY = Registry(EVENTS, UPCASTERS)
PAGE = 5000


@dataclass
class Intent:
    """A delivery that the ledger knows and that has no outcome yet."""

    event: events.Requested
    position: int
    claimed: bool = False


@dataclass
class LedgerBook:
    """The ledger's events, folded as far as invariants need. `turn_to` another file folds that from its begin.

    `joined` and `out` are kind and number of records that have a counterpart, and of those that are left out; `refused`
    are records of which the target refused something that was asked since they last changed; `heard` are system and
    resource of the notices that were stored, until somebody clears them.
    """

    found: Found
    position: int = 0
    open: dict[UUID, Intent] = field(default_factory=dict[UUID, Intent])
    seen: dict[UUID, events.Observed] = field(default_factory=dict[UUID, events.Observed])
    joined: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    out: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    refused: set[tuple[UUID, str]] = field(default_factory=set[tuple[UUID, str]])
    heard: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    _notices: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    _given_up: dict[UUID, Intent] = field(default_factory=dict[UUID, Intent])
    _changed: dict[UUID, int] = field(default_factory=dict[UUID, int])
    _held: dict[tuple[UUID, str, str], str] = field(default_factory=dict[tuple[UUID, str, str], str])
    _path: Path = Path()
    _bodies: dict[str, Any] = field(default_factory=dict[str, Any])

    def turn_to(self, path: Path) -> None:
        """Read this file from now on."""
        if path == self._path:
            return
        self._path, self.position = path, 0
        self.heard.clear()
        for known in (self.open, self.seen, self.joined, self.out, self.refused, self._notices):
            known.clear()
        for kept in (self._given_up, self._changed, self._held):
            kept.clear()

    def catch_up(self) -> None:
        """Fold what was committed since the last time."""
        if not self._path.exists():
            return
        with closing(sqlite3.connect(f"{self._path.as_uri()}?mode=ro", uri=True)) as file:
            while rows := _rows(file, self.position):
                for position, topic, state in rows:
                    if position != self.position + 1:
                        self.found("positions", f"{position} follows {self.position}")
                    self.position = position
                    self._fold(REGISTRY.decode(topic, state))

    def body(self, digest: str) -> Any:
        """A body by its digest, numbers exact."""
        if digest not in self._bodies:
            with closing(sqlite3.connect(f"{self._path.as_uri()}?mode=ro", uri=True)) as file:
                sql = "SELECT sha256, zipped, body FROM contents WHERE sha256 = ?"
                raw = unpacked(file.execute(sql, (bytes.fromhex(digest),)).fetchall())[digest]
            self._bodies[digest] = read(raw)
        return self._bodies[digest]

    def claimed(self, system: str) -> Iterator[Intent]:
        """Deliveries to a system that are under way."""
        return (intent for intent in self.open.values() if intent.claimed and intent.event.system == system)

    # -- folding -----------------------------------------------------------------------------------

    def _fold(self, event: events.Event) -> None:  # noqa: C901, PLR0912 - one line for each kind of event reads best
        match event:
            case events.Observed():
                self.seen[event.originator_id] = event
                self._begin_anew(event.originator_id)
            case events.Retried():
                self._begin_anew(event.originator_id)
            case events.Linked():
                self._join(event.originator_id)
                self.out.discard(self._name(event.originator_id))
            case events.Excluded() | events.Skipped():
                self.out.add(self._name(event.originator_id))
            case events.Requested():
                self._request(event)
            case events.Attempted():
                self.open[event.delivery].claimed = True
            case events.Delayed():
                self.open[event.delivery].claimed = False
            case events.Confirmed():
                self.open.pop(event.delivery, None)
                self._held[event.originator_id, event.flow, event.part] = event.digest
            case events.Refused():
                intent = self.open.pop(event.delivery, None)
                if intent is not None:
                    self._given_up[event.delivery] = intent
                if intent is not None and intent.position > self._changed[event.originator_id]:
                    self.refused.add((event.originator_id, event.flow))
            case events.Reset():
                self._forget(event.originator_id, event.flow)
            case events.Replayed() if event.reopened:
                known = self._given_up.pop(event.delivery)
                self.open[event.delivery] = Intent(known.event, self.position)
            case events.Closed():
                self.open.pop(event.delivery, None)
            case events.NoticeHeard():
                self._hear(event)
            case _:
                return

    def _request(self, event: events.Requested) -> None:
        if event.delivery in self.open:
            self.found("one delivery for one intent", f"{event.delivery} was stored twice")
        self.open[event.delivery] = Intent(event, self.position)
        if event.digest and self._held.get((event.originator_id, event.flow, event.part)) == event.digest:
            told = f"{self.name(event.originator_id)} {event.part} is stored again although the target holds just that"
            self.found("no echo", told)
        for kind, key in needed(event, self.seen[event.originator_id], self.body):
            if (kind, key) not in self.joined and (kind, key) not in self.out:
                told = f"{self.name(event.originator_id)} {event.part} is stored before {kind} {key} is joined"
                self.found("order of dependencies", told)

    def _hear(self, event: events.NoticeHeard) -> None:
        if (event.system, event.notice) in self._notices:
            self.found("every notice is stored once", f"{event.system} {event.notice} of {event.resource}")
        self._notices.add((event.system, event.notice))
        self.heard.append((event.system, event.resource))

    def _begin_anew(self, record: UUID) -> None:
        """What was refused before is no reason any more: the source says something else, or somebody wants a retry."""
        self._changed[record] = self.position
        self.refused = {(refused, flow) for refused, flow in self.refused if refused != record}

    def _forget(self, record: UUID, flow: str) -> None:
        """People had it forgotten: what does not stand there any more is made anew, with the same content."""
        self._held = {held: content for held, content in self._held.items() if held[:2] != (record, flow)}

    def _join(self, record: UUID) -> None:
        self.joined.add(self._name(record))

    def _name(self, record: UUID) -> tuple[str, str]:
        known = self.seen.get(record)
        return ("", str(record)) if known is None else (known.kind, known.number)

    def name(self, record: UUID) -> str:
        """Kind and number of a record."""
        return " ".join(self._name(record))


def read(raw: bytes) -> Any:
    """JSON with exact numbers."""
    return json.loads(raw, parse_float=Decimal)


def _needed_there(
    event: events.Requested, seen: events.Observed, source: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """What must be joined before something is made in Business Central."""
    if seen.kind == "time_sheet" and event.part == "buffer-row" and source["jobNumber"]:
        yield "project", source["jobNumber"]


def needed(event: events.Requested, seen: events.Observed, body: Callable[[str], Any]) -> Iterator[tuple[str, str]]:
    """What must be joined before this part of a record may be sent, told from the source document alone."""
    source = body(seen.content)
    if event.system == "business_central":
        yield from _needed_there(event, seen, source)
        return
    match seen.kind:
        case "commitment":
            job = source["jobNumber"]
            if event.part.startswith("header"):
                yield "vendor", source["vendorNumber"]
                yield "project", job
                yield "project_vendor", f"{job}|{source['vendorNumber']}"
            for line in source["purchaseOrderLines"]:
                if event.part == f"line:{line['id']}" and event.body:
                    yield "project", line["jobNumber"] or job
                    yield "project_task", f"{line['jobNumber'] or job}|{line['jobTaskNumber']}"
                    yield "cost_type", line["costTypeCode"]
        case "posted_invoice":
            yield "commitment", source["orderNumber"]
            yield "vendor", source["vendorNumber"]
        case "journal_entry":
            yield "project", source["jobNumber"]
            yield "project_task", f"{source['jobNumber']}|{source['jobTaskNumber']}"
            yield "cost_type", source["costTypeCode"]
        case "change_order":
            yield "project", source["jobNumber"]
        case "project_task" | "project_segment" | "budget_line":
            yield "project", source["projectNumber"]
        case _:
            return


def holds(row: Mapping[str, Any], body: Mapping[str, Any]) -> bool:
    """A row that was sent says all that the stored body says."""
    return all(name in row and row[name] == value for name, value in body.items())


def _rows(file: sqlite3.Connection, after: int) -> list[tuple[int, str, bytes]]:
    sql = (
        "SELECT notification_id, topic, state FROM stored_events WHERE notification_id > ?"
        " ORDER BY notification_id LIMIT ?"
    )
    return file.execute(sql, (after, PAGE)).fetchall()
