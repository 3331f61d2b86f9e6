"""Routes of the web server: each with the action that it takes, so that what nobody listed is refused."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web
from aiohttp.typedefs import Handler

from hub.access import Action, Principal

PRINCIPAL: web.RequestKey[Principal] = web.RequestKey("principal", Principal)
ALLOWED: web.RequestKey[tuple[str, ...]] = web.RequestKey("allowed", tuple)


@dataclass(frozen=True)
class Route:
    """One method at one address.

    action  what somebody must be allowed to do; None for addresses that are open, or that ask for a secret of their own
    whole   the action is about the hub and not about one connection
    """

    method: str
    path: str
    handler: Handler
    action: Action | None
    whole: bool = False


def principal(request: web.Request) -> Principal:
    """Who asks."""
    return request[PRINCIPAL]


def allowed(request: web.Request) -> tuple[str, ...]:
    """The connections on which whoever asks may do what this route does; handlers touch no other."""
    return request[ALLOWED]


def add(app: web.Application, routes: Sequence[Route]) -> None:
    """Make the routes known to the application."""
    for route in routes:
        app.router.add_route(route.method, route.path, route.handler)
