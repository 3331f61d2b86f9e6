"""One world in which the hub is killed again and again, and what that did to it."""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from signal import SIGKILL

import anyio
import orjson

from adapters.ports import seeded_rng
from hub.report import ExitStatus
from tests.crash.counting import duplicates, losses
from tests.crash.killer import Aim, Killer, Way, drawn
from tests.crash.people import People
from tests.crash.stores import Store
from tests.journeys.cli import Ended, called, environment, written
from tests.journeys.harness import World, world
from tests.journeys.quick import QuickClock
from tests.journeys.warm import process

LOOK_EVERY = 20
"""Kills between two looks at the state of both systems."""
LONGEST_LIFE = 120
"""Seconds after which a hub is stuck: it waits up to 60 for an attempt that falls due."""
MOST_ROUNDS = 4
"""Undisturbed lives after which nothing may be left to do."""
ORDERLY = {ExitStatus.DONE, ExitStatus.NEEDS_PERSON, ExitStatus.TRY_LATER}
"""How a life may end. Whether somebody is really needed shows when nobody disturbs it any more."""

Say = Callable[[str], None]


@dataclass
class Tally:
    """What happened in one world, or in several."""

    kills: Counter[Way] = field(default_factory=Counter[Way])
    lives: int = 0
    last_writes: int = 0
    helped: list[str] = field(default_factory=list[str])
    duplicates: list[str] = field(default_factory=list[str])
    losses: list[str] = field(default_factory=list[str])

    @property
    def clean(self) -> bool:
        """Nothing doubled, nothing lost, nobody had to help."""
        return not (self.last_writes or self.helped or self.duplicates or self.losses)

    def add(self, other: "Tally") -> None:
        """Counts another world too."""
        self.kills += other.kills
        self.lives += other.lives
        self.last_writes += other.last_writes
        self.helped += other.helped
        self.duplicates += other.duplicates
        self.losses += other.losses


async def torment(store: Store, folder: Path, seed: str, kills: int, say: Say) -> Tally:
    """A world of its own, until its hub was killed so often; `folder` is empty and takes what the hub writes."""
    killer = Killer(store)
    async with world(store.url, clock=QuickClock(datetime.now(UTC)), prepare=killer.watch) as it:
        return await _Torment(it, store, killer, folder, seed, say).run(kills)


def chance(words: str) -> Random:
    """Chance that repeats itself for the same words."""
    return seeded_rng(int.from_bytes(words.encode()))


