"""`demo`: both stand-ins and the hub on a temporary ledger; a month at a building company, and the proof."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from adapters.ports import LateClock, SystemClock, system_rng
from adapters.sandbox.serve import ENVIRONMENT, Sandbox, sample, serve
from domain.values import SYSTEMS
from hub.access import EVERY, Right, Role, operator
from hub.app import Hub, open_hub
from hub.due import Narrow
from hub.keyring import new_key
from hub.operations import demo_company as company
from hub.operations import demo_month as month
from hub.operations.demo_desk import ACTOR, desk_of, leave_open, show_in_browser
from hub.operations.demo_totals import totals
from hub.operations.explain import chain, find, standing_now
from hub.operations.sync import one
from hub.operations.thread import thread
from hub.report import Announce, ExitStatus, Progress, Quiet, Report
from hub.service import service_of
from hub.settings import Settings, Surroundings
from hub.web.app import application
from hub.window import Window

if TYPE_CHECKING:
    from rich.console import Console

NAME = "demo"
BACK = timedelta(days=31)
"""The month that is played."""
LOOK_EVERY = "10s"
"""Pace of the rounds while it goes on serving."""
VISITOR = "visitor"
KEY = "SITELEDGER_SECRET_KEY"


async def demo(*, headless: bool, port: int, announce: Announce, progress: Progress) -> ExitStatus:
    """Plays the month, prints the proof, and on a terminal goes on serving, with the dashboard open.

    Raises  Misconfigured when the port is taken.
    """
    progress.say("A general contractor in Business Central, its company in Procore, and nothing between them yet.")
    async with _running() as stage:
        async with stage.hub() as hub:
            document = await _Month(hub, stage, progress).play()
        announce(_report(document))
        if not headless:
            await _serve_on(stage, port, progress)
    return ExitStatus.DONE if document["equal"] else ExitStatus.NEEDS_PERSON


@dataclass(frozen=True)
class _Stage:
    """Where it is played: both stand-ins, the file of the ledger, and a clock that begins a month ago."""

    sandbox: Sandbox
    folder: Path
    clock: LateClock
    key: str

    @asynccontextmanager
    async def hub(self, port: int = 8080, **flows: Any) -> AsyncGenerator[Hub]:
        """A hub on the ledger of the demonstration."""
        today = SystemClock().now().date()
        document = {
            "store": {"url": f"sqlite:///{self.folder / 'ledger.db'}"},
            "server": {"port": port, "secret_key": f"env:{KEY}"},
            "connections": {NAME: self.sandbox.connection(start_date=today - BACK, poll_every=LOOK_EVERY, flows=flows)},
        }
        settings = Settings.model_validate(document, context=Surroundings(environ={**ENVIRONMENT, KEY: self.key}))
        async with open_hub(settings, clock=self.clock) as hub:
            yield hub


@asynccontextmanager
async def _running() -> AsyncGenerator[_Stage]:
    clock = LateClock(BACK - timedelta(days=1))
    central, procore = sample(clock.now)
    with TemporaryDirectory(prefix="siteledger-demo-") as folder:
        async with serve(central, procore) as sandbox:
            yield _Stage(sandbox, Path(folder), clock, new_key(system_rng()))


class _Month:
    """What happens in this month, told as it is recorded."""

    def __init__(self, hub: Hub, stage: _Stage, progress: Progress) -> None:
        self._hub = hub
        self._sandbox = stage.sandbox
        self._clock = stage.clock
        self._progress = progress
        self._told_to = 0
        self._today = SystemClock().now().date()

    async def play(self) -> dict[str, Any]:
        """All acts, then the proof."""
        first = await self._award()
        await self._orders()
        self._days_ago(12)
        await self._changes()
        self._days_ago(4)
        await self._time()
        self._days_ago(0)
        await self._postings()
        self._act("Month end: one more round, with nothing changed.")
        last = await self._round()
        self._count(last)
        return await self._proof(first, last)

    async def _award(self) -> dict[str, Any]:
        self._act("The job is awarded: the first round carries jobs, tasks, segments, vendors, budget and orders.")
        first = await self._round()
        self._count(first)
        return first

    async def _orders(self) -> None:
        central = self._sandbox.business_central
        self._days_ago(24)
        self._act("A buyer orders façade panels from a vendor that Procore does not know.")
        order = company.order_from_stranger(central)
        await self._round()
        await self._tell(order)
        await self._tell_chain(order)
        self._days_ago(22)
        self._act("Somebody in Procore adds the vendor's company. Nobody touches the order.")
        company.add_missing_company(self._sandbox.procore)
        await self._round()
        await self._tell(order)
        self._days_ago(17)
        self._act(
            "The buyer orders forty panels more; the order was approved, so its contract is opened, changed, approved."
        )
        company.change_quantity(central, order)
        await self._round()
        await self._tell(order)

    async def _changes(self) -> None:
        procore = self._sandbox.procore
        self._act("On the site a change order is approved, and one for work outside of the contract.")
        numbers = (month.approve_change_order(procore), month.approve_npc_order(procore))
        await self._round()
        for number in numbers:
            await self._tell(number)
        self._act("The second one became a linked project of its own, which the next round meets. Their thread:")
        await self._round()
        await self._tell_thread(numbers[1])

    async def _time(self) -> None:
        central, procore = self._sandbox.business_central, self._sandbox.procore
        self._act("Three workers write two days of time; one of them may not have crew time sheets.")
        people = month.hire_crew(central, procore)
        month.write_time(procore, people, (self._today - timedelta(days=1), self._today))
        self._states(await self._round(), "time-sheet-to-crew-time-sheet")
        self._act("The accountant allows it. Nobody touches the time.")
        month.allow_crew_time_sheets(central)
        self._states(await self._round(), "time-sheet-to-crew-time-sheet")

    async def _postings(self) -> None:
        central = self._sandbox.business_central
        self._act("The concrete's invoice is posted, and a project journal with two costs of the site.")
        month.open_month(self._sandbox.procore, self._today)
        order = month.post_concrete(central, self._today)
        month.post_journal(central, self._today)
        report = await self._round()
        self._states(report, "posted-invoice-to-commitment-invoice")
        self._states(report, "project-journal-to-direct-cost")
        await self._tell_thread(order)

    async def _round(self) -> dict[str, Any]:
        report = await one(self._hub, NAME, Quiet(), window=Window(), narrow=Narrow(), wait=timedelta(seconds=10))
        return report.document

    def _days_ago(self, days: int) -> None:
        """Lets time go by: what happens from now on happened so many days ago."""
        self._clock.behind = min(self._clock.behind, timedelta(days=days))

    def _act(self, text: str) -> None:
        self._progress.say("")
        self._progress.say(text)

    def _count(self, document: dict[str, Any]) -> None:
        calls, delivered = document["calls"], document["delivered"]
        for system in SYSTEMS:
            name = system.replace("_", " ")
            self._progress.say(
                f"  {name}: {delivered[system]} deliveries in {calls[system]['write']} writing calls,"
                f" {calls[system]['read']} reads"
            )

    async def _tell(self, number: str) -> None:
        """The order's new events, as the ledger holds them."""
        records = await find(self._hub.ledger, number)
        rows = await self._hub.ledger.rows(
            "SELECT position, at, summary FROM event_log WHERE record = ? AND position > ? ORDER BY position",
            (records[0], self._told_to),
        )
        for position, at, summary in rows:
            self._progress.say(f"  {position:>6}  {at[11:19]}  {summary}")
        self._told_to = await self._hub.ledger.last_position()

    async def _tell_chain(self, number: str) -> None:
        problems = (await self._hub.ledger.rows(
            "SELECT on_kind, on_key FROM wait w JOIN record_state s ON s.record = w.record AND s.flow = w.flow"
            " WHERE s.number = ? ORDER BY place",
            (number,),
        ))  # fmt: skip
        waits = [{"kind": kind, "key": key, "text": f"{kind} {key}"} for kind, key in problems]
        for step in await chain(waits, standing_now(self._hub.ledger, NAME)):
            self._progress.say(f"  parked: waits for {step['text']} ({step.get('state', 'not seen yet')})")
            for reason in step.get("reasons", []):
                self._progress.say(f"          because {reason}")

    async def _tell_thread(self, number: str) -> None:
        """The records that hang together with the one of this number, with their ids in both systems."""
        records = await find(self._hub.ledger, number)
        for step in (await thread(self._hub.ledger, NAME, records[0]))["steps"]:
            self._progress.say(f"  {step['since'][11:19]}  {step['kind']} {step['number']} {step['title']}")
            for pair in step["pairs"]:
                there = f"{pair['procore_resource']} {pair['procore_id']}"
                self._progress.say(f"            {pair['bc_set']} {pair['bc_number']} = {there}")

    def _states(self, document: dict[str, Any], flow: str) -> None:
        """How many records of a flow stand where, and why those do not move that are not done."""
        counts = ", ".join(f"{count} {state}" for state, count in document["states"].get(flow, {}).items())
        self._progress.say(f"  {flow}: {counts}")
        for problem in document["problems"]:
            if problem["flow"] == flow:
                self._progress.say(f"    {problem['state']}: {'; '.join(problem['reasons'])}")

    async def _proof(self, first: dict[str, Any], last: dict[str, Any]) -> dict[str, Any]:
        rows = totals(self._sandbox.business_central, self._sandbox.procore)
        writes = sum(last["calls"][system]["write"] for system in SYSTEMS)
        return {
            "equal": all(row["business_central"] == row["procore"] for row in rows) and writes == 0,
            "totals": rows,
            "writes_of_the_last_round": writes,
            "events": await self._hub.ledger.last_position(),
            "states": last["states"],
            "problems": last["problems"],
            "first_round": {"delivered": first["delivered"], "calls": first["calls"]},
        }


