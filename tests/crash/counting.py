"""What stands twice and what is missing, counted in the tables of both systems; nothing of the hub is asked."""

from collections import Counter
from collections.abc import Iterable, Iterator

from tests.crash import figures
from tests.crash.tables import Row, companies, differences, full_code, living, origin, pairs, project_number, wanted
from tests.journeys.harness import World

BUSINESS_KEYS: dict[str, tuple[str, ...]] = {
    "vendors": ("origin_code",),
    "line_item_types": ("code",),
    "projects": ("project_number",),
    "sub_jobs": ("project_id", "code"),
    "cost_codes": ("project_id", "sub_job_id", "parent_id", "code"),
    "wbs_codes": ("project_id", "combination"),
    "project_vendors": ("project_id", "vendor_id"),
    "contracts": ("project_id", "number"),
}
"""By what people tell records of Procore apart."""

LINKED = (
    ("costTypes", ("code",), "line_item_types", "procoreLineItemTypeId"),
    ("projects", ("number",), "projects", "procoreProjectId"),
    ("projectSegments", ("projectNumber", "segmentCode"), "sub_jobs", "procoreSubJobId"),
    ("projectTasks", ("projectNumber", "taskNumber"), "cost_codes", "procoreCostCodeId"),
    ("purchaseOrders", ("number",), "contracts", "procoreCommitmentId"),
    ("purchaseOrderLines", ("documentNumber", "lineNumber"), "line_items", "procoreCommitmentLineId"),
)
"""A set of Business Central and its key, its table in Procore, and where Procore's id is kept."""


def duplicates(it: World) -> list[str]:
    """One line for each record too many."""
    told: list[str] = []
    for table in it.procore.state.tables:
        told += _twice(f"{table} by origin id", (row.get("origin_id") for row in living(it, table)))
    for table, fields in BUSINESS_KEYS.items():
        keys = (tuple(row.get(name) for name in fields) for row in living(it, table))
        told += _twice(f"{table} by {', '.join(fields)}", (key for key in keys if key[-1] is not None))
    told += _twice("syncLogEntries by message id", (row["messageId"] for row in it.bc.tables.rows("syncLogEntries")))
    rows = it.bc.tables.rows("projectSegments")
    return told + _twice("projectSegments", ((row["projectNumber"], row["segmentCode"]) for row in rows))


def losses(it: World) -> list[str]:
    """One line for each thing that one system says and the other does not, deletions included."""
    return [
        *_links(it),
        *_vendors(it),
        *_left_over(it),
        *figures.contracts(it),
        *figures.lines(it),
        *figures.money(it),
    ]


def _twice(what: str, keys: Iterable[object]) -> list[str]:
    counted = Counter(key for key in keys if key)
    return [f"{what}: {key} stands {count} times" for key, count in counted.items() for _ in range(count - 1)]


def _links(it: World) -> Iterator[str]:
    """Every record is there, Business Central knows its true id, and its log tells of it."""
    log = it.bc.tables.rows("syncLogEntries")
    logged = {(row["entitySetName"], row["recordId"], row["procoreId"]) for row in log}
    for entity_set, key, table, field in LINKED:
        for row, counterpart in pairs(it, entity_set, table):
            name = " ".join((entity_set, *(str(row[part]) for part in key)))
            if counterpart is None:
                yield f"{name} is missing in Procore"
                continue
            if row[field] != counterpart["id"]:
                yield f"{name}: {field} is {row[field]}, in Procore it is {counterpart['id']}"
            if entity_set != "purchaseOrderLines" and (entity_set, row["id"], counterpart["id"]) not in logged:
                yield f"{name} has no entry in the sync log"
            yield from differences(name, _expected(entity_set, row), _shown(it, table, counterpart))


def _expected(entity_set: str, row: Row) -> Row:
    """Names and numbers, as the people of Business Central read them."""
    match entity_set:
        case "costTypes":
            return {"code": row["code"]}
        case "projects":
            return {"project_number": row["number"], "name": row["displayName"]}
        case "projectSegments":
            return {"project": row["projectNumber"], "code": row["segmentCode"], "name": row["description"]}
        case "projectTasks":
            return {"project": row["projectNumber"], "full_code": row["taskNumber"], "name": row["description"]}
        case _:
            return {}


def _shown(it: World, table: str, row: Row) -> Row:
    more = {"project": project_number(it, row)} if "project_id" in row else {}
    return {**row, **more, "full_code": full_code(it, row)} if table == "cost_codes" else {**row, **more}


def _vendors(it: World) -> Iterator[str]:
    known = companies(it)
    for row in it.bc.tables.rows("vendors"):
        company = known.get(row["number"], {"id": 0})
        if row["procoreVendorId"] != company["id"]:
            yield f"vendor {row['number']}: procoreVendorId is {row['procoreVendorId']}, not {company['id']}"


def _left_over(it: World) -> Iterator[str]:
    """Contracts and lines of Procore that no order of Business Central asks for any more."""
    for entity_set, table in (("purchaseOrders", "contracts"), ("purchaseOrderLines", "line_items")):
        asked = {origin(it, entity_set, row) for row in wanted(it, entity_set)}
        for row in living(it, table):
            if row.get("origin_id") not in asked:
                yield f"{table} {row['id']} ({row.get('origin_id')}) is asked for by nobody"
