"""Lists of a company: cost types, tax codes, units, standard cost codes, project stages, departments."""

from typing import cast

from adapters.sandbox.procore.directory import company_of
from adapters.sandbox.procore.kernel import (
    Answer,
    Call,
    Problem,
    Route,
    listed,
    not_found,
    page,
    required,
    rows_of,
    sync,
)
from adapters.sandbox.procore.state import Invalid, Row, State
from domain.values import Json

COST_TYPES = "line_item_types"
TAX_CODES = "tax_codes"
UNITS = "uoms"
UNIT_CATEGORIES = "uom_categories"
STANDARD_CODES = "standard_cost_codes"
STANDARD_LISTS = "standard_cost_code_lists"
STAGES = "project_stages"
DEPARTMENTS = "departments"


def show(row: Row) -> Json:
    """These records are shown as they are stored."""
    return row


# Cost types: reads show `code`, writes send it as `csv_import_code` (W12)


def write_cost_type(state: State, row: Row | None, values: Json) -> Row:
    """Makes or changes a cost type. Its segment item is the same thing seen through the work breakdown structure.

    Raises  Invalid
    """
    kept = {"code" if name == "csv_import_code" else name: value for name, value in values.items()}
    required(kept, row, "name")
    other = state.find(COST_TYPES, code=kept["code"]) if kept.get("code") else None
    if other is not None and other is not row:
        raise Invalid(csv_import_code="has already been taken")
    if row is None:
        item = {"item_id": state.new_id(), "status": "active"}
        return state.insert(COST_TYPES, {"code": None, "base_type": "other"} | item | kept)
    return state.change(COST_TYPES, row, kept)


def list_cost_types(call: Call) -> Answer:
    """Listing needs the company or a project, not both (section 1, correction 4).

    Raises  Problem 400 when it names neither.
    """
    if not call.project and call.number("company_id") is None:
        raise Problem(400, {"errors": "company_id or project_id is missing"})
    if not call.project:
        company_of(call)
    rows, headers = page(call, listed(call, call.state.rows(COST_TYPES)))
    return Answer(rows, headers=headers)


def _show_cost_type(call: Call) -> Answer:
    company_of(call)
    return Answer(_found(call, COST_TYPES))


def _create_cost_type(call: Call) -> Answer:
    company_of(call)
    return Answer(write_cost_type(call.state, None, call.body["line_item_type"]))


def _update_cost_type(call: Call) -> Answer:
    company_of(call)
    return Answer(write_cost_type(call.state, _found(call, COST_TYPES), call.body["line_item_type"]))


def _sync_cost_types(call: Call) -> Answer:
    company_of(call)
    return sync(call, COST_TYPES, lambda row, values: write_cost_type(call.state, row, values), show)


def _found(call: Call, table: str) -> Row:
    row = call.state.get(table, call.path["id"])
    if row is None:
        raise not_found()
    return row


# Tax codes


def _list_tax_codes(call: Call) -> Answer:
    company_of(call)
    rows, headers = page(call, call.state.rows(TAX_CODES))
    return Answer(rows, headers=headers)


def write_tax_code(state: State, row: Row | None, values: Json) -> Row:
    """A new tax code needs `code` and `rate1`; there is no delete, only `archived` (X1).

    Raises  Invalid
    """
    if row is None:
        missing = [name for name in ("code", "rate1") if values.get(name) in (None, "")]
        if missing:
            raise Invalid(**dict.fromkeys(missing, "can't be blank"))
        return state.insert(TAX_CODES, {"archived": False, "default_tax_code": False} | values)
    return state.change(TAX_CODES, row, values)


def _sync_tax_codes(call: Call) -> Answer:
    company_of(call)
    return sync(call, TAX_CODES, lambda row, values: write_tax_code(call.state, row, values), show)


# Units of measure: no origin id; rows are known by name (section 10, exceptions)


def _show_unit(state: State, unit: Row) -> Json:
    category = state.get(UNIT_CATEGORIES, unit.get("uom_category_id"))
    return unit | {"uom_category": {"id": category["id"], "name": category["name"]} if category else None}


def is_unit(state: State, name: str) -> bool:
    """Section 9: a unit of a line must be in the company's list."""
    return state.find(UNITS, name=name) is not None


def _list_units(call: Call) -> Answer:
    company_of(call)
    rows, headers = page(call, call.state.rows(UNITS))
    return Answer([_show_unit(call.state, row) for row in rows], headers=headers)


def sync_units(call: Call) -> Answer:
    """Updates and deletes in one call; a standard unit can be neither changed nor deleted."""
    company_of(call)
    rows_of(call)
    errors: list[Json] = []
    deletes: list[int] = call.body.get("deletes") or []
    for id in deletes:
        unit = call.state.get(UNITS, id)
        if unit is None or unit["is_standard"]:
            errors.append({"id": id, "errors": {"id": ["Entity with this ID not found"]}})
        else:
            call.state.remove(UNITS, unit)
    answer = sync(
        call, UNITS, lambda row, values: _write_unit(call.state, row, values), lambda row: _show_unit(call.state, row)
    )
    body = cast("Json", answer.body)
    return Answer(body | {"errors": [*errors, *body["errors"]]})


