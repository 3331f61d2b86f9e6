"""Reads the books of both companies afresh, some projects at a time. Writes nothing, and asks for few lists."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from adapters.store import Ledger
from domain import endpoints
from domain.delivery import Listing
from domain.endpoints import budget, changes, costs, invoices
from domain.endpoints.making import connector_list, quoted
from domain.errors import NeedsDecision, SiteLedgerError
from domain.flow import Reading, SiteProject
from domain.flows.change_order_feed import ORIGIN
from domain.flows.change_order_to_change_order import FLOW as CHANGE_ORDERS
from domain.reconcile import Cell, Column, Entry, central, site
from domain.values import Json, chunks, money, money_text, text
from hub.connection import Pair
from hub.fact_book import FactBook
from hub.reconciling.scope import Chunk

FLOWS: Mapping[Column, tuple[str, ...]] = {
    "original_budget": ("planning-line-to-budget-line",),
    "approved_changes": ("change-order-to-change-order", "npc-change-order-to-project"),
    "committed": ("purchase-order-to-commitment",),
    "invoiced": ("posted-invoice-to-commitment-invoice",),
    "direct_cost": ("project-journal-to-direct-cost",),
    "paid": (),
}
"""The flows that carry each column. No flow carries payments, so `paid` is never compared, and never called equal."""
_Raw = tuple[str, Json, Sequence[Json]]
"""A document of Procore as it came, by its resource, with its lines."""
CONTRACTS = ("purchase_order_contracts", "work_order_contracts")
_NAMES = 20
_PASSES = 6
_PROJECTS = "SELECT number, facet, marks FROM record WHERE connection = ? AND kind = 'project' AND {numbers}"
_CODES = """
SELECT procore_parent_id, procore_id, bc_number FROM cross_reference
WHERE connection = ? AND flow = 'budget-code-to-wbs-code' AND {projects}
"""


@dataclass
class Books:
    """What both companies say about some projects. `billed` is what was posted of orders, by order and its line.

    Shape   `orders` are the change orders of Procore as their feed shows them, by key; `codes` the budget code of each
            cell. `unread` says which lists could not be read, `projects` whose books are not whole for that.
    """

    in_central: list[central.Document] = field(default_factory=list[central.Document])
    billed: dict[str, dict[str, list[Entry]]] = field(default_factory=dict[str, dict[str, list[Entry]]])
    in_site: list[site.Document] = field(default_factory=list[site.Document])
    orders: dict[str, Json] = field(default_factory=dict[str, Json])
    cells: dict[str, Cell] = field(default_factory=dict[str, Cell])
    jobs: Sequence[str] = ()
    unread: list[str] = field(default_factory=list[str])
    projects: set[str] = field(default_factory=set[str])


def carried(pair: Pair) -> tuple[Column, ...]:
    """The columns that a flow carries on this connection."""
    on = {flow.name for flow in pair.flows}
    return tuple(column for column, flows in FLOWS.items() if any(flow in on for flow in flows))


class Reader:
    """Reads the books of a chunk of projects."""

    def __init__(self, pair: Pair, ledger: Ledger, chunk: Chunk) -> None:
        self._pair = pair
        self._ledger = ledger
        self._chunk = chunk
        self._columns = carried(pair)
        self._book = FactBook(pair.targets)
        self.books = Books(jobs=chunk.jobs)

    async def read(self) -> Books:
        """Both sides of the chunk.

        Raises  what reading a list of Business Central raises: without its books nothing can be compared.
        """
        await self._business_central()
        await self._procore()
        return self.books

    # -- Business Central --------------------------------------------------------------------------

    async def _business_central(self) -> None:
        homes, keep = self._chunk.homes, self.books.in_central
        if "original_budget" in self._columns:
            rows = await self._of_jobs("projectPlanningLines", "projectNumber")
            keep += [it for row in rows if (it := central.planning_line(row, homes)) is not None]
        if "approved_changes" in self._columns:
            rows = await self._of_jobs("changeOrders", "projectNumber", "changeOrderLines")
            keep += [central.change_order(row, homes) for row in rows]
        if "committed" in self._columns:
            rows = await self._documents("purchaseOrders", "purchaseOrderLines")
            keep += [central.order(row, homes) for row in rows]
        if "committed" in self._columns or "invoiced" in self._columns:
            rows = await self._documents("postedPurchaseInvoices", "postedPurchaseInvoiceLines")
            self.books.billed = central.billed(rows, homes)
            if "invoiced" in self._columns:
                keep += [central.invoice(row, homes) for row in rows]
        if "direct_cost" in self._columns:
            rows = await self._of_jobs("projectLedgerEntries", "jobNumber")
            keep += [it for row in rows if (it := central.entry(row, homes)) is not None]

    async def _documents(self, entity_set: str, lines: str) -> list[Json]:
        """Documents of these jobs, and those of other jobs with a line of one of these."""
        found = {text(row, "id"): row for row in await self._of_jobs(entity_set, "jobNumber", lines)}
        known = {text(row, "number") for row in found.values()}
        named = await self._of_jobs(lines, "jobNumber", select="id,documentNumber")
        others = {text(row, "documentNumber") for row in named} - known
        for row in await self._named(entity_set, "number", sorted(others), lines):
            found[text(row, "id")] = row
        return list(found.values())

    async def _of_jobs(self, entity_set: str, name: str, expand: str = "", select: str = "") -> list[Json]:
        return await self._named(entity_set, name, self._chunk.jobs, expand, select)

    async def _named(
        self, entity_set: str, name: str, values: Iterable[str], expand: str = "", select: str = ""
    ) -> list[Json]:
        """Rows by a field, read through the maps of the company."""
        maps = self._pair.mapping
        field = maps.source_of(entity_set, name)
        rows: list[Json] = []
        for names in chunks(values, _NAMES):
            # A field that is a constant cannot be asked for: then every row is read, and told apart here.
            query = [("$filter", " or ".join(f"{field} eq {quoted(value)}" for value in names))] if field else []
            query += [("$expand", expand)] if expand else []
            query += [("$select", select)] if select and not maps.touches(entity_set) else []
            query.append(("$orderby", "id"))
            listing = connector_list(f"reconcile.{entity_set}", entity_set, *query)
            found = await self._pair.targets[listing.system].list(listing)
            rows += [maps.read(entity_set, row, expand) for row in found]
        return rows

    # -- Procore -----------------------------------------------------------------------------------

    async def _procore(self) -> None:
        known: dict[str, dict[str, str]] = {}
        condition, parameter = self._ledger.in_list("procore_parent_id", sorted(self._chunk.sites.values()))
        rows = await self._ledger.rows(_CODES.format(projects=condition), (self._pair.name, parameter))
        for project_id, code, number in rows:
            known.setdefault(project_id, {})[code] = number
        for project, project_id in self._chunk.sites.items():
            before = len(self.books.in_site)
            try:
                await self._project(project, project_id, known.get(project_id, {}))
            except SiteLedgerError as error:
                del self.books.in_site[before:]
                self.books.unread.append(f"project {project}: {error}")
                self.books.projects.add(project)

    async def _project(self, project: str, project_id: str, known: Mapping[str, str]) -> None:
        codes = site.Codes(project, self._chunk.homes.currency, known)
        raw: list[_Raw] = []
        if "committed" in self._columns:
            raw += await self._contracts(project_id)
        if "invoiced" in self._columns:
            raw += await self._requisitions(project_id)
        if "direct_cost" in self._columns or "invoiced" in self._columns:
            raw += await self._direct_costs(project_id)
        budgets: tuple[list[Json], dict[str, str]] = ([], {})
        if "original_budget" in self._columns:
            budgets = await self._budget(project_id)
        orders = await self._change_orders(project, project_id) if "approved_changes" in self._columns else []
        named = {site.code_of(line) for _, _, lines in raw for line in lines} - {""}
        named |= {text(line, "wbsCodeId") for order in orders for line in order.get("lines") or ()}
        named |= {text(row, "wbs_code_id") for row in budgets[0]}
        if any(not codes.knows(code) for code in named):
            rows = await self._list(changes.wbs_codes(project_id))
            codes = site.Codes(project, self._chunk.homes.currency, known, rows)
        self._enter(codes, raw, budgets, orders)

    async def _contracts(self, project_id: str) -> list[_Raw]:
        found: list[_Raw] = []
        for resource in CONTRACTS:
            for row in await self._list(endpoints.contracts(resource, project_id)):
                lines = row.get("line_items")
                if lines is None:
                    lines = await self._list(invoices.contract_lines(resource, project_id, str(row["id"])))
                found.append((resource, row, lines))
        return found

    async def _requisitions(self, project_id: str) -> list[_Raw]:
        found: list[_Raw] = []
        for row in await self._list(invoices.requisitions_of_project(project_id)):
            items = row.get("items")
            if items is None:
                items = await self._list(invoices.requisition_items(project_id, str(row["id"])))
            found.append(("requisitions", row, items))
        return found

    def _enter(
        self,
        codes: site.Codes,
        raw: Sequence[_Raw],
        budgets: tuple[Sequence[Json], Mapping[str, str]],
        orders: Sequence[Json],
    ) -> None:
        keep = self.books.in_site
        self.books.cells.update(codes.cells)
        for resource, row, lines in raw:
            if resource in CONTRACTS:
                keep.append(site.contract(row, resource, lines, codes.cell))
            elif resource == "requisitions":
                keep.append(site.requisition(row, lines, codes.cell))
            else:
                keep.append(site.direct_cost(row, lines, codes.cell))
        keep += [site.budget_line(row, codes.cell, budgets[1]) for row in budgets[0]]
        for order in orders:
            found = site.approved(order, codes.cell)
            self.books.orders[found.id] = order
            keep.append(found)

    async def _direct_costs(self, project_id: str) -> list[_Raw]:
        heads = await self._list(costs.direct_costs(project_id))
        of_head: dict[str, list[Json]] = {}
        if heads:
            for line in await self._list(costs.direct_cost_lines(project_id)):
                holder = text(line.get("holder") or {}, "id") or text(line, "direct_cost_id")
                of_head.setdefault(holder, []).append(line)
        return [("direct_costs", row, of_head.get(str(row["id"]), ())) for row in heads]

    async def _budget(self, project_id: str) -> tuple[list[Json], dict[str, str]]:
        """Budget lines, and what our own budget changes moved, by budget code."""
        rows: list[Json] = []
        for view in (await self._list(budget.budget_views(project_id)))[:1]:
            rows = await self._list(budget.budget_line_items(project_id, str(view["id"])))
        moved: dict[str, str] = {}
        settings = self._pair.flow_settings.get("planning-line-to-budget-line", {})
        if settings.get("when_locked") == "budget_change":
            for row in await self._list(budget.budget_changes(project_id)):
                code = _own_change(row)
                if code and text(row, "status") == "approved":
                    moved[code] = money_text(money(moved.get(code) or 0) + money(row.get("amount") or 0))
        return [row for row in rows if text(row, "wbs_code_id")], moved

    async def _change_orders(self, project: str, project_id: str) -> list[Json]:
        feed = ORIGIN.feed
        condition, parameter = self._ledger.in_list("number", [project])
        rows = await self._ledger.rows(_PROJECTS.format(numbers=condition), (self._pair.name, parameter))
        if feed is None or not rows:
            return []
        now = self._pair.clock.now()
        reading = Reading(
            projects=[SiteProject(number, project_id, facet, tuple(marks.split())) for number, facet, marks in rows],
            since=None,
            until=now,
            start=self._pair.start,
            facts={},
            refused={},
            context=self._pair.context(CHANGE_ORDERS, now),
            numbers={project_id: project},
        )
        for _ in range(_PASSES):
            facts = self._book.rows
            refused = {listing: str(error) for listing, error in self._book.unreadable.items()}
            reading = replace(reading, facts=facts, refused=refused)
            missing = [each for each in feed.listings(reading) if each not in facts and each not in refused]
            if not missing:
                break
            await self._book.read(missing)
            for listing in missing:
                error = self._book.unreadable.get(listing)
                if error is not None and not (isinstance(error, NeedsDecision) and feed.expected(listing)):
                    raise error
        return list(feed.documents(reading))

    async def _list(self, listing: Listing) -> list[Json]:
        return await self._pair.targets[listing.system].list(listing)


_OWN, _OWN_END = "Budget of Business Central ", " no. "


def _own_change(row: Json) -> str:
    """The budget code that one of our own budget changes moved, by its title; empty for anybody else's (Z4)."""
    title = text(row, "title")
    code, mark, place = title.removeprefix(_OWN).partition(_OWN_END)
    return code if title.startswith(_OWN) and mark and place.isdigit() else ""
