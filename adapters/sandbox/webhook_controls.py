"""Controls over the webhooks of a stand-in, for rehearsals across processes.

GET   /_sandbox/webhooks   what waits to be told, and the faults that are armed: {"waiting": n, "duplicates": 0, ...}
POST  /_sandbox/webhooks   some of those figures; 200 with all of them, or 400 with the reason
"""

from collections.abc import Callable, Iterable

import msgspec
from aiohttp import web

from adapters.sandbox.request_log import dump_json, load_json

PATH = "/_sandbox/webhooks"


def mount(app: web.Application, holder: object, names: Iterable[str], waiting: Callable[[], int]) -> None:
    """Add the controls; `names` are attributes of `holder` that count down or set a limit, none below zero."""
    known = tuple(names)

    def shown() -> dict[str, int]:
        return {"waiting": waiting(), **{name: int(getattr(holder, name)) for name in known}}

    async def show(_request: web.Request) -> web.Response:
        return _answer(shown())

    async def change(request: web.Request) -> web.Response:
        try:
            wanted = msgspec.convert(load_json(await request.read()), type=dict[str, int])
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            return _answer({"error": str(error)}, 400)
        for name, value in wanted.items():
            if name not in known or value < 0:
                text = f"{name}: {value} is not possible; figures of zero or more can be set for {', '.join(known)}"
                return _answer({"error": text}, 400)
        for name, value in wanted.items():
            setattr(holder, name, value)
        return _answer(shown())

    app.router.add_get(PATH, show)
    app.router.add_post(PATH, change)


def _answer(document: object, status: int = 200) -> web.Response:
    return web.Response(body=dump_json(document), status=status, content_type="application/json")
