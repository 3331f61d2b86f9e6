"""How long to wait before a delivery is tried again: doubling, bounded, spread so that no two come back at once."""

from datetime import timedelta

from tenacity import RetryCallState, Retrying, wait_exponential

from adapters.ports import Rng

_GROWTH = wait_exponential(multiplier=1, min=1, max=900)
_NOBODY = Retrying()


def delay_before(attempt: int, rng: Rng) -> timedelta:
    """Waiting time after attempt number `attempt` (from 1), between half and the whole of the doubled base."""
    state = RetryCallState(_NOBODY, None, (), {})
    state.attempt_number = max(attempt, 1)
    return timedelta(seconds=_GROWTH(state) * rng.uniform(0.5, 1.0))
