"""What goes wrong around the hub: at the stand-ins, on the network, on the disk, with its clock and its allowance."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from adapters.sandbox.business_central import BusinessCentral
from adapters.sandbox.faults import Fault
from adapters.sandbox.procore import Procore
from domain.values import BUSINESS_CENTRAL, SYSTEMS, System
from tests.simulation.disk import CUTS, Disk
from tests.simulation.loop import VirtualClock
from tests.simulation.network import TROUBLES, Armed, Line
from tests.simulation.scenario import FAULTS

SLOW = 20.0
OUT_OF_THE_WAY = {"spike_limit": 10_000, "hourly_limit": 100_000}
PASSING = 6
"""Requests that trouble lets pass at most before it strikes: a round begins with reads that nothing follows from."""


@dataclass
class Weather:
    """Everything around the hub that may go wrong. `clock` is the hub's own."""

    bc: BusinessCentral
    procore: Procore
    lines: Mapping[System, Line]
    disk: Disk
    clock: VirtualClock

    def strike(self, kind: str, name: str, rng: Random) -> None:
        """Let it go wrong."""
        ways: Mapping[str, Callable[[str, Random], None]] = {
            "fault": self._stand_in,
            "line": self._line,
            "disk": self._disk,
            "clock": self._clock,
            "limit": self._limit,
        }
        ways[kind](name, rng)

    def calm(self) -> None:
        """Nothing goes wrong from here on."""
        self._mend_disk()
        self.disk.doom = None
        self.clock.ahead = timedelta()
        self.bc.faults.clear()
        self.procore.faults.clear()
        self._limit("none", Random(0))
        for line in self.lines.values():
            line.armed.clear()
            line.slow = 1.0

    def _stand_in(self, name: str, rng: Random) -> None:
        faults = self.bc.faults if rng.choice(SYSTEMS) == BUSINESS_CENTRAL else self.procore.faults
        wanted = dict(FAULTS[name])
        # Most requests are reads, so most trouble is aimed at writes; rows exist in writes alone.
        aimed = rng.random() < 0.7 and not wanted.get("parts")
        method = rng.choice(("PATCH", "POST")) if aimed else ""
        path = "" if wanted.get("parts") or rng.random() < 0.1 else r"^(?!.*/token)"
        faults.add(Fault(**wanted, method=method, path=path, skip=rng.randint(0, PASSING), times=rng.randint(1, 3)))

    def _line(self, name: str, rng: Random) -> None:
        line = self.lines[rng.choice(SYSTEMS)]
        if name in ("slow", "fast"):
            line.slow = SLOW if name == "slow" else 1.0
            return
        trouble = next(each for each in TROUBLES if each == name)
        line.armed.append(Armed(trouble, rng.random() < 0.7, rng.randint(0, PASSING)))

    def _disk(self, name: str, rng: Random) -> None:
        if name in CUTS:
            cut = next(each for each in CUTS if each == name)
            self.disk.doom = (cut, rng.getrandbits(20), rng.randint(0, 2 * PASSING))
            return
        if name == "full":
            self.disk.full = True
        else:
            self.disk.lock()
        asyncio.get_running_loop().call_later(rng.uniform(5, 900), self._mend_disk)

    def _mend_disk(self) -> None:
        self.disk.full = False
        self.disk.unlock()

    def _clock(self, name: str, rng: Random) -> None:
        hours = rng.uniform(0.1, 6.0)
        self.clock.ahead = timedelta(hours=hours if name == "ahead" else -hours)

    def _limit(self, name: str, rng: Random) -> None:
        settings = self.procore.settings
        settings.spike_limit = rng.randint(5, 25) if name == "spike" else OUT_OF_THE_WAY["spike_limit"]
        settings.hourly_limit = rng.randint(60, 400) if name == "hourly" else OUT_OF_THE_WAY["hourly_limit"]
        settings.send_retry_after = rng.random() < 0.5
