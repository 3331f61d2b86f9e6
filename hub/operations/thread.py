"""One thread through several records: order, commitment, postings and invoices; change order, project and parent.

Rules   PP-42, PP-81: every step with its ids in both systems and its times, and everything that happened to any of them
        in one row of events.
"""

from typing import Any

from adapters.store import Ledger

STEPS = 500
"""Records of one thread that are told; an order has as many postings as it likes."""

_RECORD = """
SELECT r.record, r.kind, r.number, r.title, r.project, r.member_of, r.entity_set, r.source_id, r.side FROM record r
"""
_PAIRS = """
SELECT record, role, bc_set, bc_id, bc_number, procore_resource, procore_id, procore_parent_id, since
FROM cross_reference WHERE {records} AND bc_set IN ('', 'projects', 'purchaseOrders', 'postedPurchaseInvoices',
     'changeOrders') ORDER BY since, bc_set
"""
_EVENTS = "SELECT position, at, event, flow, summary, actor, record FROM event_log WHERE {records} ORDER BY position"
_BEGINS = "SELECT record, MIN(at) FROM event_log WHERE {records} GROUP BY record"


async def thread(ledger: Ledger, connection: str, record: str) -> dict[str, Any]:
    """The records that hang together with this one, from the first cause on; empty where nothing does.

    Shape   `steps`: kind, number, title, record, since when the hub knows it, and its pairs of ids; `events` of all.
    """
    records = await _Threads(ledger, connection).of(record)
    if len(records) < 2:  # noqa: PLR2004 - one record alone is no thread
        return {"steps": [], "events": []}
    names = [each["record"] for each in records]
    condition, parameter = ledger.in_list("record", names)
    begins = dict(await ledger.rows(_BEGINS.format(records=condition), (parameter,)))
    pairs: dict[str, list[dict[str, str]]] = {}
    for row in await ledger.rows(_PAIRS.format(records=condition), (parameter,)):
        keys = ("role", "bc_set", "bc_id", "bc_number", "procore_resource", "procore_id", "procore_parent_id", "since")
        pairs.setdefault(row[0], []).append(dict(zip(keys, row[1:], strict=True)))
    events = await ledger.rows(_EVENTS.format(records=condition), (parameter,))
    keys = ("position", "at", "event", "flow", "summary", "actor", "record")
    return {
        "steps": [
            {
                "kind": each["kind"],
                "number": each["number"],
                "title": each["title"],
                "record": each["record"],
                "system": each["side"],
                "source_id": each["source_id"],
                "since": begins.get(each["record"], ""),
                "pairs": pairs.get(each["record"], []),
            }
            for each in records
        ],
        "events": [dict(zip(keys, row, strict=True)) for row in events],
    }


class _Threads:
    """Finds what hangs together. A thread begins with the order, or with the parent project."""

    def __init__(self, ledger: Ledger, connection: str) -> None:
        self._ledger = ledger
        self._connection = connection

    async def of(self, record: str) -> list[dict[str, str]]:
        rows = await self._rows("r.record = ?", record)
        if not rows:
            return []
        match rows[0]["kind"]:
            case "commitment":
                return [*rows, *await self._below("posted_invoice", rows[0]["number"])]
            case "posted_invoice":
                orders = await self._named("commitment", rows[0]["member_of"])
                return [*orders, *await self._below("posted_invoice", rows[0]["member_of"])] if orders else rows
            case "change_order":
                return [*await self._named("project", rows[0]["project"]), *rows, *await self._made_by(record)]
            case "project":
                return await self._around(rows[0])
            case _:
                return rows

    async def _around(self, project: dict[str, str]) -> list[dict[str, str]]:
        """A child with its parent and the change order between them; a parent with all of its children."""
        if project["member_of"]:
            parents = await self._named("project", project["member_of"])
            return [*parents, *await self._makers(project), project]
        found = [project]
        for child in await self._below("project", project["number"]):
            found += [*await self._makers(child), child]
        return found

    async def _named(self, kind: str, number: str) -> list[dict[str, str]]:
        return (await self._rows("r.kind = ? AND r.number = ?", kind, number))[-1:] if number else []

    async def _below(self, kind: str, number: str) -> list[dict[str, str]]:
        return await self._rows("r.kind = ? AND r.member_of = ?", kind, number)

    async def _makers(self, project: dict[str, str]) -> list[dict[str, str]]:
        """The change order that a project was made from."""
        condition = (
            "r.kind = 'change_order' AND r.record IN (SELECT x.record FROM cross_reference x"
            " WHERE x.connection = r.connection AND x.bc_id = ? AND x.bc_set = 'projects')"
        )
        return await self._rows(condition, project["source_id"])

    async def _made_by(self, record: str) -> list[dict[str, str]]:
        """The project that was made from a change order."""
        condition = (
            "r.kind = 'project' AND r.source_id IN (SELECT x.bc_id FROM cross_reference x"
            " WHERE x.connection = r.connection AND x.record = ? AND x.bc_set = 'projects')"
        )
        return await self._rows(condition, record)

    async def _rows(self, condition: str, *values: str) -> list[dict[str, str]]:
        names = ("record", "kind", "number", "title", "project", "member_of", "entity_set", "source_id", "side")
        sql = f"{_RECORD} WHERE r.connection = ? AND {condition} ORDER BY r.vanished DESC, r.number LIMIT ?"
        rows = await self._ledger.rows(sql, (self._connection, *values, STEPS))
        return [dict(zip(names, row, strict=True)) for row in rows]
