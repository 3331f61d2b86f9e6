"""What must hold, told from both companies' own tables and never by the product's rules.

`always` may be asked at any moment, `at_rest` when nothing goes wrong any more and the hub has nothing left to do.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from adapters.sandbox.business_central import BusinessCentral
from adapters.sandbox.procore import Procore

Row = Mapping[str, Any]
Found = Callable[[str, str], None]
ByFlow = Mapping[str, Mapping[str, "State"]]
"""Flow -> id in the source -> state."""

ORDER, PROJECT = "purchase-order-to-commitment", "project-to-project"
TASK, SEGMENT = "project-task-to-cost-code", "project-segment-to-sub-job"
JOURNAL = "project-journal-to-direct-cost"
INVOICE = "posted-invoice-to-commitment-invoice"
PLANNING = "planning-line-to-budget-line"
CONTRACTS = ("purchase_order_contracts", "work_order_contracts")

KEYS: dict[str, tuple[str, ...]] = {
    "vendors": ("origin_code",),
    "project_vendors": ("project_id", "vendor_id"),
    "line_item_types": ("code",),
    "segments": ("type", "name"),
    "segment_items": ("segment_id", "project_id", "parent_id", "code"),
    "sub_jobs": ("project_id", "code"),
    "cost_codes": ("project_id", "parent_id", "code"),
    "wbs_codes": ("project_id", "combination"),
    "budget_line_items": ("project_id", "wbs_code_id"),
}
"""What makes a row of Procore the same thing as another one, beside its origin id."""
_SETS = {
    "vendors": "vendor-to-company",
    "costTypes": "cost-type-to-line-item-type",
    "segments": "segment-to-segment-item",
    "projects": PROJECT,
    "projectTasks": TASK,
    "projectSegments": SEGMENT,
    "projectPlanningLines": PLANNING,
    "purchaseOrders": ORDER,
}
_PAIRS: tuple[tuple[str, str, str, str, Callable[[Row], Row]], ...] = (
    (
        "projects",
        PROJECT,
        "projects",
        "procoreProjectId",
        lambda row: {"name": row["displayName"], "project_number": row["number"]},
    ),
    (
        "projectTasks",
        TASK,
        "cost_codes",
        "procoreCostCodeId",
        lambda row: {"name": row["description"] or row["taskNumber"]},
    ),
    (
        "projectSegments",
        SEGMENT,
        "sub_jobs",
        "procoreSubJobId",
        lambda row: {"code": row["segmentCode"]},
    ),
    (
        "costTypes",
        "cost-type-to-line-item-type",
        "line_item_types",
        "procoreLineItemTypeId",
        lambda row: {"code": row["code"]},
    ),
)
"""Set, flow, table of Procore, where the id is written back, and which fields must be equal."""
CHECKS: tuple[Callable[["Companies", ByFlow], None], ...] = ()
"""What must be equal at rest in the flows that have a file of their own."""
ORIGINS = (
    "vendors",
    "projects",
    "sub_jobs",
    "cost_codes",
    "line_item_types",
    "line_items",
    "direct_costs",
    "direct_cost_line_items",
    "requisitions",
    "change_order_packages",
    *CONTRACTS,
)


@dataclass(frozen=True)
class State:
    """A record of the hub in one flow, as its read model says."""

    flow: str
    record: str
    source_id: str
    number: str
    state: str
    reasons: str
    waits: tuple[tuple[str, str], ...]
    demanded: bool


class Line(NamedTuple):
    """One line of an order: budget code with its project, and the figures, compared as numbers."""

    code: str
    quantity: Decimal
    unit_cost: Decimal
    amount: Decimal


@dataclass
class Companies:
    """Both sides, and which rows of Procore people changed there."""

    bc: BusinessCentral
    procore: Procore
    by_hand: set[int]
    gone: set[str]
    found: Found

    # -- always ------------------------------------------------------------------------------------

    def always(self) -> None:
        """No counterpart stands there twice."""
        for table in ORIGINS:
            origins = Counter(row["origin_id"] for row in self.procore.rows(table) if row.get("origin_id"))
            self._twice(f"{table} by origin id", origins)
        for table, fields in KEYS.items():
            rows = [row for row in self.procore.rows(table) if row["id"] not in self.by_hand]
            whole = [row for row in rows if all(row.get(name) is not None for name in fields if name != "parent_id")]
            self._twice(f"{table} by {fields}", Counter(tuple(str(row.get(name)) for name in fields) for row in whole))
        self._twice("sync log entries", Counter(row["messageId"] for row in self.bc.tables.rows("syncLogEntries")))

    def _twice(self, what: str, counted: Counter[Any]) -> None:
        for key, number in counted.items():
            if number > 1:
                self.found("no duplicate counterpart", f"{what}: {key} stands there {number} times")

    # -- at rest -----------------------------------------------------------------------------------

    def at_rest(self, states: Iterable[State], *, retried: bool) -> None:
        """Nothing is lost, the states add up, and what is synced stands in Procore to the cent.

        What a system refused in its trouble stays dead until somebody has it tried again: `retried`.
        """
        by_flow: dict[str, dict[str, State]] = {}
        for state in states:
            by_flow.setdefault(state.flow, {})[state.source_id] = state
        self.always()
        self._states_add_up(by_flow, retried=retried)
        self._waits_are_true(by_flow)
        self._deletions_are_known(by_flow)
        self._orders(by_flow)
        for check in CHECKS:
            check(self, by_flow)
        for entity_set, flow, table, back, equal in _PAIRS:
            for row in self.bc.tables.rows(entity_set):
                known = by_flow.get(flow, {}).get(row["id"])
                if known is not None and known.state == "synced" and not self._shared(entity_set, row, back):
                    self._counterpart(entity_set, table, back, row, equal(row))

    def _states_add_up(self, by_flow: Mapping[str, Mapping[str, State]], *, retried: bool) -> None:
        for flow, wanted in self._counting().items():
            known = by_flow.get(flow, {})
            for source_id, number in wanted.items():
                state = known.get(source_id)
                if state is None:
                    self.found("nothing flagged is lost", f"{flow} {number} has no state")
                elif state.state in ("pending", "in-flight", "failed"):
                    self.found("at rest", f"{flow} {number} is {state.state}: {state.reasons}")
                elif state.state == "deleted":
                    self.found("nothing flagged is lost", f"{flow} {number} is flagged, and its state is deleted")
                elif state.state == "dead" and retried and not self.by_hand and not self._is_final(source_id, state):
                    self.found("nothing is given up without reason", f"{flow} {number}: {state.reasons}")

    def _is_final(self, source_id: str, state: "State") -> bool:
        """Trying again cannot help: its counterpart was deleted in Procore, or a line that fell away is billed."""
        return any(source_id in origin for origin in self.gone) or any(
            line["origin_id"].split(":")[-1] in state.reasons
            and next(self.procore.rows("requisition_items", line_item_id=line["id"]), None)
            for line in self.procore.rows("line_items")
            if line.get("origin_id")
        )

    def _counting(self) -> dict[str, dict[str, str]]:
        """Records of Business Central that count, by flow: id and number."""
        rows = self.bc.tables.rows
        projects = {row["number"] for row in rows("projects") if row["sendToProcore"]}
        budgeted = {row["number"] for row in rows("projects") if row["sendBudgetLineToProcore"]} & projects
        return {
            "vendor-to-company": {row["id"]: row["number"] for row in rows("vendors") if row["sendToProcore"]},
            "cost-type-to-line-item-type": {row["id"]: row["code"] for row in rows("costTypes")},
            "segment-to-segment-item": {row["id"]: row["code"] for row in rows("segments") if row["sendToProcore"]},
            PROJECT: {row["id"]: row["number"] for row in rows("projects") if row["sendToProcore"]},
            SEGMENT: {
                row["id"]: f"{row['projectNumber']}|{row['segmentCode']}"
                for row in rows("projectSegments")
                if row["projectNumber"] in projects
            },
            TASK: {
                row["id"]: f"{row['projectNumber']}|{row['taskNumber']}"
                for row in rows("projectTasks")
                if row["projectNumber"] in projects and row["taskType"] == "Posting"
            },
            PLANNING: {
                row["id"]: f"{row['projectNumber']}|{row['taskNumber']}|{row['lineNumber']}"
                for row in rows("projectPlanningLines")
                if row["sendBudgetLineToProcore"] or row["projectNumber"] in budgeted
                if row["type"] != "Text" and row["lineType"] != "Billable"
            },
            ORDER: {row["id"]: row["number"] for row in rows("purchaseOrders") if row["sendToProcore"]},
            INVOICE: {
                row["id"]: row["number"]
                for row in rows("postedPurchaseInvoices")
                if row["sendToProcore"] and row["orderNumber"]
            },
            JOURNAL: {row["id"]: row["entryNumber"] for row in rows("projectLedgerEntries") if row["sendToProcore"]},
        }

    def _deletions_are_known(self, by_flow: Mapping[str, Mapping[str, State]]) -> None:
        """What is gone in Business Central is deleted in the hub, but for an order that became an invoice instead."""
        became = {row["recordId"] for row in self.bc.tables.rows("deletedRecords") if row["replacedByNumber"]}
        for entity_set, flow in _SETS.items():
            living = {row["id"] for row in self.bc.tables.rows(entity_set)}
            for source_id, state in by_flow.get(flow, {}).items():
                # A segment that the hub was to make need never have been there.
                never = flow == SEGMENT and state.demanded and state.state != "synced"
                told = never or state.state == "deleted" or "project deleted" in state.reasons
                if source_id not in living and not told and source_id not in became:
                    self.found("deletions are known", f"{flow} {state.number} is gone, and its state is {state.state}")

    def _waits_are_true(self, by_flow: Mapping[str, Mapping[str, State]]) -> None:
        """Nobody waits for what is there."""
        for states in by_flow.values():
            for state in states.values():
                for kind, key in state.waits if state.state == "parked" else ():
                    if self._is_there(kind, key):
                        self.found(
                            "parked records release themselves", f"{state.flow} {state.number} waits for {kind} {key}"
                        )

    def _is_there(self, kind: str, key: str) -> bool:
        """A record that another one waits for stands in Procore under its origin id, and Business Central knows it."""
        entity_set, table, field, names = {
            "project": ("projects", "projects", "procoreProjectId", ("number",)),
            "project_task": ("projectTasks", "cost_codes", "procoreCostCodeId", ("projectNumber", "taskNumber")),
            "cost_type": ("costTypes", "line_item_types", "procoreLineItemTypeId", ("code",)),
        }.get(kind, ("", "", "", ()))
        if not entity_set:
            return False
        for row in self.bc.tables.rows(entity_set):
            if "|".join(str(row[name]) for name in names) == key and row.get(field):
                flagged = row.get("sendToProcore", True)
                return flagged and any(each["id"] == row[field] for each in self.procore.rows(table))
        return False

    # -- equality ----------------------------------------------------------------------------------

    def site_of(self, job: str) -> str:
        """The job whose Procore project a job lives in: its parent's, where it was made from a change order."""
        for row in self.bc.tables.rows("projects"):
            if row["number"] == job and row["parentProjectNumber"] and row["procoreChangeOrderId"]:
                return str(row["parentProjectNumber"])
        return job

    def _shared(self, entity_set: str, row: Row, back: str) -> bool:
        """The row belongs to a job that lives in the project of its parent, and names what the parent has there."""
        job = row.get("number") if entity_set == "projects" else row.get("projectNumber")
        parent = self.site_of(str(job))
        if parent == job or next(
            self.procore.rows(self._table(entity_set), origin_id=self._origin(entity_set, row)), None
        ):
            return False
        same = {"projects": {"number": parent}}.get(entity_set, {"projectNumber": parent})
        for name in ("taskNumber", "segmentCode"):
            same |= {name: row[name]} if name in row else {}
        theirs = [each[back] for each in self.bc.tables.rows(entity_set) if same.items() <= each.items()]
        if theirs and theirs != [row[back]]:  # the parent's own may be deleted meanwhile
            told = f"{entity_set} of {job} names {row[back]}, that of its parent {theirs}"
            self.found("a child shares what its parent has", told)
        return True

    @staticmethod
    def _table(entity_set: str) -> str:
        return next(table for name, _, table, _, _ in _PAIRS if name == entity_set)

    def _counterpart(self, entity_set: str, table: str, back: str, row: Row, equal: Row) -> None:
        origin = self._origin(entity_set, row)
        there = next(self.procore.rows(table, origin_id=origin), None)
        if there is None and origin in self.gone:
            return
        if there is None:
            self.found("nothing flagged is lost", f"{entity_set} {equal} is synced, and Procore has no {origin}")
            return
        if row[back] != there["id"]:
            self.found(
                "ids are written back", f"{entity_set} {equal} names {row[back]}, in Procore it is {there['id']}"
            )
        if there["id"] in self.by_hand:
            return
        for name, value in equal.items():
            if str(there[name]).strip() != str(value).strip():
                self.found("both sides are equal", f"{table} {origin}: {name} is {there[name]!r}, not {value!r}")

    def _orders(self, by_flow: Mapping[str, Mapping[str, State]]) -> None:
        """Line by line and so in every sum: what an order that is synced says stands in Procore, and nothing else.

        What stands there for an order in another state is explained by that state, and by nothing where it has none.
        """
        known = by_flow.get(ORDER, {})
        contracts = {row["origin_id"]: row for table in CONTRACTS for row in self.procore.rows(table)}
        for order in self.bc.tables.rows("purchaseOrders"):
            state = known.get(order["id"])
            if state is None or state.state != "synced" or not order["sendToProcore"]:
                continue
            origin = self._origin("purchaseOrders", order)
            contract = contracts.get(origin)
            if contract is not None and contract["id"] not in self.by_hand:
                self._order(order, contract)
            elif contract is None and origin not in self.gone:
                self.found("nothing flagged is lost", f"order {order['number']} is synced, and Procore has no {origin}")
        prefix = self._origin("purchaseOrders", {"id": ""})
        for origin in contracts:
            if str(origin).startswith(prefix) and origin.removeprefix(prefix).partition(":")[0] not in known:
                self.found("money is explained", f"the commitment {origin} belongs to no record of the hub")

    def _order(self, order: Row, contract: Row) -> None:
        number = order["number"]
        lines = [row for row in self.procore.rows("line_items", contract_id=contract["id"]) if row.get("origin_id")]
        if order["procoreCommitmentId"] != contract["id"]:
            told = f"order {number} names {order['procoreCommitmentId']}, its contract is {contract['id']}"
            self.found("ids are written back", told)
        ids = {row["origin_id"]: row["id"] for row in lines}
        for line in self._lines(order):
            here = ids.get(self._origin("purchaseOrderLines", line))
            if here is not None and here != line["procoreCommitmentLineId"]:
                told = f"line {number} {line['lineNumber']} names {line['procoreCommitmentLineId']}, there it is {here}"
                self.found("ids are written back", told)
        if self.by_hand & set(ids.values()):
            return
        wanted = {self._origin("purchaseOrderLines", line): self._wanted(order, line) for line in self._flagged(order)}
        there = {row["origin_id"]: self._figures(row) for row in lines}
        for origin in wanted.keys() | there.keys():
            if wanted.get(origin) != there.get(origin):
                told = f"order {number}: {origin} is {there.get(origin)} in Procore, wanted is {wanted.get(origin)}"
                self.found("money is equal", told)

    def _origin(self, entity_set: str, row: Row) -> str:
        return f"bc:{self.bc.company_id}:{entity_set}:{row['id']}"

    def _lines(self, order: Row) -> Iterator[Row]:
        return (row for row in self.bc.tables.rows("purchaseOrderLines") if row["documentNumber"] == order["number"])

    def _flagged(self, order: Row) -> Iterator[Row]:
        return (line for line in self._lines(order) if line["sendToProcore"] and line["number"])

    def _wanted(self, order: Row, line: Row) -> Line:
        """What a flagged line must be in Procore."""
        codes = ".".join(str(line[name]) for name in ("segmentCode", "jobTaskNumber", "costTypeCode"))
        return Line(
            f"{self.site_of(line['jobNumber'] or order['jobNumber'])} {codes}",
            line["quantity"],
            line["directUnitCost"],
            line["lineAmount"],
        )

    def _figures(self, row: Row) -> Line:
        """What a line is in Procore."""
        amount = row["amount"] if row.get("amount") is not None else row["total_amount"]
        return Line(self._code(row), *(Decimal(str(value)) for value in (row["quantity"], row["unit_cost"], amount)))

    def _code(self, row: Row) -> str:
        """Project and budget code of a line."""
        project = next(self.procore.rows("projects", id=row["project_id"]))
        return f"{project['project_number']} {self.procore.flat_code(row['wbs_code_id'])}"
