"""What is going to happen, drawn from one seed: who does what when, and what goes wrong.

A scenario is a list of steps, so that a failing one can be shortened to the few that matter. Each step carries chance
of its own: leaving one out changes nothing in the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import Any, Literal

Kind = Literal["person", "meanwhile", "fault", "line", "hub", "disk", "clock", "limit", "notices"]


@dataclass(frozen=True)
class Step:
    """Something that happens at a moment, in seconds from the start; `chance` is the seed of its details.

    What people do `meanwhile` waits for the next write of the hub and happens right behind it.
    """

    at: float
    kind: Kind
    name: str
    chance: int

    def __str__(self) -> str:
        return f"{timedelta(seconds=round(self.at))}  {self.kind}: {self.name}  (chance {self.chance})"


@dataclass(frozen=True)
class Scenario:
    """A span of time at two companies and between them."""

    seed: int
    hours: float
    poll_every: float
    page: int
    steps: Sequence[Step]
    bug: str = ""

    @property
    def hears(self) -> bool:
        """Both systems are asked to tell what happens; in every other scenario the hub polls, and nothing else."""
        return self.seed % 2 == 1

    def with_steps(self, steps: Sequence[Step]) -> "Scenario":
        """The same world with other steps."""
        return replace(self, steps=tuple(steps))


FAULTS: dict[str, dict[str, Any]] = {
    "latency": {"kind": "latency", "seconds": 20},
    "429": {"kind": "status", "status": 429},
    "429 with Retry-After": {"kind": "status", "status": 429, "retry_after": "7"},
    "503": {"kind": "status", "status": 503},
    "503 with Retry-After": {"kind": "status", "status": 503, "retry_after": "20"},
    "504 after the commit": {"kind": "status", "status": 504, "handled": True},
    "page of a gateway": {"kind": "html"},
    "page of a gateway after the commit": {"kind": "html", "handled": True},
    "expired token": {"kind": "expired_token"},
    "stale ETag": {"kind": "conflict"},
    "lost reply": {"kind": "lost_reply"},
    "cut before": {"kind": "drop_before"},
    "malformed": {"kind": "malformed_json"},
    "truncated": {"kind": "truncated"},
    "carried out twice": {"kind": "duplicate"},
    "row fails inside a 200": {"kind": "status", "status": 503, "parts": True},
    "row refused inside a 200": {"kind": "status", "status": 400, "parts": True},
    "row commits and its answer fails": {"kind": "status", "status": 503, "parts": True, "handled": True},
}
"""What a stand-in can do wrong; the rows of one call are its parts."""

LINES = ("refused", "reset before", "reset after", "late arrival", "late answer", "slow", "fast")
HUB = ("killed", "stopped", "killed before a call", "killed after a commit", "killed after an answer")
DISK = ("before the transaction", "inside the transaction", "torn commit", "after the commit", "full", "locked")
CLOCK = ("ahead", "behind")
LIMITS = ("spike", "hourly", "none")
NOTICES = (
    "lost",
    "refused",
    "answer lost",
    "doubled",
    "late",
    "reordered",
    "given up",
    "forgotten",
    "nobody is told",
    "everybody is told",
)

SIZES = {"tiny": (0.5, 8, 10), "small": (2.0, 16, 24), "usual": (6.0, 40, 64), "day": (24.0, 120, 160)}
"""Hours, what people do and what goes wrong, on average."""


def drawn(seed: int, names: Sequence[tuple[str, int]], size: str = "usual", bug: str = "") -> Scenario:
    """The scenario of a seed. `names` are the actions of people with their weights."""
    rng = Random(f"scenario {seed}")
    hours, deeds, troubles = SIZES[size]
    end = hours * 3600
    # Calm and storm: some seeds have nobody but people in them, some have everything at once.
    storm = rng.choice((0.0, 0.3, 1.0, 1.0, 2.0))
    kinds = [kind for kind in _TROUBLES if rng.random() < 0.7] or list(_TROUBLES)
    steps: list[Step] = []
    for _ in range(_about(rng, deeds)):
        at = _moment(rng, end)
        steps.append(_deed(rng, names, at))
        # People come back to what they just did, while it is being carried.
        while rng.random() < 0.3:
            at += rng.uniform(1, 60)
            steps.append(_deed(rng, names, at))
    for _ in range(_about(rng, round(troubles * storm))):
        kind = rng.choice(kinds)
        steps.append(Step(_moment(rng, end), kind, rng.choice(_TROUBLES[kind]), _chance(rng)))
    steps.sort(key=lambda step: (step.at, step.chance))
    poll = rng.choice((120.0, 300.0, 600.0, 900.0, 1800.0) if hours > 1 else (300.0, 600.0))
    return Scenario(seed, hours, poll, rng.choice((2, 5, 100)), tuple(steps), bug)


_TROUBLES: dict[Kind, tuple[str, ...]] = {
    "fault": tuple(FAULTS),
    "line": LINES,
    "hub": HUB,
    "disk": DISK,
    "clock": CLOCK,
    "limit": LIMITS,
    "notices": NOTICES,
}


def _deed(rng: Random, names: Sequence[tuple[str, int]], at: float) -> Step:
    name = rng.choices([name for name, _ in names], [weight for _, weight in names])[0]
    return Step(at, "meanwhile" if rng.random() < 0.35 else "person", name, _chance(rng))


def _moment(rng: Random, end: float) -> float:
    """People come together and so does trouble: half of all moments lie near the beginning of a quarter of an hour."""
    at = rng.uniform(0, end)
    return at if rng.random() < 0.5 else at - at % 900 + rng.uniform(0, 20)


def _about(rng: Random, number: int) -> int:
    return rng.randint(number // 2, number + number // 2)


def _chance(rng: Random) -> int:
    return rng.getrandbits(24)
