"""Tables as files for other programs: CSV, XLSX, Parquet and JSON lines, all by one writer."""

from hub.files.drafts import draft_of
from hub.files.formats import FORMATS, Format, Kind, Options, kind_of
from hub.files.tables import write_rows, write_table

__all__ = ["FORMATS", "Format", "Kind", "Options", "draft_of", "kind_of", "write_rows", "write_table"]
