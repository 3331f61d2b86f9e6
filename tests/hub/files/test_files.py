"""Files: every format says exactly what the rows say, amounts to the last digit, and no text of anybody runs."""

import csv
import io
import json
import sys
import zipfile
from collections.abc import AsyncIterator, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import WrongInput
from hub.files import Format, Options, write_rows, write_table
from projections.projection import Column

COLUMNS = (
    Column("name", "text", "what it is called"),
    Column("count", "bigint", "how many"),
    Column("amount", "numeric", "what it costs"),
)
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
amounts = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**18), max_value=10**18, places=5)


def written(format: Format, rows: Sequence[Sequence[Any]], options: Options | None = None) -> bytes:
    out = io.BytesIO()
    assert write_rows(format, COLUMNS, rows, out, options) == len(rows)
    return out.getvalue()


def sheets(raw: bytes) -> list[list[list[tuple[str, str]]]]:
    """Sheets of rows of cells: their sort (`n` for a number, `s` for text) and what they hold."""
    with zipfile.ZipFile(io.BytesIO(raw)) as book:
        names = sorted(name for name in book.namelist() if name.startswith("xl/worksheets/sheet"))
        found: list[list[list[tuple[str, str]]]] = []
        for name in names:
            rows = ET.fromstring(book.read(name)).iter(f"{MAIN}row")  # noqa: S314 - written right here
            found.append([[_cell(cell) for cell in row] for row in rows])
        return found


def _cell(cell: ET.Element) -> tuple[str, str]:
    assert cell.find(f"{MAIN}f") is None, "a formula"
    if cell.get("t") == "inlineStr":
        return "s", "".join(cell.itertext())
    return "n", cell.findtext(f"{MAIN}v", "")


FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1")


@pytest.mark.requirement("BX-25")
@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_that_a_spreadsheet_would_run_is_text_in_csv(text: str) -> None:
    [_, row] = csv.reader(io.StringIO(written("csv", [(text, -1, "-2.50")]).decode(), newline=""))
    assert row == [f"'{text}", "-1", "-2.50"]  # numbers stay numbers


@pytest.mark.parametrize("text", FORMULAS)
def test_a_workbook_holds_texts_and_no_formulas(text: str) -> None:
    [[_, row]] = sheets(written("xlsx", [(text, 1, "1")]))
    assert row[0][0] == "s"
    assert row[0][1].replace("_x000D_", "\r") == text


def test_csv_is_as_rfc_4180_has_it_and_carries_a_mark_where_excel_needs_one() -> None:
    rows = [('say "a", b\nc', None, None), ("Größe", 2, "1.10")]
    expected = 'name,count,amount\r\n"say ""a"", b\nc",,\r\nGröße,2,1.10\r\n'
    assert written("csv", rows).decode() == expected
    assert written("csv", rows, Options(bom=True)) == b"\xef\xbb\xbf" + expected.encode()


@settings(deadline=None, max_examples=60)
@given(amounts)
def test_no_format_changes_an_amount(amount: Decimal) -> None:
    rows = [("a", 1, format(amount, "f"))]
    [_, row] = csv.reader(io.StringIO(written("csv", rows).decode()))
    assert Decimal(row[2]) == amount
    assert Decimal(json.loads(written("jsonl", rows))["amount"]) == amount
    [[_, (_, _, (kind, held))]] = sheets(written("xlsx", rows))
    assert Decimal(held) == amount
    if kind == "n":
        assert len(amount.normalize().as_tuple().digits) <= 15
        assert Decimal(repr(float(held))) == amount


@settings(deadline=None, max_examples=60)
@given(st.lists(amounts, min_size=1, max_size=3))
def test_parquet_holds_exact_decimals(found: list[Decimal]) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    raw = written("parquet", [("a", 1, format(amount, "f")) for amount in found])
    table = parquet.read_table(io.BytesIO(raw))
    assert str(table.schema.field("amount").type) == "decimal128(38, 10)"
    assert table.schema.field("amount").metadata == {b"doc": b"what it costs"}
    assert table.column("amount").to_pylist() == found


