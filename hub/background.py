"""Work that people have the service do in the background, each piece once at a time, with how far it is."""

import structlog

from domain.errors import Unknown
from hub.app import Hub
from hub.audit.verifying import verify
from hub.projector import Projector
from hub.service import Service
from hub.works import Count
from projections.projection import Projection
from projections.registry import PROJECTIONS

log: structlog.stdlib.BoundLogger = structlog.get_logger()

VERIFY = "audit verify"
"""Name of a verification: it reads the whole ledger, so what is under way is not begun twice."""


def begin_verifying(it: Service, actor: str) -> None:
    """Verify the whole ledger; how it ended becomes an event."""

    async def work(count: Count) -> None:
        await verify(it.hub, actor=actor, progress=count)

    it.works.counted(VERIFY, work)


def rebuilding(projection: str) -> str:
    """Name of the rebuild of a projection."""
    return f"rebuild {projection}"


def begin_rebuilding(it: Service, name: str, actor: str) -> None:
    """Fold a projection from the first event beside the one that is read, and put it in its place.

    Raises  Unknown.
    """
    found = next((projection for projection in PROJECTIONS if projection.name == name), None)
    if found is None:
        raise Unknown(f"There is no projection {name[:60]}.")
    log.info("rebuild_asked", projection=found.name, actor=actor)

    async def work(count: Count) -> None:
        await _rebuild(it.hub, found, count)

    it.works.counted(rebuilding(found.name), work)


async def _rebuild(hub: Hub, projection: Projection, count: Count) -> None:
    # A projector of its own, as another process would have: the one of the hub keeps all tables up meanwhile.
    await Projector(hub.ledger, PROJECTIONS).rebuild(projection.name, count)
