"""Task groups wrap every error in a group; here one error comes out as itself."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def single_error() -> Iterator[None]:
    """A group of exactly one error is raised as that error; real groups stay groups."""
    try:
        yield
    except BaseExceptionGroup as group:
        inner: BaseException = group
        while isinstance(inner, BaseExceptionGroup) and len(inner.exceptions) == 1:  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] - any error
            inner = inner.exceptions[0]  # pyright: ignore[reportUnknownMemberType] - any error
        raise inner from None
