"""What is wrong with a configuration, in words that name the key, the problem and the mend, and never a value."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from domain.errors import Misconfigured

Path = tuple[str | int, ...]

_EXPECTED = {
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "date_from_datetime_inexact": "a day without time of day, such as 2026-01-31",
    "date_from_datetime_parsing": "a day, such as 2026-01-31",
    "date_parsing": "a day, such as 2026-01-31",
    "date_type": "a day, such as 2026-01-31",
    "decimal_parsing": 'a number in quotes, such as "0.10"',
    "decimal_type": 'a number in quotes, such as "0.10"',
    "dict_type": "a table",
    "finite_number": 'a number in quotes, such as "0.10"',
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "model_attributes_type": "a table",
    "model_type": "a table",
    "path_type": "a path in quotes",
    "string_type": "text in quotes",
    "tuple_type": 'a list, such as ["A", "B"]',
}
_LIMIT = {"ge": "least", "le": "most"}
_BOUNDS = {"greater_than_equal": ("below", "ge"), "less_than_equal": ("above", "le")}


@dataclass(frozen=True)
class Problem:
    """One thing to mend. `key` is the path of the key, `origin` where its value was set; both may be empty."""

    key: str
    says: str
    mend: str
    origin: str = ""

    def __str__(self) -> str:
        """One line: key, problem, mend."""
        where = f" (set by {self.origin})" if self.origin else ""
        return f"{self.key}{where}: {self.says}. {self.mend}" if self.key else f"{self.says}. {self.mend}"


class InvalidConfiguration(Misconfigured):
    """The configuration cannot be used. Its text lists every problem, one on each line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def dotted(path: Path) -> str:
    """A key as people write it: `connections.main.exclude_tags[0]`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def known_keys(model: type[BaseModel]) -> Mapping[str, FieldInfo]:
    """Keys of a table as they are written."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def table_of(field: FieldInfo) -> type[BaseModel] | None:
    """The table that a key holds, or None for a value."""
    return _as_table(field.annotation)


def entry_table(field: FieldInfo) -> type[BaseModel] | None:
    """The table of every entry where the names of the entries are free, as in `connections`; otherwise None."""
    return next((table for part in get_args(field.annotation) if (table := _as_table(part))), None)


def _as_table(annotation: object) -> type[BaseModel] | None:
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


def _table_at(model: type[BaseModel], path: Path) -> type[BaseModel] | None:
    """The table that stands at a path, or None."""
    table: type[BaseModel] | None = model
    parts = iter(path)
    for part in parts:
        field = known_keys(table).get(str(part)) if table else None
        if field is None:
            return None
        table = table_of(field)
        if table is None:
            table = entry_table(field)
            next(parts, None)  # the free name
    return table


def problems_of(error: ValidationError, model: type[BaseModel], variables: Mapping[str, str]) -> list[Problem]:
    """Every problem that a validation found. `variables` names the environment variable behind a key."""
    return [_problem(details, model, variables) for details in error.errors(include_url=False, include_input=False)]


def _problem(details: ErrorDetails, model: type[BaseModel], variables: Mapping[str, str]) -> Problem:
    path = tuple(part for part in details["loc"] if part != "[key]")
    says, mend = _explained(details, path, model)
    key = dotted(path)
    setters = (name for written, name in variables.items() if f"{written}.".startswith(f"{key}."))
    return Problem(key, says, mend, origin=next(setters, "") if key else "")


def _explained(details: ErrorDetails, path: Path, model: type[BaseModel]) -> tuple[str, str]:
    kind, context = details["type"], details.get("ctx", {})
    if kind == "siteledger":
        return context["says"], context["mend"]
    if kind == "extra_forbidden":
        return "unknown key", _nearest(str(path[-1]), _table_at(model, path[:-1]))
    if kind == "missing":
        return "is missing", f"Add it to {_section(path[:-1])}."
    if kind == "literal_error":
        return "is not one of the choices", f"Write one of {_choices(context['expected'])}."
    if kind in {"string_too_short", "too_short"}:
        return "is empty", "Write a value, or leave the key out where it has a default."
    if kind in _BOUNDS:
        direction, bound = _BOUNDS[kind]
        return f"is {direction} what is possible", f"Write at {_LIMIT[bound]} {context[bound]}."
    return f"must be {_EXPECTED[kind]}" if kind in _EXPECTED else details["msg"], "Change the value."


def _choices(expected: str) -> str:
    return expected.replace("'", '"').replace(" or ", ", ")


def _section(path: Path) -> str:
    return f"[{dotted(path)}]" if path else "the file, or run `siteledger init`"


def _nearest(key: str, table: type[BaseModel] | None) -> str:
    known = tuple(known_keys(table)) if table else ()
    near = get_close_matches(key.lower().replace("_", "-"), [name.replace("_", "-") for name in known], n=1, cutoff=0.5)
    if near:
        name = next(name for name in known if name.replace("_", "-") == near[0])
        return f'Did you mean "{name}"?'
    return f"Known here: {', '.join(known)}." if known else "Remove it."
