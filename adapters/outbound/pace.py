"""How fast we may call: allowance and pauses shared by all calls of one credential."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import anyio
import msgspec
import structlog

from adapters.outbound.calls import Quota
from adapters.outbound.settings import Patience
from adapters.ports import Clock, Rng
from domain.errors import RetryLater
from domain.values import System

log: structlog.stdlib.BoundLogger = structlog.get_logger()

# The longer of Procore's two windows (guide R1): a reset further away is a wrong clock, not a longer wait.
LONGEST_WINDOW = timedelta(hours=1)
# Successes in a row after which one more call at a time is tried again.
RECOVERY = 10
TOO_MANY_REQUESTS = 429


class Rules(msgspec.Struct, frozen=True):
    """What a system asks of its callers.

    Shape   `at_once` calls in flight; `pausing` statuses that stop the whole client; `narrowing` says that such a
            status also halves the number in flight, which then grows back.
    """

    system: System
    at_once: int
    pausing: frozenset[int]
    narrowing: bool


# Source: Business Central guide 12: five at once per user; limits are per user, so everything slows down.
BUSINESS_CENTRAL_RULES = Rules("business_central", 5, frozenset({429, 502, 503, 504}), narrowing=True)
# Source: Procore guide R4, R7. No number at once is documented; this only bounds our own connections.
PROCORE_RULES = Rules("procore", 16, frozenset({429, 503}), narrowing=False)


class Pace:
    """Lets calls through one by one as fast as the remote allows."""

    def __init__(self, rules: Rules, patience: Patience, clock: Clock, rng: Rng) -> None:
        self._rules = rules
        self._patience = patience
        self._clock = clock
        self._rng = rng
        self._slots = anyio.CapacityLimiter(rules.at_once)
        self._quota = Quota()
        self._resume = 0.0  # of the event loop's clock; no call starts before
        self._left: int | None = None  # calls that the last headers allow, those in flight taken off
        self._reset = 0.0  # of the event loop's clock; when the last headers stop to hold
        self._in_flight = 0
        self._waited = 0.0  # seconds, by all calls together
        self._strikes = 0  # refusals in a row, for pauses that the remote did not give
        self._successes = 0

    @property
    def quota(self) -> Quota:
        """What the remote last said, with the pause that is in force."""
        left = self._resume - anyio.current_time()
        until = self._clock.now() + timedelta(seconds=left) if left > 0 else None
        waited = timedelta(seconds=self._waited)
        return msgspec.structs.replace(self._quota, paused_until=until, waited=waited)

    @property
    def paused_for(self) -> timedelta:
        """Time until the next call may start."""
        return timedelta(seconds=max(0.0, self._resume - anyio.current_time()))

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[None]:
        """Room for one call.

        Raises  RetryLater when the pause is longer than a call may wait.
        """
        while True:
            await self._sit_out()
            await self._slots.acquire_on_behalf_of(borrower := object())
            if not self._must_wait():
                break
            self._slots.release_on_behalf_of(borrower)
        if self._left is not None:
            self._left -= 1
        self._in_flight += 1
        try:
            yield
        finally:
            self._in_flight -= 1
            self._slots.release_on_behalf_of(borrower)

    def heard(self, status: int, headers: Mapping[str, str]) -> None:
        """Learn from an answer. Called before the turn of that call ends."""
        self._read_allowance(headers)
        if status in self._rules.pausing:
            self._strikes += 1
            self._successes = 0
            self._pause(self._wait_for(status, headers), status)
            if self._rules.narrowing:
                self._slots.total_tokens = max(1, int(self._slots.total_tokens) // 2)
        elif status:
            self._strikes = 0
            self._successes += 1
            if self._successes % RECOVERY == 0 and self._slots.total_tokens < self._rules.at_once:
                self._slots.total_tokens += 1

    def _must_wait(self) -> bool:
        now = anyio.current_time()
        if self._left is not None and self._left <= 0 and now < self._reset:
            self._pause(self._reset - now, 0)
        return now < self._resume

    async def _sit_out(self) -> None:
        """Wait for the end of the pause, then a random moment more so that not all callers start at once."""
        paused = False
        while self._must_wait():
            wait = self._resume - anyio.current_time()
            if wait > self._patience.wait:
                message = f"{self._rules.system} asks for a pause of {round(wait)} seconds"
                raise RetryLater(message, after=timedelta(seconds=wait))
            paused = True
            began = anyio.current_time()
            try:
                await anyio.sleep(wait)
                await anyio.sleep(self._rng.uniform(0.0, self._patience.jitter))
            finally:
                self._waited += anyio.current_time() - began
        if paused and self._left is not None and self._left <= 0:
            self._left = None  # a new window: the next answer tells

    def _pause(self, seconds: float, status: int) -> None:
        resume = anyio.current_time() + seconds
        if resume > self._resume:
            self._resume = resume
            log.warning("calls_paused", system=self._rules.system, seconds=round(seconds, 1), status=status)

    def _wait_for(self, status: int, headers: Mapping[str, str]) -> float:
        """Seconds to pause after a refusal: the later of all that the remote says (Procore guide R4, R5)."""
        after = retry_after(headers, self._clock.now())
        # Only 429 is about windows: the Reset of a 503 names the end of an allowance that nobody has used up.
        reset = self._reset_in(headers) if status == TOO_MANY_REQUESTS else None
        said = [seconds for seconds in (after, reset) if seconds]
        if said:
            return max(said)
        longest = self._patience.longest_backoff
        return min(longest, self._patience.first_backoff * 2.0**self._strikes) * self._rng.uniform(0.75, 1.25)

    def _read_allowance(self, headers: Mapping[str, str]) -> None:
        limit, remaining = _integer(headers, "x-rate-limit-limit"), _integer(headers, "x-rate-limit-remaining")
        if remaining is None:
            return
        reset = self._reset_in(headers)
        now = anyio.current_time()
        self._quota = Quota(
            limit=limit,
            remaining=remaining,
            reset=None if reset is None else self._clock.now() + timedelta(seconds=reset),
        )
        self._left = remaining - (self._in_flight - 1)  # the others in flight may not be in the figure yet
        self._reset = now + (reset or 0.0)

    def _reset_in(self, headers: Mapping[str, str]) -> float | None:
        """Seconds until the window ends, by the remote's own clock where it shows it, for ours may be wrong."""
        reset = _integer(headers, "x-rate-limit-reset")
        if reset is None:
            return None
        longest = LONGEST_WINDOW.total_seconds()
        theirs = remote_time(headers)
        by_theirs = None if theirs is None else reset - theirs.timestamp()
        by_ours = reset - self._clock.now().timestamp()
        wait = by_theirs if by_theirs is not None and 0 <= by_theirs <= longest else by_ours
        return min(max(wait, 0.0), longest)


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds named by `Retry-After`, which may also be a date; None when it is missing or unreadable."""
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        moment = _http_date(value)
    if moment is None:
        return None
    return max(0.0, (moment - (remote_time(headers) or now)).total_seconds())


def remote_time(headers: Mapping[str, str]) -> datetime | None:
    """The remote's clock as its `Date` header shows it, UTC."""
    return _http_date(headers.get("date", ""))


def _http_date(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _integer(headers: Mapping[str, str], name: str) -> int | None:
    value = headers.get(name, "").strip()
    return int(value) if value.isascii() and value.isdigit() else None
