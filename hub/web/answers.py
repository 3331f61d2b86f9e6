"""Answers of the API as JSON: amounts and moments are text, and nothing is kept by anybody on the way."""

from typing import Any

import msgspec
import orjson
from aiohttp import web

from adapters.store import Ledger
from hub.queries.pages import USUAL, Page
from hub.queries.records import Wanted
from hub.web.keys import service
from hub.web.routes import allowed

_NARROWS = ("connection", "flow", "state", "kind", "project", "q", "cursor", "asof")


def json(document: object, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """One document."""
    body = orjson.dumps(msgspec.to_builtins(document, builtin_types=(bytes,)) if _is_struct(document) else document)
    return web.Response(status=status, body=body, content_type="application/json", headers=headers)


def listed(page: Page) -> web.Response:
    """A page of a list."""
    return json({"items": page.items, "next_cursor": page.next_cursor, "asof": page.asof})


def wanted(request: web.Request, **more: str) -> Wanted:
    """What a list is narrowed to, by its query; the description has checked names and shapes before."""
    query = request.query
    return Wanted(
        connections=allowed(request),
        limit=int(query.get("limit", USUAL)),
        **{name: query[name] for name in _NARROWS if name in query},
        **more,
    )


async def told(request: web.Request) -> Ledger:
    """The ledger; when the past is asked for, its read models tell all that happened until now."""
    hub = service(request).hub
    if request.query.get("asof"):
        await hub.projector.catch_up()
    return hub.ledger


def _is_struct(document: Any) -> bool:
    return isinstance(document, msgspec.Struct)
