"""Reads the records of both systems that nobody joined yet, and compares them.

Projects and vendors first, then what stands in the projects. Budget codes, cost codes and cost types find their
counterpart by their code when the project is carried.
"""

from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from domain import adoption, endpoints
from domain.adoption import Card
from domain.commitment import line_total, resource_of
from domain.events import LinkRow
from domain.flows import BY_NAME, commitment_parts
from domain.flows.commitment_parts import Share
from domain.flows.common import day
from domain.linking import COMMITMENTS, PROJECTS, VENDORS
from domain.project import is_npc_child
from domain.record import Record
from domain.values import Json, money, money_text, text
from hub.adoption.cards import Here, Sides, digest_of, joining, key, plain_id, unclear
from hub.adoption.costs import Costs
from hub.adoption.lists import Lists
from hub.adoption.proposal import Joining, Proposal, Unclear
from hub.adoption.site import SiteRecords
from hub.adoption.totals import proved
from hub.app import Hub
from hub.connection import Pair

CONTRACTS = ("purchase_order_contracts", "work_order_contracts")
_ENDED = frozenset({"Void", "Terminated"})
_ORDERS = """
SELECT bc_number, role, procore_id FROM cross_reference WHERE connection = ? AND flow = ? AND bc_set = 'purchaseOrders'
"""


class Comparing:
    """Makes the proposal of one connection. `documents` are the records of Procore in it, for whoever joins them."""

    def __init__(self, hub: Hub, pair: Pair, project: str) -> None:
        self._hub = hub
        self._pair = pair
        self._project = project
        self._lists = Lists(hub, pair)
        self._pairs: list[Joining] = []
        self._unclear: list[Unclear] = []
        self._alone: dict[str, int] = {}
        self._projects: dict[str, str] = {}
        """Number of a project -> its project in Procore, joined or about to be."""
        self._begun: set[str] = set()
        self.documents: Mapping[UUID, Json] = {}

    async def proposal(self) -> Proposal:
        """Who is who now.

        Raises  what either system raises; Halted when they are too many.
        """
        self._compare(await self._of_projects())
        self._compare(await self._of_vendors())
        self._projects = await self._joined(PROJECTS)
        vendors = await self._joined(VENDORS)
        self._compare(await self._of_orders(vendors))
        asked = {number: id_ for number, id_ in self._projects.items() if self._is_asked(number)}
        billing = Costs(self._pair, self._lists, asked, vendors, await self._contracts())
        site = SiteRecords(self._hub, self._pair, self._lists, self._new_here())
        for sides in [*await billing.sides(), *await site.sides()]:
            self._compare(sides)
        self.documents = site.documents
        live = {number: id_ for number, id_ in self._projects.items() if number in self._begun}
        totals = await proved(self._hub, self._pair, live, self._pairs)
        return Proposal(
            connection=self._pair.name,
            project=self._project,
            pairs=tuple(self._pairs),
            unclear=tuple(self._unclear),
            alone=self._alone,
            totals=tuple(totals),
        )

    def _is_asked(self, number: str) -> bool:
        return self._project in ("", number)

    def _new_here(self) -> dict[str, str]:
        """Projects whose records of Procore nobody carried yet: those of this proposal, and the one that is asked for.

        Those of others are read and carried by every round, as Procore makes them.
        """
        new = {each.number for each in self._pairs if each.flow == PROJECTS} | ({self._project} - {""})
        return {number: id_ for number, id_ in self._projects.items() if number in new}

    def _compare(self, sides: Sides) -> None:
        """Who is who in one flow."""
        found = adoption.matched(sides.flow, [each.card for each in sides.here], sides.there)
        cards, mine = {card.key: card for card in sides.there}, {each.card.key: each for each in sides.here}
        for match in found.clear:
            self._pairs.append(joining(sides.flow, mine[match.here], match, cards))
        for name, matches in sorted(found.unclear.items()):
            self._unclear.append(unclear(sides.flow, mine[name], matches, cards))
        self._begun |= {each.project for each in sides.here} - {""}
        alone = len(sides.here) - len(found.clear) - len(found.unclear)
        if alone:
            self._alone[sides.flow] = alone

    # -- what is joined, or about to be ------------------------------------------------------------

    async def _joined(self, flow: str) -> dict[str, str]:
        """Number -> id in Procore, of what is joined and of what this proposal joins."""
        own = {each.number: each.link.procore_id for each in self._pairs if each.flow == flow}
        return {**await self._lists.joined(flow), **own}

    async def _contracts(self) -> dict[str, dict[str, str]]:
        """Number of an order -> role of each of its contracts -> its id."""
        found: dict[str, dict[str, str]] = {}
        for number, role, id_ in await self._hub.ledger.rows(_ORDERS, (self._pair.name, COMMITMENTS)):
            found.setdefault(number, {})[role] = id_
        for each in self._pairs:
            if each.flow == COMMITMENTS:
                found.setdefault(each.number, {})[each.link.role] = each.link.procore_id
        return found

    # -- projects, vendors, orders -----------------------------------------------------------------

    async def _of_projects(self) -> Sides:
        rows = await self._lists.free(endpoints.projects(self._pair.procore_company), "projects")
        return Sides(
            PROJECTS,
            [
                _of_its_own(
                    record,
                    Card(
                        key=str(record.id),
                        number=record.number,
                        name=text(source, "displayName"),
                        date=day(source, "startingDate"),
                        city=text(source, "city"),
                    ),
                    "projects",
                    part="project",
                )
                for record, source in await self._lists.unjoined(BY_NAME[PROJECTS])
                if not is_npc_child(source) and self._is_asked(record.number)
            ],
            [
                Card(
                    key=text(row, "id"),
                    number=text(row, "project_number"),
                    name=text(row, "name"),
                    date=text(row, "start_date")[:10],
                    city=text(row, "city"),
                )
                for row in rows
                if row.get("active") is not False
            ],
        )

    async def _of_vendors(self) -> Sides:
        sides = Sides(VENDORS)
        for record, source in await self._lists.unjoined(BY_NAME[VENDORS]):
            card = Card(
                key=str(record.id),
                number=record.number,
                name=text(source, "displayName"),
                tax=text(source, "taxRegistrationNumber"),
                city=text(source, "city"),
            )
            sides.here.append(_of_its_own(record, card, "vendors"))
        for row in await self._lists.free(endpoints.vendors(self._pair.procore_company), "vendors"):
            register: Json = row.get("business_register") or {}
            tax = text(register, "identifier") or text(row, "business_id")
            number, name, city = text(row, "origin_code"), text(row, "name"), text(row, "city")
            sides.there.append(Card(key=text(row, "id"), number=number, name=name, tax=tax, city=city))
        return sides

    async def _of_orders(self, vendors: Mapping[str, str]) -> Sides:
        sides = Sides(COMMITMENTS)
        context = self._pair.context(BY_NAME[COMMITMENTS], self._hub.clock.now())
        for record, order in await self._lists.unjoined(BY_NAME[COMMITMENTS]):
            for share in commitment_parts.shares(order, context):
                project = self._projects.get(share.job, "")
                if project and self._is_asked(share.job):
                    sides.here.append(_order(record, order, share, project, vendors))
        for project in dict.fromkeys(self._projects[number] for number in self._projects if self._is_asked(number)):
            for resource in CONTRACTS:
                rows = await self._lists.free(endpoints.contracts(resource, project), resource)
                sides.there += [_contract(row, resource, project) for row in rows if text(row, "status") not in _ENDED]
        return sides


