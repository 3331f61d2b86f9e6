"""The company as business people see it: no ids, no times, references by origin id, number, code or name."""

from collections.abc import Callable

from adapters.sandbox.procore.commitments import CONTRACTS
from adapters.sandbox.procore.company import COST_TYPES, STANDARD_CODES, TAX_CODES, UNITS
from adapters.sandbox.procore.cost_codes import COST_CODES, full_code, tiers
from adapters.sandbox.procore.directory import MEMBERS, VENDORS
from adapters.sandbox.procore.lines import LINES
from adapters.sandbox.procore.projects import PROJECTS
from adapters.sandbox.procore.segment_items import ITEMS
from adapters.sandbox.procore.segments import PATTERN, SEGMENTS
from adapters.sandbox.procore.state import Row, State
from adapters.sandbox.procore.sub_jobs import SUB_JOBS
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
    CONTRACTS,
    LINES,
)

_LEFT_OUT = frozenset(
    {"id", "created_at", "updated_at", "item_id", "combination", "items", "position", "permitted", "replaces"}
    | {"uom_category_id", "standard_cost_code_list_id", "standard_cost_code_id"}
)
"""Ids, times, order of arrival, and what is said by a reference."""

_POINTS_TO = {
    "project_id": PROJECTS,
    "vendor_id": VENDORS,
    "contract_id": CONTRACTS,
    "wbs_code_id": WBS_CODES,
    "segment_id": SEGMENTS,
    "sub_job_id": SUB_JOBS,
    "tax_code_id": TAX_CODES,
}

_LABELS: dict[str, Callable[[State, Row], object]] = {
    PROJECTS: lambda _, row: row.get("origin_id") or row.get("project_number") or row["name"],
    VENDORS: lambda _, row: row.get("origin_id") or row["name"],
    CONTRACTS: lambda _, row: row.get("origin_id") or row["number"],
    WBS_CODES: flat_code,
    SEGMENTS: lambda _, row: row["name"],
    SUB_JOBS: lambda _, row: row["code"],
    TAX_CODES: lambda _, row: row["code"],
    COST_CODES: full_code,
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
        if target is not None and target in _LABELS:
            plain[name.removesuffix("_id")] = _LABELS[target](state, state.table(target)[value])
        elif name == "business_register":
            plain[name] = value["identifier"]
        else:
            plain[name] = value
    if table in {WBS_CODES, COST_CODES}:
        plain["full"] = _LABELS[table](state, row)
    return plain
