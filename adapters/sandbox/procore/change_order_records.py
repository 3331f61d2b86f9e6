"""Change orders as the platform keeps them: packages, the potential change orders behind them, lines, tiers (G1, G2).

The number of tiers can be read nowhere but in `change_order_tiers` of listed potential change orders, so not before the
first order. G1 sets it per project, the description of commitments speaks of the contract: G1 is followed. Which number
a new project has is told nowhere; here it is one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from adapters.sandbox.procore.commitments import CONTRACTS
from adapters.sandbox.procore.custom_fields import taken_in
from adapters.sandbox.procore.kernel import decimal, decimal_text
from adapters.sandbox.procore.lines import checked
from adapters.sandbox.procore.prime_contracts import PRIME_CONTRACTS
from adapters.sandbox.procore.state import Invalid, Row, State
from adapters.sandbox.procore.wbs_codes import budget
from domain.values import Json

PACKAGES = "change_order_packages"
REQUESTS = "change_order_requests"
POTENTIALS = "potential_change_orders"
LINES = "change_order_line_items"
TIERS = "change_order_tiers"
TOOL = "change_orders"

MOST_TIERS = 3
STATUSES = (
    "draft",
    "not_pricing",
    "pricing",
    "pending",
    "revised",
    "proceeding",
    "not_proceeding",
    "pending_billable",
    "no_charge",
    "approved",
    "rejected",
    "void",
)  # G5


@dataclass(frozen=True)
class Side:
    """Which kind of contract an order changes. `kind` is the type of the unified view, `package` that of G13."""

    name: str
    resource: str
    kind: str
    package: str
    contracts: str
    acronym: str


COMMITMENT = Side(
    name="commitment",
    resource="commitment_change_orders",
    kind="CommitmentChangeOrder",
    package="CommitmentContractChangeOrder",
    contracts=CONTRACTS,
    acronym="CCO",
)
PRIME = Side(
    name="prime",
    resource="prime_change_orders",
    kind="PrimeChangeOrder",
    package="PrimeContractChangeOrder",
    contracts=PRIME_CONTRACTS,
    acronym="PCCO",
)
SIDES = {side.name: side for side in (COMMITMENT, PRIME)}


def tiers(state: State, project_id: int) -> int:
    """How many tiers the change orders of a project have."""
    row = state.find(TIERS, project_id=project_id)
    return row["tiers"] if row else 1


def potentials(state: State, package: Row) -> Iterator[Row]:
    """The potential change orders of a package: one behind it, or several where there are three tiers."""
    return state.rows(POTENTIALS, package_id=package["id"])


def lines_of(state: State, potential: Row) -> list[Row]:
    """The lines of a potential change order in their order."""
    rows = state.rows(LINES, potential_change_order_id=potential["id"])
    return sorted(rows, key=lambda row: row["position"])


def total(state: State, potential: Row) -> Decimal:
    """Sum of the lines."""
    return sum((Decimal(line["amount"]) for line in lines_of(state, potential)), Decimal(0))


def contract_of(state: State, order: Row) -> Row:
    """The contract that an order changes."""
    return state.table(SIDES[order["side"]].contracts)[order["contract_id"]]


def currency(state: State, order: Row) -> Json:
    """The currency of an order is that of its contract."""
    return {"currency_iso_code": contract_of(state, order).get("currency_iso_code") or "USD"}


def locked(state: State, package: Row) -> bool:
    """G9, O6: lines of an approved order are locked, unless the company switched it off."""
    return state.settings.lock_approved and package["status"] == "approved"


def lock_text(package: Row) -> str:
    """O8: the text speaks of "synced with ERP" where an origin id is set."""
    synced = " and is synced with ERP" if package.get("origin_id") else ""
    return f"cannot be changed while the change order is {package['status']}{synced}"


def create(state: State, side: Side, project_id: int, values: Json) -> Row:
    """A package with what stands behind it: a potential change order (G2), and a request where there are three tiers.

    Raises  Invalid
    """
    package = write_package(state, side, project_id, None, values)
    common = {name: package[name] for name in ("project_id", "side", "contract_id", "number", "title")}
    request = None
    if tiers(state, project_id) == MOST_TIERS:
        linked = {"change_order_package_id": package["id"], "status": "draft", "origin_id": None}
        request = state.insert(REQUESTS, common | linked)
    write_potential(state, package, None, common | {"change_order_request_id": request["id"] if request else None})
    return package


def write_package(state: State, side: Side, project_id: int, package: Row | None, values: Json) -> Row:
    """Makes or changes a package; any status may follow any other (G10), as nothing else is documented.

    Raises  Invalid
    """
    values = taken_in(state, package["custom_fields"] if package else {}, values)
    if values.get("status", "draft") not in STATUSES:
        raise Invalid(status="is not included in the list")
    _check_contract(state, side, project_id, package, values)
    if "grand_total" in values:
        values["grand_total"] = decimal_text(decimal(values, "grand_total")) or "0.0"
    if values.get("status") == "approved" and (package is None or package["status"] != "approved"):
        values.setdefault("reviewed_at", state.stamp())  # the description calls it the approved date
    if package is None:
        unified = state.new_id() if tiers(state, project_id) < MOST_TIERS else None
        home = {"project_id": project_id, "side": side.name, "change_order_id": unified}
        number = values.get("number") or f"{1 + state.count(PACKAGES, contract_id=values['contract_id']):03}"
        package = state.insert(PACKAGES, _usual() | home | values | {"number": number})
    else:
        before = package["contract_id"]
        state.change(PACKAGES, package, values)
        if package["contract_id"] != before:
            for potential in potentials(state, package):
                state.change(POTENTIALS, potential, {"contract_id": package["contract_id"]})
            settle_contract(state, side, before)
    settle(state, package)
    return package


def _check_contract(state: State, side: Side, project_id: int, package: Row | None, values: Json) -> None:
    """Refuses a contract that the project does not have, and another one for an approved order.

    Raises  Invalid
    """
    if package is not None and values.get("contract_id", package["contract_id"]) == package["contract_id"]:
        return
    if values.get("contract_id") is None:
        raise Invalid(contract_id="can't be blank")
    if state.get(side.contracts, values["contract_id"], project_id=project_id) is None:
        raise Invalid(contract_id="is not a contract of the project")
    if package is not None and locked(state, package):
        raise Invalid(contract_id=lock_text(package))


def _usual() -> Json:
    return {
        "title": None,
        "description": None,
        "status": "draft",
        "revision": 0,
        "executed": False,
        "private": True,
        "paid": False,
        "field_change": False,
        "signature_required": False,
        "grand_total": "0.0",
        "reviewed_at": None,
        "origin_id": None,
        "origin_code": None,
        "origin_data": None,
        "custom_fields": {},
    }


def write_potential(state: State, package: Row, potential: Row | None, values: Json) -> Row:
    """Makes or changes a potential change order. Its status is its own; with one tier nobody reads it (G6).

    Raises  Invalid
    """
    values = taken_in(state, potential["custom_fields"] if potential else {}, values)
    if values.get("status", "draft") not in STATUSES:
        raise Invalid(status="is not included in the list")
    if potential is not None:
        return state.change(POTENTIALS, potential, values)
    usual: Json = {
        "status": "draft",
        "revision": 0,
        "package_id": package["id"],
        "origin_id": None,
        "custom_fields": {},
    }
    return state.insert(POTENTIALS, usual | values)


def write_line(state: State, potential: Row, line: Row | None, values: Json) -> Row:
    """Makes or changes a line; a new budget code gets a budget line by itself (W20). Amounts may be negative.

    Raises  Invalid
    """
    kept, code = checked(state, potential["project_id"], line, values)
    if line is None:
        home = {"potential_change_order_id": potential["id"], "project_id": potential["project_id"]}
        home["position"] = 1 + max((row["position"] for row in lines_of(state, potential)), default=0)
        usual = {"description": None, "uom": None, "tax_code_id": None, "origin_id": None}
        line = state.insert(LINES, usual | home | kept)
    else:
        state.change(LINES, line, kept)
    if code is not None:
        budget(state, code)
    settle(state, state.table(PACKAGES)[potential["package_id"]])
    return line


def remove(state: State, package: Row) -> None:
    """Deletes an order and what stands behind it.

    Raises  Invalid for an approved one (G9)
    """
    if locked(state, package):
        raise Invalid(base=lock_text(package))
    for potential in list(potentials(state, package)):
        for line in lines_of(state, potential):
            state.remove(LINES, line)
        state.remove(POTENTIALS, potential, keep=True)
    for request in list(state.rows(REQUESTS, change_order_package_id=package["id"])):
        state.remove(REQUESTS, request)
    state.remove(PACKAGES, package, keep=True)
    settle_contract(state, SIDES[package["side"]], package["contract_id"])


def settle(state: State, package: Row) -> None:
    """Carries the sum of the lines up to the package, and from there to the contract.

    A package without lines keeps the total that was written; a total that changes moves `updated_at`.
    """
    sums = [total(state, potential) for potential in potentials(state, package) if lines_of(state, potential)]
    if sums:
        state.change(PACKAGES, package, {"grand_total": decimal_text(sum(sums, Decimal(0)))})
    settle_contract(state, SIDES[package["side"]], package["contract_id"])


def settle_contract(state: State, side: Side, contract_id: int) -> None:
    """Approved and drafted changes of a contract. Which statuses count as pending is told nowhere, so none does."""
    sums = {"approved": Decimal(0), "draft": Decimal(0)}
    for package in state.rows(PACKAGES, contract_id=contract_id):
        if package["status"] in sums:
            sums[package["status"]] += Decimal(package["grand_total"])
    figures = {"approved_change_orders": sums["approved"], "draft_change_orders_amount": sums["draft"]}
    texts = {name: decimal_text(value) for name, value in figures.items()}
    state.change(side.contracts, state.table(side.contracts)[contract_id], texts)
