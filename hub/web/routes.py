"""Routes of the web server: each with the action that it takes, so that what nobody listed is refused."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from aiohttp import web
from aiohttp.typedefs import Handler

from hub.access import Action, Principal

PRINCIPAL: web.RequestKey[Principal] = web.RequestKey("principal", Principal)
ALLOWED: web.RequestKey[tuple[str, ...]] = web.RequestKey("allowed", tuple)
POSITION: web.RequestKey[int] = web.RequestKey("position", int)
"""Position of the ledger at which a request was taken up."""
UUIDS = "[0-9a-fA-F-]{36}"
"""For `Route.ids`: where an id stands beside words."""
STILL: web.RequestKey[Callable[[], Awaitable[bool]]] = web.RequestKey("still")


@dataclass(frozen=True)
class Route:
    """One method at one address.

    action  what somebody must be allowed to do; None for addresses that are open, or that ask for a secret of their own
    whole   the action is about the hub and not about one connection
    secret  the answer holds something that is shown once, so it is never kept for a repeated request
    past    a page that tells with `asof` how it was; any other page tells the present only, and refuses it
    ids     a pattern of the last part in braces, where another address has a word in its place, or where it has slashes
    """

    method: str
    path: str
    handler: Handler
    action: Action | None
    whole: bool = False
    secret: bool = False
    past: bool = False
    ids: str = ""


def principal(request: web.Request) -> Principal:
    """Who asks."""
    return request[PRINCIPAL]


def allowed(request: web.Request) -> tuple[str, ...]:
    """The connections on which whoever asks may do what this route does; handlers touch no other."""
    return request[ALLOWED]


async def still_allowed(request: web.Request) -> bool:
    """Whether an answer that goes on, such as a stream, may go on for whoever asked for it."""
    return await request[STILL]()


def add(app: web.Application, routes: Sequence[Route]) -> None:
    """Make the routes known to the application."""
    for route in routes:
        before, brace, after = route.path.rpartition("}")
        path = f"{before}:{route.ids}{brace}{after}" if route.ids else route.path
        if route.method == "GET":
            app.router.add_get(path, route.handler)  # and HEAD
        else:
            app.router.add_route(route.method, path, route.handler)
