"""Maps as people edit them: TOML, written from what the ledger holds and read back without losing a digit."""

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast

import tomlkit

from domain.errors import WrongInput
from domain.values import Json

LARGEST = 2 * 1024 * 1024
"""Characters of a text; ten thousand codes have half a million."""


def as_text(maps: Json) -> str:
    """Maps as TOML, a table for the fields of each set and one for each map of codes."""
    document = tomlkit.document()
    for entity_set, tables in maps.items():
        outer = tomlkit.table(is_super_table=True)
        for group, entries in cast("Mapping[str, Mapping[str, Any]]", tables).items():
            outer.add(group, _codes(entries) if group == "codes" else _entries(entries))
        document.add(entity_set, outer)
    return tomlkit.dumps(document)  # pyright: ignore[reportUnknownMemberType] - untyped parameter


def from_text(text: str) -> Json:
    """The maps of a text.

    Raises  WrongInput, naming line and column.
    """
    if len(text) > LARGEST:
        raise WrongInput("maps", f"they have {len(text)} characters", f"At most {LARGEST} are taken; use the file.")
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise WrongInput("maps", f"they are no TOML: {error}", "Mend the line; texts stand in quotes.") from error


def _codes(fields: Mapping[str, Mapping[str, Any]]) -> Any:
    outer = tomlkit.table(is_super_table=True)
    for field, entries in fields.items():
        outer.add(field, _entries(entries))
    return outer


def _entries(entries: Mapping[str, Any]) -> Any:
    table = tomlkit.table()
    for name, value in entries.items():
        table.add(name, _value(value))
    return table


def _value(value: Any) -> Any:
    match value:
        case Decimal():
            return tomlkit.value(format(value, "f"))
        case dict():
            inner = tomlkit.inline_table()
            for name, each in cast("Mapping[str, Any]", value).items():
                inner.append(name, _value(each))
            return inner
        case list():
            found = tomlkit.array()
            for each in cast("list[Any]", value):
                found.append(_value(each))  # pyright: ignore[reportUnknownMemberType] - untyped parameter
            return found
        case _:
            return value
