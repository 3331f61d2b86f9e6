"""What is known of the records that others refer to, asked for in few queries."""

from collections.abc import Iterable
from typing import Any, cast

from adapters.store import Ledger
from domain.events import LinkRow
from domain.flow import Known, References
from domain.flows import BY_KIND
from domain.states import State

_SQL = """
SELECT r.number, r.record, r.facet, r.vanished, s.state,
       x.bc_set, x.bc_id, x.bc_number, x.procore_resource, x.procore_id, x.procore_parent_id, x.role
FROM record r
LEFT JOIN record_state s ON s.record = r.record AND s.flow = ?
LEFT JOIN cross_reference x ON x.connection = r.connection AND x.flow = ? AND x.record = r.record
     AND x.bc_id = r.source_id AND x.role IN ('primary', 'derived')
WHERE r.connection = ? AND r.kind = ? AND {numbers}
ORDER BY r.vanished DESC, r.position, x.role
"""


class LinkBook:
    """Looks up records by kind and number. One query for each kind, however many keys."""

    def __init__(self, ledger: Ledger, connection: str) -> None:
        self._ledger = ledger
        self._connection = connection

    async def known(self, wanted: Iterable[tuple[str, str]]) -> References:
        """What is known of each pair of kind and number; unknown pairs are missing."""
        by_kind: dict[str, list[str]] = {}
        for kind, key in dict.fromkeys(wanted):
            by_kind.setdefault(kind, []).append(key)
        found: dict[tuple[str, str], Known] = {}
        for kind, numbers in by_kind.items():
            flow = BY_KIND[kind].name
            condition, parameter = self._ledger.in_list("r.number", numbers)
            rows = await self._ledger.rows(
                _SQL.format(numbers=condition), (flow, flow, self._connection, kind, parameter)
            )
            for row in rows:  # a living record stands behind a vanished one of the same number, and wins
                found[kind, row[0]] = _known(row)
        return found


def _known(row: tuple[Any, ...]) -> Known:
    # What its source removed is gone from that moment on, whether its own decision was made yet or not.
    state = cast("State", "deleted" if row[3] else row[4] or "")
    link = None
    if row[9] is not None:
        link = LinkRow(row[5], row[6], row[7], row[8], row[9], row[10], row[11])
    return Known(state, link, row[1], row[2])
