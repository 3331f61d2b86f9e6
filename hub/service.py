"""The running service: rounds at their pace, the web server, and everything that follows the ledger."""

import signal
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import anyio
import structlog
from aiohttp import web
from anyio.abc import TaskStatus

from domain.errors import Misconfigured, SiteLedgerError
from domain.flows import FLOWS
from hub.app import Hub
from hub.audit.parts import sealer_of
from hub.audit.sealing import Sealer
from hub.audit.watching import Verifying
from hub.drift.watching import Watching
from hub.errands import Errands
from hub.groups import single_error
from hub.hearing.listening import Listening
from hub.hearing.subscribing import Subscribing
from hub.operations.batches import run as work_through
from hub.operations.batches import unfinished, view
from hub.operations.runs import ask_again, give_up
from hub.round import Outcome
from hub.schedule import Schedule
from hub.settings import FLOW_NAMES, Connection
from hub.tail import Tail
from hub.timetable import EAGERNESS, Every, Timetable
from hub.works import Works

log: structlog.stdlib.BoundLogger = structlog.get_logger()

GRACE = timedelta(seconds=1.5)
"""What a round that is under way may take to come to its end. Nothing is lost when it is cut off: whatever was asked of
a system without an answer is settled by looking, at the next start."""
ANSWERS = timedelta(seconds=0.25)
"""What answers that are under way may take at the end."""

FILES = 2
"""Exports that are written at a time; each takes a thread that reads, and lists need the others."""

Heard = Callable[[str, Outcome | SiteLedgerError], None]
"""Hears how a round of a connection ended."""


@dataclass
class Heartbeat:
    """How the last round of a connection went."""

    ended: datetime | None = None
    troubles: list[str] = field(default_factory=list[str])
    rounds: int = 0


@dataclass
class Service:
    """One process that serves: a hub, its schedule and its tail."""

    hub: Hub
    schedule: Schedule
    tail: Tail
    listening: Listening
    subscribing: Subscribing | None
    started: datetime
    beats: dict[str, Heartbeat]
    sealer: Sealer
    watching: Watching
    verifying: Verifying
    works: Works
    errands: Errands
    heard: list[Heard] = field(default_factory=list[Heard])
    stopping: bool = False
    writing_files: anyio.Semaphore = field(default_factory=lambda: anyio.Semaphore(FILES))

    async def run(self, serve: "Serve", host: str, port: int, *, told: "Told") -> None:
        """Serves until SIGTERM or Ctrl-C, then ends cleanly.

        Raises  Misconfigured when the port is taken, StoreUnavailable.
        """
        async with self.running(serve, host, port) as address:
            told(address)
            await _told_to_stop()
            log.info("stopping")

    @asynccontextmanager
    async def running(self, serve: "Serve", host: str, port: int) -> AsyncGenerator[str]:
        """Everything at work, and its address; at the end streams close first, then rounds end, then answers.

        Raises  Misconfigured when the port is taken, StoreUnavailable.
        """
        async with self._web(serve(self), host, port) as address, self.at_work():
            yield address

    @asynccontextmanager
    async def at_work(self) -> AsyncGenerator[None]:
        """Everything at work but the web server, which answers already: both systems ask it back as they are set up.

        Raises  StoreUnavailable
        """
        try:
            with single_error():
                async with self._working():
                    yield
        finally:
            with anyio.CancelScope(shield=True):
                await self.errands.close()

    @asynccontextmanager
    async def _working(self) -> AsyncGenerator[None]:
        async with anyio.create_task_group() as tasks:
            await self.tail.start()
            await self.errands.tidy()
            await ask_again(self.hub, self.schedule.ask)
            tasks.start_soon(self.tail.run)
            tasks.start_soon(self.hub.access.refusals.run)
            tasks.start_soon(self.sealer.run)
            tasks.start_soon(self.verifying.run)
            for batch in await unfinished(self.hub):
                self.work(batch)
            tasks.start_soon(self.works.run)
            for name in self.beats:
                tasks.start_soon(self.watching.run, name)
            rounds = await tasks.start(self._rounds)
            if self.subscribing is not None:
                for name in self.beats:
                    tasks.start_soon(self.subscribing.run, name)
            try:
                yield
            finally:
                with anyio.CancelScope(shield=True):
                    self.stopping = True
                    self.tail.close()
                    await self._let_rounds_end(rounds)
                    tasks.cancel_scope.cancel()

    def work(self, batch: str) -> None:
        """Works through a batch in the background; the round that carries what came of it begins at once.

        What is cut off goes on at the next start.
        """
        self.works.begin(f"batch {batch}", partial(self._work, batch))

    async def _work(self, batch: str) -> None:
        known = await view(self.hub, batch)
        await work_through(self.hub, batch, actor=known.actor)
        if known.connection in self.beats:
            self.schedule.carry(known.connection)

    async def _rounds(self, *, task_status: TaskStatus[anyio.CancelScope]) -> None:
        with anyio.CancelScope() as scope:
            task_status.started(scope)
            await self.schedule.run()

    async def _let_rounds_end(self, rounds: anyio.CancelScope) -> None:
        with anyio.move_on_after(GRACE.total_seconds()):
            await self.schedule.stop()
        rounds.cancel()

    @asynccontextmanager
    async def _web(self, app: web.Application, host: str, port: int) -> AsyncGenerator[str]:
        runner = web.AppRunner(
            app, access_log=None, handle_signals=False, shutdown_timeout=ANSWERS.total_seconds(), keepalive_timeout=75
        )
        await runner.setup()
        try:
            try:
                await web.TCPSite(runner, host, port).start()
            except OSError as error:
                words = f"cannot listen on {host}:{port}: {error.strerror}; set server.host and server.port"
                raise Misconfigured(words) from error
            yield "http://{}:{}".format(*runner.addresses[0][:2])
        finally:
            with anyio.CancelScope(shield=True):
                await runner.cleanup()


