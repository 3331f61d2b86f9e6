"""What evidence says, as sections that a text and a PDF draw alike."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from msgspec import Struct

MOST_ROWS = 400
"""Rows of one table for people; the whole stands in the files beside it."""


class Section(Struct, frozen=True, kw_only=True):
    """A heading, sentences, facts by name, and a table; each may be missing.

    Shape   `widths` are the shares of the columns.
    """

    title: str
    lines: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    widths: tuple[int, ...] = ()


def flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every field of a document, by its path, with its value as text."""
    match value:
        case dict():
            for name, item in cast("Mapping[str, Any]", value).items():
                yield from flat(item, f"{path}.{name}" if path else str(name))
        case list():
            for place, item in enumerate(cast("Sequence[Any]", value)):
                yield from flat(item, f"{path}[{place}]")
        case None:
            yield path, "null"
        case bool():
            yield path, str(value).lower()
        case _:
            yield path, str(value)


def shortened(rows: Sequence[tuple[str, ...]], where: str) -> tuple[tuple[str, ...], ...]:
    """As many rows as people read, and a last one that says how many more there are, and where."""
    if len(rows) <= MOST_ROWS:
        return tuple(rows)
    blank = ("",) * (len(rows[0]) - 1)
    return (*rows[:MOST_ROWS], (f"and {len(rows) - MOST_ROWS} more, in {where}", *blank))


def as_text(title: str, sections: Sequence[Section]) -> str:
    """Sections as plain text."""
    out = [title, "=" * len(title), ""]
    for section in sections:
        out += [section.title, "-" * len(section.title)]
        out += section.lines
        width = max((len(name) for name, _ in section.facts), default=0)
        out += [f"{name.ljust(width)}  {value}" for name, value in section.facts]
        if section.rows:
            out += _table(section.columns, section.rows)
        out.append("")
    return "\n".join(out)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    clean = [[" ".join(cell.split()) for cell in row] for row in rows]
    widths = [max(len(row[at]) for row in [columns, *clean]) for at in range(len(columns))]
    lines = [columns, ["-" * width for width in widths], *clean]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
