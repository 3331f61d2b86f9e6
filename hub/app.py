"""The composition root: builds all parts of a hub from its settings. Every new part is one line here."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import anyio
from opentelemetry import trace

from adapters.business_central.client import BusinessCentralClient
from adapters.business_central.settings import BusinessCentralSettings
from adapters.outbound.secrets import Secret
from adapters.outbound.wire import Network
from adapters.ports import Clock, Rng, SystemClock, system_rng
from adapters.procore.client import ProcoreClient
from adapters.procore.settings import ProcoreSettings
from adapters.store import Ledger, Registry, ThreadPool, Threads, open_ledger
from adapters.target import Target
from domain.errors import Misconfigured
from domain.events import EVENTS, UPCASTERS
from domain.flows import BY_NAME, erp_request_to_close_out
from domain.values import BUSINESS_CENTRAL, PROCORE, System
from hub.access import Access
from hub.connection import Pair
from hub.due import Narrow
from hub.gate import Addresses
from hub.groups import single_error
from hub.keyring import keyring_of
from hub.mappings import in_force
from hub.pauses import refuse_paused
from hub.projector import Projector
from hub.report import Progress
from hub.round import Outcome, Round
from hub.settings import Connection, Settings
from hub.vault import Vault
from hub.window import Window
from projections.registry import PROJECTIONS

tracer = trace.get_tracer("siteledger")


@dataclass
class Hub:
    """The parts of a running hub, joined."""

    settings: Settings
    ledger: Ledger
    projector: Projector
    clock: Clock
    rng: Rng
    networks: Mapping[System, Network]
    access: Access
    vault: Vault

    @asynccontextmanager
    async def pair(self, name: str) -> AsyncGenerator[Pair]:
        """A connection with both its systems, closed at the end."""
        connection = self.settings.connections[name]
        _refuse_unknown_wishes(name, connection)
        targets = self._targets(connection)
        try:
            yield replace(self.unreached(name), targets=targets, mapping=await in_force(self.ledger, name))
        finally:
            with anyio.CancelScope(shield=True):
                for target in targets.values():
                    await target.close()

    def unreached(self, name: str) -> Pair:
        """A connection without its systems, for what the ledger alone can answer."""
        connection = self.settings.connections[name]
        return Pair(
            name=name,
            kind=connection.kind,
            bc_company=str(connection.business_central.company_id),
            procore_company=str(connection.procore.company_id),
            targets={},
            flow_settings=flow_settings(connection),
            clock=self.clock,
            rng=self.rng,
            exclude_tags=tuple(connection.exclude_tags),
            root_classes=tuple(connection.root_classes),
            start_date=connection.start_date,
            mapping_file=connection.mapping,
        )

    async def round(
        self,
        pair: Pair,
        progress: Progress,
        *,
        window: Window,
        narrow: Narrow,
        wait: timedelta,
        carry_for: timedelta | None = None,
    ) -> Outcome:
        """One round of a connection; with `carry_for` it carries no longer than that, and leaves the rest.

        Raises  Paused; Locked.
        """
        connection = self.settings.connections[pair.name]
        addresses = Addresses(connection.business_central.api_url, connection.procore.api_url)
        parts = (pair, addresses, self.ledger, self.projector, progress)
        span = tracer.start_as_current_span("round", attributes={"siteledger.connection": pair.name})
        with span:
            async with self.ledger.exclusive(lock_of(pair.name)):
                await self.projector.catch_up()
                await refuse_paused(self.ledger, pair.name)
                return await Round(*parts, window=window, narrow=narrow, wait=wait, carry_for=carry_for).run()

    async def observe(self, pair: Pair, progress: Progress) -> int:
        """Reads Business Central and keeps what is new, without deciding or carrying anything."""
        connection = self.settings.connections[pair.name]
        addresses = Addresses(connection.business_central.api_url, connection.procore.api_url)
        async with self.ledger.exclusive(lock_of(pair.name)):
            return await Round(pair, addresses, self.ledger, self.projector, progress).observe()

    def _targets(self, connection: Connection) -> dict[System, Target]:
        central, procore = connection.business_central, connection.procore
        return {
            BUSINESS_CENTRAL: BusinessCentralClient(
                BusinessCentralSettings(
                    api_url=central.api_url,
                    token_url=central.token_url,
                    scope=central.scope,
                    company_id=str(central.company_id),
                    client_id=central.client_id,
                    client_secret=Secret(central.client_secret.get_secret_value()),
                    connector_route=central.connector_route,
                    standard_route=central.standard_route,
                ),
                self.clock,
                self.rng,
                self.networks.get(BUSINESS_CENTRAL),
            ),
            PROCORE: ProcoreClient(
                ProcoreSettings(
                    api_url=procore.api_url,
                    token_url=procore.token_url,
                    company_id=str(procore.company_id),
                    client_id=procore.client_id,
                    client_secret=Secret(procore.client_secret.get_secret_value()),
                ),
                self.clock,
                self.rng,
                self.networks.get(PROCORE),
            ),
        }


def lock_of(connection: str) -> str:
    """Name of the lock that whoever carries for a connection holds."""
    return f"connection {connection}"


def _refuse_unknown_wishes(name: str, connection: Connection) -> None:
    """A setting that this version cannot keep is refused, never ignored: an ignored approval would send unapproved."""
    for flow, table in flow_settings(connection).items():
        if table.get("enabled") and flow in BY_NAME and table.get("approval", "off") == "workflow":
            raise Misconfigured(
                f'connections.{name}.flows.{flow}.approval = "workflow" is not supported by this version; '
                'set it to "approver" or "off", or turn the flow off'
            )


def flow_settings(connection: Connection) -> dict[str, dict[str, Any]]:
    """The table of each flow, also of one that is switched elsewhere."""
    erp = {"enabled": connection.procore.erp_requests}
    return {**connection.flows.model_dump(by_alias=True), erp_request_to_close_out.NAME: erp}


@asynccontextmanager
async def open_hub(
    settings: Settings,
    *,
    clock: Clock | None = None,
    rng: Rng | None = None,
    threads: Threads | None = None,
    networks: Mapping[System, Network] | None = None,
) -> AsyncGenerator[Hub]:
    """A hub on its ledger, read models brought up to date.

    What is not handed in is the real thing: this computer's clock and chance, worker threads, the network.
    Raises  StoreUnavailable.
    """
    the_clock = clock or SystemClock()
    async with open_ledger(
        settings.store.url.get_secret_value(),
        events=Registry(EVENTS, UPCASTERS),
        clock=the_clock,
        threads=threads or ThreadPool(),
    ) as ledger:
        projector = Projector(ledger, PROJECTIONS)
        the_rng = rng or system_rng()
        access = Access(ledger, the_clock, the_rng, settings.server.admin_token)
        vault = Vault(ledger, the_clock, lambda: keyring_of(settings.server.secret_key))
        with single_error():
            async with anyio.create_task_group() as tasks:
                await tasks.start(ledger.run)
                await projector.start()
                try:
                    yield Hub(settings, ledger, projector, the_clock, the_rng, networks or {}, access, vault)
                finally:
                    with anyio.CancelScope(shield=True):
                        await access.refusals.flush()
                    tasks.cancel_scope.cancel()
