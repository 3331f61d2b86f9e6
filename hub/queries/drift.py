"""What stands around the list of drift: how much there is of each sort, the last look, and what flows do unasked."""

from collections.abc import Collection, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from domain.flows import FLOWS
from hub.app import Hub, flow_settings
from hub.operations.drift import DriftFilter, condition_of


class Sort(Struct, frozen=True):
    """Fields and records of one verdict."""

    verdict: str
    fields: int
    records: int


class Asked(Struct, frozen=True, kw_only=True):
    """A look that somebody asked for; `state` is running, done, failed or interrupted."""

    by: str
    at: str
    scope: dict[str, str]
    state: str
    outcome: str
    figures: dict[str, int]
    unread: tuple[str, ...]
    why: str


class Last(Struct, frozen=True, kw_only=True):
    """The last look over a whole connection, and the last one that somebody asked for.

    at      when the whole look ended, empty before the first; `unread` is what it could not read
    asked   row of the errand that somebody sent the service on last, None where nobody did
    """

    connection: str
    every: str
    at: str = ""
    compared: int = 0
    unread: tuple[str, ...] = ()
    asked: Asked | None = None


class Policy(Struct, frozen=True, kw_only=True):
    """What a flow does with a field that was changed in what it wrote: ask, source or accept."""

    connection: str
    flow: str
    policy: str


async def sorts(hub: Hub, wanted: DriftFilter) -> list[Sort]:
    """How much there is of each verdict, the most first; the verdict that is asked for does not narrow it."""
    condition, values = condition_of(hub, msgspec.structs.replace(wanted, verdict=""))
    rows = await hub.ledger.rows(
        "SELECT verdict, COUNT(*), COUNT(DISTINCT record) FROM drift_field WHERE 1 = 1"  # noqa: S608 - built from columns
        f"{condition} GROUP BY verdict ORDER BY COUNT(*) DESC, verdict",
        values,
    )
    return [Sort(*row) for row in rows]


async def lasts(hub: Hub, connections: Collection[str]) -> list[Last]:
    """When each connection was looked over last, and how often that happens by itself."""
    condition, parameter = hub.ledger.in_list("connection", sorted(connections))
    rows = await hub.ledger.rows(
        f"SELECT connection, looked_at, compared, unread FROM drift_look WHERE {condition}",  # noqa: S608 - built from columns
        (parameter,),
    )
    known: Mapping[str, tuple[Any, ...]] = {row[0]: row[1:] for row in rows}
    asked = await _asked(hub, connections)
    found: list[Last] = []
    for name in sorted(connections):
        at, compared, unread = known.get(name, ("", 0, "[]"))
        found.append(
            Last(
                connection=name,
                every=hub.settings.connections[name].drift_every,
                at=at,
                compared=compared,
                unread=msgspec.json.decode(unread, type=tuple[str, ...]),
                asked=asked.get(name),
            )
        )
    return found


async def _asked(hub: Hub, connections: Collection[str]) -> dict[str, Asked]:
    condition, parameter = hub.ledger.in_list("connection", sorted(connections))
    rows = await hub.ledger.rows(
        "SELECT connection, asked_by, begun_at, asked_for, state, outcome, figures, unread, why FROM errand"  # noqa: S608 - built from columns
        " WHERE position IN (SELECT MAX(position) FROM errand WHERE sort = 'drift'"
        f" AND {condition} GROUP BY connection)",
        (parameter,),
    )
    return {
        name: Asked(
            by=by,
            at=at,
            scope={key: value for key, value in msgspec.json.decode(scope).items() if value},
            state=state,
            outcome=outcome,
            figures=msgspec.json.decode(figures),
            unread=msgspec.json.decode(unread, type=tuple[str, ...]),
            why=why,
        )
        for name, by, at, scope, state, outcome, figures, unread, why in rows
    }


def policies(hub: Hub, connections: Collection[str]) -> list[Policy]:
    """What each flow that is on does, connection by connection."""
    found: list[Policy] = []
    for name in sorted(connections):
        tables = flow_settings(hub.settings.connections[name])
        for flow in FLOWS:
            table = tables.get(flow.settings_of or flow.name, {})
            if table.get("enabled"):
                found.append(Policy(connection=name, flow=flow.name, policy=str(table.get("drift", "ask"))))
    return found
