"""Rounds that people ask for: of a range of days, of one project, of one flow, or of everything again."""

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID, uuid5

import msgspec
import structlog
from msgspec import Struct

from adapters.store import StreamMoved
from domain import events
from domain.errors import Unknown, WrongInput
from domain.flows import BY_NAME
from domain.values import LEDGER
from hub.acting import SYSTEM, moment_of
from hub.app import Hub
from hub.due import Narrow
from hub.moments import moment_in
from hub.window import Window

log: structlog.stdlib.BoundLogger = structlog.get_logger()

Ask = Callable[[str, Window, Narrow], None]
"""Puts a round of a connection in line."""

_WAITING = "SELECT run, connection, asked_for FROM run WHERE finished = '' ORDER BY position"


class Asked(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a round is asked to do. With a `project` the range does not count (LE-36).

    Units   `since` inclusive, `until` exclusive: the moment at which Procore or Business Central was changed, RFC 3339.
    `project` is its number, or its id in Procore.
    """

    connection: str
    since: str = ""
    until: str = ""
    project: str = ""
    flow: str = ""
    full: bool = False


async def ask(hub: Hub, line: Ask, asked: Asked, actor: str) -> UUID:
    """Puts a round in line behind the present one and says its id; it is in line again after a restart.

    Raises  WrongInput, Unknown.
    """
    if asked.connection not in hub.settings.connections:
        raise Unknown(f"There is no connection {asked.connection[:60]}.")
    if asked.flow and asked.flow not in BY_NAME:
        raise WrongInput("flow", f"{asked.flow[:60]!r} is no flow", "Ask `flows` for their names.")
    asked = msgspec.structs.replace(asked, project=await _number(hub, asked))
    window = _window(asked)
    moment = moment_of(hub.clock, actor, asked.connection)
    run = uuid5(LEDGER, f"{asked.connection}/run/{actor}/{moment.at.isoformat()}/{hub.rng.getrandbits(64)}")
    event = events.RunAsked(
        originator_id=run,
        originator_version=1,
        at=moment.at,
        connection=asked.connection,
        correlation_id=moment.cause.correlation_id,
        causation_id=moment.cause.causation_id,
        actor=actor,
        since=asked.since,
        until=asked.until,
        project=asked.project,
        flow=asked.flow,
        full=asked.full,
    )
    await hub.ledger.append([event])
    line(asked.connection, replace(window, asked=run), Narrow(asked.flow, asked.project))
    return run


async def ask_again(hub: Hub, line: Ask) -> int:
    """Puts in line what was asked for before the service stopped; how many rounds that are."""
    rows = await hub.ledger.rows(_WAITING)
    count = 0
    for run, connection, text in rows:
        if connection in hub.settings.connections:
            asked = msgspec.convert({**msgspec.json.decode(text), "connection": connection}, Asked)
            line(connection, replace(_window(asked), asked=UUID(run)), Narrow(asked.flow, asked.project))
            count += 1
    return count


async def give_up(hub: Hub, connection: str, run: UUID, attempts: int, why: str) -> None:
    """Ends a round that was asked for and that failed as a whole, so that it is not in line again.

    Raises  StoreUnavailable.
    """
    moment = moment_of(hub.clock, SYSTEM, connection)
    event = events.RunGivenUp(
        originator_id=run,
        originator_version=2,
        at=moment.at,
        connection=connection,
        correlation_id=moment.cause.correlation_id,
        causation_id=moment.cause.causation_id,
        actor=moment.cause.actor,
        attempts=attempts,
        why=why[:2000],
    )
    try:
        await hub.ledger.append([event])
    except StreamMoved:
        log.info("run_ended_elsewhere", connection=connection, run=str(run))


def _window(asked: Asked) -> Window:
    if asked.project:
        return Window(full=True)
    since, until = moment_in("since", asked.since), moment_in("until", asked.until)
    if since and until and since >= until:
        raise WrongInput("since", "it is not before until", "Give an earlier moment.")
    return Window(full=asked.full, since=since, until=until)


async def _number(hub: Hub, asked: Asked) -> str:
    """The number of a project that is named by its number or by its id in Procore."""
    if not asked.project:
        return ""
    rows = await hub.ledger.rows(
        "SELECT bc_number FROM cross_reference WHERE connection = ? AND flow = 'project-to-project'"
        " AND role = 'primary' AND procore_id = ?",
        (asked.connection, asked.project),
    )
    if rows:
        return rows[0][0]
    known = await hub.ledger.rows(
        "SELECT 1 FROM record WHERE connection = ? AND kind = 'project' AND number = ?",
        (asked.connection, asked.project),
    )
    if not known:
        raise Unknown(f"No project of {asked.connection} is called {asked.project[:60]}.")
    return asked.project
