"""`reset`: forgets at once, unverified, that a record was ever sent; nothing is written anywhere (ER-44, C-39, C-57).

A project takes everything below it along, as ids in Procore mean nothing outside their project.
"""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

import msgspec

from adapters.store import Ledger
from domain.events import Left
from domain.flows import BY_KIND, OF_KIND
from domain.flows.project_to_project import NAME as PROJECTS
from domain.left_behind import standing_of, warning_of
from domain.memory import FlowMemory
from domain.record import Moment, Record
from domain.values import BUSINESS_CENTRAL, PROCORE, System
from hub.app import Hub, open_hub
from hub.operations.by_hand import Handled, acted, flow_of, handled, loaded, meant, one_at_a_time, refused
from hub.operations.by_hand import reported as report
from hub.records import Contents, Records
from hub.report import Progress, Report
from hub.settings import Settings

PAGE = 500
MOST_NAMED = 5
WITH_ITS_PROJECT = "reset with its project"
_MADE: dict[str, tuple[System, str]] = {
    "purchase_order_contracts": (PROCORE, "purchase_order_contracts"),
    "work_order_contracts": (PROCORE, "work_order_contracts"),
    "projects": (PROCORE, "projects"),
    "projects.update": (PROCORE, "projects"),
    "vendors": (PROCORE, "vendors"),
    "requisitions.create": (PROCORE, "requisitions"),
    "direct_costs": (PROCORE, "direct_costs"),
    "bc.changeOrders.create": (BUSINESS_CENTRAL, "changeOrders"),
    "bc.projects.create": (BUSINESS_CENTRAL, "projects"),
}
"""Endpoint that makes a document -> what it makes: a record that was not finished has no pair yet."""


async def reset_record(
    settings: Settings,
    *,
    identifier: str,
    reason: str,
    actor: str,
    progress: Progress,  # noqa: ARG001 - nobody is asked
) -> Report:
    """The command `reset`."""
    async with open_hub(settings) as hub:
        return report(await reset(hub, identifier, actor=actor, reason=reason))


async def reset(hub: Hub, identifier: str, *, actor: str, reason: str = "") -> Handled:
    """Forgets the counterparts of a record, by any id or number; asks and writes to neither system.

    Raises  Halted (2) for an unknown id; Locked for a project while a round of its connection runs.
    """
    connection, id_ = await meant(hub, identifier, joined=True)
    async with AsyncExitStack() as locks:
        await locks.enter_async_context(one_at_a_time(hub, connection))
        records = Records(hub.ledger, connection)
        record = await loaded(records, id_)
        flow = flow_of(record)
        if record.kind == BY_KIND["project"].kind and record.flow(PROJECTS).target_id("project"):
            # Its children must not be joined with the old project again before the project itself is forgotten.
            await locks.enter_async_context(hub.ledger.exclusive(f"connection {connection}"))
            await hub.projector.catch_up()
        resetting = _Resetting(hub, records, record, reason)
        why = await resetting.why_not()
        if why:
            return await refused(hub, records, record, flow, "reset", why, actor, reason=reason)
        return await resetting.run(acted(hub, record, actor))


