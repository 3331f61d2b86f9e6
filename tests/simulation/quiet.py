"""No log: a simulated day would write a hundred thousand lines, and its trace says what matters."""

import logging
from collections.abc import Generator
from contextlib import contextmanager

import structlog


@contextmanager
def silenced() -> Generator[None]:
    """Nothing is logged meanwhile."""
    before = structlog.get_config()
    disabled = logging.root.manager.disable
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(disabled)
        structlog.configure(**before)
