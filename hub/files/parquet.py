"""Parquet files, by the extra `parquet`: amounts are exact decimals, moments stay the text that they are everywhere."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from importlib import import_module
from typing import IO, Any

from domain.errors import WrongInput
from hub.files.formats import Options, amount_in
from projections.projection import Column

DIGITS = 38
"""Of a decimal of 128 bits."""
GROUP = 20_000
"""Rows of a row group: few enough to hold, enough for readers to skip by."""


class ParquetWriter:
    """Columns with what they hold as their metadata; zstd."""

    def __init__(self, columns: Sequence[Column], out: IO[bytes], options: Options) -> None:
        try:
            pa: Any = import_module("pyarrow")
            parquet: Any = import_module("pyarrow.parquet")
        except ImportError:
            mend = "Install it (pip install 'siteledger[parquet]'), or take csv, xlsx or jsonl."
            raise WrongInput("format", "parquet is not installed here", mend) from None
        types = {"text": pa.string(), "bigint": pa.int64(), "numeric": pa.decimal128(DIGITS, options.scale)}
        self._columns = [(types[column.type], _value(column, options.scale)) for column in columns]
        fields = [pa.field(column.name, types[column.type], metadata={"doc": column.doc}) for column in columns]
        self._arrow, self._schema = pa, pa.schema(fields)
        self._held: list[Any] = []
        self._file: Any = parquet.ParquetWriter(out, self._schema, compression="zstd")

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        """A page of rows."""
        by_column = zip(self._columns, zip(*rows, strict=True), strict=True)
        arrays = [self._arrow.array([value(each) for each in values], kind) for (kind, value), values in by_column]
        self._held.append(self._arrow.Table.from_arrays(arrays, schema=self._schema))
        if sum(table.num_rows for table in self._held) >= GROUP:
            self._flush()

    def close(self) -> None:
        """Write what is left, and the footer."""
        self._flush()
        self._file.close()

    def abandon(self) -> None:
        """Close what writes, before the file under it is closed."""
        self._held = []
        self._file.close()

    def _flush(self) -> None:
        if self._held:
            self._file.write_table(self._arrow.concat_tables(self._held))
            self._held = []


def _value(column: Column, scale: int) -> Callable[[Any], Any]:
    most = Decimal(1).scaleb(DIGITS - scale)

    def amount(value: Any) -> Decimal | None:
        found = amount_in(column, value)
        if found is None:
            return None
        digits = found.normalize().as_tuple()
        if abs(found) >= most or (isinstance(digits.exponent, int) and digits.exponent < -scale):
            problem = f"{str(found)[:60]} does not fit a decimal of {DIGITS} digits with {scale} behind the point"
            raise WrongInput(column.name, problem, "Take csv or jsonl, which hold every amount.")
        return found

    def other(value: Any) -> Any:
        return value

    return amount if column.type == "numeric" else other
