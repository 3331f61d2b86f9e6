"""Which changes a round reads."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID


@dataclass(frozen=True)
class Window:
    """Those since the last round, all, or those modified in a range.

    Units   `since` inclusive, `until` exclusive, UTC.
    `kinds` are those that are read, None for all; `cause` says why the round begins, `asked` which request began it.
    """

    full: bool = False
    since: datetime | None = None
    until: datetime | None = None
    kinds: frozenset[str] | None = None
    cause: Literal["poll", "notice", "retry", "manual"] = "manual"
    asked: UUID | None = None

    def reads(self, kind: str) -> bool:
        """Whether records of a kind are read."""
        return self.kinds is None or kind in self.kinds

    @property
    def is_range(self) -> bool:
        """A range is read beside the usual feed and moves no checkpoint."""
        return self.since is not None or self.until is not None

    def condition(self) -> str:
        """The range as a filter of Business Central."""
        parts = [f"lastModifiedDateTime ge {_instant(self.since)}"] if self.since else []
        parts += [f"lastModifiedDateTime lt {_instant(self.until)}"] if self.until else []
        return " and ".join(parts)


def _instant(value: datetime) -> str:
    return value.strftime("%Y-%m-%dT%H:%M:%SZ")
