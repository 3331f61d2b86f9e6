"""What both systems tell by themselves, on its way to the web application of the running hub.

The stand-ins' own senders call the addresses that the hub asked them to call, with the bytes that they would send; what
answers is the hub's own application behind HTTP, without sockets. On the way calls are lost, doubled, late and out of
order, or nobody is there.
"""
# pyright: reportPrivateUsage=false

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import anyio
import httpx

from adapters.sandbox.business_central import BusinessCentral
from adapters.sandbox.procore import Procore
from hub.service import Service
from hub.web.app import application
from tests.simulation.life import Life
from tests.simulation.loop import VirtualClock
from tests.simulation.network import FASTEST, USUAL, Server

EVERY = 10.0
"""Seconds between two looks of a sender at what it has to send."""
PUBLIC = "https://siteledger.example.com"
LATEST = 900.0
"""Seconds that a call may be under way after its sender gave it up."""
WATCHED = frozenset({"vendors", "segments", "projects", "purchaseOrders"})
"""Sets of which every round that reads their kind asks."""


class Ears:
    """Both senders and the door of the hub that is alive."""

    def __init__(
        self, bc: BusinessCentral, procore: Procore, seed: int, clock: VirtualClock, say: Callable[[str], None]
    ) -> None:
        self._bc = bc
        self._procore = procore
        self._rng = Random(f"notices {seed}")
        self._clock = clock
        self._say = say
        self._door: tuple[Server, Life] | None = None
        self._armed: list[str] = []
        self._under_way: set[asyncio.Task[Any]] = set()
        bc.notifier._post = bc.subscriptions._post = self._post
        procore.deliverer.post = self._post

    @asynccontextmanager
    async def open_for(self, service: Service, life: Life) -> AsyncGenerator[None]:
        """The web application of a process answers, as long as that process lives."""
        server = Server(application(service))
        await server.start()
        self._door = (server, life)
        try:
            yield
        finally:
            self._door = None
            with anyio.CancelScope(shield=True):
                await server.stop()

    async def run(self) -> None:
        """Both systems send what is due, until cancelled."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_regularly, self._bc.notifier.send)
            tasks.start_soon(_regularly, self._procore.deliverer.send)

    async def rest(self) -> None:
        """Until nothing is under way."""
        await asyncio.gather(*self._under_way)

    # -- what goes wrong ---------------------------------------------------------------------------

    def trouble(self, name: str, rng: Random) -> None:
        """The next few notices meet this."""
        number = rng.randint(1, 5)
        match name:
            case "doubled":
                self._bc.notifier.duplicates = self._procore.outbox.duplicates = number
            case "reordered":
                self._bc.notifier.reverses = self._procore.outbox.swaps = number
            case "given up":
                self._give_up()
            case "forgotten":
                self._forget(rng)
            case "nobody is told" | "everybody is told":
                self._bc.subscriptions.unnoticed = name == "nobody is told"
            case _:
                self._armed += [name] * number

    def calm(self) -> None:
        """Nothing goes wrong from here on."""
        self._armed.clear()
        self._bc.subscriptions.unnoticed = False

    def _give_up(self) -> None:
        """What Procore does when nobody answered for twelve hours."""
        for endpoint in self._procore.outbox.endpoints.values():
            for waiting in endpoint.queue:
                waiting.status = "discarded"
            endpoint.queue.clear()

    def _forget(self, rng: Random) -> None:
        """What Business Central does after an answer that it takes for the last one."""
        names = sorted(self._bc.subscriptions.all)
        for name in rng.sample(names, min(len(names), 3)):
            del self._bc.subscriptions.all[name]

    # -- one call ----------------------------------------------------------------------------------

    async def _post(self, url: str, body: bytes, headers: Mapping[str, str], seconds: float) -> tuple[int, str]:
        """A call of a stand-in: status and text, 0 when nobody answered in time."""
        trouble = self._armed.pop(0) if self._armed else ""
        status, text = await self._call(url, body, headers, seconds, trouble)
        address = url.removeprefix(f"{PUBLIC}/webhooks/").partition("?")[0]
        self._say(f"told: {address} {len(body)} bytes {status}{f', {trouble}' if trouble else ''}")
        return status, text

    async def _call(
        self, url: str, body: bytes, headers: Mapping[str, str], seconds: float, trouble: str
    ) -> tuple[int, str]:
        await anyio.sleep(self._way())
        if trouble == "lost":
            return 200, ""  # taken by something on the way that tells nobody
        if trouble == "refused":
            return 0, ""
        late = seconds + self._rng.uniform(1, LATEST) if trouble == "late" else 0.0
        request = httpx.Request("POST", url, headers=dict(headers), content=body)
        answered: asyncio.Future[tuple[int, str]] = asyncio.get_running_loop().create_future()
        # Whoever answers works on when the caller has given up.
        self._begin(self._knock(request, late, answered))
        with anyio.move_on_after(seconds):
            status, text = await asyncio.shield(answered)
            await anyio.sleep(self._way())
            return (0, "") if trouble == "answer lost" else (status, text)
        return 0, ""

    async def _knock(self, request: httpx.Request, wait: float, answered: "asyncio.Future[tuple[int, str]]") -> None:
        await anyio.sleep(wait)
        status, text = 0, ""
        if self._door is not None and not self._door[1].dead:
            server, life = self._door
            try:
                response = await server.answer(request, self._clock)
            except httpx.RemoteProtocolError:
                pass  # it was stopped while it answered
            else:
                status, text = (0, "") if life.dead else (response.status_code, response.text)
        if not answered.done():
            answered.set_result((status, text))

    def _begin(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    def _way(self) -> float:
        return FASTEST + self._rng.expovariate(1 / USUAL)


async def _regularly(send: Callable[[], Awaitable[int]]) -> None:
    while True:
        await anyio.sleep(EVERY)
        await send()


class Attention:
    """What is heard is read: by the next round that can read, and not with the next poll alone."""

    def __init__(self, found: Callable[[str, str], None]) -> None:
        self._found = found
        self._read: dict[str, float] = {}
        self._heard: dict[str, float] = {}
        self._round_ended = 0.0

    def begin(self) -> None:
        """A process begins: what the one before it heard is read by its first poll."""
        self._heard.clear()
        self._round_ended = anyio.current_time()

    def asked(self, path: str) -> None:
        """The hub asks Business Central for something."""
        name = path.rpartition(")/")[2].partition("?")[0]
        if name in WATCHED:
            self._read[name] = anyio.current_time()

    def round_ended(self, heard: set[str], *, whole: bool) -> None:
        """A round ended, and `heard` are the sets that notices were stored of since the last one ended."""
        if whole:
            for name, before in self._heard.items():
                if self._read.get(name, -1.0) < before:
                    self._found(
                        "what is heard is read", f"{name} was announced, and the round after it did not read it"
                    )
            self._heard.clear()
        for name in sorted(heard & WATCHED):
            self._heard.setdefault(name, self._round_ended)
        self._round_ended = anyio.current_time()
