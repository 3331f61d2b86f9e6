"""The company as business people see it: no ids, no times, references by origin id, number, code or name."""

from collections.abc import Callable

from adapters.sandbox.procore import change_order_records as changes
from adapters.sandbox.procore.billing_periods import PERIODS
from adapters.sandbox.procore.budget import BUDGET_LOCKS
from adapters.sandbox.procore.budget_changes import ADJUSTMENTS, BUDGET_CHANGES
from adapters.sandbox.procore.commitments import CONTRACTS
from adapters.sandbox.procore.company import COST_TYPES, STANDARD_CODES, TAX_CODES, UNITS
from adapters.sandbox.procore.cost_codes import COST_CODES, full_code, tiers
from adapters.sandbox.procore.cost_lines import COST_LINES, DIRECT_COSTS
from adapters.sandbox.procore.crews import CREWS
from adapters.sandbox.procore.custom_fields import DEFINITIONS, by_label
from adapters.sandbox.procore.directory import MEMBERS, VENDORS
from adapters.sandbox.procore.lines import LINES
from adapters.sandbox.procore.people import PEOPLE, PROJECT_PEOPLE, full_name
from adapters.sandbox.procore.prime_contracts import PRIME_CONTRACTS
from adapters.sandbox.procore.projects import PROJECTS
from adapters.sandbox.procore.requisition_figures import ITEMS as REQUISITION_ITEMS
from adapters.sandbox.procore.requisition_figures import REQUISITIONS
from adapters.sandbox.procore.segment_items import ITEMS
from adapters.sandbox.procore.segments import PATTERN, SEGMENTS
from adapters.sandbox.procore.state import Row, State
from adapters.sandbox.procore.sub_jobs import SUB_JOBS
from adapters.sandbox.procore.timecards import ENTRIES, SHEETS, TIME_TYPES
from adapters.sandbox.procore.wbs_codes import BUDGET_LINES, WBS_CODES, flat_code
from domain.values import Json, canonical

EXPORTED = (
    VENDORS,
    COST_TYPES,
    TAX_CODES,
    UNITS,
    STANDARD_CODES,
    SEGMENTS,
    ITEMS,
    PROJECTS,
    MEMBERS,
    PATTERN,
    SUB_JOBS,
    COST_CODES,
    WBS_CODES,
    BUDGET_LINES,
    BUDGET_LOCKS,
    BUDGET_CHANGES,
    ADJUSTMENTS,
    DIRECT_COSTS,
    COST_LINES,
    CONTRACTS,
    LINES,
    PEOPLE,
    PROJECT_PEOPLE,
    CREWS,
    TIME_TYPES,
    SHEETS,
    ENTRIES,
    PERIODS,
    REQUISITIONS,
    REQUISITION_ITEMS,
    DEFINITIONS,
    PRIME_CONTRACTS,
    changes.TIERS,
    changes.PACKAGES,
    changes.REQUESTS,
    changes.POTENTIALS,
    changes.LINES,
)

_LEFT_OUT = frozenset(
    {"id", "created_at", "updated_at", "item_id", "combination", "items", "position", "permitted", "replaces"}
    | {"lines_made"}
    | {"change_order_id", "reviewed_at", "company_id"}
    | {"user_id", "created_by", "member_ids", "lead_id", "split_parent_id"}
    | {"uom_category_id", "standard_cost_code_list_id", "standard_cost_code_id"}
)
"""Ids, times, order of arrival, and what is said by a reference."""

_POINTS_TO = {
    "project_id": PROJECTS,
    "vendor_id": VENDORS,
    "contract_id": CONTRACTS,
    "wbs_code_id": WBS_CODES,
    "direct_cost_id": DIRECT_COSTS,
    "budget_change_id": BUDGET_CHANGES,
    "segment_id": SEGMENTS,
    "sub_job_id": SUB_JOBS,
    "person_id": PEOPLE,
    "party_id": PEOPLE,
    "timesheet_id": SHEETS,
    "timecard_time_type_id": TIME_TYPES,
    "cost_code_id": COST_CODES,
    "line_item_type_id": COST_TYPES,
    "crew_id": CREWS,
    "tax_code_id": TAX_CODES,
    "commitment_id": CONTRACTS,
    "period_id": PERIODS,
    "requisition_id": REQUISITIONS,
    "line_item_id": LINES,
    "commitment_line_item_id": LINES,
    "package_id": changes.PACKAGES,
    "change_order_package_id": changes.PACKAGES,
    "change_order_request_id": changes.REQUESTS,
    "potential_change_order_id": changes.POTENTIALS,
}


def _numbered(state: State, order: Row) -> str:
    contract = changes.contract_of(state, order)
    return f"{order['side']} {contract.get('origin_id') or contract['number']}/{order['number']}"


_LABELS: dict[str, Callable[[State, Row], object]] = {
    PROJECTS: lambda _, row: row.get("origin_id") or row.get("project_number") or row["name"],
    VENDORS: lambda _, row: row.get("origin_id") or row["name"],
    CONTRACTS: lambda _, row: row.get("origin_id") or row["number"],
    PERIODS: lambda _, row: f"{row['start_date']} to {row['end_date']}",
    REQUISITIONS: lambda state, row: f"{state.table(CONTRACTS)[row['commitment_id']]['number']} no. {row['number']}",
    PRIME_CONTRACTS: lambda _, row: row.get("origin_id") or row["number"],
    LINES: lambda _, row: row.get("origin_id") or row["position"],
    changes.PACKAGES: _numbered,
    changes.REQUESTS: _numbered,
    changes.POTENTIALS: _numbered,
    WBS_CODES: flat_code,
    DIRECT_COSTS: lambda _, row: row.get("origin_id") or row.get("invoice_number") or row.get("description"),
    BUDGET_CHANGES: lambda _, row: row["number"],
    SEGMENTS: lambda _, row: row["name"],
    SUB_JOBS: lambda _, row: row["code"],
    TAX_CODES: lambda _, row: row["code"],
    COST_CODES: full_code,
    COST_TYPES: lambda _, row: row.get("code") or row["name"],
    PEOPLE: lambda _, row: row.get("employee_id") or full_name(row),
    SHEETS: lambda _, row: row["name"],
    TIME_TYPES: lambda _, row: row["time_type"],
    CREWS: lambda _, row: row["name"],
    STANDARD_CODES: lambda _, row: row["full_code"],
    ITEMS: lambda state, row: "-".join(str(tier["code"]) for tier in tiers(state, row, ITEMS)),
}


def export(state: State) -> Json:
    """Resource -> its living records, each without empty fields, in an order of their own."""
    return {
        table: sorted((_plain(state, table, row) for row in state.rows(table)), key=canonical) for table in EXPORTED
    }


def _plain(state: State, table: str, row: Row) -> Json:
    plain: Json = {}
    for name, value in row.items():
        if value in (None, "", [], {}) or name in _LEFT_OUT:
            continue
        target = table if name == "parent_id" else _POINTS_TO.get(name)
        if name == "contract_id" and "side" in row:
            target = changes.SIDES[row["side"]].contracts
        if target is not None and target in _LABELS:
            plain[name.removesuffix("_id")] = _LABELS[target](state, state.table(target)[value])
        elif name == "business_register":
            plain[name] = value["identifier"]
        elif name == "attachments":
            plain[name] = [file["filename"] for file in value]
        elif name == "custom_fields":
            plain[name] = by_label(state, value)
        elif name == "entries":
            plain[name] = [entry["label"] for entry in value]
        else:
            plain[name] = value
    if table in {WBS_CODES, COST_CODES}:
        plain["full"] = _LABELS[table](state, row)
    return plain
