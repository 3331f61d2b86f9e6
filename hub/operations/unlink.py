"""`unlink`: cuts a pair once its record in Business Central is verified to be gone (ER-32 to ER-37)."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from domain import linking
from domain.endpoints.invoices import requisitions
from domain.events import LinkRow
from domain.flows import BY_KIND, OF_KIND
from domain.flows.posted_invoice_to_commitment_invoice import NAME as INVOICES
from domain.flows.vendor_to_project_directory import NAME as DIRECTORY
from domain.left_behind import CONTRACTS
from domain.record import Record
from domain.values import BUSINESS_CENTRAL, PROCORE, Json, read_json, text
from hub.app import Hub, open_hub
from hub.connection import Pair
from hub.operations.by_hand import (
    Handled,
    acted,
    flow_of,
    handled,
    is_in_business_central,
    loaded,
    meant,
    one_at_a_time,
    refused,
)
from hub.operations.by_hand import reported as report
from hub.records import Contents, Records
from hub.report import Progress, Report
from hub.settings import Settings

PAGE = 500
MOST_NAMED = 5
DOCUMENTS = (
    "purchase-order-to-commitment",
    INVOICES,
    "project-journal-to-direct-cost",
    "change-order-to-change-order",
    "npc-change-order-to-project",
)
UNDER_WAY = "something of it is on its way; let a round finish it, then try again"


class _No(Exception):
    """A rule speaks against the cut."""


async def unlink_record(
    settings: Settings,
    *,
    identifier: str,
    reason: str,
    actor: str,
    progress: Progress,  # noqa: ARG001 - one look is quick
) -> Report:
    """The command `unlink`."""
    async with open_hub(settings) as hub:
        return report(await unlink(hub, identifier, actor=actor, reason=reason))


async def unlink(hub: Hub, identifier: str, *, actor: str, reason: str = "") -> Handled:
    """Cuts the pairs of a record, by any id or number of either system; writes nothing and deletes nothing.

    Raises  Halted (2) for an unknown id; what the systems raise when they can't say what they hold.
    """
    connection, id_ = await meant(hub, identifier, joined=True)
    async with one_at_a_time(hub, connection), hub.pair(connection) as pair:
        records = Records(hub.ledger, connection)
        record = await loaded(records, id_)
        try:
            return await _Cutting(hub, pair, records).cut(record, actor, reason)
        except _No as no:
            flow = flow_of(record)
            return await refused(hub, records, record, flow, "unlink", str(no), actor, reason=reason)


class _Cutting:
    """Verifies with Business Central, and cuts if nothing speaks against it."""

    def __init__(self, hub: Hub, pair: Pair, records: Records) -> None:
        self._hub = hub
        self._pair = pair
        self._records = records

    async def cut(self, record: Record, actor: str, reason: str) -> Handled:
        """Cuts, or says why not.

        Raises  _No.
        """
        joined = {
            flow.name: pairs
            for flow in OF_KIND[record.kind]
            if (pairs := list(record.flow(flow.name).links.values())) or record.flow(flow.name).adopted
        }
        if not joined:
            raise _No(f"{record.number} is not linked")
        if any(record.flow(name).open for name in joined):
            raise _No(UNDER_WAY)
        pairs = [link for links in joined.values() for link in links]
        await self._verify(record, pairs)
        message = linking.unlinked(pairs[0].procore_resource if pairs else "")
        moment = acted(self._hub, record, actor)
        done: list[bool] = []

        def change(found: Mapping[UUID, Record], _contents: Contents) -> Sequence[Any]:
            done[:] = [found[record.id].unlink(name, message, reason, moment) for name in joined]
            return ()

        await self._records.change([record.id], change)
        if not all(done):
            raise _No(UNDER_WAY)
        return handled(record, "unlink", next(iter(joined)), message, done=True, pairs=pairs)

    async def _verify(self, record: Record, pairs: Sequence[LinkRow]) -> None:
        if record.kind == "vendor":
            await self._unused(record, pairs)
            return  # only the link is cut; the vendor and the company stay (ER-37)
        if not record.entity_set:
            raise _No(f"{record.number} is made of others and is no record of Business Central; unlink those")
        resource = pairs[0].procore_resource if pairs else ""
        if await self._stands(record, pairs):
            raise _No(linking.still_there(resource, record.kind))
        if record.replaced_by:
            words = linking.still_there(resource, record.kind)
            raise _No(f"{words} (it was posted as {record.replaced_by})")
        for link in pairs:
            if link.procore_resource in CONTRACTS:
                await self._without_invoices(record, link)
            if link.procore_resource == "projects" and BY_KIND[record.kind].origin.system == BUSINESS_CENTRAL:
                await self._without_documents(record, link)

    async def _stands(self, record: Record, pairs: Sequence[LinkRow]) -> bool:
        """Business Central is the ERP: source of what goes to Procore, counterpart of what comes from it."""
        if BY_KIND[record.kind].origin.system == BUSINESS_CENTRAL:
            return await is_in_business_central(self._pair, record.entity_set, record.source_id)
        heads = {(link.bc_set, link.bc_id) for link in pairs if link.bc_set != "changeOrderLines"}
        for entity_set, id_ in sorted(heads):
            if await is_in_business_central(self._pair, entity_set, id_):
                return True
        return False

    async def _without_invoices(self, record: Record, link: LinkRow) -> None:
        rows = await self._pair.targets[PROCORE].list(requisitions(link.procore_parent_id, link.procore_id))
        if rows:
            numbers = ", ".join(text(row, "invoice_number") or text(row, "id") for row in rows[:MOST_NAMED])
            words = f"commitment {record.number} ({link.procore_id}) has {len(rows)} invoices in Procore"
            raise _No(f"{words} ({numbers}); unlink and remove them first")

    async def _without_documents(self, record: Record, link: LinkRow) -> None:
        flows, parameter = self._hub.ledger.in_list("flow", DOCUMENTS)
        rows = await self._hub.ledger.rows(
            "SELECT flow, MAX(bc_number) FROM cross_reference"  # noqa: S608 - built from columns
            f" WHERE connection = ? AND {flows} AND procore_parent_id = ?"
            " GROUP BY flow, record ORDER BY flow, 2 LIMIT ?",
            (self._pair.name, parameter, link.procore_id, PAGE),
        )
        if rows:
            named = linking.documents_below([(row[0], row[1]) for row in rows])
            raise _No(f"project {record.number} has linked records below it: {named}; unlink those first")

    async def _unused(self, record: Record, pairs: Sequence[LinkRow]) -> None:
        """A company that commitments name must stay known (ER-37). They stand in projects that have it as a member."""
        for link in pairs:
            after = ""
            while rows := await self._hub.ledger.rows(
                _COMMITMENTS, (DIRECTORY, self._pair.name, link.procore_id, after, PAGE)
            ):
                after = rows[-1][0]
                bodies = await self._hub.ledger.contents([row[2] for row in rows])
                using = [row[1] for row in rows if self._vendor(bodies[row[2]]) == record.number]
                if using:
                    named = ", ".join(using[:MOST_NAMED])
                    raise _No(f"company {link.procore_id} is used by synced commitments ({named}); unlink those first")

    def _vendor(self, body: bytes) -> str:
        order: Json = read_json(body)
        return text(self._pair.mapping.read("purchaseOrders", order), "vendorNumber")


_COMMITMENTS = """
SELECT DISTINCT r.record, r.number, r.content
FROM cross_reference v
JOIN cross_reference c ON c.connection = v.connection AND c.flow = 'purchase-order-to-commitment'
     AND c.procore_parent_id = v.procore_parent_id AND c.bc_set = 'purchaseOrders'
JOIN record r ON r.record = c.record
WHERE v.flow = ? AND v.connection = ? AND v.procore_id = ? AND r.record > ?
ORDER BY r.record LIMIT ?
"""
