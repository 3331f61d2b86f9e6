"""What the read models said at instants of a story, written down beside the hub, and what it says of them later."""

import json
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from hub.app import Hub
from hub.operations.past import record_as_of
from hub.queries.pages import Page
from hub.queries.records import Wanted, cross_references, records

Found = Callable[[str, str], None]
Row = dict[str, Any]

MOST = 6
"""Instants of one story that are written down."""
SELDOM = 4
"""Of so many moments at which it may be, one is taken."""
LIMIT = 37
"""Rows of a page: small, so that lists of the past are read over many pages."""

_STATES = (
    "SELECT record, flow, connection, kind, number, title, project, state, reasons, waits_for, retry_at, since"
    " FROM record_state ORDER BY record, flow"
)
_PAIRS = (
    "SELECT connection, flow, record, role, bc_set, bc_id, bc_number, procore_resource, procore_id, procore_parent_id,"
    " since FROM cross_reference ORDER BY connection, flow, bc_number, record, role, bc_set, bc_id"
)
_AT = "SELECT MIN(position), MAX(position) FROM projection_checkpoint WHERE name IN ('record_state', 'cross_reference')"
_EVENT = "SELECT state FROM stored_events WHERE notification_id = ?"


@dataclass(frozen=True)
class _Truth:
    """All states and pairs at one position, and the event that stood there."""

    position: int
    event: bytes
    states: Sequence[Row]
    pairs: Sequence[Row]


@dataclass
class Past:
    """Writes down at some instants what was true, and asks the hub about them in the end."""

    seed: int
    found: Found
    _truths: dict[int, _Truth] = field(default_factory=dict[int, _Truth])

    def look(self, path: Path, chance: int) -> None:
        """Perhaps writes down what the tables say now, in one reading of the file."""
        if Random(f"past {self.seed} {chance}").randrange(SELDOM) or len(self._truths) >= MOST or not path.exists():
            return
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, isolation_level=None)) as file:
            file.execute("BEGIN")
            if file.execute("SELECT 1 FROM sqlite_master WHERE name = 'cross_reference'").fetchone() is None:
                return
            least, most = file.execute(_AT).fetchone()
            if not least or least != most:
                return  # between two projections: no position is told by both
            (event,) = file.execute(_EVENT, (least,)).fetchone()
            self._truths[least] = _Truth(least, bytes(event), _rows(file, _STATES), _rows(file, _PAIRS))

    async def check(self, hub: Hub) -> None:
        """Every list and one record of each instant are told as they were."""
        for truth in self._truths.values():
            stored = await hub.ledger.read(truth.position - 1, 1)
            if not stored or stored[0][0] != truth.position or bytes(stored[0][4]) != truth.event:
                continue  # a power cut took what was written down: it never came to be
            listed = sorted(await _all(hub, truth.position, records), key=lambda row: (row["record"], row["flow"]))
            for row in listed:
                row["reasons"], row["waits_for"] = (_read(row[name]) for name in ("reasons", "waits_for"))
            self._same("states", truth.position, listed, truth.states)
            self._same("pairs", truth.position, await _all(hub, truth.position, cross_references), truth.pairs)
            await self._record(hub, truth)

    async def _record(self, hub: Hub, truth: _Truth) -> None:
        if not truth.states:
            return
        chosen = Random(f"record {self.seed} {truth.position}").choice(truth.states)["record"]
        told = await record_as_of(hub, chosen, truth.position)
        states = {flow["flow"]: (flow["state"], flow["reasons"], flow["since"]) for flow in told["flows"]}
        then = {
            row["flow"]: (row["state"], row["reasons"], row["since"]) for row in truth.states if row["record"] == chosen
        }
        links = sorted((pair["flow"], pair["bc_id"], pair["role"], pair["procore_id"]) for pair in told["links"])
        pairs = sorted(
            (row["flow"], row["bc_id"], row["role"], row["procore_id"])
            for row in truth.pairs
            if row["record"] == chosen
        )
        if (states, links) != (then, pairs):
            self.found(
                "the past is told as it was", f"{chosen} at {truth.position}: {states} {links}, not {then} {pairs}"
            )

    def _same(self, what: str, position: int, told: Sequence[Row], then: Sequence[Row]) -> None:
        if len(told) != len(then):
            self.found("the past is told as it was", f"{len(told)} {what} at {position}, not {len(then)}")
        for now, was in zip(told, then, strict=False):
            differing = {name: (now.get(name), value) for name, value in was.items() if now.get(name) != value}
            if differing:
                self.found("the past is told as it was", f"{what} at {position}: {was.get('number')} {differing}")
                return


async def _all(hub: Hub, position: int, ask: Callable[..., Any]) -> list[Row]:
    """A list as of a position, read page by page to its end."""
    rows: list[Row] = []
    cursor = ""
    while True:
        wanted = Wanted(connections=tuple(hub.settings.connections), asof=str(position), limit=LIMIT, cursor=cursor)
        page: Page = await ask(hub.ledger, wanted)
        rows += page.items
        if page.next_cursor is None:
            return rows
        cursor = page.next_cursor


def _rows(file: sqlite3.Connection, sql: str) -> list[Row]:
    asked = file.execute(sql)
    names = [column[0] for column in asked.description]
    rows = [dict(zip(names, row, strict=True)) for row in asked]
    for row in rows:
        for name in ("reasons", "waits_for"):
            if name in row:
                row[name] = _read(row[name])
        if "retry_at" in row:
            row["retry_at"] = row["retry_at"] or None
    return rows


def _read(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value