class _Resetting:
    """Resets one record, after everything that stands below it."""

    def __init__(self, hub: Hub, records: Records, record: Record, reason: str) -> None:
        self._hub = hub
        self._records = records
        self._record = record
        self._reason = reason
        links = record.flow(PROJECTS).links.values() if record.kind == "project" else ()
        self._projects = [link.procore_id for link in links if link.role == "primary"]
        adopted = record.flow(PROJECTS).target_id("project") if record.kind == "project" else ""
        if adopted and not links:
            self._projects = [adopted]

    async def why_not(self) -> str:
        """What speaks against it, empty when nothing does."""
        number = self._record.number
        if not any(_is_sent(self._record.flow(flow.name)) for flow in OF_KIND[self._record.kind]):
            return f"{number} was never sent, so there is nothing to reset"
        unknown = [
            found.number
            async for page in self._pages()
            for found in page
            if any(map(_is_unknown, found.flows.values()))
        ]
        if not unknown:
            return ""
        named = ", ".join(unknown[:MOST_NAMED])
        return f"the outcome of a call for {named} is not known yet; let a round settle it by looking, then try again"

    async def run(self, moment: Moment) -> Handled:
        """Everything below first, the record itself last: what is broken off can be done again."""
        also: Counter[str] = Counter()
        async for page in self._pages():
            below = [found for found in page if found.id != self._record.id]
            if below:
                await self._forget(below, moment, WITH_ITS_PROJECT, also)
        own: Counter[str] = Counter()
        pairs = [link for memory in self._record.flows.values() for link in memory.links.values()]
        warning = await self._forget([self._record], moment, self._reason, own)
        name, done = flow_of(self._record), bool(own)
        message = "is reset and will be decided anew" if done else "began to move meanwhile; look again"
        return handled(
            self._record, "reset", name, message, done=done, warning=warning if done else "", pairs=pairs, also=also
        )

    async def _pages(self) -> AsyncIterator[list[Record]]:
        yield [await loaded(self._records, self._record.id)]
        if not self._projects:
            return
        ledger, after = self._hub.ledger, ""
        joined, parameter = ledger.in_list("x.procore_id", self._projects)
        while True:
            rows = await ledger.rows(
                _BELOW.format(joined=joined), (self._records.connection, PROJECTS, parameter, after, PAGE)
            )
            ids = [UUID(row[0]) for row in rows]
            if ids:
                yield list((await self._records.load(ids)).values())
            if len(rows) < PAGE:
                return
            after = rows[-1][0]

    async def _forget(self, records: Sequence[Record], moment: Moment, reason: str, also: Counter[str]) -> str:
        made = await made_of(self._hub.ledger, [record.id for record in records])
        counted: Counter[str] = Counter()
        warnings: list[str] = []

        def change(found: Mapping[UUID, Record], _contents: Contents) -> Sequence[Any]:
            counted.clear()
            warnings.clear()
            for record in found.values():
                for flow in OF_KIND[record.kind]:
                    memory = record.flow(flow.name)
                    if not _is_sent(memory):
                        continue
                    target: System = PROCORE if flow.origin.system == BUSINESS_CENTRAL else BUSINESS_CENTRAL
                    left = standing_of(memory, made.get((record.id, flow.name), ()), target)
                    warning = warning_of(left, memory.links.values(), target)
                    if record.reset(flow.name, left, warning, reason, moment):
                        counted[flow.name] += 1
                        warnings.append(warning)
            return ()

        await self._records.change([record.id for record in records], change)
        also.update(counted)
        return "\n".join(dict.fromkeys(warnings))


async def made_of(ledger: Ledger, ids: Sequence[UUID]) -> dict[tuple[UUID, str], list[Left]]:
    """Documents that were made, by record and flow, whether or not their pair was joined already."""
    of, parameter = ledger.in_list("record", [str(id_) for id_ in ids])
    rows = await ledger.rows(
        "SELECT record, flow, endpoint, scope, target_id FROM delivery"  # noqa: S608 - built from columns
        f" WHERE {of} AND state = 'confirmed' AND target_id <> ''",
        (parameter,),
    )
    found: dict[tuple[UUID, str], list[Left]] = {}
    for record, flow, endpoint, scope, target_id in rows:
        if endpoint in _MADE:
            system, resource = _MADE[endpoint]
            parent = msgspec.json.decode(scope, type=dict[str, str]).get("project_id", "")
            parent = parent if system == PROCORE else ""
            found.setdefault((UUID(record), flow), []).append(Left(system, resource, target_id, parent))
    return found


def _is_sent(memory: FlowMemory) -> bool:
    return bool(memory.parts or memory.links or memory.adopted or memory.closed or memory.open)


def _is_unknown(memory: FlowMemory) -> bool:
    return any(delivery.unknown for delivery in memory.open.values())


_BELOW = """
SELECT r.record
FROM record r
WHERE r.connection = ? AND r.project IN (
  SELECT x.bc_number FROM cross_reference x WHERE x.connection = r.connection AND x.flow = ? AND {joined}
) AND r.record > ?
ORDER BY r.record LIMIT ?
"""