@pytest.mark.parametrize("format", ["csv", "xlsx", "parquet", "jsonl"])
@pytest.mark.parametrize("wrong", ["NaN", "Infinity", "1,5", "=1", 0.1])
def test_what_is_no_amount_is_refused_by_its_column(format: Format, wrong: Any) -> None:
    with pytest.raises(WrongInput, match=r"amount: .* is no amount"):
        write_rows(format, COLUMNS, [("a", 1, wrong)], io.BytesIO())


@pytest.mark.parametrize("amount", ["0.00000000001", "12345678901234567890123456789"])
def test_parquet_refuses_an_amount_that_it_would_round(amount: str) -> None:
    with pytest.raises(WrongInput, match="does not fit"):
        write_rows("parquet", COLUMNS, [("a", 1, amount)], io.BytesIO())


def test_rows_that_do_not_fit_a_sheet_go_to_the_next_one_with_its_heading() -> None:
    found = sheets(written("xlsx", [(f"row {n}", n, "1") for n in range(5)], Options(sheet_rows=3)))
    assert [[row[0][1] for row in sheet] for sheet in found] == [
        ["name", "row 0", "row 1"],
        ["name", "row 2", "row 3"],
        ["name", "row 4"],
    ]


def test_whole_numbers_that_excel_would_round_are_text_there() -> None:
    [[_, small, large]] = sheets(written("xlsx", [("a", 10**15 - 1, ""), ("a", 10**15 + 1, "")]))
    assert small[1] == ("n", "999999999999999")
    assert large[1] == ("s", "1000000000000001")


def test_a_text_longer_than_a_cell_says_that_it_is_cut() -> None:
    [[_, row]] = sheets(written("xlsx", [("x" * 40_000, 1, "1")]))
    assert len(row[0][1]) == 32_767
    assert row[0][1].endswith("(cut here: a cell holds no more; the other formats have it whole)")


@pytest.mark.parametrize("format", ["csv", "xlsx", "parquet", "jsonl"])
def test_the_same_rows_make_the_same_bytes(format: Format) -> None:
    rows = [("a", 1, "1.50"), ("b", None, None)]
    assert written(format, rows) == written(format, rows)


@pytest.mark.parametrize("format", ["csv", "xlsx", "parquet", "jsonl"])
async def test_rows_that_come_one_by_one_make_the_same_file(format: Format) -> None:
    rows = [(f"row {n}", n, f"{n}.25") for n in range(4500)]

    async def slowly() -> AsyncIterator[tuple[str, int, str]]:
        for row in rows:
            yield row

    out = io.BytesIO()
    assert await write_table(format, COLUMNS, slowly(), out) == 4500
    again = io.BytesIO()
    assert await write_table(format, COLUMNS, rows, again) == 4500
    assert out.getvalue() == again.getvalue() == written(format, rows)


def test_parquet_says_how_to_get_it_where_it_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(WrongInput, match=r"siteledger\[parquet\]"):
        write_rows("parquet", COLUMNS, [], io.BytesIO())


def test_a_format_that_there_is_not_is_refused() -> None:
    with pytest.raises(WrongInput, match="csv, xlsx, parquet, jsonl"):
        write_rows("pdf", COLUMNS, [], io.BytesIO())  # type: ignore[arg-type]


@pytest.mark.parametrize("format", ["csv", "xlsx", "parquet", "jsonl"])
def test_a_table_that_breaks_off_leaves_nothing_behind(
    format: Format, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def broken() -> Iterator[tuple[str, int, str]]:
        yield "a", 1, "1"
        raise OSError("the store went away")

    with pytest.raises(OSError, match="the store went away"):
        write_rows(format, COLUMNS, broken(), io.BytesIO())
    assert list(tmp_path.iterdir()) == []
