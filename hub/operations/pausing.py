"""`pause` and `resume`: stops the rounds of a connection, and lets them go on. What was begun ends first."""

from typing import TYPE_CHECKING, Any

import msgspec

from adapters.store import StreamMoved
from domain import events
from domain.errors import WrongInput
from domain.record import Record
from hub.access.signing import signed
from hub.app import Hub, open_hub
from hub.operations.link import only_connection
from hub.pauses import Pause, pause_of
from hub.report import ExitStatus, Report
from hub.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console

LONGEST = 500
"""Characters of a reason."""
ATTEMPTS = 5


async def pause(hub: Hub, connection: str, *, actor: str, reason: str) -> Pause:
    """Stops a connection; one that is paused already stays as it is.

    Raises  WrongInput without a reason.
    """
    return await _changed(hub, connection, events.ConnectionPaused, actor, reason)


async def resume(hub: Hub, connection: str, *, actor: str, reason: str = "") -> Pause:
    """Lets a connection work again; one that is not paused stays as it is."""
    return await _changed(hub, connection, events.ConnectionResumed, actor, reason)


async def _changed(
    hub: Hub,
    connection: str,
    kind: type[events.ConnectionPaused] | type[events.ConnectionResumed],
    actor: str,
    reason: str,
) -> Pause:
    to_pause = kind is events.ConnectionPaused
    if to_pause and not reason.strip():
        raise WrongInput("reason", "it is empty", "Say why: everybody who looks at the connection will read it.")
    for attempt in range(ATTEMPTS):
        await hub.projector.catch_up()
        known = await pause_of(hub.ledger, connection)
        if known.paused == to_pause:
            return known
        stream, version = Record.id_for(connection, "pause", connection), known.version + 1
        words = reason.strip()[:LONGEST]
        event = signed(kind, hub.clock, actor, stream, version, connection=connection, reason=words)
        try:
            await hub.ledger.append([event])
        except StreamMoved:
            if attempt == ATTEMPTS - 1:
                raise
            continue
        break
    await hub.projector.catch_up()
    return await pause_of(hub.ledger, connection)


async def pause_connection(
    settings: Settings, *, connection: str | None, to_pause: bool, reason: str, actor: str
) -> Report:
    """The commands `pause` and `resume`."""
    async with open_hub(settings) as hub:
        name = only_connection(hub, connection)
        done = await (pause if to_pause else resume)(hub, name, actor=actor, reason=reason)
    document: dict[str, Any] = {name: value for name, value in msgspec.to_builtins(done).items() if name != "version"}
    told = f"{done.connection} is {'paused; a round that is under way ends first' if done.paused else 'at work again'}"

    def render(console: "Console") -> None:
        console.print(told, markup=False, soft_wrap=True)

    return Report(document, ExitStatus.DONE, render)
