"""One round of a connection: read what changed, decide, carry, until nothing more can be done."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf

import anyio

from adapters.store import Ledger
from domain import events
from domain.errors import NeedsDecision, RetryLater, SiteLedgerError, Unreadable
from domain.flows import BY_NAME
from domain.flows.project_to_project import NAME as PROJECTS
from domain.mapping import Mapping as Maps
from domain.record import Record
from domain.states import State
from domain.values import BUSINESS_CENTRAL, SYSTEMS, System
from hub.connection import Pair, story_id
from hub.decider import PAGE, Decider
from hub.dispatch import Dispatch
from hub.due import Due, Narrow
from hub.erp_intake import ErpIntake
from hub.fact_book import FactBook
from hub.gate import Addresses, SetUp, check_pair, first_day, read_set_up, record_settings
from hub.groups import single_error
from hub.intake import Intake
from hub.link_book import LinkBook
from hub.mappings import in_force
from hub.orders import Orders
from hub.projector import Projector
from hub.records import Records
from hub.report import Progress
from hub.site_intake import SiteIntake
from hub.taking_maps import read_anew, read_from, take, touched
from hub.window import Window


@dataclass
class Outcome:
    """What a round did. Reads and writes are HTTP requests without token requests, a batch as one.

    `unreachable` says that a system gave no answer, `cut_short` that not everything could be read, `unfinished` that
    its time was over before everything was carried; `next_attempt` is when a delayed delivery falls due. `reread` are
    those of the observed that new maps show differently.
    """

    started: datetime
    finished: datetime
    observed: int = 0
    reread: int = 0
    unreadable: int = 0
    delivered: dict[System, int] = field(default_factory=lambda: dict.fromkeys(SYSTEMS, 0))
    reads: dict[System, int] = field(default_factory=lambda: dict.fromkeys(SYSTEMS, 0))
    writes: dict[System, int] = field(default_factory=lambda: dict.fromkeys(SYSTEMS, 0))
    troubles: list[str] = field(default_factory=list[str])
    unreachable: bool = False
    cut_short: bool = False
    unfinished: bool = False
    next_attempt: datetime | None = None


class Round:
    """Runs one connection once."""

    def __init__(  # noqa: PLR0913 - one argument for each part that it joins
        self,
        pair: Pair,
        addresses: Addresses,
        ledger: Ledger,
        projector: Projector,
        progress: Progress,
        *,
        window: Window = Window(),  # noqa: B008 - frozen
        narrow: Narrow = Narrow(),  # noqa: B008 - frozen
        wait: timedelta = timedelta(seconds=60),
        orders: Orders | None = None,
        carry_for: timedelta | None = None,
    ) -> None:
        self.pair = pair
        self._addresses = addresses
        self._ledger = ledger
        self._projector = projector
        self._progress = progress
        self._wait = wait
        self._carry_for = inf if carry_for is None else carry_for.total_seconds()
        self._ends_at = inf
        self._window = window
        records = self._records = Records(ledger, pair.name)
        self._facts = FactBook(pair.targets, pair.clock.now)
        self._intake = Intake(pair, records, window, projector.catch_up)
        self._site = SiteIntake(pair, records, window, projector.catch_up)
        self._erp = ErpIntake(pair, records, window, projector.catch_up)
        self._decider = Decider(pair, records, LinkBook(ledger, pair.name), self._facts, narrow)
        self._dispatches: Mapping[System, Dispatch] = {
            system: Dispatch(pair, system, records, self._facts, narrow, orders) for system in SYSTEMS
        }
        self._orders = orders
        self._deciding = anyio.Lock()
        self._news = anyio.Event()
        self._idle: set[System] = set()
        self._over = False

    async def run(self) -> Outcome:
        """Reads, decides, carries.

        Raises  Misconfigured when the pair may not be written to.
        """
        started = self.pair.clock.now()
        self.pair.begin(story_id(self.pair.name, started))
        before = {system: self.pair.targets[system].calls for system in SYSTEMS}
        base = {system: (calls.read, calls.write) for system, calls in before.items()}
        outcome = Outcome(started, started)
        try:
            set_up, outcome.reread = await self._prepare()
            await self._read(set_up.horizon, outcome)
            await self._work()
            outcome.unfinished = self._is_time_up()
        except (RetryLater, Unreadable, NeedsDecision) as error:
            _cut_short(outcome, error)
        attempts = [at for it in self._dispatches.values() if (at := await it.next_attempt()) is not None]
        outcome.next_attempt = min(attempts, default=None)
        outcome.finished = self.pair.clock.now()
        intakes = (self._intake, self._site, self._erp)
        outcome.observed = sum(it.observed for it in intakes) + outcome.reread
        outcome.unreadable = sum(it.unreadable for it in intakes)
        outcome.delivered = {system: dispatch.delivered for system, dispatch in self._dispatches.items()}
        for system in SYSTEMS:
            calls = self.pair.targets[system].calls
            outcome.reads[system] = calls.read - base[system][0]
            outcome.writes[system] = calls.write - base[system][1]
        if outcome.unreadable:
            words = f"{outcome.unreadable} rows could not be read; they are kept as dead letters"
            outcome.troubles.append(f"{words}, see siteledger status")
        self._blocked(outcome)
        await self._end(outcome)
        return outcome

    async def observe(self) -> int:
        """Reads Business Central and keeps what is new; decides and carries nothing. How much that was.

        Raises  Misconfigured when the pair may not be written to; what Business Central raises.
        """
        self.pair.begin(story_id(self.pair.name, self.pair.clock.now()))
        set_up, _ = await self._prepare()
        await self._intake.round(set_up.horizon)
        await self._projector.catch_up()
        for error in self._intake.troubles:
            raise error
        return self._intake.observed

    async def _prepare(self) -> tuple[SetUp, int]:
        """What both sides say of themselves, and the settings and maps in force; how many records those reread."""
        await self._projector.catch_up()
        set_up = await read_set_up(self.pair.targets[BUSINESS_CENTRAL])
        self.pair.local_currency = set_up.currency
        await check_pair(self._ledger, self.pair, self._addresses, set_up)
        await record_settings(self._ledger, self.pair)
        self.pair.start_date = self.pair.start_date or await first_day(self._ledger, self.pair)
        reread = await take(self.pair, self._records, self._projector.catch_up, only_known=self._window.is_range)
        self._records.maps = self.pair.mapping
        return set_up, reread

    def _blocked(self, outcome: Outcome) -> None:
        """A list that could not be read leaves records as they were: the round is not whole, whatever states say."""
        for error in self._left():
            _cut_short(outcome, error)

    def _left(self) -> list[SiteLedgerError]:
        return [*self._facts.unreadable.values(), *self._decider.troubles]

    @property
    def troubles(self) -> list[str]:
        """What left records as they were, in words."""
        return list(dict.fromkeys(str(error) for error in self._left()))

    async def rethink(self, maps: Maps, pages: Callable[[], AsyncIterator[Sequence[Due]]]) -> None:
        """Reads these records anew from what the ledger holds, decides them, and carries what follows, under orders.

        Nothing that changed in a system is read, so it shows what follows from settings and maps alone.
        """
        self.pair.begin(story_id(self.pair.name, self.pair.clock.now()))
        await self._projector.catch_up()
        before = await in_force(self._ledger, self.pair.name)
        self.pair.mapping = self._records.maps = maps
        for flow in read_from(touched(before, maps)):
            async for page in pages():
                known = await self._records.load([item.record for item in page])
                ids = [id_ for id_, record in known.items() if record.kind == flow.kind and not record.vanished]
                await read_anew(self.pair, self._records, flow, ids)
        await self._decide()
        async for page in pages():
            await self._run(page, again=True)
        moved = 1
        while moved:
            moved = 0
            for system in SYSTEMS:
                await self._decide()
                moved += await self._dispatches[system].round()

    async def _read(self, horizon: int, outcome: Outcome) -> None:
        """What could not be read this time is read the next time; what is known already is carried all the same."""
        self._progress.start("reading Business Central")
        try:
            await self._intake.round(horizon)
        except (RetryLater, Unreadable, NeedsDecision) as error:
            _cut_short(outcome, error)
        self._progress.finish("reading Business Central")
        self._progress.start("reading Procore")
        try:
            await self._site.round()
            await self._erp.round()
        except (RetryLater, Unreadable, NeedsDecision) as error:
            _cut_short(outcome, error)
        for error in (*self._intake.troubles, *self._site.troubles):
            _cut_short(outcome, error)
        self._progress.finish("reading Procore")
        await self._decide()
        await self._look_again()

    async def _look_again(self) -> None:
        """What parked records wait for in the other system, and what mends a conflict, is announced by nobody (C-54).

        A full round also gives what was refused another chance.
        """
        if self._window.full:
            async for page in self._pages("dead", "parked"):
                await self._decider.retry(page)
            await self._decide()
        # So is a setting that changed, and whatever else the content rests on that people are to accept.
        async for page in self._pages("parked", "conflict", "awaiting-approval"):
            await self._run(page, again=True)

    async def _pages(self, *states: State) -> AsyncIterator[list[Due]]:
        last = ""
        while page := await self._decider.standing(states, last):
            yield page
            last = str(page[-1].record)

    # -- working -----------------------------------------------------------------------------------

    async def _work(self) -> None:
        self._progress.start("carrying")
        self._ends_at = anyio.current_time() + self._carry_for
        while self._orders is None and not self._is_time_up():
            self._over = False
            self._idle.clear()
            with single_error():
                async with anyio.create_task_group() as tasks:
                    for system in SYSTEMS:
                        tasks.start_soon(self._carry_on, system)
            if not await self._bring_in() and not await self._brought_about():
                break
        if self._orders is not None:
            await self._work_ordered(self._orders)
        self._progress.finish("carrying")

    async def _work_ordered(self, orders: Orders) -> None:
        """One system after the other, one call after the other: the same work makes the same calls in the same order.

        Nothing waits for a later attempt.
        """
        while not orders.over:
            moved = 0
            for system in SYSTEMS:
                await self._decide()
                moved += await self._dispatches[system].round()
            self._progress.advance("carrying", moved)
            if not moved and not orders.over and not await self._bring_in() and not await self._brought_about():
                return
        await self._decide()

    async def _carry_on(self, system: System) -> None:
        """Carries to one system, as long as there is anything to do anywhere: a slow system holds up no other."""
        dispatch = self._dispatches[system]
        while not self._over:
            news = self._news
            await self._decide()
            moved = 0 if self._is_time_up() else await dispatch.round(self._is_time_up)
            if moved:
                self._progress.advance("carrying", moved)
                self._idle.clear()
                self._spread()
                continue
            due = await dispatch.next_attempt()
            if not news.is_set():  # else there may be something to carry by now
                await self._rest(system, due, news)

    async def _rest(self, system: System, due: datetime | None, news: anyio.Event) -> None:
        """Until something happens elsewhere, or the next attempt falls due; later ones are left for another round."""
        left = None if due is None or self._is_time_up() else due - self.pair.clock.now()
        if left is not None and left > self._wait:
            left = None
        if left is None:
            # Only now: whoever still looks for work, or waits for an attempt, must not be taken for idle.
            self._idle.add(system)
        if self._idle == set(SYSTEMS):
            self._over = True
            self._spread()
            return
        with anyio.move_on_after(None if left is None else max(left.total_seconds(), 0)):
            await news.wait()
        self._idle.discard(system)

    def _is_time_up(self) -> bool:
        """What is left is carried by the next round, after it has read what happened meanwhile."""
        return anyio.current_time() >= self._ends_at

    def _spread(self) -> None:
        self._news.set()
        self._news = anyio.Event()

    async def _decide(self) -> None:
        """Decides everything that is owed a decision, so that the couriers find full batches."""
        async with self._deciding:
            while True:
                position = await self._projector.catch_up()
                # Whether a project takes part decides for everything that belongs to it (C-60), so it comes first.
                projects = await self._decider.pending(PROJECTS)
                if projects:
                    await self._decider.run(projects)
                    continue
                woken = await self._decider.woken(position)
                await self._run(woken, again=True)
                pending = await self._decider.pending()
                if not pending:
                    if not woken:
                        return
                    continue
                await self._run(pending)

    async def _run(self, due: Sequence[Due], *, again: bool = False) -> int:
        """What carries others together is decided after them, and knows what was decided for them."""
        plain = [item for item in due if BY_NAME[item.flow].gathers is None]
        carriers = [item for item in due if BY_NAME[item.flow].gathers is not None]
        moved = 0
        for group in (plain, carriers):
            if plain and group is carriers and carriers:
                await self._projector.catch_up()
            for start in range(0, len(group), PAGE):
                moved += await self._decider.run(group[start : start + PAGE], again=again)
        return moved

    async def _bring_in(self) -> bool:
        """Fetches what others turned out to need; whether that gave new work."""
        found = await self._intake.demands()
        if found:
            await self._decide()
        return bool(found)

    async def _brought_about(self) -> bool:
        """Whether this very round changed a list that a record waits on, and the record can go now."""
        moved = 0
        if self._facts.outdated:
            self._facts.outdated = False
            async for page in self._pages("parked"):
                moved += await self._run(page, again=True)
        return moved > 0

    async def _end(self, outcome: Outcome) -> None:
        """A round that did nothing leaves no trace in the ledger, unless somebody asked for it."""
        asked = self._window.asked
        if asked is None and not outcome.observed and not sum(outcome.delivered.values()):
            return
        moment = self.pair.moment()
        event = self.pair.event(
            events.RoundEnded,
            asked or Record.id_for(self.pair.name, "round", outcome.started.isoformat()),
            2 if asked else 1,
            moment,
            started=outcome.started,
            observed=outcome.observed,
            delivered={str(system): count for system, count in outcome.delivered.items()},
            reads={str(system): count for system, count in outcome.reads.items()},
            writes={str(system): count for system, count in outcome.writes.items()},
            cause=self._window.cause,
        )
        await self._ledger.append([event])
        await self._projector.catch_up()


def _cut_short(outcome: Outcome, error: SiteLedgerError) -> None:
    if str(error) not in outcome.troubles:
        outcome.troubles.append(str(error))
    outcome.unreachable = outcome.unreachable or not _answered(error)
    outcome.cut_short = True


def _answered(error: SiteLedgerError) -> bool:
    return not isinstance(error, RetryLater) or error.answered
