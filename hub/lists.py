"""Lists of the target that decisions rest on: those used last at hand, all others packed, so that none is read twice.

A first sync looks into a handful of lists of every project. Packed they take a twentieth of the room that they take as
objects, and are there again in microseconds.
"""

import pickle
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from zlib import compress, decompress

from domain.delivery import Listing
from domain.flow import Rows
from domain.values import Json

AT_HAND = 5_000
"""Rows at hand at the most, some megabytes."""
AT_LEAST = 16
"""Lists at hand however long they are: one decision looks into fewer, and must not unpack them over and over."""
QUICK = 1
"""Level of packing: a higher one takes longer for little."""


class Lists(Mapping[Listing, Sequence[Json]]):
    """Lists by their addresses. Nobody changes the rows of a list: what was packed is right as long as the list is."""

    def __init__(self, at_hand: int = AT_HAND, at_least: int = AT_LEAST) -> None:
        self._most = at_hand
        self._fewest = at_least
        self._held = 0
        self._at_hand: OrderedDict[Listing, Rows] = OrderedDict()
        self._packed: dict[Listing, bytes] = {}

    @property
    def held(self) -> int:
        """Rows that are at hand, an empty list counted as one."""
        return self._held

    def put(self, listing: Listing, rows: Sequence[Json]) -> None:
        """Keeps a list as it was just read."""
        self._forget(listing)
        self._packed[listing] = compress(pickle.dumps(list(rows), pickle.HIGHEST_PROTOCOL), QUICK)
        self._hold(listing, Rows(rows))

    def drop(self, listing: Listing) -> None:
        """Forgets a list that is no longer true."""
        self._forget(listing)
        del self._packed[listing]

    def __getitem__(self, listing: Listing) -> Sequence[Json]:
        rows = self._at_hand.get(listing)
        if rows is None:
            rows = Rows(pickle.loads(decompress(self._packed[listing])))  # noqa: S301 - our own, never out of this process
            self._hold(listing, rows)
        else:
            self._at_hand.move_to_end(listing)
        return rows

    def __contains__(self, listing: object) -> bool:
        return listing in self._packed

    def __iter__(self) -> Iterator[Listing]:
        return iter(self._packed)

    def __len__(self) -> int:
        return len(self._packed)

    def _hold(self, listing: Listing, rows: Rows) -> None:
        self._at_hand[listing] = rows
        self._held += max(len(rows), 1)
        while self._held > self._most and len(self._at_hand) > self._fewest:
            self._forget(next(iter(self._at_hand)))

    def _forget(self, listing: Listing) -> None:
        rows = self._at_hand.pop(listing, None)
        if rows is not None:
            self._held -= max(len(rows), 1)
