"""What the handlers of one web application share."""

from aiohttp import web

from hub.desk import Desk
from hub.service import Service

SERVICE: web.AppKey[Service] = web.AppKey("service", Service)
DESK: web.AppKey[Desk] = web.AppKey("desk", Desk)
"""Where stand-ins are served beside the hub."""


def service(request: web.Request) -> Service:
    """The service that this request is for."""
    return request.app[SERVICE]
