"""The two windows of the rate limit and the headers that tell of them (section 6)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from adapters.sandbox.procore.state import Settings

TEXT = "You have surpassed the max number of requests for an hour. Please wait until your limit resets."
"""R6: the same for both windows."""


@dataclass
class _Window:
    length: timedelta
    started: datetime | None = None
    used: int = 0


@dataclass
class Limits:
    """Counts requests in windows of 60 minutes and of 10 seconds, each beginning with its first request (R1)."""

    now: Callable[[], datetime]
    settings: Settings
    _hour: _Window = field(default_factory=lambda: _Window(timedelta(hours=1)))
    _spike: _Window = field(default_factory=lambda: _Window(timedelta(seconds=10)))

    def spend(self) -> bool:
        """Counts one request; false when either window has none left."""
        now = self.now()
        for window in (self._hour, self._spike):
            if window.started is None or now >= window.started + window.length:
                window.started, window.used = now, 0
        if any(left <= 0 for _, _, left in self._left()):
            return False
        self._hour.used += 1
        self._spike.used += 1
        return True

    def headers(self) -> Mapping[str, str]:
        """R2: limit, remaining and reset of whichever window is nearer to exhaustion."""
        window, limit, left = min(self._left(), key=lambda each: each[2] / max(each[1], 1))
        reset = (window.started or self.now()) + window.length
        return {
            "X-Rate-Limit-Limit": str(limit),
            "X-Rate-Limit-Remaining": str(max(left, 0)),
            "X-Rate-Limit-Reset": str(-int(-reset.timestamp() // 1)),
        }

    def _left(self) -> list[tuple[_Window, int, int]]:
        pairs = ((self._spike, self.settings.spike_limit), (self._hour, self.settings.hourly_limit))
        return [(window, limit, limit - window.used) for window, limit in pairs]
