"""What counts, key by key, and where it came from; secrets by their reference alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel

from hub.settings import Configuration
from hub.settings.problems import dotted, known_keys
from hub.settings.template import as_toml
from hub.settings.values import Secret


@dataclass(frozen=True)
class Shown:
    """One key. `origin` is `default`, `file` or the environment variable; `at_hand` is for secrets alone."""

    key: str
    value: Any
    origin: str
    at_hand: bool | None = None


def shown(configuration: Configuration) -> list[Shown]:
    """All keys in the order of the file. A key without value is None."""
    return [_shown(path, value, configuration.origins) for path, value in _values(configuration.settings, ())]


def _shown(path: tuple[str, ...], value: object, origins: Any) -> Shown:
    key = dotted(path)
    origin = next((origins[name] for name in origins if name == key or name.startswith(f"{key}.")), "default")
    if isinstance(value, Secret):
        return Shown(key, value.shown, origin, value.at_hand)
    if isinstance(value, Path | date | time):
        return Shown(key, str(value), origin)
    if isinstance(value, dict):
        return Shown(key, cast("dict[str, str]", value), origin)
    return Shown(key, as_toml(value), origin)


def _values(table: BaseModel, above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], object]]:
    """Tables after values, as the file has them."""
    tables: list[tuple[tuple[str, ...], BaseModel]] = []
    for (key, _), name in zip(known_keys(type(table)).items(), type(table).model_fields, strict=True):
        value: object = getattr(table, name)
        path = (*above, key)
        if isinstance(value, BaseModel):
            tables.append((path, value))
        elif name == "connections":
            entries = cast("dict[str, BaseModel]", value)
            tables.extend(((*path, entry), inner) for entry, inner in entries.items())
        else:
            yield path, value
    for path, inner in tables:
        yield from _values(inner, path)
