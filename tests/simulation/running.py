"""The running service between both companies in virtual time, with nothing going wrong but what a test brings about.

def story(folder: Path) -> None:
    async def told() -> None:
        async with running(folder, poll_every="10min") as it:
            it.world.vendor("V1")
            await anyio.sleep(60)

    run_virtually(1, told, TURNS)
"""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import anyio
import httpx

from adapters.ports import seeded_rng
from adapters.sandbox.business_central import BusinessCentral
from adapters.sandbox.procore import Procore
from adapters.sandbox.serve import ENVIRONMENT, Sandbox
from adapters.store import Inline
from domain.errors import SiteLedgerError
from domain.values import BUSINESS_CENTRAL, PROCORE, System
from hub.app import Hub, open_hub
from hub.round import Outcome
from hub.service import service_of
from hub.settings import Settings
from hub.settings.values import Surroundings
from tests.journeys.harness import World, sqlite
from tests.journeys.serving import ADMIN, KEY
from tests.simulation.disk import alone
from tests.simulation.ears import PUBLIC, Ears
from tests.simulation.life import Life
from tests.simulation.loop import VirtualClock
from tests.simulation.network import Line, Network, Server
from tests.simulation.quiet import silenced

URLS = {BUSINESS_CENTRAL: "http://127.0.0.1:8081", PROCORE: "http://127.0.0.1:8082"}
TURNS = 3_000_000
"""Turns of the event loop that a story may take."""


@dataclass
class Running:
    """A service at work. `rounds` are those that ended, with the moment in seconds from the start."""

    world: World
    hub: Hub
    rounds: list[tuple[float, Outcome | SiteLedgerError]] = field(
        default_factory=list[tuple[float, Outcome | SiteLedgerError]]
    )

    async def until(self, holds: Callable[[], Any], within: float) -> float:
        """The moment at which something holds, looked at every second; `holds` may be async.

        Units   seconds. Raises  TimeoutError.
        """
        with anyio.fail_after(within):
            while True:
                found = holds()
                if await found if hasattr(found, "__await__") else found:
                    return anyio.current_time()
                await anyio.sleep(1)

    async def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of the read schema as they are now."""
        await self.hub.projector.catch_up()
        return await self.hub.ledger.rows(sql, values)


def worlds() -> World:
    """Both companies on the clock of the virtual loop, joined to nothing yet."""
    clock = VirtualClock()
    central, procore = BusinessCentral(now=clock.now), Procore(now=clock.now, seed=1)
    setup = central.tables.rows("connectorSetups")[0]["id"]
    central.tables.update("connectorSetups", setup, procoreCompanyId=procore.state.company_id)
    return World(Sandbox(central, procore, URLS[BUSINESS_CENTRAL], URLS[PROCORE]), clock, "")  # type: ignore[arg-type]


@asynccontextmanager
async def running(it: World, folder: Path, **connection: Any) -> AsyncGenerator[Running]:
    """The service of a world; `connection` adds keys to the connection's table."""
    clock: Any = it.clock
    ears = Ears(it.bc, it.procore, 1, clock, lambda _words: None)
    it.store = sqlite(folder)
    document = {
        "store": {"url": it.store},
        "server": {"secret_key": "env:KEY", "admin_token": "env:ADMIN", "public_url": PUBLIC},
        "connections": {"main": it.sandbox.connection(**connection)},
    }
    settings = Settings.model_validate(
        document, context=Surroundings(environ={**ENVIRONMENT, "KEY": KEY, "ADMIN": ADMIN})
    )
    async with AsyncExitStack() as stack:
        stack.enter_context(silenced())
        stack.enter_context(alone())
        networks: dict[System, httpx.AsyncBaseTransport] = {}
        for system, stand_in in _stand_ins(it).items():
            server = Server(stand_in.app())
            await server.start()
            stack.push_async_callback(server.stop)
            line = Line(system, server, clock, Random(1), _unseen, _unseen)
            networks[system] = Network(line, _unseen, _unseen, _unseen)
        hub = await stack.enter_async_context(
            open_hub(settings, clock=clock, rng=seeded_rng(1), threads=Inline(), networks=networks)
        )
        found = Running(it, hub)
        service = service_of(hub, lambda _name, outcome: found.rounds.append((anyio.current_time(), outcome)))
        await stack.enter_async_context(ears.open_for(service, Life(1)))
        await stack.enter_async_context(service.at_work())
        tasks = await stack.enter_async_context(anyio.create_task_group())
        stack.callback(tasks.cancel_scope.cancel)
        tasks.start_soon(ears.run)
        yield found


def _stand_ins(it: World) -> Mapping[System, BusinessCentral | Procore]:
    return {BUSINESS_CENTRAL: it.bc, PROCORE: it.procore}


def _unseen(*_seen: object) -> None:
    """Nobody watches."""
