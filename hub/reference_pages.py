"""docs/flows.md and docs/read-schema.md, written from the registries: `python -m hub.reference_pages`."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from pydantic import BaseModel

from domain.flow import Flow, Origin
from domain.flows import FLOWS
from hub.settings.flows import FLOW_NAMES, Flows
from hub.settings.template import description, written
from projections.projection import Table
from projections.registry import PROJECTIONS

_FLOWS = """\
# Flows

One kind of record in one direction, in the order of a first sync. A flow waits for the flows that it comes after.
Written by `python -m hub.reference_pages` from the modules in `domain/flows`, and compared by a test.

Not carried, because the other side has no field for it:

| field | what happens |
|---|---|
| customer of a project | a project of Procore has none; a warning is recorded, the project is made |
| currency of an order | Procore's sync call reads amounts in the currency of its company; other orders are rejected |
| state or country that is no two-letter code | Procore refuses it; it is left out, and a warning is recorded |
| unit of measure that Procore does not know | the line goes without unit, and a warning is recorded |
"""

_READ_SCHEMA = """\
# Read schema

Tables for dashboards and reports, the same on SQLite and PostgreSQL (there in the schema `siteledger`). They are
folded from the ledger and can be dropped and rebuilt (`siteledger rebuild`) at any time: read them, never write them.
Written by `python -m hub.reference_pages` from the projections, and compared by a test.

| type | on both databases |
|---|---|
| `text` | text; sorts by code points; empty rather than null |
| `bigint` | whole number; truth values are 0 and 1 |
| `numeric` | amount as decimal text, nothing rounded |
"""

_REACH = {
    "flagged": "rows with Send to Procore, and those that had it once",
    "project": "rows of projects that count",
    "all": "every row",
    "demand": "rows with Send to Procore, and rows that another record names",
}


def flows_page() -> str:
    """The page of all flows."""
    return "\n".join([_FLOWS, *(line for flow in FLOWS for line in _flow(flow))]).rstrip() + "\n"


def read_schema_page() -> str:
    """The page of all tables."""
    lines = [_READ_SCHEMA]
    for projection in PROJECTIONS:
        for table in projection.tables:
            lines += _table(table, f"Projection `{projection.name}`, version {projection.version}.")
    return "\n".join(lines).rstrip() + "\n"


def _flow(flow: Flow) -> Iterator[str]:
    title, _, rest = (sys.modules[flow.plan.__module__].__doc__ or "").strip().partition("\n\n")
    yield f"## `{flow.name}`"
    yield ""
    yield title
    yield ""
    yield "| | |"
    yield "|---|---|"
    for label, words in (*_told(rest), *_known(flow)):
        yield f"| {label} | {words} |"
    yield ""
    yield from _settings(flow)


def _told(rest: str) -> Iterator[tuple[str, str]]:
    """Why, Owner, Rules and Source, as the module tells them; a line that is set in goes on with the one before."""
    label, words = "", ""
    for line in rest.splitlines():
        if line and not line.startswith(" "):
            if label:
                yield label, words
            label, _, words = line.partition(" ")
            words = words.strip()
        elif line:
            words = f"{words} {line.strip()}"
    if label:
        yield label, words


def _known(flow: Flow) -> Iterator[tuple[str, str]]:
    yield "Reads", _reads(flow.origin)
    yield "After", ", ".join(f"`{name}`" for name in flow.after) or "nothing"
    for status, rule in flow.barred_by.items():
        yield f"On {status}", f"`excluded`: {rule}"


def _reads(origin: Origin) -> str:
    if not origin.entity_set:
        return "nothing by itself: another record's need brings it forth"
    children = f" with `{origin.expand}`" if origin.expand else ""
    return f"`{origin.entity_set}`{children}: {_REACH[origin.reach]}"


def _settings(flow: Flow) -> Iterator[str]:
    if flow.name not in FLOW_NAMES:
        return
    table = cast("BaseModel", Flows().named(flow.name))
    yield "| setting | default | meaning |"
    yield "|---|---|---|"
    for key, field in type(table).model_fields.items():
        yield f"| `{key}` | `{written(field.default)}` | {description(field)} |"
    yield ""


def _table(table: Table, origin: str) -> Iterator[str]:
    yield f"## `{table.name}`"
    yield ""
    yield f"{table.doc} {origin} Unique by {', '.join(f'`{name}`' for name in table.key)}.".strip()
    yield ""
    yield "| column | type | holds |"
    yield "|---|---|---|"
    for column in table.columns:
        yield f"| `{column.name}` | {column.type} | {column.doc.replace('|', '&#124;')} |"
    yield ""


PAGES = {"flows.md": flows_page, "read-schema.md": read_schema_page}
"""File in docs/ -> what stands in it."""


if __name__ == "__main__":
    folder = Path(__file__).parent.parent / "docs"
    for name, page in PAGES.items():
        (folder / name).write_text(page())
