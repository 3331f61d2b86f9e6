"""From an answer to the outcome of a delivery: what both clients do alike."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import timedelta
from typing import TypeVar

from adapters.outbound.answers import UnreadableAnswer
from domain.delivery import Busy, Delivery, Exchange, Outcome, Refused, Sight
from domain.errors import Changed, Misconfigured, NeedsDecision, RetryLater, SiteLedgerError, Unreadable
from domain.values import Json

Result = TypeVar("Result", Outcome, Sight)

# Nothing comes of asking again before somebody has changed a setting, and nobody does so within a minute or two.
AFTER_MISCONFIGURED = timedelta(minutes=5)
AFTER_UNREADABLE = timedelta(minutes=1)


def outcome_of(
    delivery: Delivery, error: SiteLedgerError, exchange: Exchange | None = None, words: str = ""
) -> Busy | Refused:
    """The outcome that an error stands for; `words` are the remote's own, for people."""
    if exchange is None and isinstance(error, UnreadableAnswer):
        exchange = error.exchange
    match error:
        case RetryLater():
            return Busy(delivery, str(error), error.after, error.outcome_unknown, exchange)
        case Changed():
            return Busy(delivery, f"changed in between: {words or error}", timedelta(), exchange=exchange, moved=True)
        case Misconfigured():
            return Busy(delivery, str(error), AFTER_MISCONFIGURED, exchange=exchange)
        case NeedsDecision():
            return Refused(delivery, words or str(error), error.status, error.code, exchange)
        case Unreadable():
            # The remote said that it took the row, in words that we cannot read: only a look tells.
            return Busy(delivery, str(error), AFTER_UNREADABLE, unknown=True, exchange=exchange)
        case _:
            raise error


def sight_of(
    delivery: Delivery, error: SiteLedgerError, exchange: Exchange | None = None, words: str = ""
) -> Busy | Refused:
    """Like `outcome_of`, for a look: looking changes nothing, so its outcome is never unknown."""
    seen = outcome_of(delivery, error, exchange, words)
    return Busy(delivery, seen.reason, seen.after, exchange=seen.exchange) if isinstance(seen, Busy) else seen


def without_answer(busy: Busy) -> bool:
    """The remote did not answer at all, or we did not get to ask."""
    return busy.exchange is None or busy.exchange.status == 0


def not_sent(delivery: Delivery, busy: Busy) -> Busy:
    """Outcome of a row that was left unsent because the one before it ran into trouble with the connection."""
    return Busy(delivery, busy.reason, busy.after)


def waves(deliveries: Iterable[Delivery], identity: Callable[[Delivery], str], size: int) -> list[list[Delivery]]:
    """Calls to make one after the other: at most `size` rows each, and no record twice in one call.

    The order among rows of one record is kept.
    """
    out: list[list[Delivery]] = []
    last: dict[str, int] = {}
    for delivery in deliveries:
        name = identity(delivery) or str(delivery.id)
        index = last.get(name, -1) + 1
        while index < len(out) and len(out[index]) >= size:
            index += 1
        if index >= len(out):
            out.append([])
            index = len(out) - 1
        out[index].append(delivery)
        last[name] = index
    return out


async def carried(
    deliveries: Sequence[Delivery],
    fault: Callable[[Json], str],
    identity: Callable[[Delivery], str],
    size: int,
    send: Callable[[list[Delivery]], Awaitable[list[Outcome]]],
) -> list[Outcome]:
    """Send what has no fault, call after call; after a call without answer the rest is left for another time."""
    done: list[Outcome] = []
    sendable: list[Delivery] = []
    for delivery in deliveries:
        if why := fault(delivery.body):
            done.append(Refused(delivery, why))
        else:
            sendable.append(delivery)
    trouble: Busy | None = None
    for wave in waves(sendable, identity, size):
        if trouble is not None:
            done.extend(not_sent(delivery, trouble) for delivery in wave)
            continue
        outcomes = await send(wave)
        done.extend(outcomes)
        trouble = next((seen for seen in outcomes if isinstance(seen, Busy) and without_answer(seen)), None)
    return in_order(deliveries, done)


def in_order(deliveries: Sequence[Delivery], found: Sequence[Result]) -> list[Result]:
    """The outcomes in the order of the deliveries."""
    by_id = {outcome.delivery.id: outcome for outcome in found}
    return [by_id[delivery.id] for delivery in deliveries]
