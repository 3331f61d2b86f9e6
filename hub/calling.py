"""Rows that a project brings in by a switch of its own, flagged or not, and lets go when the switch is off (C-17)."""

from collections.abc import Awaitable, Callable, Mapping
from uuid import UUID

from domain.flow import Flow
from domain.record import Moment, Record
from domain.values import Json
from hub.connection import Pair
from hub.records import Contents, Records
from hub.sight import seen_again

PAGE = 500

_CALLED = """
SELECT p.number FROM record p
WHERE p.connection = ? AND p.kind = 'project' AND p.vanished = 0 AND p.marks LIKE ? AND {numbers}
"""
_ADOPTED = "SELECT project FROM feed_project WHERE connection = ? AND entity_set = ? AND {numbers}"
_OUT_OF_STEP = """
SELECT r.record, 1 - r.demanded
FROM record p
JOIN record r ON r.connection = p.connection AND r.kind = ? AND r.project = p.number
     AND r.demanded = CASE WHEN p.marks LIKE ? THEN 0 ELSE 1 END
WHERE p.connection = ? AND p.kind = 'project' AND p.vanished = 0 AND r.vanished = 0
ORDER BY r.record LIMIT ?
"""


class Calling:
    """Keeps the rows of projects in step with the projects' switches."""

    def __init__(self, pair: Pair, records: Records, catch_up: Callable[[], Awaitable[object]]) -> None:
        self.pair = pair
        self._catch_up = catch_up
        self._records = records
        self._ledger = records.ledger

    async def called(self, flow: Flow, projects: set[str]) -> set[str]:
        """Those of these projects that bring in their rows of this flow."""
        if not flow.origin.called_by or not projects:
            return set()
        condition, parameter = self._ledger.in_list("p.number", sorted(projects))
        sql = _CALLED.format(numbers=condition)
        return {row[0] for row in await self._ledger.rows(sql, (self.pair.name, _like(flow), parameter))}

    async def adopted(self, flow: Flow, projects: set[str]) -> set[str]:
        """Those of these projects whose rows were once read whole, so that every row of theirs stays known."""
        if not projects:
            return set()
        condition, parameter = self._ledger.in_list("project", sorted(projects))
        sql = _ADOPTED.format(numbers=condition)
        return {row[0] for row in await self._ledger.rows(sql, (self.pair.name, flow.origin.entity_set, parameter))}

    async def answer(self, flow: Flow) -> int:
        """Brings in and lets go what does not follow its project's switch yet; how many records that were."""
        if not flow.origin.called_by:
            return 0
        moved = 0
        while rows := await self._ledger.rows(_OUT_OF_STEP, (flow.kind, _like(flow), self.pair.name, PAGE)):
            demanded = {UUID(record): bool(now) for record, now in rows}
            sources = await self._records.sources((await self._records.load(list(demanded))).values())
            moment = self.pair.moment()

            def act(
                found: Mapping[UUID, Record],
                _contents: Contents,
                demanded: Mapping[UUID, bool] = demanded,
                sources: Mapping[UUID, Json] = sources,
                moment: Moment = moment,
            ) -> tuple[()]:
                for id_, record in found.items():
                    sight = seen_again(self.pair, flow, record, sources[id_], demanded=demanded[id_])
                    record.observe(sight, moment, released=not demanded[id_])
                return ()

            await self._records.change(list(demanded), act)
            moved += len(rows)
            await self._catch_up()
        return moved


def _like(flow: Flow) -> str:
    return f"% {flow.origin.called_by} %"
