"""The table of all keys in docs/configure.md, written from the model: `python -m hub.settings.reference`."""

from collections.abc import Iterator

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from hub.settings.model import Settings
from hub.settings.problems import entry_table, known_keys, table_of
from hub.settings.template import description, written


def reference() -> str:
    """Markdown: one table for each table of the configuration, with key, default and meaning."""
    return "\n".join(_tables(Settings, "")).strip() + "\n"


def _tables(model: type[BaseModel], path: str) -> Iterator[str]:
    fields = known_keys(model)
    values = [key for key, field in fields.items() if not (table_of(field) or entry_table(field))]
    if values:
        yield from (f"### `[{path}]`", "", "| key | default | meaning |", "|---|---|---|")
        for key in values:
            yield f"| `{key}` | {_default(fields[key].default)} | {description(fields[key])} |"
        yield ""
    for key, field in fields.items():
        entry = entry_table(field)
        inner = entry or table_of(field)
        if inner is not None:
            name = f"{key}.NAME" if entry else key
            yield from _tables(inner, f"{path}.{name}".removeprefix("."))


def _default(value: object) -> str:
    if value is PydanticUndefined:
        return "required"
    return "none" if value is None else f"`{written(value)}`"


if __name__ == "__main__":
    import sys

    sys.stdout.write(reference())
