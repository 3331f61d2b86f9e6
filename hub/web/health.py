"""`/livez`, `/readyz`, `/metrics`: whether the process lives, whether it can serve, and how it is doing.

The two systems are reported and never make the hub unready: an outage of theirs must not take it out of service.
"""

from typing import Any

import orjson
import structlog
from aiohttp import web
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from domain.errors import SiteLedgerError
from hub.audit.standing import standing
from hub.operations.health import LAG
from hub.service import Service
from hub.web.keys import service
from hub.web.metrics import METRICS

log: structlog.stdlib.BoundLogger = structlog.get_logger()


async def livez(_request: web.Request) -> web.Response:
    """The process answers."""
    return web.Response(text="ok\n")


async def readyz(request: web.Request) -> web.Response:
    """Store and read models can be used, and nobody asked the hub to stop; every check by name."""
    it = service(request)
    checks: dict[str, Any] = {"stopping": it.stopping}
    try:
        last = await it.hub.ledger.last_position()
        behind = {name: last - at for name, at in (await it.hub.projector.positions()).items()}
        checks |= {"store": "ok", "position": last, "events_behind": behind}
        ready = not it.stopping and all(lag <= LAG for lag in behind.values())
        if "verbose" in request.query:
            checks["audit"] = await _audit(it)
    except SiteLedgerError as error:
        # Everybody may ask, so the words of the store, which name its place, go to the log.
        log.warning("store_unavailable", reason=str(error))
        checks["store"] = "unavailable"
        ready = False
    body = orjson.dumps({"ready": ready, "checks": checks}, option=orjson.OPT_APPEND_NEWLINE)
    return web.Response(status=200 if ready else 503, body=body, content_type="application/json")


async def _audit(it: Service) -> dict[str, Any]:
    """How the proofs stand: told, and never a reason to be out of service. Everybody may ask: no finding is named."""
    stands = await standing(it.hub.ledger)
    at = max((at for at in (stands.at, it.verifying.at) if at is not None), default=None)
    return {"valid": stands.valid, "verified_at": at and at.isoformat(), "verified_to": stands.through}


async def metrics(request: web.Request) -> web.Response:
    """Everything that is measured, as Prometheus reads it."""
    it = request.app[METRICS]
    await it.refresh()
    return web.Response(body=generate_latest(it.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})
