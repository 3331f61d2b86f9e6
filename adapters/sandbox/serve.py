"""Both stand-ins on real ports, joined to one sample company, and the configuration that reaches them."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiohttp import web

from adapters.sandbox.business_central import BusinessCentral
from adapters.sandbox.procore import Procore
from adapters.sandbox.token_desk import CLIENT_ID, CLIENT_SECRET

SECRET_NAME = "SITELEDGER_SANDBOX_SECRET"  # noqa: S105 - the name of a variable
ENVIRONMENT = {SECRET_NAME: CLIENT_SECRET}
"""What the environment must hold for `Sandbox.connection`; the secret opens nothing but the stand-ins."""


@dataclass
class Sandbox:
    """Two running stand-ins and where they are reached."""

    business_central: BusinessCentral
    procore: Procore
    business_central_url: str
    procore_url: str

    def connection(self, kind: str = "test", procore: Mapping[str, Any] = {}, **more: Any) -> dict[str, Any]:
        """The table of a connection in a configuration, as `hub.settings` reads it; `procore` adds to its table."""
        central = self.business_central
        return {
            "kind": kind,
            "business_central": {
                "api_url": central.api_url(self.business_central_url),
                "token_url": central.token_url(self.business_central_url),
                "company_id": central.company_id,
                "client_id": CLIENT_ID,
                "client_secret": f"env:{SECRET_NAME}",
            },
            "procore": {
                "api_url": self.procore_url,
                "token_url": f"{self.procore_url}/oauth/token",
                "company_id": self.procore.state.company_id,
                "client_id": CLIENT_ID,
                "client_secret": f"env:{SECRET_NAME}",
                **procore,
            },
            **more,
        }


def sample(now: Callable[[], datetime], seed: int = 1) -> tuple[BusinessCentral, Procore]:
    """Both systems with the sample company."""
    from adapters.sandbox.business_central.sample import load_sample as fill_business_central  # noqa: PLC0415 - large
    from adapters.sandbox.procore.sample import load_sample as fill_procore  # noqa: PLC0415 - large

    central, procore = BusinessCentral(now=now, seed=seed), Procore(now=now, seed=seed)
    fill_business_central(central, procore_company_id=procore.state.company_id)
    fill_procore(procore)
    return central, procore


@asynccontextmanager
async def serve(
    central: BusinessCentral,
    procore: Procore,
    *,
    host: str = "127.0.0.1",
    bc_port: int = 0,
    procore_port: int = 0,
    tell_every: float = 0.0,
) -> AsyncGenerator[Sandbox]:
    """Serves both until the block ends; port 0 takes a free one.

    Units   `tell_every` seconds both call the addresses of their webhooks with what is due; 0: never by themselves.
    Raises  OSError when a port is taken.
    """
    runners: list[web.AppRunner] = []
    urls: list[str] = []
    try:
        apps = (central.app(notify_every=tell_every), procore.app(deliver_every=tell_every))
        for app, port in zip(apps, (bc_port, procore_port), strict=True):
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
            await runner.setup()
            runners.append(runner)
            site = web.TCPSite(runner, host, port)
            await site.start()
            urls.append(f"http://{host}:{runner.addresses[0][1]}")
        yield Sandbox(central, procore, urls[0], urls[1])
    finally:
        for runner in runners:
            await runner.cleanup()
