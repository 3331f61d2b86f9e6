"""What accountants do with project journals in a journey, and what there is to see of it in Procore."""

from decimal import Decimal
from typing import Any

from adapters.sandbox.request_log import Entry
from tests.journeys.harness import World

FLOW = "project-journal-to-direct-cost"
TODAY = "2026-03-31"


def stage(it: World, *projects: str, **fields: Any) -> None:
    """Projects with all that a journal line needs."""
    it.basics()
    for number in projects or ("JOB1",):
        it.project(number, tasks=("01-100", "03-300"), segments=("SITE",), **fields)


def journal_line(amount: str = "100", **fields: Any) -> dict[str, Any]:
    """A flagged budget line."""
    return {
        "entryType": "Budget",
        "lineType": "Budget",
        "postingDate": TODAY,
        "documentNumber": "J1001",
        "jobNumber": "JOB1",
        "jobTaskNumber": "01-100",
        "segmentCode": "SITE",
        "costTypeCode": "L",
        "type": "G/L Account",
        "number": "5200",
        "description": "Site office",
        "quantity": Decimal(1),
        "unitCost": Decimal(amount),
        "sendToProcore": True,
        **fields,
    }


def write_journal(it: World, *lines: dict[str, Any], name: str = "DEFAULT") -> str:
    """Somebody enters lines into a journal; the id of the batch."""
    batch = it.insert("projectJournalBatches", journalTemplateName="PROJECT", name=name, description="Journal")
    for at, line in enumerate(lines, 1):
        place = {"journalTemplateName": "PROJECT", "journalBatchName": name, "lineNumber": at * 10000}
        it.insert("projectJournalLines", **place, **line)
    return str(batch["id"])


def post(it: World, *lines: dict[str, Any], name: str = "DEFAULT") -> None:
    """Lines that Business Central itself posts."""
    batch = write_journal(it, *lines, name=name)
    it.bc.tables.act("projectJournalBatches", batch, "post")
    it.bc.tables.delete("projectJournalBatches", batch)


def entered(it: World, *lines: dict[str, Any], **same: Any) -> list[dict[str, Any]]:
    """Ledger entries as other ways than the checked posting leave them, such as an import."""
    rows: list[dict[str, Any]] = []
    with it.bc.tables.older_data():
        for line in lines:
            fields = {**line, **same}
            amount = Decimal(fields["quantity"]) * Decimal(fields["unitCost"])
            rows.append(it.insert("projectLedgerEntries", **{"amount": amount, "sourceCode": "PROJJNL", **fields}))
    return rows


def costs(it: World, **equal: Any) -> list[dict[str, Any]]:
    """Direct costs in Procore."""
    return list(it.procore.rows("direct_costs", **equal))


def cost_lines(it: World, **equal: Any) -> list[dict[str, Any]]:
    """Lines of direct costs in Procore."""
    return list(it.procore.rows("direct_cost_line_items", **equal))


def to_costs(it: World, since: int = 0) -> list[Entry]:
    """Writes to direct costs and their lines."""
    return [entry for entry in it.writes(since=since) if "direct_costs" in entry.path]


def entries(it: World) -> list[dict[str, Any]]:
    """The project ledger, the oldest first."""
    return sorted(it.bc.tables.rows("projectLedgerEntries"), key=lambda row: int(row["entryNumber"]))


def assert_each_once(it: World) -> None:
    """Every entry has exactly one direct cost, whole and locked, and knows it."""
    made = {cost["origin_id"]: cost for cost in costs(it)}
    assert len(costs(it)) == len(made) == len(entries(it))
    for entry in entries(it):
        cost = made[f"bc:{it.bc.company_id}:projectLedgerEntries:{entry['id']}"]
        (line,) = cost_lines(it, direct_cost_id=cost["id"])
        assert Decimal(line["amount"]) == Decimal(str(entry["amount"]))
        assert (cost["status"], entry["procoreDirectCostId"]) == ("approved", cost["id"])
