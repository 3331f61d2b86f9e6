"""`upgrade`: the store and its read models in the shape of this version."""

from typing import TYPE_CHECKING

from adapters.ports import SystemClock
from adapters.store import ThreadPool
from adapters.store.ledger import database_at
from hub.app import open_hub
from hub.report import ExitStatus, Progress, Report
from hub.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console


async def upgrade(settings: Settings, *, progress: Progress) -> Report:
    """Applies every upgrade of the schema that is due, in one transaction, and rebuilds read models of another version.

    Twice is once. Raises StoreUnavailable for a store that a newer version wrote.
    """
    progress.start("upgrade")
    before, after = await ThreadPool().write(lambda: _upgraded(settings))
    async with open_hub(settings) as hub:
        position = await hub.projector.catch_up()
    progress.finish("upgrade")

    def render(console: "Console") -> None:
        console.print(
            f"The store has schema {after} already." if before == after else f"Upgraded from {before} to {after}.",
            highlight=False,
        )

    return Report({"from": before, "to": after, "position": position}, ExitStatus.DONE, render)


def _upgraded(settings: Settings) -> tuple[int, int]:
    database = database_at(settings.store.url.get_secret_value())
    try:
        return database.upgrade(SystemClock().now().isoformat(), everything=True)
    finally:
        database.close()
