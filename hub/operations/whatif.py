"""`whatif`: what the records of a connection would come to under other maps or settings. Writes nothing anywhere."""

import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

from msgspec import Struct
from pydantic import ValidationError

from domain.errors import WrongInput
from domain.flows import BY_NAME
from domain.mapping_rules import parsed
from hub import mappings
from hub.app import Hub, flow_settings
from hub.connection import Pair
from hub.planning import trial
from hub.planning.trial import Change
from hub.settings import Connection

MOST_TOLD = 1000
_LISTS = ("exclude_tags", "root_classes")


class WhatIf(Struct, frozen=True, kw_only=True):
    """What would be otherwise.

    under     the settings that were tried, by key; `maps` says that other maps were
    differing how many records come to something else; `changes` tells the first thousand of them
    counts    flow -> `state -> state` -> records; equal states mean that other rows would be written
    unread    lists of the systems that some decisions rest on; those records are undecided on both sides
    """

    connection: str
    asof: int
    under: Mapping[str, Any]
    maps: bool
    differing: int
    counts: Mapping[str, Mapping[str, int]]
    changes: Sequence[Change]
    unread: Sequence[str]


async def what_if(
    hub: Hub,
    connection: str,
    *,
    maps: object = None,
    settings: Mapping[str, object] | None = None,
    project: str = "",
    since: datetime | None = None,
    asks: bool = False,
) -> WhatIf:
    """Decides what is known twice, as things are and as they would be, and compares.

    `maps` is a document as in a mapping file, None for those that the next round takes; `settings` by key, such as
    `flows.purchase-order-to-commitment.status.Released`. With `asks` both systems are asked for lists, and only read.
    Raises  WrongInput; Halted when the connection would not stand still; Locked while another trial is under way.
    """
    await hub.projector.catch_up()
    asof = await hub.ledger.last_position()
    stands = await mappings.standing(hub.ledger, connection)
    now = await mappings.maps_of(hub.ledger, connection, stands.newest)
    other = now
    if maps is not None:
        other, faults = parsed(maps)
        if faults:
            raise WrongInput(faults[0].key, faults[0].problem, faults[0].mend)
    tried_settings = with_settings(hub.settings.connections[connection], settings or {})
    pages = trial.all_of(connection, project=project, since=since.isoformat() if since else "")
    changes: list[Change] = []
    counts: dict[str, Counter[str]] = {}
    async with hub.ledger.exclusive(trial.lock_of(connection)), hub.pair(connection) as reached:
        pair = trial.still(reached)
        async with (
            trial.tried(hub, pair, now, pages, asks=asks) as before,
            trial.tried(hub, _under(pair, tried_settings), other, pages, asks=asks) as after,
        ):
            async for change in trial.differences(before, after):
                words = f"{change.before.state or 'none'} -> {change.after.state or 'none'}"
                counts.setdefault(change.flow, Counter())[words] += 1
                if len(changes) < MOST_TOLD:
                    changes.append(change)
            unread = sorted({*before.troubles, *after.troubles})
    return WhatIf(
        connection=connection,
        asof=asof,
        under=dict(settings or {}),
        maps=maps is not None,
        differing=sum(sum(each.values()) for each in counts.values()),
        counts={flow: dict(sorted(each.items())) for flow, each in sorted(counts.items())},
        changes=changes,
        unread=unread,
    )


def _under(pair: Pair, settings: Connection) -> Pair:
    return replace(
        pair,
        flow_settings=flow_settings(settings),
        exclude_tags=tuple(settings.exclude_tags),
        root_classes=tuple(settings.root_classes),
    )


def with_settings(connection: Connection, given: Mapping[str, object]) -> Connection:
    """The connection with other settings: of its flows, `exclude_tags` and `root_classes`.

    Raises  WrongInput by the key.
    """
    flows: dict[str, Any] = connection.flows.model_dump(by_alias=True)
    lists = {name: getattr(connection, name) for name in _LISTS}
    for key, value in given.items():
        path = key.split(".")
        if key in _LISTS:
            lists[key] = value
        elif len(path) >= 3 and path[0] == "flows" and path[1] in flows:  # noqa: PLR2004 - flows.NAME.KEY
            _put(flows[path[1]], path[2:], value, key)
        else:
            near = f"flows.NAME.KEY of {', '.join(BY_NAME)[:200]}…, or {' or '.join(_LISTS)}"
            raise WrongInput(key, "there is no such setting to try", f"Give {near}.")
    try:
        tried = type(connection.flows).model_validate(flows)
        for name in _LISTS:
            lists[name] = tuple(cast("Sequence[str]", lists[name]))
    except (ValidationError, TypeError) as error:
        raise _wrong(error, given) from error
    return connection.model_copy(update={"flows": tried, **lists})


def _put(table: dict[str, Any], path: Sequence[str], value: object, key: str) -> None:
    if path[0] == "enabled":
        raise WrongInput(key, "what is off was never decided, so the ledger can't say", "Turn it on, and make a plan.")
    for step in path[:-1]:
        inner = table.get(step)
        if not isinstance(inner, dict):
            raise WrongInput(key, f"{step} holds no settings", "Name a key of the flow's table.")
        table[step] = dict(cast("dict[str, Any]", inner))
        table = table[step]
    table[path[-1]] = value


def _wrong(error: Exception, given: Mapping[str, object]) -> WrongInput:
    if isinstance(error, ValidationError):
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(each) for each in first["loc"])
        return WrongInput(f"flows.{place}", first["msg"].rstrip("."), "See docs/configure.md for what it takes.")
    return WrongInput(next(iter(given)), "it is no list of texts", "Give texts in brackets.")


def value_of(text: str) -> object:
    """What somebody wrote behind `=`: a TOML value, else the text itself."""
    try:
        return tomllib.loads(f"value = {text}", parse_float=Decimal)["value"]
    except tomllib.TOMLDecodeError:
        return text
