"""How pages write what the ledger holds: states with their signs, moments, amounts, names of systems and flows."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from markupsafe import Markup, escape

SIGNS: Mapping[str, str] = {
    "pending": "•",
    "awaiting-approval": "?",
    "parked": "‖",
    "rejected": "⊖",
    "in-flight": "▸",
    "synced": "✓",
    "failed": "↻",
    "dead": "✕",
    "conflict": "≠",
    "excluded": "⊘",
    "deleted": "⌫",
}
"""State of a record -> the sign beside its word, so that colour is never all that tells it."""

TONES: Mapping[str, str] = {
    "synced": "good",
    "healthy": "good",
    "done": "good",
    "ended": "good",
    "approved": "good",
    "equal": "good",
    "explained": "good",
    "signed off": "good",
    "on": "good",
    "fine": "good",
    "exported": "good",
    "mended": "good",
    "pending": "calm",
    "in-flight": "calm",
    "running": "calm",
    "starting": "calm",
    "excluded": "quiet",
    "deleted": "quiet",
    "skipped": "quiet",
    "muted": "quiet",
    "off": "quiet",
    "withdrawn": "quiet",
    "parked": "wait",
    "awaiting-approval": "wait",
    "waiting": "wait",
    "ready": "wait",
    "resent": "wait",
    "open": "wait",
    "failed": "warn",
    "behind": "warn",
    "paused": "warn",
    "incomplete": "warn",
    "rejected": "bad",
    "declined": "bad",
    "dead": "bad",
    "conflict": "bad",
    "broken": "bad",
    "unexplained": "bad",
    "wrong": "bad",
    "different": "bad",
    "refused": "bad",
    "over": "bad",
    "stopped": "bad",
}
SYSTEMS: Mapping[str, str] = {"business_central": "Business Central", "procore": "Procore"}


@lru_cache(maxsize=256)
def state(word: str) -> Markup:
    """A state as sign, word and colour."""
    tone = TONES.get(word, "calm")
    sign = SIGNS.get(word, {"good": "✓", "bad": "✕", "warn": "!", "wait": "?"}.get(tone, "•"))
    return Markup('<span class="state {}"><span aria-hidden="true">{}</span> {}</span>').format(
        tone, sign, spoken(word)
    )


def spoken(word: str) -> str:
    """A stored name as people say it: `awaiting-approval`, `business_central`."""
    return SYSTEMS.get(word) or word.replace("-", " ").replace("_", " ")


def money(amount: Any, currency: str = "") -> str:
    """An amount with two decimals, or more where it has them, and thousands apart; anything else as it is.

    Amounts are decimal text from end to end, so no float is ever made of one.
    """
    if amount in (None, ""):
        return ""
    try:
        value = amount if isinstance(amount, Decimal) else Decimal(str(amount))
    except InvalidOperation:
        return str(amount)
    if not value.is_finite():
        return str(amount)
    exponent = value.as_tuple().exponent
    places = max(2, -exponent if isinstance(exponent, int) else 2)
    return f"{value:,.{places}f}{f' {currency}' if currency else ''}"


def moment(value: Any, zone: str = "local") -> Markup:
    """A moment as an element that a browser may write in its own zone; without a script it reads in UTC.

    Shape   `value` is ISO 8601 in UTC, a datetime, or empty. A date stays a date: it has no zone and is never moved.
    """
    if not value:
        return Markup("")
    if isinstance(value, date) and not isinstance(value, datetime):
        return Markup('<time datetime="{0}">{0}</time>').format(value.isoformat())
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return escape(text)
    if at.tzinfo is None:
        return Markup('<time datetime="{0}">{0}</time>').format(text)
    at = at.astimezone(UTC)
    plain = at.isoformat(sep=" ", timespec="seconds")[:19]
    exact, shown = f"{plain[:10]}T{plain[11:]}Z", f"{plain} UTC"
    # Only digits and our own words stand in these texts: a list has hundreds of them, and nothing to escape.
    if zone == "relative":
        return Markup(f'<relative-time datetime="{exact}" title="{shown}">{shown}</relative-time>')  # noqa: S704
    mark = " data-local" if zone == "local" else ""
    return Markup(f'<time datetime="{exact}" title="{shown}"{mark}>{shown}</time>')  # noqa: S704


def lasted(seconds: Any) -> str:
    """A duration in the two largest units that it has."""
    whole = int(seconds)
    for unit, size, smaller, part in (("d", 86400, "h", 3600), ("h", 3600, "min", 60), ("min", 60, "s", 1)):
        if whole >= size:
            rest = whole % size // part
            return f"{whole // size} {unit}{f' {rest} {smaller}' if rest else ''}"
    return f"{whole} s"


def count(number: Any) -> str:
    """A whole number, thousands apart."""
    return f"{int(number):,}"


def short(id: Any) -> str:
    """The beginning of a long id."""
    text = str(id)
    return f"{text[:8]}…" if len(text) > 12 else text  # noqa: PLR2004 - shorter ones are shown whole
