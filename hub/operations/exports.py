"""`export`: a view of the read schema as a file, all of it as it was at one moment, while the service goes on."""

import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING

import msgspec
from msgspec import Struct

from adapters.store import Snapshot
from hub.app import Hub, open_hub
from hub.files import FORMATS, Format, Options, draft_of, kind_of, write_rows
from hub.queries.views import VIEWS, ViewFilter, selection_of, view_named
from hub.report import ExitStatus, Progress, Report
from hub.settings import Settings
from projections.projection import Table

if TYPE_CHECKING:
    from rich.console import Console


class Exported(Struct, frozen=True, kw_only=True):
    """A file that was written.

    Shape   `position` of the ledger that its rows are as of; `sha256` of its bytes in hex
    """

    view: str
    format: str
    rows: int
    position: int
    bytes: int
    sha256: str


async def export(
    hub: Hub, view: str, format: Format, out: IO[bytes], wanted: ViewFilter, options: Options | None = None
) -> Exported:
    """Write a view to a file that is open for reading and writing, at its beginning, in the order of the view's key.

    Raises  Unknown, WrongInput, StoreUnavailable, OSError.
    """
    kind_of(format)
    table = view_named(view)
    await hub.projector.catch_up()
    chosen = options or Options(sheet=table.name)
    asked = await selection_of(hub.ledger, table, wanted)

    def written(snapshot: Snapshot) -> tuple[int, int, str]:
        position = _position(snapshot, table)
        count = write_rows(format, asked.columns, snapshot.select(asked.sql, asked.values), out, chosen)
        return position, count, sha256_of(out)

    position, count, sha256 = await hub.ledger.at_one_moment(written)
    return Exported(view=table.name, format=format, rows=count, position=position, bytes=out.tell(), sha256=sha256)


def _position(snapshot: Snapshot, table: Table) -> int:
    sql = "SELECT position FROM projection_checkpoint WHERE name = ?"
    return next(snapshot.select(sql, (VIEWS[table.name][0],)))[0]


def sha256_of(file: IO[bytes]) -> str:
    """Of all its bytes; leaves it at its end."""
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type] - any file of bytes


# -- the command -----------------------------------------------------------------------------------


async def export_file(
    settings: Settings,
    *,
    view: str,
    format: str,
    out: Path | None,
    wanted: ViewFilter,
    bom: bool,
    force: bool,
    progress: Progress,
) -> Report:
    """Writes the file whole or not at all.

    Raises  Halted where the file can't be written; as `export`.
    """
    table = view_named(view)

    async def write(hub: Hub, kind: Format, draft: IO[bytes]) -> Exported:
        return await export(hub, view, kind, draft, wanted, Options(bom=bom, sheet=table.name))

    return await to_file(settings, write, name=table.name, format=format, out=out, force=force, progress=progress)


async def to_file(
    settings: Settings,
    write: Callable[[Hub, Format, IO[bytes]], Awaitable[Exported]],
    *,
    name: str,
    format: str,
    out: Path | None,
    force: bool,
    progress: Progress,
) -> Report:
    """Have a file written whole or not at all: the one that was named, otherwise one of this name in this folder.

    Raises  WrongInput for no format; Halted where the file can't be written; as `write`.
    """
    kind = format_of(format, out)
    file = out or Path(f"{name}{FORMATS[kind].suffix}")
    async with open_hub(settings) as hub:
        progress.start("write")
        with draft_of(file, force=force) as draft:
            found = await write(hub, kind, draft)
        progress.finish("write")

    def render(console: "Console") -> None:
        words = f"Wrote {file}: {found.rows} rows of {found.view}, as of position {found.position}."
        console.print(words, markup=False, soft_wrap=True)

    return Report({"file": str(file), **msgspec.to_builtins(found)}, ExitStatus.DONE, render)


def format_of(format: str, out: Path | None) -> Format:
    """The format that was named, else the one that the file's name ends with, else CSV.

    Raises  WrongInput.
    """
    for name, kind in FORMATS.items():
        if name == format or (not format and out is not None and out.suffix.lower() == kind.suffix):
            return name
    if not format and (out is None or not out.suffix):
        return "csv"
    kind_of(format or (out.suffix[1:] if out else ""))
    return "csv"
