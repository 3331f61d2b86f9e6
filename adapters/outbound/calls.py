"""Counters and allowance of one system and credential."""

from collections import Counter
from datetime import datetime, timedelta

import msgspec


class Calls(msgspec.Struct):
    """Requests made, token requests left out; a batch counts as one.

    Shape   `kinds` counts by method and path template, such as `GET /rest/v1.0/projects/{id}`.
    """

    read: int = 0
    write: int = 0
    kinds: Counter[str] = msgspec.field(default_factory=Counter[str])

    def count(self, kind: str, *, write: bool) -> None:
        """One more request of this kind."""
        if write:
            self.write += 1
        else:
            self.read += 1
        self.kinds[kind] += 1

    def copy(self) -> "Calls":
        """The counters as they are now."""
        return Calls(self.read, self.write, self.kinds.copy())

    def since(self, earlier: "Calls") -> "Calls":
        """What was added after `earlier` was copied."""
        return Calls(self.read - earlier.read, self.write - earlier.write, self.kinds - earlier.kinds)


class Quota(msgspec.Struct, frozen=True):
    """What the remote last said about our allowance; None where it said nothing.

    Units   `reset`, `paused_until` and `token_until` UTC. `waited` is what calls have waited for it so far, added up
            over all of them; `token_until` is the end of the present token.
    """

    limit: int | None = None
    remaining: int | None = None
    reset: datetime | None = None
    paused_until: datetime | None = None
    waited: timedelta = timedelta()
    token_until: datetime | None = None
