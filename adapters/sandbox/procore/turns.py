"""Direct costs are written by one request at a time (K5): the later of two that overlap is answered 409."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

BUSY = web.RequestKey("busy", bool)
"""Where a request finds that another one was there first."""

_PLACE = re.compile(r"/rest/v1\.[01]/projects/(\d+)/direct_costs/.+")
"""Every path below the list. Making a direct cost, a POST to the list itself, is not among those that say 409."""


@dataclass
class Turns:
    """The projects whose direct costs are being written.

    The rule speaks of one direct cost, and a sync of those of a whole project; here any two writes in one project
    collide, so that whoever keeps one worker for each project is the only one who never sees it.
    """

    held: set[str] = field(default_factory=set[str])

    @property
    def middleware(self) -> Any:
        """Stands outside all others: a request holds its turn from its arrival until it is answered."""

        @web.middleware
        async def apply(
            request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
        ) -> web.StreamResponse:
            found = _PLACE.fullmatch(request.path) if request.method != "GET" else None
            if found is None:
                return await handler(request)
            project = found[1]
            if project in self.held:
                request[BUSY] = True
                return await handler(request)
            self.held.add(project)
            try:
                return await handler(request)
            finally:
                self.held.discard(project)

        return apply
