"""What the metadata document does not say about the entity sets: methods, keys, required fields, kinds of text.

Source  connector-api.md, "Overview of the entities" and the table of each entity.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Method = Literal["GET", "POST", "PATCH", "DELETE"]

ALL = frozenset[Method]({"GET", "POST", "PATCH", "DELETE"})
READ = frozenset[Method]({"GET"})
READ_PATCH = frozenset[Method]({"GET", "PATCH"})
READ_POST = frozenset[Method]({"GET", "POST"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SetFacts:
    """Facts of one entity set.

    Shape   `key` is the primary key of the source table; its last part counts lines when `lines` is set.
            `required` must be in a POST; `unique` are further keys, each a tuple of properties, ignored while its
            first property is zero. `flow` are computed on every read and stay outside the ETag (BC 6.8), of them
            `unfilterable` are no table fields (BC 4.7). `series` is the number series: prefix and digits.
    """

    table: str
    key: tuple[str, ...]
    methods: frozenset[Method] = ALL
    required: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    flow: frozenset[str] = frozenset()
    unfilterable: frozenset[str] = frozenset()
    series: tuple[str, int] | None = None
    lines: bool = False


CODES = frozenset(
    (  # noqa: SIM905 - seventy names read better as text
        "baseUnitOfMeasureCode billToCustomerNumber changeOrderNumber code contractNumber contractType costTypeCode "
        "country crewTimeSheetNumber currencyCode customerNumber customerPostingGroup defaultGLAccountNumber "
        "dimensionValueCode documentNumber employeeNumber externalDocumentNumber genBusPostingGroup "
        "genProdPostingGroup globalDimension1Code globalDimension2Code invoiceNumber jobNumber jobTaskNumber "
        "journalBatchName journalTemplateName lastPostedInvoiceNumber localCurrencyCode npcProjectNumber number "
        "numberSeries orderNumber parentCode parentProjectNumber payToVendorNumber paymentDocumentNumber "
        "paymentExternalDocumentNumber paymentMethodCode paymentTermsCode personResponsible postalCode "
        "postedSalesInvoiceNumber preAssignedNumber progressBillingNumber projectManager projectNumber "
        "projectPostingGroup purchaseOrderNumber purchaserCode receiptNumber resourceNumber segmentCode segmentType "
        "sourceCode taskNumber taxAreaCode taxGroupCode unitOfMeasureCode vendorInvoiceNumber vendorNumber "
        "vendorOrderNumber vendorPostingGroup workTypeCode"
    ).split()
)
"""Properties of type Code, the same in all sets; `name` is one in the journal batches only."""


def is_code(entity_set: str, name: str) -> bool:
    """Whether a text property is of type Code: trimmed and upper-cased (BC 3.1)."""
    return name in CODES or (name == "name" and entity_set == "projectJournalBatches")


FACTS: Mapping[str, SetFacts] = {
    "connectorSetups": SetFacts(
        table="Connector Setup", key=("id",), methods=READ_PATCH, flow=frozenset({"minimumActiveRowVersion"})
    ),
    "segments": SetFacts(
        table="Project Segment", key=("code",), required=("code",), unique=(("procoreSegmentItemId",),)
    ),
    "projectSegments": SetFacts(
        table="Segment of Project", key=("projectNumber", "segmentCode"), required=("projectNumber", "segmentCode")
    ),
    "costTypes": SetFacts(table="Cost Type", key=("code",), required=("code",), unique=(("procoreLineItemTypeId",),)),
    "projects": SetFacts(
        table="Project",
        key=("number",),
        required=("displayName", "customerNumber"),
        flow=frozenset({"hasChangeOrders", "hasNpcProjects"}),
        series=("JOB", 6),
    ),
    "projectTasks": SetFacts(
        table="Project Task",
        key=("projectNumber", "taskNumber"),
        required=("projectNumber", "taskNumber"),
        flow=frozenset({"budgetTotalCost", "actualTotalCost", "outstandingOrders"}),
    ),
    "projectPlanningLines": SetFacts(
        table="Project Planning Line",
        key=("projectNumber", "taskNumber", "lineNumber"),
        required=("projectNumber", "taskNumber", "type"),
        lines=True,
    ),
    "purchaseOrders": SetFacts(
        table="Purchase Header",
        key=("number",),
        required=("vendorNumber",),
        unique=(("procoreCommitmentId",),),
        flow=frozenset({"amount", "amountIncludingTax", "completelyReceived"}),
        series=("PO", 6),
    ),
    "purchaseOrderLines": SetFacts(
        table="Purchase Line",
        key=("documentNumber", "lineNumber"),
        required=("documentNumber", "lineType"),
        lines=True,
    ),
    "postedPurchaseInvoices": SetFacts(
        table="Purch. Inv. Header",
        key=("number",),
        methods=READ_PATCH,
        unique=(("procoreInvoiceId",),),
        flow=frozenset({"amount", "amountIncludingTax", "remainingAmount", "status", "closed", "cancelled"}),
        unfilterable=frozenset({"status"}),
        series=("PPI", 6),
    ),
    "postedPurchaseInvoiceLines": SetFacts(
        table="Purch. Inv. Line", key=("documentNumber", "lineNumber"), methods=READ_PATCH, lines=True
    ),
    "purchaseInvoices": SetFacts(
        table="Purchase Header",
        key=("number",),
        required=("vendorNumber",),
        flow=frozenset({"amount", "amountIncludingTax"}),
        series=("PI", 6),
    ),
    "purchaseInvoiceLines": SetFacts(
        table="Purchase Line",
        key=("documentNumber", "lineNumber"),
        required=("documentNumber", "lineType"),
        unique=(("procoreInvoiceLineId", "documentNumber"),),
        lines=True,
    ),
    "projectJournalBatches": SetFacts(
        table="Project Journal Batch",
        key=("journalTemplateName", "name"),
        required=("journalTemplateName", "name"),
    ),
    "projectJournalLines": SetFacts(
        table="Project Journal Line",
        key=("journalTemplateName", "journalBatchName", "lineNumber"),
        required=(
            "journalTemplateName",
            "journalBatchName",
            "entryType",
            "postingDate",
            "jobNumber",
            "jobTaskNumber",
            "segmentCode",
            "type",
            "number",
            "quantity",
        ),
        lines=True,
    ),
    "projectLedgerEntries": SetFacts(
        table="Project Ledger Entry",
        key=("entryNumber",),
        methods=READ_PATCH,
        unique=(("procoreDirectCostId",),),
        lines=True,
    ),
    "changeOrders": SetFacts(
        table="Change Order",
        key=("number",),
        required=("projectNumber", "changeOrderType", "title", "procoreProjectId", "procoreChangeOrderId"),
        unique=(("procoreChangeOrderId", "changeOrderType"),),
        flow=frozenset({"amount", "npcProjectNumber"}),
        series=("CO", 6),
    ),
    "changeOrderLines": SetFacts(
        table="Change Order Line",
        key=("changeOrderNumber", "lineNumber"),
        required=("changeOrderNumber", "jobTaskNumber", "amount"),
        unique=(("procoreLineItemId", "changeOrderNumber"),),
        lines=True,
    ),
    "resources": SetFacts(
        table="Resource",
        key=("number",),
        required=("displayName",),
        flow=frozenset({"employeeNumber", "email"}),
        series=("R", 4),
    ),
    "timeSheetBufferEntries": SetFacts(
        table="Time Sheet Buffer",
        key=("entryNumber",),
        required=(
            "procoreTimesheetId",
            "procoreTimecardEntryId",
            "procoreStatus",
            "workDate",
            "hours",
            "procoreProjectId",
            "procoreWorkerId",
        ),
        unique=(("procoreTimecardEntryId",),),
        lines=True,
    ),
    "crewTimeSheets": SetFacts(
        table="Crew Time Sheet",
        key=("number",),
        required=("jobNumber", "startingDate", "endingDate"),
        unique=(("timeSheetHeaderId", "jobNumber"),),
        flow=frozenset({"totalHours"}),
        series=("TIME", 6),
    ),
    "crewTimeSheetLines": SetFacts(
        table="Crew Time Sheet Line",
        key=("crewTimeSheetNumber", "lineNumber"),
        required=("crewTimeSheetNumber", "resourceNumber", "workDate", "hours", "jobNumber", "jobTaskNumber"),
        unique=(("timeSheetLineId",),),
        lines=True,
    ),
    "accountingPeriods": SetFacts(
        table="Accounting Period",
        key=("startingDate",),
        methods=READ,
        flow=frozenset({"endingDate"}),
        unfilterable=frozenset({"endingDate"}),
    ),
    "vendors": SetFacts(
        table="Vendor",
        key=("number",),
        required=("displayName",),
        unique=(("procoreVendorId",),),
        flow=frozenset({"balance"}),
        series=("V", 5),
    ),
    "customers": SetFacts(table="Customer", key=("number",), required=("displayName",), series=("C", 5)),
    "employees": SetFacts(
        table="Employee",
        key=("number",),
        required=("givenName", "surname"),
        unique=(("procoreWorkerId",),),
        flow=frozenset({"displayName"}),
        unfilterable=frozenset({"displayName"}),
        series=("E", 4),
    ),
    "taxAreas": SetFacts(table="Tax Area", key=("code",), methods=READ_PATCH),
    "taxGroups": SetFacts(table="Tax Group", key=("code",), methods=READ_PATCH),
    "vendorPayments": SetFacts(
        table="Detailed Vendor Ledg. Entry",
        key=("entryNumber",),
        methods=READ_PATCH,
        unique=(("procoreContractPaymentId",),),
        flow=frozenset({"invoiceRemainingAmount", "invoiceClosed"}),
        unfilterable=frozenset({"invoiceRemainingAmount", "invoiceClosed"}),
        lines=True,
    ),
    "primeContracts": SetFacts(
        table="Contract",
        key=("number",),
        required=("projectNumber", "title"),
        unique=(("procorePrimeContractId",),),
        flow=frozenset({"approvedChangesAmount", "revisedAmount"}),
        series=("CONT", 6),
    ),
    "primeContractLines": SetFacts(
        table="Contract Line",
        key=("contractNumber", "lineNumber"),
        required=("contractNumber", "amount"),
        unique=(("procoreLineItemId", "contractNumber"),),
        lines=True,
    ),
    "progressBillings": SetFacts(
        table="Progress Billing",
        key=("number",),
        required=("contractNumber", "applicationNumber", "periodEnd"),
        unique=(("procoreOwnerInvoiceId",),),
        flow=frozenset({"grossAmount", "netAmount"}),
        series=("BILL", 6),
    ),
    "progressBillingLines": SetFacts(
        table="Progress Billing Line",
        key=("progressBillingNumber", "lineNumber"),
        required=("progressBillingNumber", "contractLineNumber", "completedThisPeriod"),
        unique=(("procoreLineItemId", "progressBillingNumber"),),
        flow=frozenset({"completedToDate", "percentComplete"}),
        lines=True,
    ),
    "syncLogEntries": SetFacts(
        table="Sync Log",
        key=("entryNumber",),
        methods=READ_POST,
        required=("messageId", "direction", "entitySetName", "status", "occurredAt"),
        unique=(("messageId",),),
        lines=True,
    ),
    "deletedRecords": SetFacts(table="Deleted Record", key=("entryNumber",), methods=READ, lines=True),
}

LINE_STEP = {"entryNumber": 1}
"""Entry numbers count by one; line numbers by 10000 (BC 6.19)."""

RELATIONS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "segments": {"parentCode": ("segments", "code")},
    "projectSegments": {"projectNumber": ("projects", "number"), "segmentCode": ("segments", "code")},
    "projects": {
        "customerNumber": ("customers", "number"),
        "billToCustomerNumber": ("customers", "number"),
        "personResponsible": ("resources", "number"),
        "parentProjectNumber": ("projects", "number"),
    },
    "projectTasks": {"projectNumber": ("projects", "number"), "segmentCode": ("segments", "code")},
    "projectPlanningLines": {
        "projectNumber": ("projects", "number"),
        "segmentCode": ("segments", "code"),
        "costTypeCode": ("costTypes", "code"),
        "changeOrderNumber": ("changeOrders", "number"),
    },
    "purchaseOrders": {
        "vendorNumber": ("vendors", "number"),
        "payToVendorNumber": ("vendors", "number"),
        "jobNumber": ("projects", "number"),
        "taxAreaCode": ("taxAreas", "code"),
    },
    "purchaseOrderLines": {
        "documentNumber": ("purchaseOrders", "number"),
        "jobNumber": ("projects", "number"),
        "segmentCode": ("segments", "code"),
        "costTypeCode": ("costTypes", "code"),
        "taxAreaCode": ("taxAreas", "code"),
        "taxGroupCode": ("taxGroups", "code"),
    },
    "purchaseInvoices": {
        "vendorNumber": ("vendors", "number"),
        "payToVendorNumber": ("vendors", "number"),
        "jobNumber": ("projects", "number"),
        "taxAreaCode": ("taxAreas", "code"),
    },
    "purchaseInvoiceLines": {
        "documentNumber": ("purchaseInvoices", "number"),
        "jobNumber": ("projects", "number"),
        "segmentCode": ("segments", "code"),
        "costTypeCode": ("costTypes", "code"),
        "taxAreaCode": ("taxAreas", "code"),
        "taxGroupCode": ("taxGroups", "code"),
    },
    "projectJournalLines": {
        "jobNumber": ("projects", "number"),
        "segmentCode": ("segments", "code"),
        "costTypeCode": ("costTypes", "code"),
    },
    "changeOrders": {"projectNumber": ("projects", "number"), "purchaseOrderNumber": ("purchaseOrders", "number")},
    "changeOrderLines": {
        "changeOrderNumber": ("changeOrders", "number"),
        "segmentCode": ("segments", "code"),
        "costTypeCode": ("costTypes", "code"),
    },
    "crewTimeSheets": {"jobNumber": ("projects", "number")},
    "crewTimeSheetLines": {
        "crewTimeSheetNumber": ("crewTimeSheets", "number"),
        "resourceNumber": ("resources", "number"),
        "jobNumber": ("projects", "number"),
        "segmentCode": ("segments", "code"),
        "costTypeCode": ("costTypes", "code"),
    },
    "employees": {"resourceNumber": ("resources", "number")},
    "primeContracts": {"projectNumber": ("projects", "number"), "customerNumber": ("customers", "number")},
    "primeContractLines": {
        "contractNumber": ("primeContracts", "number"),
        "segmentCode": ("segments", "code"),
        "changeOrderNumber": ("changeOrders", "number"),
    },
    "progressBillings": {"contractNumber": ("primeContracts", "number")},
    "progressBillingLines": {"progressBillingNumber": ("progressBillings", "number")},
}
"""Related record that a filled field must name; set-up tables outside the connector are not checked."""

TASK_RELATIONS: Mapping[str, tuple[str, str]] = {
    "projectPlanningLines": ("projectNumber", "taskNumber"),
    "purchaseOrderLines": ("jobNumber", "jobTaskNumber"),
    "purchaseInvoiceLines": ("jobNumber", "jobTaskNumber"),
    "projectJournalLines": ("jobNumber", "jobTaskNumber"),
    "crewTimeSheetLines": ("jobNumber", "jobTaskNumber"),
}
"""Sets whose lines name a task by project and task number."""

UNIT_AMOUNTS = frozenset({"directUnitCost", "unitCost", "unitPrice"})
"""Rounded to 0.00001 (BC 15.18)."""
QUANTITIES = frozenset(
    {
        "quantity",
        "quantityReceived",
        "quantityInvoiced",
        "quantityToReceive",
        "quantityToInvoice",
        "lineDiscountPercent",
        "retentionPercent",
        "percentComplete",
        "amountRoundingPrecision",
        "unitAmountRoundingPrecision",
    }
)
"""Five decimals (BC 15.18); every other decimal is an amount of two."""
