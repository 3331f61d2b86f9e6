"""Logs: one JSON line for each event on standard error, with ids and never bodies or secrets."""

import logging
import sys

import structlog


def configure(*, debug: bool = False) -> None:
    """Sends logs to standard error, never to standard output, which belongs to results.

    Without `debug` only what somebody should know about: warnings and errors.
    """
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if debug else logging.WARNING),
        # Looked up for each logger: whoever replaces standard error, such as a test, gets what comes after.
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
