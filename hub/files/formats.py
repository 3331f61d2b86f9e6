"""The formats of files: what they are called, and what a column may hold in each.

Values come as the read models keep them: text, whole numbers, amounts as decimal text (or `Decimal`), None for nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import Any, Literal, Protocol

from domain.errors import WrongInput
from projections.projection import Column

Format = Literal["csv", "xlsx", "parquet", "jsonl"]

PAGE = 2000
"""Rows that are in memory at a time."""


@dataclass(frozen=True)
class Kind:
    """One format: the end of its files' names, and what HTTP calls it."""

    suffix: str
    media_type: str


FORMATS: dict[Format, Kind] = {
    "csv": Kind(".csv", "text/csv; charset=utf-8"),
    "xlsx": Kind(".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "parquet": Kind(".parquet", "application/vnd.apache.parquet"),
    "jsonl": Kind(".jsonl", "application/jsonl; charset=utf-8"),
}


@dataclass(frozen=True)
class Options:
    """What a reader may wish.

    bom         CSV begins with a byte order mark, without which Excel takes it for another encoding
    sheet       name of the sheet of a workbook
    sheet_rows  rows of one sheet, its heading among them; the rest goes to further sheets
    scale       decimals of an amount in Parquet
    """

    bom: bool = False
    sheet: str = "SiteLedger"
    sheet_rows: int = 1_048_576
    scale: int = 10


class Writer(Protocol):
    """Writes one table to a file that is open."""

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        """A page of rows.

        Raises  WrongInput for an amount that the format can't hold exactly.
        """
        ...

    def close(self) -> None:
        """The end of the table; without it the file is no file of its format."""
        ...

    def abandon(self) -> None:
        """Let go of what is held, where there will be no end."""
        ...


def kind_of(format: str) -> Kind:
    """What a format is.

    Raises  WrongInput for one that there is not.
    """
    for name, kind in FORMATS.items():
        if name == format:
            return kind
    raise WrongInput("format", f"there is no format '{format[:40]}'", f"Use one of {', '.join(FORMATS)}.")


def pages(rows: Iterator[Sequence[Any]]) -> Iterator[list[Sequence[Any]]]:
    """Rows, a page at a time."""
    while page := list(islice(rows, PAGE)):
        yield page


def amount_in(column: Column, value: Any) -> Decimal | None:
    """An amount, None for an empty one.

    Raises  WrongInput for what is no finite decimal: a file that says another sum than the ledger is worse than none.
    """
    if value is None or value == "":
        return None
    try:
        amount = value if isinstance(value, Decimal) else Decimal(value)
    except (InvalidOperation, TypeError, ValueError):
        amount = None
    if amount is None or not amount.is_finite() or isinstance(value, float):
        raise WrongInput(column.name, f"{str(value)[:40]!r} is no amount", "Rebuild the table, or leave it out.")
    return amount
