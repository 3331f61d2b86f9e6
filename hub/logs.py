"""Logs: one JSON line for each event on standard error, with ids and never bodies or secrets."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, cast

import structlog

HIDDEN = "[hidden]"

_NAMES = re.compile(r"(?i)(secret|password|passwd|authorization|cookie|private_key|(^|_)(token|key)$)")
"""Names of fields whose values are never logged, whatever they hold."""

_SHAPES = re.compile(
    r"slk_[0-9A-Za-z]{20,}"  # our own tokens
    r"|(?i:\b(?:bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,})"  # credentials of a header
    r"|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?"  # tokens of the remotes (RFC 7519)
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"  # user and password of an address
    r"|(?i:(?<=client_secret=)[^&\s]+|(?<=refresh_token=)[^&\s]+|(?<=password=)[^&\s]+)"
)
"""What looks like a credential inside a text."""


def configure(*, debug: bool = False, serving: bool = False) -> None:
    """Sends logs to standard error, never to standard output, which belongs to results.

    Without `debug` only what somebody should know about: warnings and errors, and of a service also what it does.
    """
    usual = logging.INFO if serving else logging.WARNING
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            hide_secrets,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if debug else usual),
        # Looked up for each logger: whoever replaces standard error, such as a test, gets what comes after.
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )


def hide_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The last resort: nothing here should log a secret, and if something does, it is not written."""
    return {name: HIDDEN if _NAMES.search(name) and value else _clean(value) for name, value in event.items()}


def _clean(value: Any) -> Any:
    match value:
        case str():
            return _SHAPES.sub(HIDDEN, value)
        case dict():
            return hide_secrets(None, "", cast("dict[str, Any]", value))
        case list() | tuple():
            return [_clean(item) for item in cast("list[Any]", value)]
        case bool() | int() | float() | None:
            return value
        case _:
            return _SHAPES.sub(HIDDEN, str(value))