def _report(document: dict[str, Any]) -> Report:
    def render(console: "Console") -> None:
        from rich.table import Table  # noqa: PLC0415 - only for people

        table = Table(title="The month, read from both systems' own books")
        table.add_column("")
        table.add_column("Project")
        for column in ("Business Central", "Procore", "Difference"):
            table.add_column(column, justify="right")
        for row in document["totals"]:
            table.add_row(*(row[name] for name in ("measure", "project", "business_central", "procore", "difference")))
        console.print(table)
        for problem in document["problems"]:
            reasons = "; ".join(problem["reasons"])
            console.print(
                f"{problem['state']}  {problem['flow']}  {problem['number']}: {reasons}", markup=False, soft_wrap=True
            )
        verdict = "Both systems agree to the cent" if document["equal"] else "The two systems differ"
        console.print(f"{verdict}; the last round wrote {document['writes_of_the_last_round']} times.", style="bold")

    return Report(document, ExitStatus.DONE if document["equal"] else ExitStatus.NEEDS_PERSON, render)


async def _serve_on(stage: _Stage, port: int, progress: Progress) -> None:
    """The service with its dashboard; whoever changes something at the desk of the stand-ins sees it carried."""
    gated = {"purchase-order-to-commitment": {"approval": "approver"}}
    desk = desk_of(stage.sandbox)
    async with stage.hub(port, **gated) as hub:
        await leave_open(hub, stage.sandbox)
        # Who runs the demo may do everything in it; elsewhere nobody gives rights that are not theirs.
        await hub.access.book.put_user(ACTOR, VISITOR, "local", {EVERY: Role.ADMIN}, frozenset(Right))
        code = await hub.access.sign_in_code(operator(ACTOR), VISITOR)

        def told(address: str) -> None:
            place = f"{address}/sign-in?code={code}"
            progress.say("")
            progress.say("The dashboard is open for you; this link signs you in, once:")
            progress.say(f"  {place}")
            progress.say("One delivery was refused and one order waits for approval: mend, replay, approve.")
            progress.say(f"Business Central is at {stage.sandbox.business_central_url}, and Procore at")
            progress.say(f"{stage.sandbox.procore_url}. What their people would do, you do at {address}/desk.")
            progress.say("Ctrl-C ends it.")
            show_in_browser(place)

        server = hub.settings.server
        await service_of(hub).run(partial(application, desk=desk), server.host, server.port, told=told)
