"""Moments as people and programs write them."""

from datetime import UTC, datetime

from domain.errors import WrongInput


def moment_in(field: str, text: str) -> datetime | None:
    """A moment as RFC 3339 writes it, in UTC, which it is without an offset; nothing for an empty one.

    Raises  WrongInput.
    """
    if not text:
        return None
    try:
        read = datetime.fromisoformat(text)
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):  # a moment at the edge of all years has no place in UTC
        raise WrongInput(field, f"'{text[:40]}' is no moment", "Give 2026-01-31T08:00:00Z.") from None
