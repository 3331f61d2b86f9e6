"""What must be equal at rest between the project ledger and direct costs, told from both companies' own tables."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from tests.simulation.invariants import ByFlow, Companies

Row = Mapping[str, Any]

FLOW = "project-journal-to-direct-cost"
FIELDS = ("jobNumber", "jobTaskNumber", "segmentCode", "costTypeCode")


def check(companies: Companies, by_flow: ByFlow) -> None:
    """One direct cost for each entry that is synced, equal to the cent; none for those of a batch with a bad line."""
    known = by_flow.get(FLOW, {})
    entries = [row for row in companies.bc.tables.rows("projectLedgerEntries") if row["sendToProcore"]]
    bad = {_batch(row) for row in entries if not _sound(row)}
    prefix = f"bc:{companies.bc.company_id}:projectLedgerEntries:"
    costs: dict[str, list[Row]] = {}
    for cost in companies.procore.rows("direct_costs"):
        if str(cost.get("origin_data")).startswith(prefix):
            costs.setdefault(cost["origin_data"].removeprefix(prefix), []).append(cost)
    for row in entries:
        state = known.get(row["id"])
        made = costs.pop(row["id"], [])
        if state is None:
            continue  # said already: nothing flagged is lost
        if _batch(row) in bad and made:
            companies.found(
                "a batch goes all or none", f"entry {row['entryNumber']} of a batch with a bad line is there"
            )
        if state.state == "synced":
            for words in _differences(companies, row, made, prefix + row["id"]):
                companies.found("journal lines are equal", f"entry {row['entryNumber']}: {words}")
    for source_id, made in costs.items():
        companies.found(
            "money is explained", f"direct cost {made[0]['id']} stands for {source_id}, which was not flagged"
        )


def _differences(companies: Companies, row: Row, made: list[Row], origin: str) -> Iterator[str]:
    whole = [cost for cost in made if cost["origin_id"] == origin]
    if len(whole) != 1:
        yield f"it is synced and has {len(whole)} direct costs"
        return
    (cost,) = whole
    for other in made:  # a call that arrived late leaves an empty draft, which counts nowhere
        if other is not cost and _lines(companies, other):
            yield f"a second direct cost {other['id']} has lines"
    if row["procoreDirectCostId"] != cost["id"]:
        yield f"it names {row['procoreDirectCostId']}, its direct cost is {cost['id']}"
    lines = _lines(companies, cost)
    if {cost["id"], *(line["id"] for line in lines)} & companies.by_hand:
        return
    there = [(Decimal(str(line["amount"])), _code(companies, line)) for line in lines]
    code = f"{row['segmentCode']}.{row['jobTaskNumber']}.{row['costTypeCode']}"
    wanted = [(row["amount"], f"{companies.site_of(row['jobNumber'])} {code}")]
    if there != wanted:
        yield f"its lines are {there}, wanted are {wanted}"
    shown = (cost["direct_cost_date"], cost.get("description") or "", cost["status"])
    if shown != (row["postingDate"], row["description"], "approved"):
        yield f"it shows {shown}"


def _lines(companies: Companies, cost: Row) -> list[Row]:
    return list(companies.procore.rows("direct_cost_line_items", direct_cost_id=cost["id"]))


def _code(companies: Companies, line: Row) -> str:
    project = next(companies.procore.rows("projects", id=line["project_id"]))
    return f"{project['project_number']} {companies.procore.flat_code(line['wbs_code_id'])}"


def _batch(row: Row) -> tuple[str, str, str]:
    return row["documentNumber"], row["postingDate"], row["sourceCode"]


def _sound(row: Row) -> bool:
    return row["entryType"] == "Budget" and row["amount"] > 0 and all(row[field] for field in FIELDS)