def _write_unit(state: State, row: Row | None, values: Json) -> Row:
    required(values, row, "name", "uom_category_id")
    if row is not None and row["is_standard"]:
        raise Invalid(id="standard units cannot be changed")
    if "uom_category_id" in values and state.get(UNIT_CATEGORIES, values["uom_category_id"]) is None:
        raise Invalid(uom_category_id="is not a category of units")
    other = state.find(UNITS, name=values.get("name"))
    if other is not None and other is not row:
        raise Invalid(name="has already been taken")
    if row is None:
        return state.insert(UNITS, {"is_standard": False} | values)
    return state.change(UNITS, row, values)


# Standard cost codes: `code` is the last tier, `full_code` the path; a sync sends the path as `code` (W10)


def write_standard_code(state: State, list_id: int, row: Row | None, values: Json) -> Row:
    """Makes or changes a standard cost code of a list.

    Raises  Invalid
    """
    required(values, row, "name")
    kept = dict(values)
    parent = state.get(STANDARD_CODES, values.get("parent_id"), standard_cost_code_list_id=list_id)
    if values.get("parent_id") is not None and parent is None:
        raise Invalid(parent_id="is not in the list")
    if "code" in values:
        kept["full_code"] = values["code"]
        prefix = f"{parent['full_code']}-" if parent else ""
        if not str(values["code"]).startswith(prefix):
            raise Invalid(code="must begin with the code of the parent")
        kept["code"] = str(values["code"]).removeprefix(prefix)
        other = state.find(STANDARD_CODES, full_code=kept["full_code"], standard_cost_code_list_id=list_id)
        if other is not None and other is not row:
            raise Invalid(code="has already been taken")
    if row is None:
        item = {"item_id": state.new_id(), "status": "active", "parent_id": None}
        return state.insert(STANDARD_CODES, item | {"standard_cost_code_list_id": list_id} | kept)
    return state.change(STANDARD_CODES, row, kept)


def _list_standard_lists(call: Call) -> Answer:
    company_of(call)
    rows, headers = page(call, call.state.rows(STANDARD_LISTS))
    return Answer(rows, headers=headers)


def _standard_list(call: Call, id: object) -> int:
    if not isinstance(id, int) or call.state.get(STANDARD_LISTS, id) is None:
        raise not_found("standard cost code list")
    return id


def _list_standard_codes(call: Call) -> Answer:
    company_of(call)
    list_id = _standard_list(call, call.number("standard_cost_code_list_id"))
    codes = call.state.rows(STANDARD_CODES, standard_cost_code_list_id=list_id)
    rows, headers = page(call, listed(call, codes))
    return Answer(rows, headers=headers)


def _sync_standard_codes(call: Call) -> Answer:
    company_of(call)
    list_id = _standard_list(call, call.body["standard_cost_code_list_id"])
    return sync(
        call,
        STANDARD_CODES,
        lambda row, values: write_standard_code(call.state, list_id, row, values),
        show,
        standard_cost_code_list_id=list_id,
    )


# Stages and departments of projects


def _list_stages(call: Call) -> Answer:
    company_of(call)
    rows, headers = page(call, call.state.rows(STAGES))
    return Answer(rows, headers=headers)


def _list_departments(call: Call) -> Answer:
    company_of(call)
    rows, headers = page(call, call.state.rows(DEPARTMENTS))
    return Answer(rows, headers=headers)


ROUTES = (
    Route("GET", "/rest/v1.0/line_item_types", list_cost_types, project="query"),
    Route("POST", "/rest/v1.0/line_item_types", _create_cost_type),
    Route("PATCH", "/rest/v1.0/line_item_types/sync", _sync_cost_types),
    Route("GET", "/rest/v1.0/line_item_types/{id}", _show_cost_type),
    Route("PATCH", "/rest/v1.0/line_item_types/{id}", _update_cost_type),
    Route("GET", "/rest/v1.0/tax_codes", _list_tax_codes),
    Route("PATCH", "/rest/v1.0/tax_codes/sync", _sync_tax_codes),
    Route("GET", "/rest/v1.0/companies/{company_id}/uoms", _list_units),
    Route("PATCH", "/rest/v1.0/companies/{company_id}/uoms/sync", sync_units),
    Route("GET", "/rest/v1.0/standard_cost_code_lists", _list_standard_lists),
    Route("GET", "/rest/v1.0/standard_cost_codes", _list_standard_codes),
    Route("PATCH", "/rest/v1.0/standard_cost_codes/sync", _sync_standard_codes),
    Route("GET", "/rest/v1.0/companies/{company_id}/project_stages", _list_stages),
    Route("GET", "/rest/v1.0/departments", _list_departments),
)
