"""Positions of the past: what `asof` means, for everything that can be asked about it."""

from collections.abc import Collection
from datetime import UTC, datetime

from adapters.store import Ledger
from domain.errors import WrongInput
from projections.event_log import EVENT_LOGS

_DIGITS = 18
"""Of a position; a number of more is none."""


async def position_at(ledger: Ledger, asof: str | int, field: str = "asof") -> int:
    """The position that `asof` means: a number, an instant as RFC 3339 writes it, or the present for nothing.

    An instant means the position right before the first event that is later. So it means the same on every day that
    it is asked, and of two instants the later one never means less, although moments of events may overlap.
    An instant is looked up in the read models, so they have to be brought up to date before.
    `field` is how whoever asks calls it.
    Raises  WrongInput, also for what is yet to come.
    """
    last = await ledger.last_position()
    text = str(asof).strip()
    if not text:
        return last
    if text.lstrip("-").isascii() and text.lstrip("-").isdecimal():
        return _checked(text, last, field)
    instant = _instant(text, field)
    if instant > ledger.clock.now():
        raise WrongInput(field, f"{text[:40]} is yet to come", "Leave it out for the present.")
    rows = await ledger.rows("SELECT position FROM instant WHERE at > ? ORDER BY at LIMIT 1", (instant.isoformat(),))
    return rows[0][0] - 1 if rows else await told_to(ledger, [EVENT_LOGS.name])


def _checked(text: str, last: int, field: str) -> int:
    if text.startswith("-"):
        raise WrongInput(field, f"{text[:40]} is before everything", "Positions begin at 0.")
    if len(text) > _DIGITS or int(text) > last:
        raise WrongInput(field, f"position {text[:40]} is yet to come", f"The last one is {last}.")
    return int(text)


def _instant(text: str, field: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is not None:
            return instant.astimezone(UTC)
    except (ValueError, OverflowError):
        pass  # answered as every other text that means no moment
    raise WrongInput(
        field, f"'{text[:40]}' is neither a position nor an instant", "Give 10412, or 2026-01-31T08:00:00Z."
    )


async def told_to(ledger: Ledger, projections: Collection[str]) -> int:
    """The position up to which all of these read models are told."""
    condition, names = ledger.in_list("name", sorted(projections))
    rows = await ledger.rows(f"SELECT MIN(position) FROM projection_checkpoint WHERE {condition}", (names,))  # noqa: S608 - a name of our own
    return rows[0][0] or 0
