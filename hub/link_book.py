"""What is known of the records that others refer to, asked for in few queries."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import msgspec

from adapters.store import Ledger
from domain.events import LinkRow
from domain.flow import NOBODY, THERE, Known, References
from domain.flows import BY_KIND
from domain.states import State
from projections.history import LINK_HISTORY, RECORD_HISTORY, STATE_HISTORY

_RECORD = """
SELECT {key}, r.record, r.facet, r.marks, r.vanished, s.state, s.reasons,
       x.bc_set, x.bc_id, x.bc_number, x.procore_resource, x.procore_id, x.procore_parent_id, x.role
"""

_BY_NUMBER = (
    _RECORD.format(key="r.number")
    + """
FROM record r
LEFT JOIN record_state s ON s.record = r.record AND s.flow = ?
LEFT JOIN cross_reference x ON x.connection = r.connection AND x.flow = ? AND x.record = r.record
     AND x.bc_id = r.source_id AND x.role IN ('primary', 'derived')
WHERE r.connection = ? AND r.kind = ? AND {keys}
ORDER BY r.vanished DESC, r.position, x.role
"""
)

_PAIR = """
FROM cross_reference x
JOIN record r ON r.record = x.record
LEFT JOIN record_state s ON s.record = r.record AND s.flow = ?
WHERE x.connection = ? AND x.flow = ? AND {keys}
"""

_BY_COUNTERPART = (
    _RECORD.format(key="x.procore_id")
    + _PAIR
    + " AND x.role = 'primary' AND x.bc_id = r.source_id ORDER BY r.vanished DESC, r.position"
)
_BY_PART = _RECORD.format(key="x.bc_number") + _PAIR + " AND x.bc_set = ? ORDER BY x.since"
_EARLIEST = """
  AND x.since = (SELECT MIN(y.since) FROM cross_reference y
                 WHERE y.connection = x.connection AND y.flow = x.flow AND y.procore_parent_id = x.procore_parent_id)
"""
_FIRST_BELOW = _RECORD.format(key="x.procore_parent_id") + _PAIR + _EARLIEST

BELOW = "@below"
"""Behind the stroke of a kind: its first pair below a project or contract of Procore, which the key names."""


class LinkBook:
    """Looks up records by kind and key. One query for each kind of question, however many keys."""

    def __init__(self, ledger: Ledger, connection: str, at: int | None = None) -> None:
        """`at` is the position to look at, None for the present."""
        self._ledger = ledger
        self._connection = connection
        self._at = at

    async def known(self, wanted: Iterable[tuple[str, str]]) -> References:
        """What is known of each pair of kind and key, as references spell them; unknown ones are missing."""
        questions: dict[tuple[str, str], list[str]] = {}
        for kind, key in dict.fromkeys(wanted):
            way = THERE if key.startswith(THERE) else ""
            questions.setdefault((kind, way), []).append(key.removeprefix(THERE))
        found: dict[tuple[str, str], Known] = {}
        for (kind, way), keys in questions.items():
            for row in await self._ask(kind, way, keys):  # a living record stands behind a vanished one, and wins
                found[kind, way + row[0]] = _known(row)
        return found

    async def looked_up(self, wanted: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], Known]:
        """As `known`, with `NOBODY` for pairs that nobody knows."""
        pairs = list(wanted)
        return {**dict.fromkeys(pairs, NOBODY), **await self.known(pairs)}

    async def _ask(self, kind: str, way: str, keys: list[str]) -> list[tuple[Any, ...]]:
        name, _, part = kind.partition("/")
        flow = BY_KIND[name].name
        if part == BELOW:
            condition, parameter = self._ledger.in_list("x.procore_parent_id", keys)
            return await self._pairs(_FIRST_BELOW, condition, flow, parameter)
        if part:
            condition, parameter = self._ledger.in_list("x.bc_number", keys)
            return await self._pairs(_BY_PART, condition, flow, parameter, part)
        if way:
            condition, parameter = self._ledger.in_list("x.procore_id", keys)
            return await self._pairs(_BY_COUNTERPART, condition, flow, parameter)
        condition, parameter = self._ledger.in_list("r.number", keys)
        return await self._rows(_BY_NUMBER.format(keys=condition), (flow, flow, self._connection, name, parameter))

    async def _pairs(self, sql: str, condition: str, flow: str, parameter: Any, *more: str) -> list[tuple[Any, ...]]:
        return await self._rows(sql.format(keys=condition), (flow, self._connection, flow, parameter, *more))

    async def _rows(self, sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        return await self._ledger.rows(sql if self._at is None else _as_of(sql, self._at), values)


_TABLE = re.compile(r" (record|record_state|cross_reference) ([rsxy])\b")
_PAST = {
    "record": (RECORD_HISTORY, "position"),
    "record_state": (STATE_HISTORY, "valid_from"),
    "cross_reference": (LINK_HISTORY, "valid_from"),
}
"""Table of today -> the table of its past, and the column of today that says since when a row reads so."""


def _as_of(sql: str, at: int) -> str:
    """The same question to the tables as they were: rows of today that are old enough, and those true then."""

    def then(found: re.Match[str]) -> str:
        past, began = _PAST[found[1]]
        names = ", ".join(name for name in past.names if name not in {"valid_from", "valid_until"})
        return (
            f" (SELECT {names}, {began} AS position FROM {found[1]} WHERE {began} <= {at} UNION ALL"  # noqa: S608 - a number and names of our own
            f" SELECT {names}, valid_from FROM {past.name} WHERE valid_from <= {at} AND valid_until > {at}) {found[2]}"
        )

    return _TABLE.sub(then, sql)


def _known(row: tuple[Any, ...]) -> Known:
    _, record, facet, marks, vanished, state, reasons, bc_set, *rest = row
    link = None if rest[3] is None else LinkRow(bc_set, *rest)
    return Known(
        # What its source removed is gone from that moment on, whether its own decision was made yet or not.
        cast("State", "deleted" if vanished else state or ""),
        link,
        record,
        facet,
        tuple(marks.split()),
        tuple(msgspec.json.decode(reasons, type=list[str])) if reasons else (),
    )
