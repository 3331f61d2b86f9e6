"""`failures mute` and `failures unmute`: a cause that people know of raises no alarm until a moment."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from adapters.store import StreamMoved
from domain import events
from domain.errors import Unknown, WrongInput
from domain.record import Record
from hub.access.signing import signed
from hub.app import Hub, open_hub
from hub.mutes import Muted
from hub.operations.link import only_connection
from hub.report import ExitStatus, Report
from hub.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console

FARTHEST = timedelta(days=90)
"""A mute that nobody remembers hides what is new; by then somebody has to say it again."""
LONGEST = 500
"""Characters of a reason."""
ATTEMPTS = 5


class Mute(msgspec.Struct, frozen=True, kw_only=True):
    """How a cause stands: `muted` is None where it raises alarms."""

    connection: str
    cause: str
    muted: Muted | None


async def mute(hub: Hub, connection: str, cause: str, *, until: datetime, reason: str, actor: str) -> Mute:
    """From now until a moment the cause raises no alarm; said again, the last word counts.

    Raises  WrongInput for a moment that is past or too far, or without a reason; Unknown for a cause that never was.
    """
    now = hub.clock.now()
    if until <= now:
        raise WrongInput("until", f"{_minute(until)} is over", "Give a moment that is yet to come.")
    if until > now + FARTHEST:
        mend = f"Mute it until {_minute(now + FARTHEST)} at the latest, and say it again then."
        raise WrongInput("until", f"{_minute(until)} is more than {FARTHEST.days} days ahead", mend)
    if not reason.strip():
        raise WrongInput("reason", "it is empty", "Say why: everybody who looks at the failures will read it.")
    return await _said(hub, connection, cause, until.astimezone(UTC), reason, actor)


async def unmute(hub: Hub, connection: str, cause: str, *, reason: str = "", actor: str) -> Mute:
    """The cause raises alarms again; one that does stays as it is.

    Raises  Unknown for a cause that never was; WrongInput.
    """
    return await _said(hub, connection, cause, None, reason, actor)


async def _said(hub: Hub, connection: str, cause: str, until: datetime | None, reason: str, actor: str) -> Mute:
    words = reason.strip()
    if len(words) > LONGEST:
        raise WrongInput("reason", f"it has {len(words):,} characters", f"Say it in {LONGEST}.")
    for attempt in range(ATTEMPTS):
        await hub.projector.catch_up()
        await _refuse_unknown(hub, connection, cause)
        version, known = await _known(hub, connection, cause)
        if _is_so(known, until, words):
            return Mute(connection=connection, cause=cause, muted=known)
        said: dict[str, Any] = {"connection": connection, "cause": cause, "reason": words}
        place = (hub.clock, actor, Record.id_for(connection, "cause", cause), version + 1)
        if until is None:
            event = signed(events.CauseUnmuted, *place, **said)
        else:
            event = signed(events.CauseMuted, *place, **said, until=until)
        try:
            await hub.ledger.append([event])
        except StreamMoved:
            if attempt == ATTEMPTS - 1:
                raise
            continue
        break
    await hub.projector.catch_up()
    return Mute(connection=connection, cause=cause, muted=(await _known(hub, connection, cause))[1])


async def _refuse_unknown(hub: Hub, connection: str, cause: str) -> None:
    rows = await hub.ledger.rows("SELECT 1 FROM failure_group WHERE connection = ? AND cause = ?", (connection, cause))
    if not rows:
        raise Unknown(f"Nothing ever failed by {cause[:200]} on {connection}; `siteledger failures` lists the causes.")


async def _known(hub: Hub, connection: str, cause: str) -> tuple[int, Muted | None]:
    """The version of its stream, and how it stands now."""
    rows = await hub.ledger.rows(
        "SELECT version, until, at, actor, reason FROM cause_mute WHERE connection = ? AND cause = ?",
        (connection, cause),
    )
    if not rows:
        return 0, None
    version, until, at, actor, reason = rows[0]
    holds = bool(until) and until > hub.clock.now().astimezone(UTC).isoformat()
    return version, Muted(until=until, at=at, actor=actor, reason=reason) if holds else None


def _is_so(known: Muted | None, until: datetime | None, reason: str) -> bool:
    """Whether there is nothing new in what is said."""
    if known is None or until is None:
        return known is None and until is None
    return (known.until, known.reason) == (until.isoformat(), reason)


def _minute(moment: datetime) -> str:
    return f"{moment.astimezone(UTC).isoformat()[:16]} UTC"


# -- the commands ----------------------------------------------------------------------------------


async def mute_cause(
    settings: Settings, *, connection: str | None, cause: str, until: datetime | None, reason: str, actor: str
) -> Report:
    """The commands `failures mute` and, without a moment, `failures unmute`."""
    async with open_hub(settings) as hub:
        name = only_connection(hub, connection)
        if until is None:
            done = await unmute(hub, name, cause, reason=reason, actor=actor)
        else:
            done = await mute(hub, name, cause, until=until, reason=reason, actor=actor)
    told = f"{cause} of {name} raises alarms"
    if done.muted is not None:
        told = f"{cause} of {name} raises no alarm until {done.muted.until[:16]} UTC, and stays in the list"

    def render(console: "Console") -> None:
        console.print(told, markup=False, soft_wrap=True)

    return Report(msgspec.to_builtins(done), ExitStatus.DONE, render)
