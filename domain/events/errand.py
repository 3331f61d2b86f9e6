"""What people sent the service to do in the background, and how that ended."""

from typing import ClassVar, Literal

from domain.events.base import Event
from domain.values import MaybeContent

Sort = Literal["reconciliation", "adoption", "drift", "completeness"]
"""A comparison of both companies, a proposal of who is who, a look for what others changed, a count of all there is."""

End = Literal["done", "failed", "interrupted"]
"""`interrupted`: the process ended in the middle; what it found until then counts for nothing."""


class ErrandBegun(Event, frozen=True, kw_only=True):
    """Somebody sent the service to read both systems; `asked` is what was asked for, by its name."""

    TOPIC: ClassVar[str] = "errand.begun.1"
    sort: Sort
    asked: dict[str, str]


class ErrandEnded(Event, frozen=True, kw_only=True):
    """What became of it.

    Shape   `outcome` in a word of its sort; `result` is the run or the proposal that was made, empty where none was;
            `figures` by their name; `unread` names lists that could not be read; `why` it was not done, else empty;
            `content` names all that was found, where nothing else keeps it
    """

    TOPIC: ClassVar[str] = "errand.ended.1"
    sort: Sort
    state: End
    figures: dict[str, int]
    outcome: str = ""
    result: str = ""
    unread: tuple[str, ...] = ()
    why: str = ""
    content: MaybeContent = ""
