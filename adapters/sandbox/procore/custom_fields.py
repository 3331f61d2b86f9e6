"""Fields that a company defines by itself, and how records carry them (section 22, Q2, Q3)."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from adapters.sandbox.procore.directory import company_of
from adapters.sandbox.procore.kernel import Answer, Call, Route, decimal, not_found, ordered, page
from adapters.sandbox.procore.state import Invalid, Row, State
from domain.values import Json

DEFINITIONS = "custom_field_definitions"
PREFIX = "custom_field_"
TYPES = ("boolean", "string", "integer", "decimal", "lov_entry")
"""Q2 names more; how those are written is told nowhere, so they are not offered."""

_SHOWN = ("id", "label", "active", "company_id", "data_type", "variant", "description", "default_value")


def define(state: State, label: str, data_type: str, entries: Iterable[str] = ()) -> Row:
    """A new field of the company; `entries` are the labels of a list of values.

    Which tools a field belongs to is said by field sets, which are not described: here it belongs to change orders.

    Raises  Invalid
    """
    if data_type not in TYPES:
        raise Invalid(data_type="is not included in the list")
    labels = list(entries)
    rows = [  # the highest position stands on top of the list
        {"id": state.new_id(), "label": each, "position": place, "active": True}
        for each, place in zip(labels, range(len(labels), 0, -1), strict=True)
    ]
    values = {"label": label, "data_type": data_type, "active": True, "company_id": state.company_id, "entries": rows}
    return state.insert(DEFINITIONS, values)


def labelled(state: State, label: str) -> Row | None:
    """The active field with this label."""
    return state.find(DEFINITIONS, label=label, active=True)


def taken_in(state: State, held: Mapping[int, object], values: Json) -> Json:
    """Values of a write with their `custom_field_<id>` keys gathered, over what the record held, in `custom_fields`.

    Raises  Invalid for an unknown field and for a value of another type
    """
    plain = {name: value for name, value in values.items() if not name.startswith(PREFIX)}
    fields = dict(held)
    for name in values.keys() - plain.keys():
        number = name.removeprefix(PREFIX)
        definition = state.get(DEFINITIONS, int(number)) if number.isdigit() else None
        if definition is None:
            raise Invalid(**{name: "is not a custom field of the company"})
        fields[definition["id"]] = _fitting(definition, name, values[name])
    return plain | ({"custom_fields": fields} if fields != held else {})


def _fitting(definition: Row, name: str, value: object) -> object:
    if value is None:
        return None
    match definition["data_type"]:
        case "boolean":
            fits = isinstance(value, bool)
        case "integer":
            fits = isinstance(value, int) and not isinstance(value, bool)
        case "decimal":
            fits = decimal({name: value}, name) is not None
        case "lov_entry":  # Q2: the id is written
            fits = any(entry["id"] == value and entry["active"] for entry in definition["entries"])
        case _:
            fits = isinstance(value, str)
    if not fits:
        raise Invalid(**{name: f"is not a valid {definition['data_type']}"})
    return value


def show_fields(state: State, held: Mapping[int, object]) -> Json:
    """`custom_field_<id>` -> `{data_type, value}` for every active field of the company, null where never filled."""
    return {
        f"{PREFIX}{field['id']}": {"data_type": field["data_type"], "value": _shown(field, held.get(field["id"]))}
        for field in state.rows(DEFINITIONS, active=True)
    }


def by_label(state: State, held: Mapping[int, object]) -> Json:
    """The filled fields under their labels, as people read them."""
    filled = ((state.table(DEFINITIONS)[id], value) for id, value in held.items() if value is not None)
    return {field["label"]: _readable(_shown(field, value)) for field, value in filled}


def _readable(value: object) -> object:
    return cast("Json", value)["label"] if isinstance(value, dict) else value


def _shown(field: Row, value: object) -> Any:
    if field["data_type"] != "lov_entry":
        return value
    return next(({"id": each["id"], "label": each["label"]} for each in field["entries"] if each["id"] == value), None)


def _show(call: Call, field: Row) -> Json:
    shown: Json = {name: field.get(name) for name in _SHOWN}
    if call.flag("includes_configurable_field_sets_count"):
        shown["configurable_field_sets_count"] = 1
    if call.one("view") in {"with_lov_entries", "extended"}:
        shown["custom_field_lov_entries"] = field["entries"]
    return shown


def _list(call: Call) -> Answer:
    company_of(call)
    wanted = (call.one("filters[with_label]") or "").casefold()
    rows = [row for row in call.state.rows(DEFINITIONS) if wanted in row["label"].casefold()]
    shown, headers = page(call, ordered(call, rows))
    return Answer([_show(call, row) for row in shown], view=1, headers=headers)


def _show_one(call: Call) -> Answer:
    company_of(call)
    field = call.state.get(DEFINITIONS, call.path["id"])
    if field is None:
        raise not_found("custom field definition")
    return Answer(_show(call, field), sparse=True)


ROUTES = (
    Route("GET", "/rest/v1.0/custom_field_definitions", _list),
    Route("GET", "/rest/v1.0/custom_field_definitions/{id}", _show_one),
)
