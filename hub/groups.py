"""Task groups wrap every error in a group; here one error comes out as itself."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import cast


@contextmanager
def single_error() -> Generator[None]:
    """A group of exactly one error is raised as that error; real groups stay groups."""
    try:
        yield
    except BaseExceptionGroup as group:
        raise _only(group) from None


def _only(group: BaseExceptionGroup[BaseException]) -> BaseException:
    if len(group.exceptions) != 1:
        return group
    inner = group.exceptions[0]
    return _only(cast("BaseExceptionGroup[BaseException]", inner)) if isinstance(inner, BaseExceptionGroup) else inner
