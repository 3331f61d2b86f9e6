"""What handlers of operations have in common: bodies, moments, cursors, and the connection or record that is meant."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from aiohttp import web

from adapters.store import Locked
from domain.errors import Unknown
from hub import turns
from hub.access import Action
from hub.cursors import cursor_of, foreign, place_in
from hub.queries.pages import USUAL
from hub.report import ExitStatus, Halted
from hub.web.answers import json
from hub.web.keys import service
from hub.web.problems import Refused
from hub.web.routes import allowed, principal

T = TypeVar("T")

PATIENCE = timedelta(seconds=30)
"""How long a request waits for the end of the present round."""


class Reason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why somebody acts on one record, and in which flow, empty for all of its flows."""

    reason: str
    flow: str = ""


async def body(request: web.Request, type: type[T]) -> T:
    """The body as one of our types; the description has checked names and shapes before.

    Raises  Refused (422).
    """
    raw = await request.read()
    try:
        if b"\\u0000" in raw:
            raise Refused(422, "body: it holds a NUL character")
        return msgspec.json.decode(raw, type=type)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise Refused(422, f"body: {error}") from None


async def on(request: web.Request, action: Action, wanted: str = "") -> str:
    """The connection that is meant: the one that is named, or the only one on which whoever asks may do this.

    Raises  Refused (404, 422), NotPermitted.
    """
    it, mine = service(request), allowed(request)
    if not wanted:
        if len(mine) == 1:
            return mine[0]
        raise Refused(422, f"connection: say which one: {', '.join(mine)}")
    if wanted in mine:
        return wanted
    if wanted not in it.hub.settings.connections:
        raise Refused(404, f"there is no connection {wanted[:60]!r}")
    await it.hub.access.require(principal(request), action, wanted)
    return wanted


async def record_of(request: web.Request) -> tuple[str, str]:
    """Connection and id of the record in the address; one that may not be touched is as good as none.

    Raises  Unknown.
    """
    record = str(UUID(request.match_info["id"]))
    rows = await service(request).hub.ledger.rows("SELECT connection FROM record WHERE record = ?", (record,))
    if not rows or rows[0][0] not in allowed(request):
        raise Unknown(f"There is no record {record}.")
    return rows[0][0], record


# -- lists -----------------------------------------------------------------------------------------


def limit(request: web.Request) -> int:
    """Items of a page."""
    return int(request.query.get("limit", USUAL))


def cursor(request: web.Request) -> str:
    """The place that the operation behind a list gave out, empty for its beginning.

    Raises  WrongInput for what this list did not give out.
    """
    given = request.query.get("cursor", "")
    if not given:
        return ""
    path, place = place_in(given, tuple[str, str])
    if path != request.path or not (place and place.isascii() and place.isprintable()):
        raise foreign()
    return place


def listed(request: web.Request, items: Sequence[Any], next_cursor: str | None, asof: int, **more: Any) -> web.Response:
    """A page of a list, as of a position in the ledger."""
    following = following_page(request, next_cursor)
    return json({"items": msgspec.to_builtins(items), "next_cursor": following, "asof": asof, **more})


def following_page(request: web.Request, next_cursor: str | None) -> str | None:
    """The cursor of the next page of this list, as addresses carry it."""
    return None if next_cursor is None else cursor_of((request.path, next_cursor))


# -- the lock of a connection ----------------------------------------------------------------------


async def in_turn(request: web.Request, connection: str, work: Callable[[], Awaitable[T]]) -> T:
    """What needs a connection for itself, done as soon as the round that is under way has ended.

    Raises  Refused (503) when that takes longer than our patience; what the work raises.
    """
    try:
        return await turns.in_turn(service(request).schedule, connection, work, PATIENCE)
    except (Locked, Halted) as error:
        if isinstance(error, Halted) and error.status != ExitStatus.TRY_LATER:
            raise
        raise Refused(503, str(error), headers={"Retry-After": "5"}) from error
