"""Both stand-ins over real HTTP, each with a client that is configured like the hub's."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from aiohttp.test_utils import TestServer

from adapters.business_central.client import BusinessCentralClient
from adapters.business_central.settings import BusinessCentralSettings
from adapters.outbound.secrets import Secret
from adapters.outbound.settings import Outbound, Patience, Timeouts
from adapters.ports import FixedClock, seeded_rng
from adapters.procore.client import ProcoreClient
from adapters.procore.settings import ProcoreSettings
from adapters.sandbox.business_central import BusinessCentral
from adapters.sandbox.business_central.stand_in import SCOPE
from adapters.sandbox.procore import Procore
from adapters.sandbox.wire import CLIENT_ID, CLIENT_SECRET

# Real time passes here, so nothing waits longer than it must; the stand-ins' own figures are honoured.
QUICK = Outbound(
    timeouts=Timeouts(connect=2, read=2, total=5),
    patience=Patience(first_backoff=0.001, longest_backoff=0.002, wait=1.0, jitter=0.001),
)


def clock() -> FixedClock:
    """The clock that client and stand-in share."""
    return FixedClock(datetime(2026, 3, 2, 8, tzinfo=UTC))


@asynccontextmanager
async def procore_client(procore: Procore, at: FixedClock, page_size: int = 2000) -> AsyncIterator[ProcoreClient]:
    """A client of a stand-in that is being served."""
    async with TestServer(procore.app()) as server:
        origin = str(server.make_url("")).rstrip("/")
        settings = ProcoreSettings(
            origin,
            f"{origin}/oauth/token",
            str(procore.state.company_id),
            CLIENT_ID,
            Secret(CLIENT_SECRET),
            page_size=page_size,
            outbound=QUICK,
        )
        client = ProcoreClient(settings, at, seeded_rng(1))
        try:
            yield client
        finally:
            await client.close()


@asynccontextmanager
async def business_central_client(
    bc: BusinessCentral, at: FixedClock, page_size: int = 1000
) -> AsyncIterator[BusinessCentralClient]:
    """A client of a stand-in that is being served."""
    async with TestServer(bc.app()) as server:
        origin = str(server.make_url("")).rstrip("/")
        settings = BusinessCentralSettings(
            bc.api_url(origin),
            bc.token_url(origin),
            SCOPE,
            bc.company_id,
            CLIENT_ID,
            Secret(CLIENT_SECRET),
            page_size=page_size,
            outbound=QUICK,
        )
        client = BusinessCentralClient(settings, at, seeded_rng(1))
        try:
            yield client
        finally:
            await client.close()
