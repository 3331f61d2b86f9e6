"""Excel workbooks, a row at a time: no formulas, no links, and no amount that Excel would round.

Excel keeps 15 digits of a number. An amount or whole number with more is written as text, and so nothing is lost.
Source  https://support.microsoft.com/office/excel-specifications-and-limits-1672b34d-7043-467e-8e27-269d656771c3
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from tempfile import TemporaryDirectory
from typing import IO, Any, cast

from xlsxwriter import Workbook  # type: ignore[reportMissingTypeStubs]
from xlsxwriter.format import Format as CellFormat  # type: ignore[reportMissingTypeStubs]
from xlsxwriter.worksheet import Worksheet  # type: ignore[reportMissingTypeStubs]

from hub.files.formats import Options, amount_in
from projections.projection import Column

DIGITS = 15
"""That Excel keeps of a number."""
LONGEST = 32_767
"""Characters of a cell."""
_CUT = " … (cut here: a cell holds no more; the other formats have it whole)"
_MADE = datetime(1980, 1, 1)  # noqa: DTZ001 - the same rows make the same bytes; the format takes no zone
_WIDTHS = {"text": 24, "bigint": 12, "numeric": 16}
_SHEET_NAME = 31 - len(" 999")

Put = Callable[[Worksheet, int, int, Any], None]


class WorkbookWriter:
    """One sheet, and further ones where it is full."""

    def __init__(self, columns: Sequence[Column], out: IO[bytes], options: Options) -> None:
        self._rows = TemporaryDirectory(prefix="siteledger-")
        settings = {
            "constant_memory": True,  # rows wait on disk, a file for each sheet
            "tmpdir": self._rows.name,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        }
        self._book: Any = Workbook(out, settings)
        self._book.set_properties({"created": _MADE})
        self._bold = self._book.add_format({"bold": True})
        amounts = self._book.add_format({"num_format": "#,##0.00########"})
        self._puts = [_put(column, amounts) for column in columns]
        self._columns = columns
        self._name = options.sheet[:_SHEET_NAME]
        self._full = options.sheet_rows
        self._sheets = 0
        self._sheet, self._line = self._next_sheet()

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        """A page of rows."""
        for row in rows:
            if self._line == self._full:
                self._sheet, self._line = self._next_sheet()
            for place, (put, value) in enumerate(zip(self._puts, row, strict=True)):
                put(self._sheet, self._line, place, value)
            self._line += 1

    def close(self) -> None:
        """Write the archive."""
        self._book.close()
        self._rows.cleanup()

    def abandon(self) -> None:
        """Remove the rows that wait."""
        for sheet in self._book.worksheets():
            sheet.row_data_fh.close()
        self._rows.cleanup()

    def _next_sheet(self) -> tuple[Worksheet, int]:
        self._sheets += 1
        sheet: Worksheet = self._book.add_worksheet(self._name if self._sheets == 1 else f"{self._name} {self._sheets}")
        for place, column in enumerate(self._columns):
            sheet.set_column(place, place, _WIDTHS[column.type])
        sheet.freeze_panes(1, 0)
        for place, column in enumerate(self._columns):
            sheet.write_string(0, place, column.name, self._bold)
        return sheet, 1


def fits_a_number(amount: Decimal) -> bool:
    """Whether Excel keeps every digit of it."""
    digits = amount.normalize().as_tuple()
    exponent = digits.exponent if isinstance(digits.exponent, int) else 0
    return len(digits.digits) + max(exponent, 0) <= DIGITS and exponent >= -DIGITS


def _put(column: Column, amounts: CellFormat) -> Put:
    def amount(sheet: Worksheet, line: int, place: int, value: Any) -> None:
        found = amount_in(column, value)
        if found is None:
            return
        if fits_a_number(found):
            # As a decimal, so that its own digits are written and not those of the nearest binary number.
            sheet.write_number(line, place, cast("Any", found), amounts)
        else:
            sheet.write_string(line, place, format(found, "f"))

    def number(sheet: Worksheet, line: int, place: int, value: Any) -> None:
        if value is None:
            return
        if abs(value) < 10**DIGITS:
            sheet.write_number(line, place, value)
        else:
            sheet.write_string(line, place, str(value))

    def text(sheet: Worksheet, line: int, place: int, value: Any) -> None:
        if value:
            told = str(value)
            sheet.write_string(line, place, told if len(told) <= LONGEST else told[: LONGEST - len(_CUT)] + _CUT)

    return {"numeric": amount, "bigint": number, "text": text}[column.type]
