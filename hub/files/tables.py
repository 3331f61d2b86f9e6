"""One writer for all tables: whoever has columns and rows calls this, and gets a file in any format."""

from collections.abc import AsyncIterable, AsyncIterator, Generator, Iterable, Sequence
from contextlib import contextmanager
from typing import IO, Any

import anyio.lowlevel

from hub.files.delimited import CsvWriter, JsonLinesWriter
from hub.files.formats import PAGE, Format, Options, Writer, kind_of, pages
from hub.files.parquet import ParquetWriter
from hub.files.workbook import WorkbookWriter
from projections.projection import Column

Row = Sequence[Any]


def write_rows(
    format: Format, columns: Sequence[Column], rows: Iterable[Row], out: IO[bytes], options: Options | None = None
) -> int:
    """Write a table to a file that is open for bytes; the number of its rows. Blocking: call it in a thread.

    A page of rows is in memory at a time. The same rows make the same bytes.
    Raises  WrongInput, also where Parquet is not installed; OSError. What was written then is no whole file.
    """
    count = 0
    with _writing(format, columns, out, options) as writer:
        for page in pages(iter(rows)):
            writer.write(page)
            count += len(page)
    return count


async def write_table(
    format: Format,
    columns: Sequence[Column],
    rows: AsyncIterable[Row] | Iterable[Row],
    out: IO[bytes],
    options: Options | None = None,
) -> int:
    """As `write_rows`, for rows that come page by page and few: it works in the event loop, and lets others in between.

    Raises  as `write_rows`.
    """
    count = 0
    with _writing(format, columns, out, options) as writer:
        async for page in _pages(rows):
            writer.write(page)
            count += len(page)
    return count


async def _pages(rows: AsyncIterable[Row] | Iterable[Row]) -> AsyncIterator[list[Row]]:
    if not isinstance(rows, AsyncIterable):
        for page in pages(iter(rows)):
            yield page
            await anyio.lowlevel.checkpoint()
        return
    held: list[Row] = []
    async for row in rows:
        held.append(row)
        if len(held) == PAGE:
            yield held
            held = []
    if held:
        yield held


@contextmanager
def _writing(format: Format, columns: Sequence[Column], out: IO[bytes], options: Options | None) -> Generator[Writer]:
    """A writer that is closed at the end, or let go of where there is none."""
    writer = _writer(format, columns, out, options or Options())
    try:
        yield writer
    except BaseException:
        writer.abandon()
        raise
    writer.close()


def _writer(format: Format, columns: Sequence[Column], out: IO[bytes], options: Options) -> Writer:
    kind_of(format)
    match format:
        case "csv":
            return CsvWriter(columns, out, options)
        case "jsonl":
            return JsonLinesWriter(columns, out)
        case "xlsx":
            return WorkbookWriter(columns, out, options)
        case "parquet":
            return ParquetWriter(columns, out, options)