def _of_its_own(record: Record, card: Card, resource: str, part: str = "") -> Here:
    """A project or a vendor, which stands below nothing."""
    link = partial(_linked, record, resource, "", "primary")
    project = record.number if resource == "projects" else ""
    return Here(record.id, record.number, digest_of(record), card, link, part, project)


def _linked(record: Record, resource: str, parent: str, role: str, there: str) -> LinkRow:
    return LinkRow(record.entity_set, record.source_id, record.number, resource, plain_id(there), parent, role=role)


def _order(record: Record, order: Json, share: Share, project: str, vendors: Mapping[str, str]) -> Here:
    resource = resource_of(order)
    amount = sum((line_total(order, line.source) for line in share.lines), Decimal(0))
    card = Card(
        key=f"{record.id}{share.suffix}",
        number=record.number,
        name=text(order, "yourReference"),
        date=day(order, "orderDate") or day(order, "documentDate"),
        amount=money_text(amount),
        party=vendors.get(text(order, "vendorNumber"), ""),
        within=key(resource, project),
    )
    role = f"split{share.suffix}" if share.suffix else "primary"
    link = partial(_linked, record, resource, project, role)
    return Here(record.id, record.number, digest_of(record), card, link, share.header, share.job)


def _contract(row: Json, resource: str, project: str) -> Card:
    vendor: Mapping[str, Any] = row.get("vendor") or {}
    return Card(
        key=key(resource, text(row, "id")),
        number=text(row, "number"),
        name=text(row, "title"),
        date=text(row, "contract_date")[:10],
        amount=money_text(money(row.get("grand_total") or 0)),
        party=text(vendor, "id"),
        within=key(resource, project),
    )
