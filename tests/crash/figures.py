"""Orders and their money in both systems: the same to the cent, computed from Business Central's rows alone."""

from collections import defaultdict
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal

from tests.crash.tables import Row, companies, differences, dimensions, living, pairs, project_number, wanted
from tests.journeys.harness import World

CENT = Decimal("0.01")


def contracts(it: World) -> Iterator[str]:
    """Every order has its number, project, vendor and status, and the project's directory knows the vendor."""
    members = {(row["project_id"], row["vendor_id"]) for row in living(it, "project_vendors")}
    known = companies(it)
    for order, contract in pairs(it, "purchaseOrders", "contracts"):
        if contract is None:
            continue
        expected = {
            "number": order["number"],
            "title": order["yourReference"] or order["number"],
            "vendor_id": known[order["vendorNumber"]]["id"],
            "status": "Approved" if order["status"] == "Released" else "Draft",
            "project": order["jobNumber"],
        }
        found = {**contract, "project": project_number(it, contract)}
        yield from differences(f"order {order['number']}", expected, found)
        if (contract["project_id"], contract["vendor_id"]) not in members:
            yield f"order {order['number']}: its vendor is not in the directory of {order['jobNumber']}"


def lines(it: World) -> Iterator[str]:
    """Every flagged line has its contract, quantity, unit cost, amount, unit and budget code, exactly."""
    made = {order["number"]: contract for order, contract in pairs(it, "purchaseOrders", "contracts")}
    for line, found in pairs(it, "purchaseOrderLines", "line_items"):
        contract = made[line["documentNumber"]]
        if found is None or contract is None:
            continue
        expected = {
            "contract_id": contract["id"],
            "description": line["description"],
            "uom": line["unitOfMeasureCode"].lower() or None,
            "quantity": line["quantity"],
            "unit_cost": line["directUnitCost"],
            "amount": amount(line),
            "dimensions": (line["segmentCode"], line["jobTaskNumber"], line["costTypeCode"]),
        }
        values = {name: Decimal(found[name]) for name in ("quantity", "unit_cost", "amount")}
        name = f"line {line['documentNumber']} {line['lineNumber']}"
        yield from differences(name, expected, {**found, **values, "dimensions": dimensions(it, found)})


def amount(line: Row) -> Decimal:
    """What a line costs by Business Central's rule: to the cent, less its discount to the cent."""
    gross = (line["quantity"] * line["directUnitCost"]).quantize(CENT, ROUND_HALF_UP)
    return gross - (gross * line["lineDiscountPercent"] / 100).quantize(CENT, ROUND_HALF_UP)


def money(it: World) -> Iterator[str]:
    """Per project and budget code both systems hold the same sum."""
    here: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    there: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    for line in wanted(it, "purchaseOrderLines"):
        key = (line["jobNumber"], line["segmentCode"], line["jobTaskNumber"], line["costTypeCode"])
        here[key] += line["lineAmount"]
    for line in living(it, "line_items"):
        there[(project_number(it, line), *dimensions(it, line))] += Decimal(line["amount"])
    for key in sorted(here.keys() | there.keys()):
        if here[key] != there[key]:
            yield f"budget code {' / '.join(key)}: {here[key]} in Business Central, {there[key]} in Procore"
