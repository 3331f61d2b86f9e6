"""`kill -9` at moments drawn from a seed: at any time, at a request of a stand-in, while something is being stored."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

import anyio
from aiohttp import web
from aiohttp.typedefs import Handler
from anyio.lowlevel import checkpoint

from adapters.sandbox.business_central import BusinessCentral
from adapters.sandbox.procore import Procore
from tests.crash.stores import Store, Watch
from tests.journeys.death import PHASES, Phase, stand_before
from tests.journeys.warm import Forked

Way = Literal["by time", "at a request", "while storing"]
WAYS: tuple[Way, ...] = ("by time", "at a request", "while storing")

MOST_REQUESTS, MOST_WRITES = 40, 12
"""Where a request is drawn from; later ones are too rare to wait for."""
LONGEST_STORING = 0.004
"""Seconds: about as long as one transaction takes."""
PATIENCE = 0.5
"""Seconds after which nothing more is going to be stored."""


@dataclass(frozen=True)
class Aim:
    """How a life is to end.

    Units   `fraction` of the usual length of a life by time, of `LONGEST_STORING` while storing.
    """

    way: Way
    fraction: float
    number: int
    writes: bool
    phase: Phase


def drawn(chance: Random) -> Aim:
    """The next aim of a plan; each takes the same draws, so that one seed gives one plan."""
    way, fraction, phase = chance.choice(WAYS), chance.random(), chance.choice(PHASES)
    writes = chance.random() < 0.7 or way == "while storing"
    number = 1 + int(chance.random() * (MOST_WRITES if writes else MOST_REQUESTS))
    return Aim(way, fraction, number, writes, phase)


class Killer:
    """Stands at both servers and ends the hub where its aim says; `struck` tells that it did."""

    def __init__(self, store: Store) -> None:
        self.on_request: Callable[[int], None] = lambda _number: None
        self.struck = False
        self._store = store
        self._process: Forked | None = None
        self._aim: Aim | None = None
        self._requests = self._writes = 0

    def watch(self, stand_in: BusinessCentral | Procore) -> None:
        """Comes before everything else that the stand-in does with a request."""
        stand_before(stand_in, self._stand_by())

    def take_on(self, process: Forked, aim: Aim | None) -> None:
        """The next one to be killed; without an aim it lives."""
        self._process, self._aim = process, aim
        self._requests = self._writes = 0
        self.struck = False

    async def by_time(self, usual: float) -> None:
        """Waits for the drawn moment and strikes. `usual` seconds a life takes; some moments lie after it."""
        if self._aim is not None and self._aim.way == "by time":
            await anyio.sleep(1.1 * usual * self._aim.fraction)
            self._strike()

    def _stand_by(self) -> Any:
        @web.middleware
        async def stand_by(request: web.Request, handler: Handler) -> web.StreamResponse:
            aim = self._aim_at(request)
            if aim is None:
                return await handler(request)
            storing = aim.way == "while storing"
            if aim.phase == "before the call" and not storing:
                return self._strike()
            answer = await handler(request)
            if aim.phase == "after the commit" and not storing:
                return self._strike()
            stored = self._store.watch()
            await answer.prepare(request)
            await answer.write_eof()
            if not storing or await _begins(stored):
                await anyio.sleep(LONGEST_STORING * aim.fraction if storing else 0)
                self._strike()
            return answer

        return stand_by

    def _aim_at(self, request: web.Request) -> Aim | None:
        """The aim, when this is its request."""
        write = request.method not in {"GET", "HEAD"} and not request.path.endswith("/token")
        self._requests += 1
        self._writes += write
        self.on_request(self._requests)
        aim = self._aim
        if aim is None or aim.way == "by time" or (aim.writes and not write):
            return None
        return aim if aim.number == (self._writes if aim.writes else self._requests) else None

    def _strike(self) -> web.Response:
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()
                self.struck = True
        return web.Response(status=500)  # nobody is there any more to read it


async def _begins(stored: Watch) -> bool:
    """Waits until something is being stored; whether it was."""
    with anyio.move_on_after(PATIENCE):
        while not stored():
            await checkpoint()
        return True
    return False
