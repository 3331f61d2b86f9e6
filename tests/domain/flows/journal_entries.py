"""A journal entry of Business Central, everything that it refers to, and its way through the flow."""

from decimal import Decimal
from typing import Any

from domain.decide import Park, Reject
from domain.endpoints import costs
from domain.flow import Context, Known
from domain.flows.budget_code_to_wbs_code import needed as needed_code
from domain.flows.project_journal_to_direct_cost import FLOW
from domain.values import Json
from tests.domain.flows.documents import COMPANY, ETAG
from tests.ledger_story import BC_COMPANY, CONNECTION, PROCORE_COMPANY, START, Lists, Passage, known

ID = "99999999-0000-0000-0000-000000000001"
MINE = f"bc:{COMPANY}:projectLedgerEntries:{ID}"
LISTING = costs.direct_costs("701")


def entry(**fields: Any) -> Json:
    """A flagged budget entry of job J1: 3 days at 12.34."""
    return {
        "@odata.etag": ETAG,
        "id": ID,
        "entryNumber": 4711,
        "entryType": "Budget",
        "lineType": "Budget",
        "postingDate": "2026-03-31",
        "documentDate": "2026-03-30",
        "documentNumber": "J1001",
        "jobNumber": "J1",
        "jobTaskNumber": "01-100",
        "segmentCode": "EAST",
        "costTypeCode": "M",
        "description": "Site office",
        "quantity": Decimal(3),
        "unitCost": Decimal("12.34"),
        "amount": Decimal("37.02"),
        "currencyCode": "",
        "sourceCode": "PROJJNL",
        "sendToProcore": True,
        "procoreDirectCostId": 0,
        "rowVersion": 100,
        **fields,
    }


def linked(segment: str = "EAST", cost_type: str = "M") -> dict[tuple[str, str], Known]:
    """Everything that the entry refers to."""
    code = needed_code("J1", segment, "01-100", cost_type)
    return {
        ("project", "J1"): known("projects", "701"),
        ("project_task", "J1|01-100"): known("cost_codes", "60", facet="Posting"),
        (code.kind, code.key): known("wbs_codes", "801", parent="701"),
    }


def shown(**fields: Any) -> Json:
    """The direct cost of the entry as the list shows it before it is locked."""
    return {"id": 9001, "origin_data": MINE, "status": "draft", "origin_id": None, "grand_total": "37.02", **fields}


def passage(
    source: Json | None = None,
    *rows: Json,
    references: dict[tuple[str, str], Known] | None = None,
    **more: Any,
) -> Passage:
    lists = Lists({LISTING: rows or (shown(),)})
    return Passage(FLOW, source or entry(), references=references or linked(), lists=lists, **more)


def starting(source: Json | None = None, **more: Any) -> Passage:
    """A passage into a project that has no direct costs yet."""
    it = passage(source, **more)
    it.lists = Lists({LISTING: ()})
    return it


def sees_lines(it: Passage, **fields: Any) -> Passage:
    """The list shows the direct cost now."""
    it.lists = Lists({LISTING: [shown(**fields)]})
    return it


def broken(decision: object) -> list[tuple[str, str, str]]:
    assert isinstance(decision, Reject)
    return [(it.rule, it.field, it.message) for it in decision.violations]


def texts(decision: object) -> list[str]:
    assert isinstance(decision, Park)
    return [wait.text for wait in decision.waits]


def context(**settings: Any) -> Context:
    return Context(
        connection=CONNECTION,
        bc_company=BC_COMPANY,
        procore_company=PROCORE_COMPANY,
        now=START,
        local_currency="USD",
        settings=settings,
    )
