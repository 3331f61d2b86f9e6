"""Settings of the flows: one table for each, all with defaults (C-58 says which are on)."""

from decimal import Decimal
from typing import Annotated, Literal, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from hub.settings.values import Amount, wrong
from hub.timetable import Every

CommitmentStatus = Literal[
    "Draft",
    "Processing",
    "Submitted",
    "Partially Received",
    "Received",
    "Approved",
    "Closed",
    "Out For Bid",
    "Out For Signature",
    "Complete",
    "Terminated",
    "Void",
]
"""Source  Procore guide C2: the words of purchase order and of work order contracts, exactly so."""


class Table(BaseModel):
    """A table of the configuration: unknown keys are errors, values never change, input is never repeated in errors."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, use_attribute_docstrings=True, validate_default=True
    )


class FlowTable(Table):
    """What every flow has."""

    enabled: bool = False
    """Whether records of this flow are carried."""

    every: Every = "always"
    """How often its source is read by itself: `always` with every poll, `hourly`, `2 hours`, `4 hours`, `daily` at
    `daily_at`, or `never`. Notices and manual runs do not wait for it (ER-21)."""

    drift: Literal["ask", "source", "accept"] = "ask"
    """What becomes of a field that somebody changed in what this flow wrote: `ask` a person and overwrite nothing
    meanwhile, let the `source` win, or `accept` what stands there (BX-06)."""


class ToProcore(FlowTable):
    """A flow from Business Central to Procore."""

    approval: Literal["off", "approver"] = "off"
    """`approver` lets an accounting approver accept every record before it is sent (C-28)."""

    four_eyes: bool = False
    """Whether a person who sent a request again, or last acted on the record, may not accept it (BX-20)."""


class ToBusinessCentral(FlowTable):
    """A flow from Procore to Business Central."""

    approval: Literal["off", "approver", "workflow"] = "off"
    """`approver` lets an accounting approver accept every record before it is sent; `workflow` stands for Procore's own
    workflow, which this version refuses (C-28)."""

    four_eyes: bool = False
    """Whether a person who sent a request again, or last acted on the record, may not accept it (BX-20)."""


class Accepted(ToBusinessCentral):
    """A flow to Business Central that accounting accepts unless told otherwise (ER-22)."""

    approval: Literal["off", "approver", "workflow"] = "approver"
    """`approver` lets an accounting approver accept every record before it is sent; `workflow` stands for Procore's own
    workflow, which this version refuses (C-28)."""


class ToProcoreOn(ToProcore):
    """A flow to Procore that is on by default."""

    enabled: bool = True
    """Whether records of this flow are carried."""


class ToBusinessCentralOn(ToBusinessCentral):
    """A flow to Business Central that is on by default."""

    enabled: bool = True
    """Whether records of this flow are carried."""


class Vendors(ToProcoreOn):
    """`vendor-to-company`."""

    create: bool = False
    """Whether a vendor without counterpart is created in Procore; otherwise it waits to be linked (C-27)."""


class CostTypes(ToProcoreOn):
    """`cost-type-to-line-item-type`."""

    create: bool = True
    """Whether a cost type that Procore lacks is created there, by code (C-29)."""


class PlanningLines(ToProcoreOn):
    """`planning-line-to-budget-line`."""

    when_locked: Literal["park", "budget_change"] = "park"
    """What becomes of a new figure while the budget is locked: it waits, or goes as an approved budget change."""


def _with_default(status: dict[str, CommitmentStatus]) -> dict[str, CommitmentStatus]:
    if unknown := set(status) - {"Open", "Released", "Pending Approval", "Pending Prepayment", "default"}:
        raise wrong(
            f"the order status {min(unknown)!r} is unknown",
            "Use Open, Released, Pending Approval, Pending Prepayment or default.",
        )
    return {"default": "Draft", **status}


class PurchaseOrders(ToProcoreOn):
    """`purchase-order-to-commitment`."""

    split_by_job: bool = False
    """Whether an order with lines of several jobs becomes one commitment per job; otherwise it waits (C-14)."""

    status: Annotated[dict[str, CommitmentStatus], AfterValidator(_with_default)] = Field(
        default={"Released": "Approved", "default": "Draft"}
    )
    """Status of the order in Business Central, and the status that its commitment gets (C-49)."""


class PostedInvoices(ToProcoreOn):
    """`posted-invoice-to-commitment-invoice`."""

    posted_invoice_target: Literal["requisition", "direct_cost"] = "requisition"
    """What a posted invoice becomes; a project keeps what it first used (C-06, C-57)."""

    rounding_tolerance: Amount = Decimal("0.00")
    """Largest accepted difference between quantity times price and the amount, in the invoice's currency (LE-40)."""


