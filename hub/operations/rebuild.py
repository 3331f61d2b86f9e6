"""`rebuild`: the read models anew from the ledger, without any remote call."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from hub.app import open_hub
from hub.report import ExitStatus, Halted, Progress, Report
from hub.settings import Settings
from projections.registry import PROJECTIONS

if TYPE_CHECKING:
    from rich.console import Console


async def rebuild(settings: Settings, *, names: Sequence[str], check: bool = False, progress: Progress) -> Report:
    """Folds the ledger from zero into fresh tables and swaps them in; with `check` only compares them.

    Raises  Halted (2) for an unknown name.
    """
    known = [projection.name for projection in PROJECTIONS]
    for name in names:
        if name not in known:
            raise Halted(f"There is no projection {name}; there are {', '.join(known)}.", ExitStatus.WRONG_USE)
    wanted = [name for name in known if name in names] or known
    async with open_hub(settings) as hub:
        if check:
            return _compared({name: await hub.projector.check(name, progress) for name in wanted})
        for name in wanted:
            await hub.projector.rebuild(name, progress)
        position = await hub.ledger.last_position()

    def render(console: "Console") -> None:
        console.print(f"Rebuilt {', '.join(wanted)} from {position} events.")

    return Report({"rebuilt": wanted, "position": position}, ExitStatus.DONE, render)


def _compared(found: Mapping[str, Mapping[str, int]]) -> Report:
    rows = {table: count for tables in found.values() for table, count in tables.items()}
    wrong = {table: count for table, count in rows.items() if count}

    def render(console: "Console") -> None:
        for table, count in wrong.items():
            console.print(f"{table}: {count} rows are not as the ledger tells them; rebuild it.", markup=False)
        if not wrong:
            console.print(f"{len(rows)} tables are exactly as the ledger tells them.")

    return Report({"compared": rows}, ExitStatus.INTEGRITY if wrong else ExitStatus.DONE, render)
