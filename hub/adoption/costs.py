"""What was billed and booked on projects in progress: posted invoices and journal entries, and what bears them there.

Source  Procore v1.1 requisitions (extended view: items, `commitment_id`, `vendor_id`) and direct costs; guide 16, H7.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import partial

from domain.adoption import Card
from domain.endpoints import costs, invoices
from domain.events import LinkRow
from domain.flows import BY_NAME
from domain.flows.common import day
from domain.flows.invoice_parts import cost_lines, job_of
from domain.linking import INVOICES, JOURNALS
from domain.record import Record
from domain.values import Json, cents, money, money_text, text
from hub.adoption.cards import Here, Sides, digest_of, key, plain_id
from hub.adoption.lists import Lists
from hub.connection import Pair

REQUISITIONS, DIRECT_COSTS = "requisitions", "direct_costs"
Contracts = Mapping[str, Mapping[str, str]]
"""Number of an order -> role of each contract that stands for it -> its id in Procore."""


class Costs:
    """Reads both sides of some projects.

    Shape   `projects` number -> id in Procore; `vendors` number -> company in Procore
    """

    def __init__(
        self, pair: Pair, lists: Lists, projects: Mapping[str, str], vendors: Mapping[str, str], contracts: Contracts
    ) -> None:
        self._pair = pair
        self._lists = lists
        self._projects = projects
        self._vendors = vendors
        self._contracts = contracts

    async def sides(self) -> list[Sides]:
        """Posted invoices against subcontractor invoices and direct costs, journal entries against direct costs.

        Raises  what Procore raises.
        """
        billed, booked = Sides(INVOICES), Sides(JOURNALS)
        if self._pair.enabled(BY_NAME[INVOICES]):
            for record, invoice in await self._lists.unjoined(BY_NAME[INVOICES]):
                billed.here += self._invoice(record, invoice)
        if self._pair.enabled(BY_NAME[JOURNALS]):
            for record, entry in await self._lists.unjoined(BY_NAME[JOURNALS]):
                booked.here += self._entry(record, entry)
        for project in sorted({each.card.within for each in billed.here}):
            rows = await self._lists.free(invoices.requisitions_of_project(project), REQUISITIONS)
            billed.there += [_requisition(row, project) for row in rows]
        for project in sorted({each.card.within for each in (*billed.here, *booked.here)}):
            rows = await self._lists.free(costs.direct_costs(project), DIRECT_COSTS)
            for row in (each for each in rows if not text(each, "deleted_at")):
                (billed if text(row, "direct_cost_type") == "invoice" else booked).there.append(_cost(row, project))
        return [billed, booked]

    def _invoice(self, record: Record, invoice: Json) -> list[Here]:
        """One for each contract that it bills; a cancelled one that was never carried is nobody's business."""
        if invoice.get("cancelled") is True:
            return []
        return [
            found
            for role, contract, job, lines in self._bills(invoice)
            if (found := self._bill(record, invoice, role, contract, job, lines)) is not None
        ]

    def _bills(self, invoice: Json) -> list[tuple[str, str, str, Sequence[Json]]]:
        """Role, contract, job and lines of each bill; an order that was split has a contract for each job (C-14)."""
        lines = cost_lines(invoice)
        of_order = self._contracts.get(text(invoice, "orderNumber"), {})
        if len(of_order) <= 1:
            job = text(invoice, "jobNumber") or next((job_of(invoice, line) for line in lines), "")
            return [("primary", next(iter(of_order.values()), ""), job, lines)]
        split = {role.removeprefix("split:"): id_ for role, id_ in of_order.items() if role.startswith("split:")}
        own = next((id_ for role, id_ in of_order.items() if not role.startswith("split:")), "")
        jobs = dict.fromkeys(job_of(invoice, line) for line in lines)
        return [
            (
                job if job in split else "primary",
                split.get(job, own),
                job,
                [line for line in lines if job_of(invoice, line) == job],
            )
            for job in jobs
        ]

    def _bill(
        self, record: Record, invoice: Json, role: str, contract: str, job: str, lines: Sequence[Json]
    ) -> Here | None:
        project = self._projects.get(job, "")
        if not project:
            return None
        amount = sum((money(line.get("amount") or 0) for line in lines), Decimal(0))
        card = Card(
            key=f"{record.id}:{role}",
            number=text(invoice, "vendorInvoiceNumber") or record.number,
            date=day(invoice, "postingDate"),
            amount=money_text(amount),
            party=self._vendors.get(text(invoice, "vendorNumber"), ""),
            contract=contract,
            within=project,
        )
        link = partial(_linked, "postedPurchaseInvoices", record, project, role)
        return Here(record.id, record.number, digest_of(record), card, link, project=job)

    def _entry(self, record: Record, entry: Json) -> list[Here]:
        """One that breaks a rule is never sent, and nothing can be made twice of it."""
        flow, project = BY_NAME[JOURNALS], self._projects.get(text(entry, "jobNumber"), "")
        context = self._pair.context(flow, self._pair.clock.now())
        if not project or any(True for check in flow.rules for _ in check(entry, context)):
            return []
        card = Card(
            key=str(record.id),
            number=text(entry, "documentNumber"),
            name=text(entry, "description"),
            date=day(entry, "postingDate"),
            amount=money_text(cents(money(entry.get("amount") or 0))),
            within=project,
        )
        link = partial(_linked, "projectLedgerEntries", record, project, "primary")
        return [
            Here(record.id, record.number, digest_of(record), card, link, project=text(entry, "jobNumber")),
        ]


def _linked(entity_set: str, record: Record, project: str, role: str, there: str) -> LinkRow:
    resource = there.partition("/")[0]
    return LinkRow(entity_set, record.source_id, record.number, resource, plain_id(there), project, role=role)


def _requisition(row: Json, project: str) -> Card:
    items: Sequence[Json] | None = row.get("items")
    work = sum((money(item.get("work_completed_this_period") or 0) for item in items or ()), Decimal(0))
    return Card(
        key=key(REQUISITIONS, row["id"]),
        number=text(row, "invoice_number"),
        name=text(row, "contract_name"),
        date=text(row, "billing_date")[:10],
        amount="" if items is None else money_text(work),
        party=text(row, "vendor_id"),
        contract=text(row, "commitment_id"),
        within=project,
    )


def _cost(row: Json, project: str) -> Card:
    shown = row.get("grand_total") or row.get("amount")
    return Card(
        key=key(DIRECT_COSTS, row["id"]),
        number=text(row, "invoice_number"),
        name=text(row, "description"),
        date=text(row, "direct_cost_date")[:10],
        amount="" if shown is None else money_text(money(shown)),
        party=text(row, "vendor_id"),
        within=project,
    )