class ProjectJournals(ToProcoreOn):
    """`project-journal-to-direct-cost`."""

    allow_negative: bool = False
    """Whether reversals and credits are carried too; otherwise they are listed as unsyncable (C-10)."""


class ChangeOrders(ToBusinessCentralOn):
    """`change-order-to-change-order`."""

    side: Literal["prime", "commitment", "both"] = "prime"
    """Which change orders are carried: of the prime contract, of commitments, or both."""

    npc_field: str = "NPC"
    """Label of the custom field in Procore that marks an order as NPC (G11)."""

    type_field: str = "Change Order Type"
    """Label of the custom field in Procore that holds the type of a change order; it may be missing (C-04)."""


EntryStatus = Literal["pending", "reviewed", "approved", "completed"]
"""Source  Procore guide T2."""


def _with_regular(work_types: dict[str, str]) -> dict[str, str]:
    if too_long := [code for code in work_types.values() if len(code) > LONGEST_WORK_TYPE]:
        raise wrong(f"the Work Type Code {too_long[0]!r} is too long", "A code has ten characters at most.")
    return {"Regular": "", **work_types}


LONGEST_WORK_TYPE = 10
"""Source  connector API timeSheetBufferEntries.workTypeCode."""


class TimeSheets(ToBusinessCentralOn):
    """`time-sheet-to-crew-time-sheet`."""

    statuses: dict[EntryStatus, Literal["Pending", "Approved"]] = {"pending": "Pending", "approved": "Approved"}
    """Status of a timecard entry that is carried, and what it stands for; entries in others are left out (C-19)."""

    work_types: Annotated[dict[str, str], AfterValidator(_with_regular)] = {"Regular": ""}
    """Time type of Procore, and its Work Type Code; entries of other time types wait until theirs is named."""


def _key(name: str) -> str:
    return name.replace("_", "-")


class Flows(Table):
    """All flows of a connection, by their fixed names."""

    model_config = ConfigDict(alias_generator=_key, validate_by_alias=True, validate_by_name=False)

    vendor_to_company: Vendors = Vendors()
    cost_type_to_line_item_type: CostTypes = CostTypes()
    segment_to_segment_item: ToProcoreOn = ToProcoreOn()
    project_segment_to_sub_job: ToProcoreOn = ToProcoreOn()
    project_to_project: ToProcoreOn = ToProcoreOn()
    project_task_to_cost_code: ToProcoreOn = ToProcoreOn()
    planning_line_to_budget_line: PlanningLines = PlanningLines()
    purchase_order_to_commitment: PurchaseOrders = PurchaseOrders()
    posted_invoice_to_commitment_invoice: PostedInvoices = PostedInvoices()
    project_journal_to_direct_cost: ProjectJournals = ProjectJournals()
    change_order_to_change_order: ChangeOrders = ChangeOrders()
    npc_change_order_to_project: ToBusinessCentralOn = ToBusinessCentralOn()
    time_sheet_to_crew_time_sheet: TimeSheets = TimeSheets()
    company_to_vendor: Accepted = Accepted()
    customer_to_company: ToProcore = ToProcore()
    employee_to_user: ToProcore = ToProcore()
    subcontractor_invoice_to_purchase_invoice: Accepted = Accepted()
    payment_to_contract_payment: ToProcore = ToProcore()
    prime_contract_to_prime_contract: ToProcore = ToProcore()
    commitment_to_purchase_order: Accepted = Accepted()
    commitment_change_order_to_purchase_order: Accepted = Accepted()
    budget_change_to_planning_line: Accepted = Accepted()
    project_to_job: Accepted = Accepted()

    def named(self, flow: str) -> FlowTable:
        """The table of the flow with this name, such as `vendor-to-company`.

        Raises  KeyError for a name that is no flow.
        """
        if flow not in FLOW_NAMES:
            raise KeyError(flow)
        return cast("FlowTable", getattr(self, flow.replace("-", "_")))

    def enabled(self) -> tuple[str, ...]:
        """Names of the flows that are on, in the order of a first sync."""
        return tuple(name for name in FLOW_NAMES if self.named(name).enabled)


FLOW_NAMES: tuple[str, ...] = tuple(_key(name) for name in Flows.model_fields)
"""The fixed names of all flows."""
