"""`run`: the service, until it is told to stop."""

from typing import TYPE_CHECKING

from hub import tracing
from hub.app import open_hub
from hub.report import Announce, ExitStatus, Progress, Report
from hub.service import service_of
from hub.settings import Settings
from hub.web.app import application

if TYPE_CHECKING:
    from rich.console import Console


async def run(settings: Settings, *, announce: Announce, progress: Progress) -> ExitStatus:
    """Serves every connection and the web server; announces its address as soon as it answers there."""

    def told(address: str) -> None:
        def render(console: "Console") -> None:
            console.print(f"SiteLedger serves {', '.join(settings.connections)} at {address}", markup=False)

        announce(Report({"address": address, "connections": list(settings.connections)}, ExitStatus.DONE, render))

    progress.start("opening the ledger")
    tracing.start(settings.server.traces_to)
    try:
        async with open_hub(settings) as hub:
            progress.finish("opening the ledger")
            await service_of(hub).run(application, settings.server.host, settings.server.port, told=told)
    finally:
        tracing.stop()
    return ExitStatus.DONE
