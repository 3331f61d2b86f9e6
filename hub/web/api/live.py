"""Events as they happen, as server-sent events: ids are positions, so a browser goes on where it stopped.

A first connection starts at the present. A stream ends when the service does; a reader who left ends it too.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

import orjson
from aiohttp import ClientConnectionResetError, web
from aiohttp_sse import EventSourceResponse, sse_response
from anyio import current_time, move_on_after, sleep

from hub.tail import Happening
from hub.web.keys import service
from hub.web.problems import Refused
from hub.web.routes import allowed, still_allowed

QUIET = 15.0
"""Seconds after which a silent stream looks whether it should end."""
AGAIN = 10.0
"""Seconds after which a stream asks whether its reader may still read: a token may have been revoked."""
MOST_STREAMS = 500
FAR = 2000
"""Events that a page, which takes its time, may be behind; then it is told to be read anew instead."""
SLOW = 30.0
"""Seconds in which a page must be taken; whoever does not is cut off and goes on later where he stopped."""


Told = Callable[[Sequence[Happening]], Awaitable[Sequence[tuple[str, int]]]]
"""Turns what happened, of what may be seen, into messages, each with the position that it is told to."""


class Stream(EventSourceResponse):
    """A stream that nobody on the way keeps, as every answer: the library would let it be kept and asked about."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.headers["Cache-Control"] = "no-store"


async def stream(request: web.Request) -> web.StreamResponse:
    """Everything that happens on the connections that may be seen, from `Last-Event-ID` or from now on."""
    flow = request.query.get("flow")

    async def told(page: Sequence[Happening]) -> Sequence[tuple[str, int]]:
        return [(orjson.dumps(item).decode(), item.position) for item in page if flow in (None, item.flow)]

    return await streamed(request, told)


async def streamed(request: web.Request, told: Told, pace: float = 0.0, after: str = "") -> web.StreamResponse:
    """A stream of messages about what happens, until the reader or the service has gone.

    Units   `pace` seconds between two messages at least; what happens meanwhile is told together, or,
            where it is too much, by the event `behind`. `after` is the position behind which a first connection
            begins, empty for the present.
    """
    tail = service(request).tail
    position = _last(request.headers.get("Last-Event-ID", "") or after, tail.position)
    names = allowed(request)
    if tail.streams >= MOST_STREAMS:
        tail.dropped["full"] += 1
        raise Refused(503, f"{MOST_STREAMS} streams are open", headers={"Retry-After": "10"})
    with tail.stream():
        async with sse_response(request, response_cls=Stream) as answer:
            with suppress(ClientConnectionResetError):  # whoever read has gone
                asked = current_time()
                while answer.is_connected() and not tail.closed:
                    if current_time() - asked >= AGAIN:
                        asked = current_time()
                        if not await still_allowed(request):
                            tail.dropped["revoked"] += 1
                            break
                    page = await tail.after(position, QUIET)
                    with move_on_after(SLOW) as taken:
                        if pace and page and tail.position - position > FAR:
                            position = tail.position
                            await answer.send("", event="behind", id=str(position))
                        for message, place in await told([item for item in page if item.connection in names]):
                            await answer.send(message, id=str(place))
                        position = max(position, page[-1].position if page else 0)
                    if taken.cancelled_caught:
                        tail.dropped["slow"] += 1
                        _cut_off(request)
                        break
                    if page and pace:
                        await sleep(pace)
        return answer


def _last(given: str, present: int) -> int:
    if not given:
        return present
    if not (given.isascii() and given.isdecimal()) or len(given) > 18:  # noqa: PLR2004 - digits of a position
        raise Refused(422, "Last-Event-ID: it is no position; leave it out to start at the present")
    return min(int(given), present)


def _cut_off(request: web.Request) -> None:
    """Ends the connection at once: a reader who takes nothing would not take a farewell either."""
    if request.transport is not None:
        request.transport.abort()
