"""What the handlers of one web application share."""

from aiohttp import web

from hub.service import Service

SERVICE: web.AppKey[Service] = web.AppKey("service", Service)


def service(request: web.Request) -> Service:
    """The service that this request is for."""
    return request.app[SERVICE]
