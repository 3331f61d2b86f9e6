"""`rebuild`: the read models anew from the ledger, without any remote call."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hub.app import open_hub
from hub.report import ExitStatus, Halted, Progress, Report
from hub.settings import Settings
from projections.registry import PROJECTIONS

if TYPE_CHECKING:
    from rich.console import Console


async def rebuild(settings: Settings, *, names: Sequence[str], progress: Progress) -> Report:
    """Folds the ledger from zero into fresh tables and swaps them in."""
    known = [projection.name for projection in PROJECTIONS]
    for name in names:
        if name not in known:
            raise Halted(f"There is no projection {name}; there are {', '.join(known)}.", ExitStatus.WRONG_USE)
    wanted = [name for name in known if name in names] or known
    async with open_hub(settings) as hub:
        for name in wanted:
            await hub.projector.rebuild(name, progress)
        position = await hub.ledger.last_position()

    def render(console: "Console") -> None:
        console.print(f"Rebuilt {', '.join(wanted)} from {position} events.")

    return Report({"rebuilt": wanted, "position": position}, ExitStatus.DONE, render)
