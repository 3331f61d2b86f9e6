"""Findings of the connection check that are the same for both systems."""

from collections.abc import Mapping
from datetime import timedelta

from adapters.outbound.calls import Quota
from adapters.outbound.pace import remote_time
from adapters.ports import Clock
from adapters.target import Finding
from domain.errors import RetryLater, SiteLedgerError

# Incremental reads overlap by minutes; a clock further off makes reports and waits wrong.
LARGEST_SKEW = timedelta(minutes=2)


def trouble(what: str, error: SiteLedgerError, remedy: str) -> Finding:
    """A check that failed, in the remote's words."""
    if isinstance(error, RetryLater):
        remedy = "Try again later; if it stays so, check the address and the network."
    return Finding(what, ok=False, why=str(error), remedy=remedy)


def clock_finding(system: str, headers: Mapping[str, str], clock: Clock) -> Finding:
    """How far our clock is from the remote's."""
    what = f"Clock against {system}"
    theirs = remote_time(headers)
    if theirs is None:
        return Finding(what, ok=True, why="The answer has no Date header.")
    skew = abs(clock.now() - theirs)
    seconds = round(skew.total_seconds())
    if skew <= LARGEST_SKEW:
        return Finding(what, ok=True, why=f"{seconds} seconds apart.")
    return Finding(what, ok=False, why=f"{seconds} seconds apart.", remedy="Set the clock of this computer (NTP).")


def quota_finding(system: str, quota: Quota) -> Finding:
    """How many calls are left."""
    what = f"{system} allowance"
    if quota.remaining is None:
        return Finding(what, ok=True, why="No limit was told.")
    of = "" if quota.limit is None else f" of {quota.limit}"
    why = f"{quota.remaining}{of} calls left."
    if quota.remaining > 0:
        return Finding(what, ok=True, why=why)
    return Finding(what, ok=False, why=why, remedy=f"Wait until {quota.reset or 'the window ends'}.")
