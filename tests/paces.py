"""What is answered must not hang on how fast this machine asks; the tests of the guard set paces of their own."""

import pytest
from limits import RateLimitItemPerHour

from hub.web import guard


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody asks too fast."""
    monkeypatch.setattr(guard, "PACE", RateLimitItemPerHour(10_000_000))
