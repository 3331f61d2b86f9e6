"""The whole of it: both companies, the network, the disk, and life after life of the unchanged hub."""

import traceback
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from uuid import UUID

import anyio
import httpx

from adapters.ports import seeded_rng
from adapters.sandbox.business_central import BusinessCentral
from adapters.sandbox.procore import Procore
from adapters.sandbox.serve import ENVIRONMENT, Sandbox
from domain.errors import SiteLedgerError
from domain.values import BUSINESS_CENTRAL, PROCORE, System
from hub.app import Hub, open_hub
from hub.due import EVERYTHING
from hub.operations.sync import one
from hub.reconciling.comparing import Comparison
from hub.report import ExitStatus, Quiet, Report
from hub.round import Outcome
from hub.service import service_of
from hub.settings import Settings
from hub.settings.values import Surroundings
from hub.window import Window
from tests.journeys.harness import World
from tests.journeys.serving import ADMIN, KEY
from tests.simulation import intents, read_models
from tests.simulation.desk import Desk
from tests.simulation.disk import Disk, DiskThreads
from tests.simulation.ears import PUBLIC, Attention, Ears
from tests.simulation.invariants import Companies
from tests.simulation.ledger_book import LedgerBook
from tests.simulation.life import Life, died_of_its_ledger, only_stopped
from tests.simulation.loop import Deadlock, Livelock, VirtualClock, run_virtually
from tests.simulation.network import Exchange, Line, Network, Server
from tests.simulation.past import Past
from tests.simulation.people import People
from tests.simulation.scenario import Scenario, Step
from tests.simulation.weather import Weather

NAME = "main"
FLOWS = {"change-order-to-change-order": {"side": "both"}}
"""Settings of flows that give the simulation more to do than the defaults would."""
AS_COSTS = {"posted-invoice-to-commitment-invoice": {"posted_invoice_target": "direct_cost"}}
"""Every third scenario plays with this on top."""
SERVER = {"secret_key": "env:KEY", "admin_token": "env:ADMIN"}
SELDOM = 3600.0
"""Seconds between two polls where everything that is told has to be heard to be there sooner."""
URLS = {BUSINESS_CENTRAL: "http://127.0.0.1:8081", PROCORE: "http://127.0.0.1:8082"}
MOST_ROUNDS = 40
"""Rounds, twenty minutes apart, in which everything must come to rest once nothing goes wrong any more."""
BETWEEN = 1200.0
"""Seconds between these rounds."""
MOST_TURNS, TURNS_AN_HOUR = 100_000, 30_000
"""Turns of the event loop that a scenario may take: several times what the busiest takes."""


@dataclass(frozen=True)
class Finding:
    """A broken invariant."""

    invariant: str
    words: str


@dataclass
class Result:
    """What came of a scenario."""

    scenario: Scenario
    findings: list[Finding]
    trace: list[str]
    simulated: float
    requests: int
    lives: int

    @property
    def digest(self) -> str:
        """The trace in one word."""
        return sha256("\n".join(self.trace).encode()).hexdigest()


def play(scenario: Scenario) -> Result:
    """Run a scenario to its end, or to its first finding."""
    with TemporaryDirectory(prefix="siteledger-simulation-", dir=_memory()) as folder:
        stage = Stage(scenario, Path(folder))
        with stage.disk.mounted():
            try:
                run_virtually(scenario.seed, stage.play, MOST_TURNS + scenario.hours * TURNS_AN_HOUR)
            except (Deadlock, Livelock) as error:
                stage.findings.append(Finding("the hub comes to an end", str(error)))
        return stage.result