Serve = Callable[[Service], web.Application]
Told = Callable[[str], None]
"""Hears the address as soon as the service answers there."""


def service_of(hub: Hub, heard: Heard | None = None) -> Service:
    """A service of all connections of a hub. `heard` is told how each round ended."""
    listeners = [] if heard is None else [heard]
    beats = {name: Heartbeat() for name in hub.settings.connections}

    def ended(name: str, outcome: Outcome | SiteLedgerError) -> None:
        known = beats[name]
        if isinstance(outcome, Outcome):
            beats[name] = Heartbeat(outcome.finished, outcome.troubles, known.rounds + 1)
        else:
            beats[name] = Heartbeat(known.ended, [str(outcome)], known.rounds)
        for listener in listeners:
            listener(name, outcome)

    every = {name: connection.poll_every for name, connection in hub.settings.connections.items()}
    tables = {name: _timetable(connection) for name, connection in hub.settings.connections.items()}
    schedule = Schedule(hub, every, told=ended, timetables=tables, given_up=partial(give_up, hub))
    listening = Listening(hub, hub.access, schedule.hint)
    url = hub.settings.server.public_url
    subscribing = Subscribing(hub, listening, url) if url else None
    works = Works()
    watchers = (sealer_of(hub), Watching(hub, schedule), Verifying(hub), works, Errands(hub, works))
    parts = (hub, schedule, Tail(hub), listening, subscribing, hub.clock.now(), beats, *watchers)
    return Service(*parts, heard=listeners)


def _timetable(connection: Connection) -> Timetable:
    """A kind is read as often as the most eager of its flows wants it; kinds without settings of their own always."""
    every: dict[str, Every] = {}
    for flow in FLOWS:
        name = flow.settings_of or flow.name
        wanted: Every = connection.flows.named(name).every if name in FLOW_NAMES else "always"
        known = every.get(flow.kind, "never")
        every[flow.kind] = wanted if EAGERNESS.index(wanted) < EAGERNESS.index(known) else known
    return Timetable(every, ZoneInfo(connection.time_zone), connection.daily_at)


async def _told_to_stop() -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for number in signals:
            log.info("signal", number=int(number))
            return
