"""Which changes a round reads."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True)
class Window:
    """Those since the last round, all, or those modified in a range.

    Units   `since` inclusive, `until` exclusive, UTC.
    `kinds` are those that are read, none for all of them; `cause` says why the round begins.
    """

    full: bool = False
    since: datetime | None = None
    until: datetime | None = None
    kinds: frozenset[str] = frozenset()
    cause: Literal["poll", "notice", "manual"] = "manual"

    def reads(self, kind: str) -> bool:
        """Whether records of a kind are read."""
        return not self.kinds or kind in self.kinds

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