def _memory() -> str | None:
    """A file system in memory where there is one: power cuts are played on copies, so nothing need reach a disk."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - the folder is made by tempfile


class Stage:
    """Plays one scenario."""

    def __init__(self, scenario: Scenario, folder: Path) -> None:
        self.scenario = scenario
        self.disk = Disk(folder)
        self.disk.on_cut = self._cut
        self.trace: list[str] = []
        self.findings: list[Finding] = []
        self.requests = 0
        self._ended = 0.0
        self._lives = 0
        self._life: Life | None = None
        self._over = False
        self._fuse: tuple[str, int] | None = None
        self._meanwhile: list[Step] = []

    # -- the play ----------------------------------------------------------------------------------

    @property
    def result(self) -> Result:
        """What came of it so far."""
        return Result(self.scenario, self.findings, self.trace, self._ended, self.requests, self._lives)

    async def play(self) -> None:
        """Everything in order: the companies open, things happen, trouble ends, everything is checked."""
        self.truth, self.clock = VirtualClock(), VirtualClock()
        seed = self.scenario.seed
        self.bc = BusinessCentral(now=self.truth.now, seed=seed % 89)
        self.procore = Procore(now=self.truth.now, seed=seed % 97)
        self.procore.settings.erp_connected = True
        self.bc.service.page_limit = self.scenario.page
        self.procore.settings.largest_page = self.scenario.page
        self.book = LedgerBook(self.found)
        self.past = Past(seed, self.found)
        async with self._network() as self.lines:
            sandbox = Sandbox(self.bc, self.procore, URLS[BUSINESS_CENTRAL], URLS[PROCORE])
            self.world = World(sandbox, self.clock, "")  # type: ignore[arg-type]
            self.people = People(self.world)
            self.companies = Companies(self.bc, self.procore, self.people.by_hand, self.people.gone, self.found)
            self.ears = Ears(self.bc, self.procore, seed, self.truth, self.say)
            self.attention = Attention(self.found)
            self.weather = Weather(self.bc, self.procore, self.lines, self.disk, self.clock)
            setup = self.bc.tables.rows("connectorSetups")[0]["id"]
            self.bc.tables.update("connectorSetups", setup, procoreCompanyId=self.procore.state.company_id)
            self.people.open_companies()
            try:
                await self._happen()
                if not self.findings:
                    await self._calm()
            except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
                self._broke("the simulation", error)
        self._ended = anyio.current_time()

    async def _happen(self) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.ears.run)
            await tasks.start(self._keep_alive)
            for step in self.scenario.steps:
                await anyio.sleep(max(0.0, step.at - anyio.current_time()))
                if self.findings:
                    break
                self._do(step)
                self.companies.always()
                self.past.look(self.disk.path, step.chance)
            if not self.findings:
                await anyio.sleep(max(0.0, self.scenario.hours * 3600 - anyio.current_time()))
            self._over = True
            tasks.cancel_scope.cancel()

    def say(self, words: str) -> None:
        """One line of the trace."""
        self.trace.append(f"{timedelta(seconds=round(anyio.current_time(), 3))!s:>15}  {words}")

    def found(self, invariant: str, words: str) -> None:
        """Note a broken invariant; the same one once."""
        finding = Finding(invariant, words)
        if finding not in self.findings:
            self.findings.append(finding)
            self.say(f"FOUND {invariant}: {words}")

    def _broke(self, what: str, error: BaseException) -> None:
        told = "".join(traceback.format_exception(error)[-6:])
        self.found("the hub does not break", f"{what}: {error!r}\n{told}")

    # -- steps -------------------------------------------------------------------------------------

    def _do(self, step: Step) -> None:
        rng = Random(step.chance)
        match step.kind:
            case "person":
                self.say(f"person: {self.people.act(step.name, step.chance)}")
                return
            case "meanwhile":
                self._meanwhile.append(step)
                return
            case "hub" if step.name.startswith("killed "):
                self._fuse = (step.name, rng.randint(0, 12))
            case "hub":
                self._end_life(step.name)
            case "notices":
                self.ears.trouble(step.name, rng)
            case _:
                self.weather.strike(step.kind, step.name, rng)
        self.say(f"{step.kind}: {step.name}")

    # -- lives of the hub --------------------------------------------------------------------------

    async def _keep_alive(self, *, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Starts the hub again whenever it ended, as whatever watches over a service does."""
        task_status.started()
        while not self._over:
            await self._live(Life(self._lives + 1))
            await anyio.sleep(Random(f"{self.scenario.seed} {self._lives}").uniform(1, 240))

    async def _live(self, life: Life) -> None:
        self._lives = life.number
        self._life = life
        self.say(f"hub: life {life.number} begins")
        how = "ended"
        try:
            with life.scope:
                async with self._hub(life) as hub, self._service(hub, life), anyio.create_task_group() as tasks:
                    tasks.start_soon(self._desk(hub, life).run)
                    await anyio.sleep_forever()
        except BaseException as error:
            if not life.dead and only_stopped(error):
                raise
            if not life.dead and not died_of_its_ledger(error):
                self._broke(f"life {life.number}", error)
            how = "gave up, for its ledger cannot be used"
        finally:
            self._life = None
        self.say(f"hub: life {life.number} {'was killed' if life.dead else how}")

    @asynccontextmanager
    async def _service(self, hub: Hub, life: Life) -> AsyncGenerator[None]:
        """Everything that a process does, behind the door that notices come to."""
        self.book.catch_up()
        self.book.heard.clear()
        self.attention.begin()
        service = service_of(hub, self._told)
        async with self.ears.open_for(service, life), service.at_work():
            yield

    def _desk(self, hub: Hub, life: Life) -> Desk:
        return Desk(hub, Random(f"desk {self.scenario.seed} {life.number}"), self.say)

    @asynccontextmanager
    async def _hub(self, life: Life) -> AsyncGenerator[Hub]:
        self.book.turn_to(self.disk.path)
        threads = DiskThreads(self.disk, Random(f"threads {self.scenario.seed} {life.number}"), lambda: not life.dead)
        networks: Mapping[System, httpx.AsyncBaseTransport] = {
            system: Network(line, life.alive, self._leaves, self._arrived) for system, line in self.lines.items()
        }
        rng = seeded_rng(self.scenario.seed * 1000 + life.number)
        async with open_hub(self._settings(), clock=self.clock, rng=rng, threads=threads, networks=networks) as hub:
            yield hub

    def _settings(self) -> Settings:
        flows = FLOWS if self.scenario.seed % 3 else FLOWS | AS_COSTS
        every = SELDOM if self.scenario.seed % 4 == 1 else self.scenario.poll_every
        desk = {"erp_requests": True}
        document = {
            "store": {"url": self.disk.url},
            "server": SERVER | {"public_url": PUBLIC} if self.scenario.hears else SERVER,
            "connections": {NAME: self.world.sandbox.connection(procore=desk, flows=flows, poll_every=f"{every:.0f}s")},
        }
        environ = {**ENVIRONMENT, "KEY": KEY, "ADMIN": ADMIN}
        return Settings.model_validate(document, context=Surroundings(environ=environ))

    def _end_life(self, name: str) -> None:
        if self._life is None or self._life.dead:
            return
        if name == "killed":
            self.disk.cut()
            self._cut()
        else:
            self._life.scope.cancel()

    def _cut(self) -> None:
        """The disk stopped in mid-air: the process that wrote to it is gone."""
        if self._life is not None:
            self._life.die()

    def _told(self, _name: str, outcome: Outcome | SiteLedgerError) -> None:
        self.book.catch_up()
        heard = {resource for system, resource in self.book.heard if system == BUSINESS_CENTRAL}
        self.book.heard.clear()
        self.attention.round_ended(heard, whole=isinstance(outcome, Outcome) and not outcome.cut_short)
        if not isinstance(outcome, Outcome):
            self.say(f"round: failed, {outcome}")
            return
        self.say(
            f"round: {outcome.observed} observed, {dict(outcome.delivered)} delivered, {len(outcome.troubles)} troubles"
        )

    # -- the network -------------------------------------------------------------------------------

    @asynccontextmanager
    async def _network(self) -> AsyncGenerator[dict[System, Line]]:
        async with AsyncExitStack() as stack:
            lines: dict[System, Line] = {}
            for system, stand_in in ((BUSINESS_CENTRAL, self.bc), (PROCORE, self.procore)):
                server = Server(stand_in.app())
                await server.start()
                stack.push_async_callback(server.stop)
                rng = Random(f"{system} {self.scenario.seed}")
                lines[system] = Line(system, server, self.truth, rng, self._seen, self._answered)
            yield lines

    def _leaves(self, system: System, request: httpx.Request) -> None:
        if intents.is_write(request):
            intents.check(system, request, self.book)
            self._burn("killed before a call")

    def _arrived(self, request: httpx.Request) -> None:
        if intents.is_write(request):
            self._burn("killed after an answer")

    def _burn(self, where: str) -> None:
        """One write nearer to the end of this process, where its end is near."""
        if self._fuse is None or self._fuse[0] != where or self._life is None:
            return
        left = self._fuse[1]
        self._fuse = (where, left - 1) if left else None
        if not left:
            self._end_life("killed")

    def _seen(self, system: System, request: httpx.Request) -> None:
        self.requests += 1
        if system == BUSINESS_CENTRAL and request.method == "GET":
            self.attention.asked(request.url.path)

    def _answered(self, exchange: Exchange) -> None:
        target = exchange.request.url.raw_path.decode().replace(self.bc.company_id, "…")
        trouble = f", {exchange.trouble}" if exchange.trouble else ""
        self.say(f"{exchange.system} {exchange.request.method} {target[:150]} {exchange.status}{trouble}")
        if intents.is_write(exchange.request):
            self._burn("killed after a commit")
            if self._meanwhile:
                step = self._meanwhile.pop(0)
                self.say(f"meanwhile: {self.people.act(step.name, step.chance)}")

    # -- rest --------------------------------------------------------------------------------------

    async def _calm(self) -> None:
        """No more trouble, no more people: the hub works until nothing is left, then everything is compared."""
        self.say("calm")
        self.people.go_home()
        self._meanwhile.clear()
        self._fuse = None
        self.weather.calm()
        self.ears.calm()
        await self.ears.rest()
        for line in self.lines.values():
            await line.rest()
        last = Life(self._lives + 1)
        async with self._hub(last) as hub:
            await self._desk(hub, last).take_back()
            if await self._come_to_rest(hub, full=False):
                await self._check(hub, last, retried=False)
            if not self.findings and await self._come_to_rest(hub, full=True):
                await self._check(hub, last, retried=True)
            if not self.findings:
                await self._rebuilt(hub)

    async def _come_to_rest(self, hub: Hub, *, full: bool) -> bool:
        report = await self._round(hub, full=full)
        for _ in range(MOST_ROUNDS):
            quiet = report.status not in {ExitStatus.REMOTE, ExitStatus.TRY_LATER}
            if quiet and not report.document["observed"] and not sum(report.document["delivered"].values()):
                return True
            await anyio.sleep(BETWEEN)
            report = await self._round(hub)
        self.found("everything comes to rest", f"{report.document['states']} {report.document['troubles']}")
        return False

    async def _listen(self, hub: Hub, life: Life) -> None:
        """A while of service in which nobody does anything, and both systems tell what they did not tell so far."""
        async with self._service(hub, life), anyio.create_task_group() as tasks:
            tasks.start_soon(self.ears.run)
            await anyio.sleep(BETWEEN)
            tasks.cancel_scope.cancel()
        await self.ears.rest()

    async def _round(self, hub: Hub, *, full: bool = False) -> Report:
        report = await one(hub, NAME, Quiet(), window=Window(full=full), narrow=EVERYTHING, wait=timedelta(seconds=60))
        self.say(f"round at rest: {report.document['observed']} observed, {report.document['delivered']}")
        return report

    async def _check(self, hub: Hub, life: Life, *, retried: bool) -> None:
        self.say("checked, after the dead were tried again" if retried else "checked, after the last trouble")
        before = self.bc.log.last, self.procore.log.last
        await self._listen(hub, life)
        await self._round(hub)
        written = [*self.bc.log.writes(before[0]), *self.procore.log.writes(before[1])]
        for entry in written:
            if not entry.token and not intents.is_about_telling(entry.path):
                self.found("at rest a further round writes nothing", f"{entry.method} {entry.path} {entry.body}")
        self.book.catch_up()
        for intent in self.book.open.values():
            self.found(
                "nothing ends without outcome", f"{self.book.name(intent.event.originator_id)} {intent.event.part}"
            )
        states = await read_models.states(hub)
        for state in states:
            if state.state == "dead" and (UUID(state.record), state.flow) not in self.book.refused:
                self.found("nothing is given up without reason", f"{state.flow} {state.number}: {state.reasons}")
        self.companies.at_rest(states, retried=retried)
        if retried:
            await self._reconciled(hub)
        self.say(f"states {sorted(Counter(f'{state.flow} {state.state}' for state in states).items())}")

    async def _reconciled(self, hub: Hub) -> None:
        """The product's own comparison finds nothing that it cannot explain."""
        async with hub.pair(NAME) as pair:
            async for page in Comparison(pair, hub.ledger, hub.projector).run():
                for line in page:
                    if line.unexplained:
                        told = f"{line.column} {line.cell}: {line.unexplained}, {line.explanations}"
                        self.found("every cent is explained", told)

    async def _rebuilt(self, hub: Hub) -> None:
        await self.past.check(hub)
        before = await read_models.tables(hub)
        await hub.projector.rebuild()
        after = await read_models.tables(hub)
        for name, rows in before.items():
            if rows != after[name]:
                changed = [row for row in rows if row not in after[name]][:3]
                self.found(
                    "projections rebuilt equal projections kept", f"{name}: {changed} and {len(after[name])} rows"
                )
        self.say(f"ledger {sha256(repr(sorted(before.items())).encode()).hexdigest()} at {self.book.position}")