class _Torment:
    def __init__(self, it: World, store: Store, killer: Killer, folder: Path, seed: str, say: Say) -> None:
        self._it, self._store, self._killer, self._say = it, store, killer, say
        self._folder, self._config, self._seed = folder, written(it, folder), seed
        self._work, self._plan = chance(f"work {seed}"), chance(f"plan {seed}")
        self._people = People(it, self._work)
        self._tally = Tally()
        self._usual = 1.0  # seconds that a life takes when nobody ends it

    async def run(self, kills: int) -> Tally:
        self._people.move_in()
        looked = 0
        while (done := self._tally.kills.total()) < kills:
            if done >= looked + LOOK_EVERY:
                looked = done
                await self._look()
            await self._life_with_work(drawn(self._plan))
        self._people.introduce_everybody()
        await self._look()
        await self._open_the_ledger(await self._last_round())
        return self._tally

    async def _life_with_work(self, aim: Aim) -> None:
        """People work before the hub starts and while it runs; what a death keeps them from, they do after it."""
        for _ in range(self._work.randint(0, 3)):
            self._people.act()
        waiting = sorted(self._work.randint(1, 30) for _ in range(self._work.randint(0, 2)))

        def meanwhile(number: int) -> None:
            while waiting and waiting[0] <= number:
                waiting.pop(0)
                self._people.act()

        self._killer.on_request = meanwhile
        await self._life(aim)
        self._killer.on_request = lambda _number: None
        for _ in waiting:
            self._people.act()

    async def _life(self, aim: Aim | None = None, *, full: bool = False) -> Ended:
        """Starts the hub and waits for its end, whoever brings it about; `full` is what a person would try."""
        out, err = self._folder / "out", self._folder / "err"
        command = ["sync", "--json", "--config", str(self._config), *(["--full"] if full else [])]
        self._tally.lives += 1
        began = anyio.current_time()
        with out.open("wb") as output, err.open("wb") as errors:
            async with (
                process(command, stdout=output, stderr=errors, env=environment()) as running,
                anyio.create_task_group() as tasks,
            ):
                self._killer.take_on(running, aim)
                tasks.start_soon(self._killer.by_time, self._usual)
                with anyio.move_on_after(LONGEST_LIFE) as limit:
                    await running.wait()
                if limit.cancelled_caught:
                    running.kill()
                tasks.cancel_scope.cancel()
        status = running.returncode or 0
        ended = Ended(status, out.read_text("utf-8"), err.read_text("utf-8"))
        if aim is not None and self._killer.struck and status == -SIGKILL:
            self._tally.kills[aim.way] += 1
            return ended
        self._usual += (anyio.current_time() - began - self._usual) / 4
        if status not in ORDERLY:
            self._help(f"ended with {status}", ended)
        return ended

    async def _look(self) -> None:
        """Lets the hub live until it has nothing more to do, then counts."""
        ended = await self._life()
        for _ in range(MOST_ROUNDS - 1):
            if ended.status:
                ended = await self._life()
        twice, lost = duplicates(self._it), losses(self._it)
        self._tally.duplicates += self._told(twice)
        self._tally.losses += self._told(lost)
        kills, lives = self._tally.kills.total(), self._tally.lives
        self._say(f"{self._seed}: {kills} kills in {lives} lives; {len(twice)} duplicates, {len(lost)} losses")
        if ended.status:
            self._help(f"was not done after {MOST_ROUNDS} rounds in peace", ended)
            await self._life(full=True)  # so that it is counted once

    async def _last_round(self) -> Ended:
        """Nothing is left to do, so one more round writes nothing, by its own count and by that of the servers."""
        places = self._it.places()
        ended = await self._life()
        said = 0
        if not ended.status:
            said = sum(calls["write"] for calls in ended.document["calls"].values())
        self._tally.last_writes += max(said, self._it.written(places))
        return ended

    async def _open_the_ledger(self, last: Ended) -> None:
        """It opens, its database is sound, nothing waits in it, and folded from zero it says the same."""
        rebuilt = await called("rebuild", "--json", config=self._config)
        after = await called("status", "--json", config=self._config)
        told = await self._store.faults()
        if rebuilt.status or after.status != last.status:
            self._help(f"ended with {last.status}, rebuilt with {rebuilt.status}, then said {after.status}", after)
        elif last.document["states"] != after.document["states"]:
            told.append(f"the ledger said {last.document['states']}, rebuilt {after.document['states']}")
        else:
            told += [f"{row['number']} waits: {row['reasons']}" for row in after.document["parked"]]
            told += [f"{row['count']} deliveries are {row['state']}" for row in after.document["waiting"]]
        self._tally.losses += self._told(told)

    def _told(self, findings: list[str]) -> list[str]:
        """Findings with the world and the life in which they were made, said at once."""
        named = [f"{self._seed}, life {self._tally.lives}: {text}" for text in findings]
        for text in named:
            self._say(text)
        return named

    def _help(self, what: str, ended: Ended) -> None:
        self._tally.helped += self._told([f"the hub {what}"])
        self._say(_words(ended))


def _words(ended: Ended) -> str:
    """What the hub itself says about an end that nobody wished for."""
    with suppress(orjson.JSONDecodeError):
        document = ended.document
        problems = (row for row in document.get("problems", []) if row["state"] != "parked")
        told = [f"{row['state']} {row['flow']} {row['number']}: {'; '.join(row['reasons'])}" for row in problems]
        return "\n".join([*document.get("troubles", []), *told[:20]])
    return ended.err[-2000:]
