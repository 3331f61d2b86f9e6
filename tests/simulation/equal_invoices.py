"""What must be equal at rest between posted invoices and Procore, told from both companies' own tables."""

from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from tests.simulation.invariants import ByFlow, Companies, State
from tests.simulation.office_invoices import INVOICE

Row = Mapping[str, Any]
Record = tuple[str, Row]
KINDS = ("requisitions", "direct_costs")


def check(companies: Companies, by_flow: ByFlow) -> None:
    """One record for each invoice that is synced, of one kind only, and it comes to what its lines say."""
    known = by_flow.get(INVOICE, {})
    prefix = f"bc:{companies.bc.company_id}:postedPurchaseInvoices:"
    made = _made(companies, prefix)
    for row in companies.bc.tables.rows("postedPurchaseInvoices"):
        records = made.pop(row["id"], [])
        state = known.get(row["id"])
        if records and not (row["sendToProcore"] and row["orderNumber"]):
            companies.found("money is explained", f"invoice {row['number']} is not flagged, and stands in Procore")
        if len({name.partition(":")[0] for name, _ in records}) > 1:
            companies.found("never both kinds", f"invoice {row['number']} is a requisition and a direct cost")
        if state is None:
            continue
        wrong = list(_doubled(companies, state, records))
        if state.state == "parked":
            wrong += _waits_in_vain(companies, row, state)
        if state.state == "synced":
            wrong += _differs(companies, row, records, prefix + row["id"])
        for words in wrong:
            companies.found("invoices are equal", f"invoice {row['number']}: {words}")
    for source_id, records in made.items():
        companies.found("money is explained", f"{records[0][1]['id']} stands for {source_id}, which is no invoice")


def _made(companies: Companies, prefix: str) -> dict[str, list[Record]]:
    """What stands in Procore for each posted invoice, by the name of its kind and role."""
    made: dict[str, list[Record]] = {}
    for kind in KINDS:
        for row in companies.procore.rows(kind):
            if str(row.get("origin_data")).startswith(prefix):
                source_id, mark, end = str(row["origin_data"]).removeprefix(prefix).partition(":")
                made.setdefault(source_id, []).append((f"{kind}{mark}{end}", row))
    return made


def _doubled(companies: Companies, state: State, records: list[Record]) -> Iterator[str]:
    whole = [(name, each) for name, each in records if each["origin_id"] == each["origin_data"]]
    for name, number in Counter(name for name, _ in whole).items():
        if number > 1:
            yield f"stands there {number} times as {name}"
    ids = {each["id"] for _, each in whole}
    for _, each in records:  # a call that arrived late leaves an empty draft, which counts nowhere
        if state.state == "synced" and each["id"] not in ids | companies.by_hand and _amounts(companies, each):
            yield f"beside its record {each['id']} is filled"


def _differs(companies: Companies, row: Row, records: list[Record], origin: str) -> Iterator[str]:
    mine = next((each for _, each in records if each["origin_id"] == origin), None)
    if mine is None:
        yield f"is synced, and Procore has no {origin}"
        return
    if row["procoreInvoiceId"] != mine["id"]:
        yield f"names {row['procoreInvoiceId']}, in Procore it is {mine['id']}"
    wanted = _sent(companies, row)
    there = _amounts(companies, mine)
    if there != {key: amount for key, amount in wanted.items() if amount}:
        yield f"Procore has {there}, the lines that were sent say {wanted}"
    if not wanted:
        yield "is synced without any line"
    if mine["status"] != "approved":
        yield f"is {mine['status']} in Procore"
    backs = [each for _, each in records if each["origin_id"] == f"{origin}:reversal"]
    if row["cancelled"] != bool(backs):
        yield f"cancelled is {row['cancelled']}, and {len(backs)} records take it back"
    for each in backs:
        if sum(_amounts(companies, each).values()) != -sum(wanted.values()):
            yield f"is taken back by {_amounts(companies, each)}"


def _sent(companies: Companies, row: Row) -> dict[int, Decimal]:
    """What the lines say that name their counterpart, by that."""
    wanted: dict[int, Decimal] = {}
    for line in companies.bc.tables.rows("postedPurchaseInvoiceLines"):
        there = line["procoreInvoiceLineId"]
        if line["documentNumber"] == row["number"] and there:
            wanted[there] = wanted.get(there, Decimal(0)) + line["amount"]
    return wanted


def _amounts(companies: Companies, record: Row) -> dict[int, Decimal]:
    """What a record says line by line, without zeros."""
    if "commitment_id" in record:
        items = companies.procore.rows("requisition_items", requisition_id=record["id"])
        found = {item["id"]: Decimal(item["work_completed_this_period"] or 0) for item in items}
    else:
        lines = companies.procore.rows("direct_cost_line_items", direct_cost_id=record["id"])
        found = {line["id"]: Decimal(str(line["amount"])) for line in lines}
    return {key: amount for key, amount in found.items() if amount}


def _waits_in_vain(companies: Companies, row: Row, state: State) -> Iterator[str]:
    """Who waits for a billing period has none that is open on that day."""
    if "billing period" not in state.reasons or "in this billing period" in state.reasons:
        return
    home = next(it for it in companies.bc.tables.rows("projects") if it["number"] == row["jobNumber"])
    for period in companies.procore.rows("billing_periods", project_id=home["procoreProjectId"]):
        if period["status"] == "open" and period["start_date"] <= row["postingDate"] <= period["end_date"]:
            yield f"waits for a billing period, and {period['id']} is open"
