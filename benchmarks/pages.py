"""The pages of the dashboard before 100,000 records of a million events: time at the server, bytes, and live rows."""

import gzip
import statistics
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

import anyio
from aiohttp import ClientSession

from adapters.ports import FixedClock, seeded_rng
from benchmarks.asof import START, carried, fill, moment
from benchmarks.failures import NOBODY
from benchmarks.measure import Result
from benchmarks.places import Place
from domain.record import Record
from hub.access import EVERY, Principal, Right, Role
from hub.app import Hub, open_hub
from hub.queries.records import Wanted, blocks, records
from hub.service import Service, service_of
from hub.settings import Settings
from hub.settings.values import Surroundings
from hub.web.app import application

TARGET_MS, LIVE_MS, PACKED = 100.0, 250.0, 20.0
LOOKS = 15
CHANGES = 100
PAGES = (
    "/records",
    "/records?state=synced",
    "/records?project=J7",
    "/records?q=PO-99",
    "/",
    "/failures",
    "/approvals",
    "/jobs",
    "/reconcile",
    "/runs",
    "/tail",
    "/links",
    "/audit",
    "/find?q=PO-77",
)


async def rows(sqlite: Place, postgres: Place | None, *, runs: int, quick: bool) -> list[Result]:  # noqa: ARG001 - one run holds many looks
    """Both databases."""
    count = 10_000 if quick else 100_000
    told: list[Result] = []
    for place in (sqlite, postgres):
        if place is None:
            continue
        with place.empty() as url:
            told += await on(url, place.name, count)
    return told


async def on(url: str, place: str, count: int) -> list[Result]:
    """All pages on one ledger, which is filled where it is empty."""
    document = {"store": {"url": url}, "connections": {"main": NOBODY}}
    settings = Settings.model_validate(document, context=Surroundings(environ={"SECRET": "none"}))
    async with open_hub(settings, clock=FixedClock(START + timedelta(days=30)), rng=seeded_rng(1)) as hub:
        if not await hub.ledger.last_position():
            await fill(hub.ledger, count)
        stored = await hub.projector.catch_up()
        what = f"{count:,} records of {stored:,} events, {place}"
        async with _served(hub) as (service, url_, http):
            told = [result for path in PAGES for result in await _page(http, url_, path, what)]
            told.append(await _far(hub, http, url_, what))
            told.append(await _live(hub, service, http, url_, what))
    return told


@asynccontextmanager
async def _served(hub: Hub) -> AsyncGenerator[tuple[Service, str, ClientSession]]:
    service = service_of(hub)
    await service.tail.start()
    giver = Principal("user:root", {EVERY: Role.ADMIN}, frozenset(Right), "root")
    await hub.access.put_user(giver, "bench", roles={EVERY: Role.ADMIN}, rights=frozenset(Right))
    session = await hub.access.book.start_session("bench")
    headers = {"Cookie": f"__Host-session={session}", "Accept": "text/html"}
    web = service._web(application(service), "127.0.0.1", 0)  # noqa: SLF001 - without its rounds
    async with web as url, ClientSession(headers=headers) as http:
        yield service, url, http


async def _page(http: ClientSession, url: str, path: str, what: str) -> list[Result]:
    taken: list[float] = []
    body = b""
    for _ in range(LOOKS):
        start = time.perf_counter()
        async with http.get(url + path) as answer:
            body = await answer.read()
            answer.raise_for_status()
        taken.append((time.perf_counter() - start) * 1000)
        await anyio.sleep(0.01)  # no more than a hundred a second are answered
    packed = len(gzip.compress(body)) / 1024
    return [
        Result(f"{path}, {what}", statistics.median(taken), TARGET_MS, "median", " ms", at_most=True),
        Result(f"{path}, packed, {what}", packed, PACKED, f"{len(body) / 1024:.0f} KiB raw", " KiB", at_most=True),
    ]


async def _far(hub: Hub, http: ClientSession, url: str, what: str) -> Result:
    """A jump to the far end of the scrollbar."""
    wanted = Wanted(connections=("main",), limit=200)
    found = await blocks(hub.ledger, wanted, await records(hub.ledger, wanted), 100_000)
    last = found.behind[-1]
    path = f"/records/block?cursor={last.cursor}&rows={last.rows}"
    return (await _page(http, url, path, what))[0]


async def _live(hub: Hub, service: Service, http: ClientSession, url: str, what: str) -> Result:
    """From the moment at which a change is stored until a browser has the row: the slowest of a hundred."""
    taken: list[float] = []
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(service.tail.run)
        async with http.get(f"{url}/live/records") as stream:
            for number in range(CHANGES):
                record = Record(Record.id_for("main", "commitment", f"new-{number}"), "main")
                carried(record, 10_000_000 + number, 1, moment(0))
                start = time.perf_counter()
                await hub.ledger.append(record.collect_events())
                name = str(record.id).encode()
                async for line in stream.content:
                    if name in line:
                        break
                taken.append((time.perf_counter() - start) * 1000)
        service.tail.close()
        tasks.cancel_scope.cancel()
    slowest = statistics.quantiles(taken, n=100)[-1]
    return Result(
        f"live row, {what}", slowest, LIVE_MS, f"p99; median {statistics.median(taken):.0f} ms", " ms", at_most=True
    )
