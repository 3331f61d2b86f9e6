"""A ledger with people, bodies, seals and heads, made by the hub's own code, and hands that change it from outside."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg

from adapters.ports import FixedClock, Rng, system_rng
from domain.record import Moment, Record, Request, Seen
from domain.values import BUSINESS_CENTRAL, PROCORE, Cause, canonical, sha256_of
from hub.app import Hub, open_hub
from hub.audit.parts import sealer_of
from hub.audit.verifying import Verified, verify
from hub.settings import Settings
from hub.settings.values import Surroundings
from tests.ledger_story import START

KEY = "k" * 43
CONNECTION: dict[str, Any] = {
    "kind": "test",
    "business_central": {
        "api_url": "https://api.businesscentral.dynamics.com/v2.0/t/Sandbox/api",
        "token_url": "https://login.microsoftonline.com/t/oauth2/v2.0/token",
        "company_id": "6F0B5A52-1D0C-4A0E-9A57-51EDC0DE0002",
        "client_id": "c",
        "client_secret": "env:SECRET",
    },
    "procore": {"company_id": 4711, "client_id": "c", "client_secret": "env:SECRET"},
}
FLOW = "purchase-order-to-commitment"


def settings_of(url: str, key: str = KEY) -> Settings:
    """One connection that is never reached."""
    server = {"secret_key": "env:KEY"} if key else {}
    document = {"store": {"url": url}, "server": server, "connections": {"main": CONNECTION}}
    return Settings.model_validate(document, context=Surroundings(environ={"SECRET": "planted-secret", "KEY": key}))


@asynccontextmanager
async def opened(
    url: str, *, key: str = KEY, clock: FixedClock | None = None, rng: Rng | None = None
) -> AsyncIterator[Hub]:
    """A hub on a store."""
    async with open_hub(settings_of(url, key), clock=clock or FixedClock(START), rng=rng or system_rng()) as hub:
        yield hub


async def fill(hub: Hub, count: int, first: int = 0) -> None:
    """Orders, each seen and requested, with bodies of their own: three events and two bodies each."""
    for number in range(first, first + count):
        moment = Moment(hub.clock.now(), Cause(f"story-{number}", "step", "system"))
        seen = canonical({"number": f"PO-{number}", "workerName": f"Anna {number}"})
        body = canonical({"title": f"Beton für {number}", "amount": "10.50"})
        record = Record(Record.id_for("main", "commitment", f"po-{number}"), "main")
        record.observe(
            Seen(
                kind="commitment",
                side=BUSINESS_CENTRAL,
                entity_set="purchaseOrders",
                source_id=f"po-{number}",
                number=f"PO-{number}",
                title="Concrete",
                project="J1",
                digest=sha256_of(seen),
                content=sha256_of(seen),
                modified_at="",
                flows=(FLOW,),
            ),
            moment,
        )
        request = Request(
            part="header",
            endpoint="purchase_order_contracts",
            system=PROCORE,
            scope={"project_id": "7"},
            key=f"po-{number}",
            body=sha256_of(body),
            digest=sha256_of(body),
        )
        delivery = record.request(FLOW, request, moment)
        assert delivery is not None
        record.claim(FLOW, delivery, moment)
        events = record.collect_events()
        await hub.ledger.append(events, {sha256_of(seen): seen, sha256_of(body): body})


async def sealed_and_signed(hub: Hub) -> None:
    """What the service does every few seconds."""
    await hub.projector.catch_up()
    await sealer_of(hub).turn()


def later(clock: FixedClock, hours: int = 2) -> None:
    """Time goes by."""
    clock.at += timedelta(hours=hours)


async def verified(url: str, **how: Any) -> Verified:
    """A verification in a hub of its own."""
    async with opened(url) as hub:
        return await verify(hub, actor="cli:olga", **how)


def change(url: str, sql: str, *values: Any) -> None:
    """Somebody with hands on the database changes it, past the hub."""
    if url.startswith("sqlite"):
        with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
            done = connection.execute(sql, values).rowcount
    else:
        with psycopg.connect(url) as connection:
            connection.execute("SET search_path TO siteledger")
            done = connection.execute(sql.replace("?", "%s").encode(), values).rowcount
    assert done != 0, "nothing was changed"


def rows(url: str, sql: str) -> list[tuple[Any, ...]]:
    """What stands in the database."""
    if url.startswith("sqlite"):
        with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
            return connection.execute(sql).fetchall()
    with psycopg.connect(url) as connection:
        connection.execute("SET search_path TO siteledger")
        return connection.execute(sql.encode()).fetchall()


def sqlite(folder: Path) -> str:
    """URL of an empty store."""
    return f"sqlite:///{folder / 'ledger.db'}"
