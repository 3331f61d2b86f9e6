"""`/webhooks/…`: stored, answered in milliseconds, worked later.

Procore hears 204, also for a body that cannot be read, as any other answer stops all its deliveries; 401 without the
secret. Business Central hears 202 whatever it sends, as a refusal would end its subscription (Business Central 11.16);
its handshake is answered in plain text.
"""

import re

from aiohttp import web

from domain.values import BUSINESS_CENTRAL, PROCORE
from hub.hearing.listening import Listening
from hub.hearing.words import PATHS
from hub.web.routes import Route

LISTENING: web.AppKey[Listening] = web.AppKey("listening", Listening)
_TOKEN = re.compile(r"[\x21-\x7e]{1,2000}")
"""A validation token as it may be sent back: letters that no browser takes for a page."""


async def procore(request: web.Request) -> web.Response:
    """One delivery."""
    listening, connection = request.app[LISTENING], request.match_info["connection"]
    if not await listening.is_procore(connection, request.headers.get("Authorization", "")):
        return web.Response(status=401)
    await listening.from_procore(connection, await _body(request))
    return web.Response(status=204)


async def business_central(request: web.Request) -> web.Response:
    """One call, or the handshake before a subscription is made or renewed (Business Central 11.2)."""
    token = request.query.get("validationToken")
    if token is not None and _TOKEN.fullmatch(token):
        return web.Response(text=token, content_type="text/plain")
    await request.app[LISTENING].from_business_central(request.match_info["connection"], await _body(request))
    return web.Response(status=202)


async def _body(request: web.Request) -> bytes:
    """The body; of one that is too large its beginning, which nobody can read and which is set aside."""
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge:
        return b""


ROUTES = (
    Route("POST", f"{PATHS[PROCORE]}/{{connection}}", procore, None),
    Route("POST", f"{PATHS[BUSINESS_CENTRAL]}/{{connection}}", business_central, None),
)
