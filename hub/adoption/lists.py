"""What nobody joined yet: records of the ledger, and rows of either system."""

from collections.abc import Sequence
from uuid import UUID

from domain.delivery import Listing
from domain.flow import Flow
from domain.linking import owner_of
from domain.record import Record
from domain.values import Json, chunks, text
from hub.app import Hub
from hub.connection import Pair
from hub.records import Records

PAGE = 500
MOST = 20_000
"""Records of one flow that one proposal compares; a company with more is adopted project by project."""
_SETS = {
    "projects": "projects",
    "vendors": "vendors",
    "purchase_order_contracts": "purchaseOrders",
    "work_order_contracts": "purchaseOrders",
}


class Lists:
    """Reads for one proposal."""

    def __init__(self, hub: Hub, pair: Pair) -> None:
        self._ledger = hub.ledger
        self._pair = pair
        self.records = Records(hub.ledger, pair.name, pair.mapping)

    async def unjoined(self, flow: Flow) -> list[tuple[Record, Json]]:
        """Records of a flow that take part and have no counterpart, nor anything under way."""
        rows = await self._ledger.rows(_UNJOINED, (self._pair.name, flow.name, MOST))
        found: list[tuple[Record, Json]] = []
        for some in chunks([UUID(row[0]) for row in rows], PAGE):
            records = await self.records.load(some)
            sources = await self.records.sources(records.values())
            for id_, record in records.items():
                source = sources[id_]
                if is_free(record, flow) and flow.counts(source, record.demanded) and not record.vanished:
                    found.append((record, source))
        return found

    async def free(self, listing: Listing, resource: str) -> list[Json]:
        """Rows of Procore that are nobody's yet: neither joined here, nor another integration's (ER-63).

        A document that the hub itself marked is found by its mark, and needs nobody to join it.
        """
        rows = await self._pair.targets[listing.system].list(listing)
        taken = await self._taken("procore_id", resource, [text(row, "id") for row in rows])
        return [row for row in rows if text(row, "id") not in taken and self._is_nobodys(row, resource)]

    def _is_nobodys(self, row: Json, resource: str) -> bool:
        entity_set = _SETS.get(resource)
        if entity_set is not None:
            return owner_of(row, self._pair.bc_company, entity_set, "")[0] != "foreign"
        mark = f"bc:{self._pair.bc_company.lower()}:"
        return not text(row, "origin_id") and not text(row, "origin_data").startswith(mark)

    async def free_here(self, listing: Listing, entity_set: str) -> list[Json]:
        """Rows of Business Central that nobody joined with anything."""
        rows = await self._pair.targets[listing.system].list(listing)
        taken = await self._taken("bc_id", entity_set, [text(row, "id") for row in rows])
        return [row for row in rows if text(row, "id") not in taken]

    async def _taken(self, column: str, of: str, ids: Sequence[str]) -> set[str]:
        kind = "procore_resource" if column == "procore_id" else "bc_set"
        found: set[str] = set()
        for page in chunks(ids, PAGE):
            condition, parameter = self._ledger.in_list(column, page)
            rows = await self._ledger.rows(
                f"SELECT {column} FROM cross_reference WHERE connection = ? AND {kind} = ? AND {condition}",  # noqa: S608 - built from columns
                (self._pair.name, of, parameter),
            )
            found |= {row[0] for row in rows}
        return found

    async def joined(self, flow: str) -> dict[str, str]:
        """Number -> id in Procore, of what is joined."""
        rows = await self._ledger.rows(
            "SELECT bc_number, procore_id FROM cross_reference WHERE connection = ? AND flow = ? AND role <> 'derived'",
            (self._pair.name, flow),
        )
        return {row[0]: row[1] for row in rows}


def is_free(record: Record, flow: Flow) -> bool:
    """It has no counterpart in this flow, and nothing of it was ever sent."""
    memory = record.flow(flow.name)
    return not (memory.open or memory.parts or memory.links or memory.adopted)


_UNJOINED = """
SELECT s.record FROM record_state s
WHERE s.connection = ? AND s.flow = ? AND s.open = 0 AND s.state <> 'deleted'
  AND NOT EXISTS (SELECT 1 FROM cross_reference x WHERE x.record = s.record AND x.flow = s.flow)
ORDER BY s.record LIMIT ?
"""
