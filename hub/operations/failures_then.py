"""`failures` as they were at a position: from the rows of states that were true then, and the stories of the records.

What was said of a record, and what a cause means in words, is told from the record's own events up to the position, of
one example for each cause and of the records of one page. `first_seen` and `last_seen` of a cause are the first and the
last moment at which a record that it hit then had come into its state.
"""
# ruff: noqa: S608 - only names from our own constants stand in the SQL, every value is bound

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import msgspec

from domain.causes import FAILING
from hub.app import Hub, open_hub
from hub.asof import position_at
from hub.mutes import muted_then
from hub.operations.failures import (
    LIMIT,
    Failure,
    FailureFilter,
    Group,
    Page,
    dead_letters,
    narrowed,
    of_groups,
    rank,
    told,
    told_letters,
)
from hub.queries.pages import Query, moment_at
from hub.queries.past import page_at, true_at
from hub.report import ExitStatus, Progress, Report
from hub.retelling import events_of, told_by
from hub.settings import Settings
from projections.failures import FAILURE, FAILURE_GROUP
from projections.history import STATE_HISTORY
from projections.projection import Row
from projections.record_state import RECORD_STATE, RECORD_STATES

_ROWS = "record, flow, connection, cause, project, since"
_LISTED = tuple(name for name in Failure.__struct_fields__ if name != "text")


async def groups_then(hub: Hub, wanted: FailureFilter, asof: str) -> tuple[list[Group], int]:
    """What went wrong then, the cause with the most records first; and the position.

    Raises  WrongInput.
    """
    await hub.projector.catch_up()
    at = await position_at(hub.ledger, asof)
    names = tuple(name for name in hub.settings.connections if wanted.within is None or name in wanted.within)
    condition, values = _condition(hub, msgspec.structs.replace(wanted, within=names))
    was_true, _ = true_at(STATE_HISTORY, at, await hub.ledger.last_position(), narrow=bool(wanted.project))
    true_then = (
        f"SELECT {_ROWS} FROM record_state WHERE valid_from <= ?{condition}"
        f" UNION ALL SELECT {_ROWS} FROM state_history WHERE {was_true}{condition}"
    )
    bound = (at, *values, at, at, *values)
    rows = await hub.ledger.rows(
        "SELECT connection, cause, flow, COUNT(*), MIN(record), MIN(since), MAX(since)"
        f" FROM ({true_then}) AS hit GROUP BY connection, cause, flow ORDER BY connection, cause, flow",
        bound,
    )
    projects = await hub.ledger.rows(
        "SELECT connection, cause, COUNT(DISTINCT NULLIF(project, ''))"
        f" FROM ({true_then}) AS hit GROUP BY connection, cause",
        bound,
    )
    jobs = {(connection, cause): count for connection, cause, count in projects}
    together: dict[tuple[str, str], list[tuple[Any, ...]]] = {}
    for row in rows:
        together.setdefault((row[0], row[1]), []).append(row)
    stories = await _told(hub, [parts[0][4] for parts in together.values()], at)
    mutes = await muted_then(hub.ledger, at, await moment_at(hub.ledger, at))
    found = [
        msgspec.structs.replace(_group(place, parts, jobs[place], stories[parts[0][4]]), muted=mutes.get(place))
        for place, parts in together.items()
    ]
    return sorted(found, key=rank), at


async def members_then(hub: Hub, wanted: FailureFilter, cursor: str, limit: int, asof: str) -> tuple[Page, int]:
    """The single failures then, in the order of their ids; and the position.

    Raises  WrongInput.
    """
    await hub.projector.catch_up()
    names = [name for name in hub.settings.connections if wanted.within is None or name in wanted.within]
    query = Query()
    condition, values = _condition(hub, wanted)
    query.where(condition.removeprefix(" AND "), *values)
    page = await page_at(
        hub.ledger,
        (RECORD_STATE, STATE_HISTORY),
        _LISTED,
        names,
        query,
        order=("record", "flow"),
        cursor=cursor,
        limit=limit,
        asof=asof,
        narrow=bool(wanted.project),
    )
    stories = await _told(hub, [row["record"] for row in page.items], page.asof)
    items = [Failure(**row, text=_text(stories[row["record"]], row["flow"])) for row in page.items]
    return Page(items, page.next_cursor), page.asof


def _condition(hub: Hub, wanted: FailureFilter) -> tuple[str, list[Any]]:
    """On rows of states, now and then."""
    failing, parameter = hub.ledger.in_list("state", sorted(FAILING))
    condition, values = of_groups(hub, wanted)
    more, further = narrowed(hub, wanted)
    return f" AND {failing} AND cause <> ''{condition}{more}", [parameter, *values, *further]


async def _told(hub: Hub, records: Iterable[str], at: int) -> dict[str, Mapping[str, list[Row]]]:
    """What the read models said of each record alone at a position, table by table."""
    happened = await events_of(hub.ledger, [UUID(record) for record in records], at)
    return {str(id_): told_by(RECORD_STATES, placed) for id_, placed in happened.items()}


def _text(told: Mapping[str, list[Row]], flow: str) -> str:
    return next((row["text"] for row in told[FAILURE.name] if row["flow"] == flow), "")


def _group(place: tuple[str, str], parts: list[tuple[Any, ...]], jobs: int, told: Mapping[str, list[Row]]) -> Group:
    """A cause with its records by flow; `told` is the story of the first one's example."""
    connection, cause = place
    example = next(row for row in told[FAILURE.name] if row["cause"] == cause)
    words = next(row for row in told[FAILURE_GROUP.name] if row["cause"] == cause)
    return Group(
        connection=connection,
        cause=cause,
        records=sum(row[3] for row in parts),
        jobs=jobs,
        flows={row[2]: row[3] for row in parts},
        first_seen=min(row[5] for row in parts),
        last_seen=max(row[6] for row in parts),
        example=example["record"],
        number=example["number"],
        text=example["text"],
        **{name: words[name] for name in ("state", "title", "helps", "next", "acts")},
    )


# -- the command -----------------------------------------------------------------------------------


async def failures_as_of(
    settings: Settings,
    *,
    wanted: FailureFilter,
    unreadable: bool,
    asof: str,
    progress: Progress,  # noqa: ARG001 - quick
) -> Report:
    """The command `failures` with `--asof`; what needed a person then asks for nobody now."""
    async with open_hub(settings) as hub:
        found, position = await groups_then(hub, wanted, asof)
        letters = await dead_letters(hub, wanted.connection, upto=position)
        if unreadable:
            return told_letters(letters)
        listed = (await members_then(hub, wanted, "", LIMIT, asof))[0] if wanted.cause else Page([])
    return told(wanted, found, listed, letters, ExitStatus.DONE)
