"""Text files: CSV (RFC 4180) for people's spreadsheets, JSON lines for programs.

A spreadsheet takes a text that begins with certain characters for a formula and runs it, whoever wrote that text; in
CSV such a text gets an apostrophe before it. Numbers are none of these: a negative amount stays a number.
Source  https://owasp.org/www-community/attacks/CSV_Injection
"""

import csv
import io
from collections.abc import Callable, Sequence
from typing import IO, Any

import orjson

from hub.files.formats import Options, amount_in
from projections.projection import Column

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""First characters of what a spreadsheet may run; the last four are their wide forms."""
BOM = b"\xef\xbb\xbf"


class CsvWriter:
    """Comma, CR LF, UTF-8; quotes where they are needed."""

    def __init__(self, columns: Sequence[Column], out: IO[bytes], options: Options) -> None:
        self._out = out
        self._cells = [_cell(column) for column in columns]
        self._buffer = io.StringIO(newline="")
        self._lines = csv.writer(self._buffer, lineterminator="\r\n")
        if options.bom:
            out.write(BOM)
        self._lines.writerow([column.name for column in columns])
        self._flush()

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        """A page of rows."""
        self._lines.writerows([cell(value) for cell, value in zip(self._cells, row, strict=True)] for row in rows)
        self._flush()

    def close(self) -> None:
        """Nothing is left over."""

    def abandon(self) -> None:
        """Nothing is held."""

    def _flush(self) -> None:
        self._out.write(self._buffer.getvalue().encode(errors="replace"))
        self._buffer.seek(0)
        self._buffer.truncate()


def guarded(text: str) -> str:
    """A text that no spreadsheet runs."""
    return f"'{text}" if text.startswith(FORMULA) else text


def _cell(column: Column) -> Callable[[Any], Any]:
    def amount(value: Any) -> str:
        found = amount_in(column, value)
        return "" if found is None else format(found, "f")

    def text(value: Any) -> str:
        return "" if value is None else guarded(str(value))

    def number(value: Any) -> str:
        return "" if value is None else str(int(value))

    return {"numeric": amount, "bigint": number, "text": text}[column.type]


class JsonLinesWriter:
    """One JSON object a line; amounts are text there, as in all JSON of SiteLedger."""

    def __init__(self, columns: Sequence[Column], out: IO[bytes]) -> None:
        self._out = out
        self._columns = columns
        self._names = [column.name for column in columns]
        self._amounts = [place for place, column in enumerate(columns) if column.type == "numeric"]

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        """A page of rows."""
        self._out.writelines(
            orjson.dumps(dict(zip(self._names, self._told(row), strict=True)), option=orjson.OPT_APPEND_NEWLINE)
            for row in rows
        )

    def close(self) -> None:
        """Nothing is left over."""

    def abandon(self) -> None:
        """Nothing is held."""

    def _told(self, row: Sequence[Any]) -> Sequence[Any]:
        if not self._amounts:
            return row
        told = list(row)
        for place in self._amounts:
            amount = amount_in(self._columns[place], told[place])
            told[place] = None if amount is None else format(amount, "f")
        return told
