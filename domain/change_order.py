"""`ChangeOrder`: an approved change of a contract in Procore, and what it becomes in Business Central.

The document of a change order is made by the hub, as its parts stand in several lists of Procore.

Shape   `side` is `prime` or `commitment`; `id` the id of the order, that of its package where there are three tiers;
        `key` both together; `packageId` the package behind it; `total` and the figures of `lines` are decimal text in
        `currency`; `npc` and `type` come from the company's own fields, `npcField` names the first in `custom_fields`.
Source  Procore guide 15 (G1 to G13), Q2, Z1, Z3.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar, cast

from domain.record import Record
from domain.values import Json, cents, money, plain_number, text

APPROVED = "approved"
NPC_TYPE = "NPC Change Order"
SIDES: dict[str, tuple[str, ...]] = {
    "prime": ("prime",),
    "commitment": ("commitment",),
    "both": ("prime", "commitment"),
}
"""Setting -> the sides that are carried."""
ACRONYMS = {"prime": "PCCO", "commitment": "CCO"}
PACKAGE_SIDES = {"PrimeContractChangeOrder": "prime", "CommitmentContractChangeOrder": "commitment"}
MOST_TIERS = 3
_TRUE = frozenset({"true", "1", "yes"})
_SEGMENTS = ("sub_job", "cost_code", "line_item_type")


class ChangeOrder(Record):
    """One change order. It stands in Business Central once: under its project, or as a project of its own (C-05)."""

    KIND: ClassVar[str] = "change_order"


def is_approved(order: Json) -> bool:
    """Only approved orders count (PP-58)."""
    return text(order, "status") == APPROVED


def is_npc(order: Json) -> bool:
    """The order stands for a project of its own (PP-67)."""
    return order.get("npc") is True


def is_true(value: object) -> bool:
    """Flags may be kept as text or number; what is missing is false (PP-67)."""
    return value is True or str(value).strip().lower() in _TRUE


def fields_with(definitions: Sequence[Json], label: str) -> list[str]:
    """Keys under `custom_fields` of the active fields with a label (G11)."""
    wanted = label.strip().casefold()
    return [
        f"custom_field_{row['id']}"
        for row in definitions
        if row.get("active") is not False and text(row, "label").casefold() == wanted
    ]


def field_value(row: Json, keys: Iterable[str]) -> object:
    """The first filled one of some custom fields; the label of an entry of a list."""
    held: Mapping[str, Any] = row.get("custom_fields") or {}
    for key in keys:
        field: Mapping[str, Any] = held.get(key) or {}
        value: object = field.get("value")
        if isinstance(value, Mapping):
            value = cast("Mapping[str, object]", value).get("label")
        if value not in (None, ""):
            return value
    return None


def document(
    row: Json, side: str, project_id: str, job: str, npc: Sequence[str], kind: Sequence[str], lines: Sequence[Json]
) -> Json:
    """An order with its lines; `npc` and `kind` are the keys of the two custom fields."""
    order_id, package_id = str(row["id"]), text(row, "legacy_package_id") or str(row["id"])
    shown: Json = {
        "id": order_id,
        "key": f"{side}:{order_id}",
        "side": side,
        "packageId": package_id,
        "number": text(row, "number"),
        "title": text(row, "title"),
        "description": text(row, "description"),
        "status": text(row, "status"),
        "revision": text(row, "revision"),
        "updated_at": text(row, "updated_at"),
        "approvedDate": text(row, "reviewed_at")[:10],
        "dueDate": text(row, "due_date")[:10],
        "contractId": text(row, "contract_id"),
        "currency": text(row.get("currency_configuration") or {}, "currency_iso_code"),
        "npc": is_true(field_value(row, npc)),
        "npcField": next(iter(npc), ""),
        "type": str(field_value(row, kind) or "").strip(),
        "procoreProjectId": project_id,
        "jobNumber": job,
    }
    try:
        shown["total"] = _figure(row, "grand_total") or "0"
        shown["lines"] = [_line(line) for line in lines]
    except InvalidOperation:
        shown["fault"] = f"change order {shown['number']} of project {job} holds an amount that is no number"
    return shown


def _line(row: Json) -> Json:
    """A line of v2 or of v1.0, where the amount is the total."""
    code: Json = row.get("wbs_code") or {}
    return {
        "id": text(row, "id"),
        "wbsCodeId": text(row, "wbs_code_id") or text(code, "id"),
        "flatCode": text(code, "flat_code"),
        "description": text(row, "description"),
        "quantity": _figure(row, "quantity"),
        "uom": text(row, "uom"),
        "unitCost": _figure(row, "unit_cost"),
        "amount": _figure(row, "amount") or _figure(row, "total_amount"),
    }


def _figure(row: Json, field: str) -> str:
    """A figure in one spelling, whatever the view; empty for none.

    Raises  InvalidOperation
    """
    value = row.get(field)
    if value in (None, ""):
        return ""
    figure = money(value)
    if not figure.is_finite():
        raise InvalidOperation
    return plain_number(figure)


def lines_of(order: Json) -> list[Json]:
    """The lines of an order, in their order."""
    return list(cast("Sequence[Json]", order.get("lines") or ()))


def total(order: Json) -> Decimal:
    """What the order says that it comes to."""
    return money(order.get("total") or 0)


def sum_of_lines(order: Json) -> Decimal:
    """What its lines come to."""
    return sum((money(line["amount"] or 0) for line in lines_of(order)), Decimal(0))


def is_whole_cents(amount: str) -> bool:
    """Business Central rounds amounts to the cent; one that would change by it is not carried."""
    return not amount or cents(money(amount)) == money(amount)


def label(order: Json) -> str:
    """The number that people know it by: `PCCO #001` (the acronyms are Procore's)."""
    return f"{ACRONYMS[text(order, 'side')]} #{text(order, 'number')}"


def title_of(order: Json) -> str:
    """The title, or words in its place: Business Central requires one (PP-65)."""
    return text(order, "title") or f"Change order {text(order, 'number')}"


def segments_of(codes: Mapping[str, str]) -> tuple[str, str, str]:
    """Segment, task and cost type of a budget code that was taken apart."""
    segment, task, cost_type = (codes.get(name, "") for name in _SEGMENTS)
    return segment, task, cost_type
