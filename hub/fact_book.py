"""The lists of the target that decisions rest on: each read once in a round, dropped when a delivery makes it stale."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

import anyio

from adapters.target import Target
from domain.delivery import Endpoint, Listing, Scope
from domain.errors import SiteLedgerError
from domain.values import Json, System
from hub.lists import Lists


class FactBook:
    """Reads lists, each at most once until it is stale; remembers the ones that could not be read."""

    def __init__(self, targets: Mapping[System, Target], now: Callable[[], datetime] | None = None) -> None:
        self._targets = targets
        self._now = now
        self._rows = Lists()
        self.unreadable: dict[Listing, SiteLedgerError] = {}
        self.read_at: dict[Listing, datetime] = {}
        """When each list was read last, where somebody tells the time."""
        self.outdated = False
        """A list that decisions rested on was changed by a delivery since; whoever acts on it resets it."""

    @property
    def rows(self) -> Mapping[Listing, Sequence[Json]]:
        """All lists read so far."""
        return self._rows

    @property
    def held(self) -> int:
        """Rows that take room as objects."""
        return self._rows.held

    async def read(self, listings: Iterable[Listing]) -> None:
        """Reads the lists that are not there yet, side by side; a failure is kept, not raised."""
        missing = [listing for listing in dict.fromkeys(listings) if listing not in self._rows]
        async with anyio.create_task_group() as tasks:
            for listing in missing:
                if listing not in self.unreadable:
                    tasks.start_soon(self._read, listing)

    def take(self, listing: Listing, rows: Iterable[Json]) -> None:
        """Keeps a list that is known without asking for it."""
        if listing not in self._rows:
            self._rows.put(listing, list(rows))

    async def _read(self, listing: Listing) -> None:
        try:
            self._rows.put(listing, await self._targets[listing.system].list(listing))
            if self._now is not None:
                self.read_at[listing] = self._now()
        except SiteLedgerError as error:
            self.unreadable[listing] = error

    def stale(self, endpoint: Endpoint, scope: Scope) -> None:
        """Forgets the lists that a success here changed; one in the whole company shows in every project."""
        project = scope.get("project_id", "")
        for listing in list(self._rows):
            if listing.name in endpoint.refreshes and (not project or listing.scope in ("", project)):
                self._rows.drop(listing)
                self.outdated = True
