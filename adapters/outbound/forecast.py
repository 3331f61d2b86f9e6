"""When calls will have been made, from what a system last said about our allowance."""

from datetime import datetime, timedelta

from adapters.outbound.calls import Quota

ONE_CALL = timedelta(milliseconds=400)
"""What one call takes with its answer, as a cautious guess: neither system promises a duration."""
SPIKE, HOUR = timedelta(seconds=10), timedelta(hours=1)
"""Procore's two windows (guide R1). The headers describe one of them and don't say which; its end tells."""


def finish(calls: int, quota: Quota, now: datetime, one_call: timedelta = ONE_CALL) -> datetime:
    """When the last of these calls will have its answer, if they are made one after the other from now on.

    What the headers leave in the present window goes at once; the rest goes window by window. A system that says
    nothing about an allowance sets no limit; its pauses can't be foreseen.
    """
    start = max(now, quota.paused_until or now)
    limit, remaining, reset = quota.limit, quota.remaining, quota.reset
    if remaining is None or reset is None or reset <= start or calls <= remaining:
        return start + calls * one_call
    left = calls - remaining
    begin = max(reset, start + remaining * one_call)
    room = max(limit or remaining, 1)
    window = SPIKE if reset - now <= SPIKE else HOUR
    full = (left - 1) // room
    return begin + full * max(window, room * one_call) + (left - full * room) * one_call
