"""Items of requisitions: made from the lines of the commitment, then filled (I5, I6)."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import cast

from adapters.sandbox.procore.billing_periods import refuse_closed
from adapters.sandbox.procore.commitments import CONTRACTS, TOOL
from adapters.sandbox.procore.kernel import (
    Answer,
    Call,
    Route,
    amount,
    decimal,
    decimal_text,
    not_found,
    page,
    without,
)
from adapters.sandbox.procore.lines import LINES
from adapters.sandbox.procore.requisition_figures import (
    ITEMS,
    MATERIALS,
    MATERIALS_RETAINED,
    QUANTITY,
    RELEASED,
    REQUISITIONS,
    WORK,
    WORK_RETAINED,
    ZERO,
    figures,
    others,
    source,
)
from adapters.sandbox.procore.requisition_views import show_detail, show_item
from adapters.sandbox.procore.state import Invalid, Row, State
from domain.values import Json, product

CONTRACT_ITEM, DETAIL_ITEM, CHANGE_ORDER_ITEM = "contract_item", "contract_detail_item", "change_order_item"

WORK_PERCENT = "work_completed_retainage_percent_this_period"
MATERIALS_PERCENT = "materials_stored_retainage_percent_this_period"

UNIT = "unit"
_ONLY_AMOUNT = (WORK, MATERIALS_RETAINED)
_ONLY_UNIT = (QUANTITY,)
_AMOUNTS = (WORK, MATERIALS, WORK_RETAINED, MATERIALS_RETAINED, RELEASED)
_UNUSED = ("new_materials", "new_materials_quantity", "stored_materials", "stored_materials_quantity")
_UNUSED_TOO = ("materials_presently_stored_from_previous_progress",)
"""Fields of companies that manage stored materials by hand; this one does not, and they say nothing here."""

Change = tuple[Row, Json]
"""An item and its new values."""


def refuse_locked(requisition: Row) -> None:
    """O4, O8: an origin id locks the whole record.

    Raises  Invalid
    """
    if requisition["origin_id"]:
        raise Invalid(base="The invoice is not editable because it has been synced with ERP")


def of_project(call: Call, id: int) -> Row:
    """A requisition in the project of the call.

    Raises  Problem 404
    """
    requisition = call.state.get(REQUISITIONS, id, project_id=call.project["id"])
    if requisition is None:
        raise not_found("requisition")
    return requisition


def items_of(state: State, requisition: Row, item_type: str = "") -> list[Row]:
    """The items of a requisition in the order of their lines, of one type on demand."""
    wanted = {"item_type": item_type} if item_type else {}
    rows = state.rows(ITEMS, requisition_id=requisition["id"], **wanted)
    return sorted(rows, key=lambda row: (row["position"], row["id"]))


def add_items(state: State, requisition: Row) -> None:
    """I5: one item for each line that the commitment has at this moment, with nothing billed yet.

    Retainage begins with the percentage of the commitment (inferred from `retainage_percent` there).
    """
    contract = state.table(CONTRACTS)[requisition["commitment_id"]]
    nothing = dict.fromkeys(_AMOUNTS, "0.0")
    retainage = dict.fromkeys((WORK_PERCENT, MATERIALS_PERCENT), contract["retainage_percent"] or "0.0")
    for line in state.rows(LINES, contract_id=contract["id"]):
        home = {"requisition_id": requisition["id"], "line_item_id": line["id"], "position": line["position"]}
        quantity = {QUANTITY: "0.0" if contract["accounting_method"] == UNIT else None}
        said = {"subcontractor_claimed_amount": None, "status": "no_action", "comment": None}
        state.insert(ITEMS, home | {"item_type": CONTRACT_ITEM} | nothing | retainage | quantity | said)


def planned(
    state: State, requisition: Row, period_id: int | None, rows: Iterable[Json], key: str = "id"
) -> list[Change]:
    """What rows of a call would make of the items, before anything is written.

    `key` is how rows name an item: `id`, or `line_item_id` where the items are only being made.

    Raises  Invalid: no such item, a field of the other accounting method, more than the line holds, or the period is
            closed. That a period closed later stops the amounts too is inferred from I8.
    """
    changes: dict[int, Change] = {}
    by_key = {(item[key], item["item_type"]): item for item in items_of(state, requisition)}
    for row in rows:
        refuse_closed(state, period_id)
        item = by_key.get((row.get(key), row.get("item_type", CONTRACT_ITEM)))
        if item is None:
            raise Invalid(requisition_items=f"{row.get('item_type')} {row.get(key)} is not an item of the requisition")
        _, known = changes.get(item["id"], (item, {}))
        changes[item["id"]] = (item, known | _changed(state, requisition, item | known, row))
    for item, values in changes.values():
        _refuse_more_than_the_line(state, item, values)
    return list(changes.values())


def apply(state: State, requisition: Row, changes: Iterable[Change]) -> None:
    """Writes planned values; the requisition counts as changed with its items, so that a poll finds it (I10)."""
    for item, values in changes:
        if any(item.get(name) != value for name, value in values.items()):
            state.change(ITEMS, item, values)
            requisition["updated_at"] = state.stamp()


def _changed(state: State, requisition: Row, item: Json, row: Json) -> Json:
    contract = state.table(CONTRACTS)[requisition["commitment_id"]]
    unit = contract["accounting_method"] == UNIT
    for name in _ONLY_AMOUNT if unit else _ONLY_UNIT:  # whether the other field is ignored is not documented
        if row.get(name) is not None:
            method = contract["accounting_method"]
            raise Invalid(**{name: f"is not taken by a commitment with the accounting method {method}"})
    values = without(row, "id", "line_item_id", "detail_line_item_id", "item_type", *_UNUSED, *_UNUSED_TOO)
    for name in (*_AMOUNTS, QUANTITY, WORK_PERCENT, MATERIALS_PERCENT, "subcontractor_claimed_amount"):
        if values.get(name) is not None:
            values[name] = _text(decimal(values, name), exact=name == QUANTITY)
    values = {name: "0.0" if name in _AMOUNTS and value is None else value for name, value in values.items()}
    if unit and QUANTITY in values:
        price = Decimal(source(state, item)["unit_cost"] or 0)
        values[WORK] = _text(product(Decimal(values[QUANTITY] or 0), price))
    return (
        values
        | _retained(item, values, WORK, WORK_PERCENT, WORK_RETAINED)
        | _retained(item, values, MATERIALS, MATERIALS_PERCENT, MATERIALS_RETAINED)
    )


def _text(number: Decimal | None, *, exact: bool = False) -> str | None:
    return decimal_text(number if exact or number is None else amount(number))


def _retained(item: Json, values: Json, base: str, percent: str, held: str) -> Json:
    """Retainage by amount where one is sent, else by percentage; a percentage is kept only where nothing is billed.

    Raises  Invalid: nothing is billed that could be retained (description of the field)
    """
    billed = Decimal((item | values)[base] or 0)
    if values.get(held) not in (None, "0.0"):
        if not billed:
            raise Invalid(**{held: f"needs {base}"})
        return {percent: _text(Decimal(values[held]) * 100 / billed)}
    rate = item[percent] if billed else values.get(percent) or item[percent]
    if held in values and billed:
        return {percent: "0.0"}
    return {percent: rate, held: _text(product(billed, Decimal(rate)) / 100)} if base in values else {percent: rate}


def _refuse_more_than_the_line(state: State, item: Row, values: Json) -> None:
    """PP-38: no line is billed beyond its scheduled value, counting all requisitions; below zero for a credit line."""
    bills = figures(item | values).completed
    if not state.settings.prevent_overbilling or bills == figures(item).completed:
        return
    scheduled = Decimal(source(state, item)["amount"])
    total = others(state, item).completed + bills
    if total > scheduled if scheduled >= ZERO else total < scheduled:
        shown = f"{decimal_text(total)} of {decimal_text(scheduled)}"
        raise Invalid(**{WORK: f"cannot exceed the scheduled value of the line: {shown}"})


def bulk_update(call: Call) -> Answer:
    """All rows or none; 200 with an empty body (Z5)."""
    requisition = of_project(call, call.path["requisition_id"])
    refuse_locked(requisition)
    rows = cast("list[Json]", call.body["requisition_items"])
    apply(call.state, requisition, planned(call.state, requisition, requisition["period_id"], rows))
    return Answer()


def _list(item_type: str) -> Callable[[Call], Answer]:
    def serve(call: Call) -> Answer:
        rows = items_of(call.state, of_project(call, call.path["requisition_id"]), item_type)
        wanted = call.many("filters[change_order_id]")
        if wanted is not None:
            rows = [row for row in rows if str(row.get("change_order_id")) in wanted]
        shown, headers = page(call, rows)
        return Answer([show_item(call.state, row) for row in shown], headers=headers)

    return serve


def _detail(call: Call) -> Answer:
    items = items_of(call.state, of_project(call, call.path["requisition_id"]))
    return Answer([show_detail(call.state, item, number) for number, item in enumerate(items, 1)])


_PATH = "/rest/v1.0/requisitions/{requisition_id}"

ROUTES = (
    Route("PATCH", f"{_PATH}/bulk_item_update", bulk_update, project="query", tool=TOOL),
    Route("GET", f"{_PATH}/contract_items", _list(CONTRACT_ITEM), project="query", tool=TOOL),
    Route("GET", f"{_PATH}/contract_detail_items", _list(DETAIL_ITEM), project="query", tool=TOOL),
    Route("GET", f"{_PATH}/change_order_items", _list(CHANGE_ORDER_ITEM), project="query", tool=TOOL),
    Route("GET", f"{_PATH}/detail", _detail, project="query", tool=TOOL),
)
"""No commitment here has a schedule of values of the subcontractor's own, so that detail items are an empty list."""
