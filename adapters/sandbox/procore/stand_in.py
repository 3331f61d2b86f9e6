"""Procore in one object: the application over HTTP, and the hands of a Procore user for tests and rehearsals."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from aiohttp import web

from adapters.sandbox import webhook_controls
from adapters.sandbox.caller import Post, post_over_http, regularly
from adapters.sandbox.procore import company, cost_codes, directory, projects, segment_items, sub_jobs, wbs_codes
from adapters.sandbox.procore.billing_hands import Billing
from adapters.sandbox.procore.budget_hands import BudgetHands
from adapters.sandbox.procore.budget_views import start_company as start_budget_views
from adapters.sandbox.procore.change_hands import Changes
from adapters.sandbox.procore.commitments import CONTRACTS, KINDS, Kind, write
from adapters.sandbox.procore.cost_hands import CostHands
from adapters.sandbox.procore.deliverer import Deliverer
from adapters.sandbox.procore.erp import Desk
from adapters.sandbox.procore.export import export
from adapters.sandbox.procore.kernel import decimal_text
from adapters.sandbox.procore.limits import Limits
from adapters.sandbox.procore.lines import LINES, write_line
from adapters.sandbox.procore.outbox import FAULTS, Outbox
from adapters.sandbox.procore.people_hands import People
from adapters.sandbox.procore.segments import PATTERN, SEGMENTS, in_pattern, segment_of, start_company
from adapters.sandbox.procore.server import TOKEN_PATHS, Server
from adapters.sandbox.procore.state import Row, Settings, State
from adapters.sandbox.procore.time_hands import Time
from adapters.sandbox.procore.timecards import start_time
from adapters.sandbox.procore.webhook_events import Events
from adapters.sandbox.wire import Faults, RequestLog, Token, TokenDesk, Wire
from domain.values import Json

TOKEN_LIFE = timedelta(seconds=5400)  # A7, A8

Contract = Literal["purchase_order_contracts", "work_order_contracts"]


class Procore:
    """One Procore company behind HTTP, deterministic under a seed.

    Methods that begin with `add`, `set` or `remove` act as a user of the web client; they keep the same rules as the
    API and raise `Invalid` where Procore would refuse. Webhooks are delivered by `deliverer.send()`, or by the server.
    """

    def __init__(
        self,
        *,
        now: Callable[[], datetime],
        seed: int = 0,
        company_id: int = 9_007_199_001,
        company_name: str = "Sandbox Builders",
        post: Post = post_over_http,
    ) -> None:
        self.settings = Settings()
        self.state = State(now, seed, company_id, company_name, self.settings)
        self.billing = Billing(self.state)
        self.tokens = TokenDesk(now=now, seed=seed, lifetime=TOKEN_LIFE, extra=_created_at, token_type="bearer")  # noqa: S106
        self.wire = Wire(now=now, tokens=self.tokens, refuse=self._refuse, is_token=TOKEN_PATHS.__contains__)
        self._server = Server(self.state, self.tokens, self.wire, Limits(now, self.settings))
        self.changes = Changes(self.state)
        start_company(self.state)
        start_budget_views(self.state)
        self.budget = BudgetHands(self.state)
        self.costs = CostHands(self.state)
        start_time(self.state)
        self.people = People(self.state)
        self.time = Time(self.state)
        self.desk = Desk(self.state)
        events = Events(self.state)
        self.state.on_change, self.state.on_action = events.note, events.action
        self.deliverer = Deliverer(self.state, post)

    @property
    def log(self) -> RequestLog:
        """What was asked and answered."""
        return self.wire.log

    @property
    def faults(self) -> Faults:
        """What goes wrong on request."""
        return self.wire.faults

    @property
    def outbox(self) -> Outbox:
        """What webhooks have to tell and have told, and what goes wrong with it on request."""
        return self.state.outbox

    def app(self, *, deliver_every: float = 0.0) -> web.Application:
        """An application that serves this company; every call makes a new one over the same state.

        Units   `deliver_every` seconds events that are due are delivered; 0: only by `deliverer.send()`.
        """
        app = self._server.app(self.export)
        webhook_controls.mount(app, self.outbox, FAULTS, self.outbox.waiting)
        if deliver_every > 0:
            app.cleanup_ctx.append(regularly(deliver_every, self.deliverer.send))
        return app

    def export(self) -> Json:
        """Business fields of all records, without ids and times, to compare two runs."""
        return export(self.state)

    def count(self, resource: str, /, **equal: object) -> int:
        """How many living records of a resource have these values."""
        return sum(1 for _ in self.rows(resource, **equal))

    def rows(self, resource: str, /, **equal: object) -> Iterator[Row]:
        """Living records of a resource, such as `projects`, `wbs_codes`, `purchase_order_contracts`, `line_items`."""
        if resource in {kind.resource for kind in KINDS}:
            return self.state.rows(CONTRACTS, **({"resource": resource} | equal))
        return self.state.rows(resource, **equal)

    def find(self, resource: str, /, **equal: object) -> Row:
        """The first record that fits.

        Raises  LookupError
        """
        for row in self.rows(resource, **equal):
            return row
        raise LookupError(f"{resource} {equal}")

    def flat_code(self, wbs_code_id: int) -> str:
        """The text of a budget code."""
        return wbs_codes.flat_code(self.state, self.state.table(wbs_codes.WBS_CODES)[wbs_code_id])

    # Acting as a user of the web client

    def add_vendor(self, name: str, *, tax_number: str = "", **fields: Any) -> Row:
        """A company vendor; `tax_number` is its ABN or EIN."""
        register = {"business_register_attributes": {"type": "EIN", "identifier": tax_number}} if tax_number else {}
        return directory.write(self.state, None, {"name": name} | register | fields)

    def add_cost_type(self, code: str, name: str, **fields: Any) -> Row:
        """A cost type of the company."""
        return company.write_cost_type(self.state, None, {"csv_import_code": code, "name": name} | fields)

    def add_unit(self, name: str, category: str = "Quantity") -> Row:
        """A standard unit of measure, in a category that is made when new."""
        found = self.state.find(company.UNIT_CATEGORIES, name=category)
        found = found or self.state.insert(company.UNIT_CATEGORIES, {"name": category})
        values = {"name": name, "description": name, "uom_category_id": found["id"], "is_standard": True}
        return self.state.insert(company.UNITS, values)

    def add_tax_code(self, code: str, rate: Decimal, **fields: Any) -> Row:
        """A tax code of the company; `rate` in percent."""
        return company.write_tax_code(self.state, None, {"code": code, "rate1": rate} | fields)

    def add_stage(self, name: str, category: str) -> Row:
        """A project stage of the company (J7)."""
        flags = {"is_bidding_stage": False, "is_concept_stage": False, "readonly": True, "default_stage": True}
        return self.state.insert(company.STAGES, {"name": name, "category": category} | flags)

    def add_standard_list(self, name: str, *, erp: bool = False) -> Row:
        """A list of standard cost codes; the first one is the default."""
        values = {"name": name, "is_erp_list": erp, "available_to_use_on_new_projects": True}
        return self.state.insert(company.STANDARD_LISTS, values)

    def add_standard_code(self, list_id: int, full_code: str, name: str, parent_id: int | None = None) -> Row:
        """A standard cost code; `full_code` has the codes of all tiers (W10)."""
        values = {"code": full_code, "name": name, "parent_id": parent_id}
        return company.write_standard_code(self.state, list_id, None, values)

    def add_project(self, name: str, *, sub_jobs: bool = False, **fields: Any) -> Row:
        """A project; `sub_jobs` puts the sub job segment into its pattern."""
        project = projects.write(self.state, None, {"name": name} | fields)
        if sub_jobs:
            self.add_segment_to_project(project["id"], "sub_job")
        return project

    def add_segment_to_project(self, project_id: int, kind: str) -> None:
        """Puts a built-in segment into the pattern of a project (W3)."""
        if not in_pattern(self.state, project_id, kind):
            segment = segment_of(self.state, kind)
            home = {"project_id": project_id, "segment_id": segment["id"], "position": segment["position"]}
            self.state.insert(PATTERN, home)

    def add_project_vendor(self, project_id: int, vendor_id: int) -> None:
        """Puts a company vendor into the directory of a project (V1)."""
        directory.add_member(self.state, project_id, vendor_id)

    def add_sub_job(self, project_id: int, code: str, name: str, **fields: Any) -> Row:
        """A sub job of a project whose pattern has the segment."""
        return sub_jobs.write(self.state, project_id, None, {"code": code, "name": name} | fields)

    def add_cost_code(self, project_id: int, code: str, name: str, parent_id: int | None = None, **fields: Any) -> Row:
        """A cost code of a project; `code` is its own tier alone (W10)."""
        values = {"code": code, "name": name, "parent_id": parent_id} | fields
        return cost_codes.write(self.state, project_id, None, None, values)

    def add_wbs_code(self, project_id: int, cost_code: str, cost_type: str, sub_job: str = "") -> Row:
        """A budget code of a full cost code such as `01-100`, a cost type's code, and a sub job's code.

        Raises  LookupError
        """
        wanted = {"cost_code": cost_code, "line_item_type": cost_type, "sub_job": sub_job}
        pairs: list[Json] = []
        for kind, code in wanted.items():
            if code:
                segment = segment_of(self.state, kind)
                rows = segment_items.items(self.state, segment, project_id)
                by_code = {segment_items.path_code(self.state, segment, project_id, row): row for row in rows}
                pairs.append({"segment_id": segment["id"], "segment_item_id": by_code[code]["item_id"]})
        return wbs_codes.write(self.state, project_id, {"segment_items": pairs})

    def add_commitment(
        self,
        project_id: int,
        *,
        kind: Contract = "purchase_order_contracts",
        lines: Iterable[Json] = (),
        status: str = "Draft",
        **fields: Any,
    ) -> Row:
        """A commitment with its lines; the status is set last, as approved lines are locked (C3)."""
        contract = write(self.state, _kind(kind), project_id, None, fields)
        for line in lines:
            write_line(self.state, contract, None, line)
        return self.set_status(contract["id"], status)

    def set_status(self, contract_id: int, status: str) -> Row:
        """The status of a commitment, in the words of C2."""
        return self.set_fields(contract_id, status=status)

    def set_fields(self, contract_id: int, **fields: Any) -> Row:
        """Header fields of a commitment."""
        contract = self.state.table(CONTRACTS)[contract_id]
        return write(self.state, _kind(contract["resource"]), contract["project_id"], contract, fields)

    def set_line(self, line_id: int, **fields: Any) -> Row:
        """Fields of one line, whatever the status: what an administrator does with the lock switched off (O6)."""
        line = self.state.table(LINES)[line_id]
        return write_line(self.state, self.state.table(CONTRACTS)[line["contract_id"]], line, fields)

    def set_figures(self, contract_id: int, **amounts: Decimal) -> Row:
        """Totals that other tools cause, such as `total_requisitions_amount` or `approved_change_orders`."""
        contract = self.state.table(CONTRACTS)[contract_id]
        return self.state.change(CONTRACTS, contract, {name: decimal_text(value) for name, value in amounts.items()})

    def set_any(self, resource: str, id: int, **fields: Any) -> Row:
        """Fields of any record, without rules, such as `tools_off`, `permitted` or `active` of a project."""
        return self.state.change(resource, self.state.table(resource)[id], fields)

    def remove(self, resource: str, id: int) -> None:
        """Deletes a record, as a user with every right could; a commitment with its lines."""
        table = CONTRACTS if resource in {kind.resource for kind in KINDS} else resource
        for line in list(self.state.rows(LINES, contract_id=id)) if table == CONTRACTS else ():
            self.state.remove(LINES, line, keep=True)
        self.state.remove(table, self.state.table(table)[id], keep=table == CONTRACTS)

    @property
    def segments(self) -> dict[str, Row]:
        """The built-in segments of the company by type."""
        return {row["type"]: row for row in self.state.rows(SEGMENTS) if row["type"] != "custom"}

    def _refuse(self, request: web.Request, status: int) -> web.Response:
        return self._server.refusal(request, status)


def _kind(resource: str) -> Kind:
    return next(kind for kind in KINDS if kind.resource == resource)


def _created_at(token: Token) -> Json:
    return {"created_at": int(token.issued_at.timestamp())}
