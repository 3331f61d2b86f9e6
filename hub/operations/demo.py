"""`demo`: both stand-ins and the hub on a temporary ledger; a month at a building company, and the proof."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import anyio

from adapters.ports import SystemClock
from adapters.sandbox.serve import ENVIRONMENT, Sandbox, sample, serve
from domain.values import SYSTEMS
from hub.app import Hub, open_hub
from hub.due import Narrow
from hub.operations import demo_company as company
from hub.operations import demo_month as month
from hub.operations.demo_totals import totals
from hub.operations.explain import chain, find, standing_now
from hub.operations.sync import one
from hub.operations.thread import thread
from hub.report import Announce, ExitStatus, Progress, Quiet, Report
from hub.schedule import Schedule
from hub.settings import Settings, Surroundings
from hub.window import Window

if TYPE_CHECKING:
    from rich.console import Console

NAME = "demo"
BACK = timedelta(days=31)
"""The month that is played."""
LOOK_EVERY = 5.0
"""Seconds between rounds while it goes on serving."""


async def demo(*, headless: bool, announce: Announce, progress: Progress) -> ExitStatus:
    """Plays the month, prints the proof, and goes on serving on a terminal."""
    progress.say("A general contractor in Business Central, its company in Procore, and nothing between them yet.")
    async with _running() as (hub, sandbox):
        document = await _Month(hub, sandbox, progress).play()
        announce(_report(document))
        if not headless:
            await _serve_on(hub, sandbox, progress)
    return ExitStatus.DONE if document["equal"] else ExitStatus.NEEDS_PERSON


@asynccontextmanager
async def _running() -> AsyncGenerator[tuple[Hub, Sandbox]]:
    central, procore = sample(SystemClock().now)
    with TemporaryDirectory(prefix="siteledger-demo-") as folder:
        async with serve(central, procore) as sandbox:
            document = {
                "store": {"url": f"sqlite:///{Path(folder) / 'ledger.db'}"},
                "connections": {NAME: sandbox.connection(start_date=SystemClock().now().date() - BACK)},
            }
            settings = Settings.model_validate(document, context=Surroundings(environ=ENVIRONMENT))
            async with open_hub(settings) as hub:
                yield hub, sandbox


class _Month:
    """What happens in this month, told as it is recorded."""

    def __init__(self, hub: Hub, sandbox: Sandbox, progress: Progress) -> None:
        self._hub = hub
        self._sandbox = sandbox
        self._progress = progress
        self._told_to = 0
        self._today = SystemClock().now().date()

    async def play(self) -> dict[str, Any]:
        """All acts, then the proof."""
        first = await self._award()
        await self._orders()
        await self._changes()
        await self._time()
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
        self._act("A buyer orders façade panels from a vendor that Procore does not know.")
        order = company.order_from_stranger(central)
        await self._round()
        await self._tell(order)
        await self._tell_chain(order)
        self._act("Somebody in Procore adds the vendor's company. Nobody touches the order.")
        company.add_missing_company(self._sandbox.procore)
        await self._round()
        await self._tell(order)
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


async def _serve_on(hub: Hub, sandbox: Sandbox, progress: Progress) -> None:
    """The hub goes on looking; whoever changes something in a stand-in sees it carried."""
    central = sandbox.business_central
    token = central.tokens.issue().value
    order = central.tables.rows("purchaseOrders")[0]
    line = next(row for row in central.tables.rows("purchaseOrderLines") if row["documentNumber"] == order["number"])
    url = f"{central.api_url(sandbox.business_central_url)}/siteledger/procore/v1.0/companies({central.company_id})"
    progress.say("")
    progress.say(
        f"Still running: Business Central at {sandbox.business_central_url}, Procore at {sandbox.procore_url}."
    )
    progress.say(
        f"The hub looks every {LOOK_EVERY:.0f} seconds. Change something, for example the reference of an order:"
    )
    progress.say(
        f"  curl -X PATCH '{url}/purchaseOrders({order['id']})' -H 'Authorization: Bearer {token}' -H 'If-Match: *'"
        " -H 'Content-Type: application/json' -d '{\"yourReference\": \"Mix for the east wing\"}'"
    )
    progress.say(f"What Procore then holds: {sandbox.procore_url}/_sandbox/export   (order {line['documentNumber']})")
    progress.say("Ctrl-C ends it.")
    await _tell_on(hub, progress, await hub.ledger.last_position())


async def _tell_on(hub: Hub, progress: Progress, position: int) -> None:
    """Round after round, and what each of them left in the ledger."""
    ended = anyio.Event()
    every = timedelta(seconds=LOOK_EVERY)
    schedule = Schedule(hub, {NAME: every}, wait=every, told=lambda _name, _outcome: ended.set())
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(schedule.run)
        while True:
            await ended.wait()
            ended = anyio.Event()
            rows = await hub.ledger.rows(
                "SELECT position, at, summary FROM event_log WHERE position > ? ORDER BY position", (position,)
            )
            for at_position, at, summary in rows:
                progress.say(f"  {at_position:>6}  {at[11:19]}  {summary}")
                position = at_position
