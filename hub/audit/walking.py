"""A walk over all seals and the events under them: what was changed, taken out, put in or moved is named.

Runs beside the event loop, a block of seals at a time, and holds one page of events, however long the ledger is.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from adapters.store import Reader, Row
from hub.audit.chain import FIRST, NO_EVENT, SIZE, Seal, leaf_of, leaves_of, seals_of
from hub.audit.findings import Finding, Findings, stream_text

SEALS = 64
"""Seals of one block, 2 MB at the most."""
PAGE = 2000
"""Events that are in memory at a time."""
REMEMBERED = 4096
"""Hashes of seals that are at hand when a head names one."""

_SEALS = (
    "SELECT first_position, last_position, previous, hash, leaves FROM audit_seal WHERE first_position > ?"
    " ORDER BY first_position LIMIT ?"
)
_BEFORE = (
    "SELECT first_position, last_position, hash FROM audit_seal WHERE first_position < ?"
    " ORDER BY first_position DESC LIMIT 1"
)
_AT = "SELECT hash FROM audit_seal WHERE last_position = ?"
_LOWEST = -(1 << 62)

Seen = Callable[[Reader, Sequence[Row]], None]
"""Is shown every page of events that was compared."""


@dataclass(frozen=True)
class _Run:
    """Seals that follow each other without a gap."""

    first: int
    last: int
    leaves: bytes


class Walk:
    """Verifies from the seal that holds `start` to the one that ends at `end` or holds it."""

    def __init__(self, start: int, end: int, findings: Findings, seen: Seen | None = None) -> None:
        self.findings = findings
        self.position = 0
        self.events = 0
        self.seals = 0
        self._start = start
        self._end = end
        self.seen: Seen = seen or _nothing
        self._previous = FIRST
        self._hashes: OrderedDict[int, bytes] = OrderedDict()
        self._begun = False
        self._after = _LOWEST
        self._changed: list[Seal] = []

    def step(self, reader: Reader) -> bool:
        """Verify the next block; False when there is none."""
        if not self._begun:
            self._begin(reader)
        if self.position >= self._end:
            return False
        seals = [seal for seal in seals_of(reader.rows(_SEALS, (self._after, SEALS))) if seal.first <= self._end]
        for seal in seals:
            self._chained(seal)
        for run in _runs(seals):
            self._between(reader, run.first)
            self._compare(reader, run)
            self.position = max(self.position, run.last)
        if not seals:
            self._unsealed(reader)
        elif seals[-1].first <= self._after:
            self._add(seals[-1], "a seal begins at what is no position; the seals behind it can't be followed")
            return False
        else:
            self._after = seals[-1].first
        return bool(seals)

    def hash_at(self, reader: Reader, position: int) -> bytes | None:
        """The hash of the seal that ends at a position, None where none does."""
        if position in self._hashes:
            return self._hashes[position]
        rows = reader.rows(_AT, (position,))
        return bytes(rows[0][0]) if rows else None

    def _begin(self, reader: Reader) -> None:
        self._begun = True
        if self._start > 1:
            # The seal that holds `start` is the last one that begins at it or before; what came before it is taken on
            # trust, as whoever asks for a part knows.
            rows = reader.rows(_BEFORE, (self._start + 1,))
            if rows:
                self._after = rows[0][0] - 1
                before = reader.rows(_BEFORE, (rows[0][0],))
                if before:
                    self.position, self._previous = before[0][1], bytes(before[0][2])

    def _chained(self, seal: Seal) -> None:
        place = f"the seal over {seal.first} to {seal.last}"
        if seal.previous != self._previous:
            self._add(seal, f"{place} does not follow the one before it: a seal was changed, taken out or put in")
        elif not seal.whole:
            self._add(seal, f"{place} was changed: its hash does not cover what it holds")
            self._changed = [*self._changed, seal][-SEALS:]
        if seal.first <= self.position and self.seals:
            self._add(seal, f"{place} begins before the one before it ends")
        self.seals += 1
        self._previous = seal.hash
        self._hashes[seal.last] = seal.hash
        if len(self._hashes) > REMEMBERED:
            self._hashes.popitem(last=False)

    def _add(self, seal: Seal, words: str) -> None:
        self.findings.add(Finding(kind="seal", position=seal.last, words=words))

    def _between(self, reader: Reader, first: int) -> None:
        """Nothing may stand where no seal is."""
        lowest = self.position if self.position or self._start > 1 else _LOWEST
        if lowest + 1 < first:
            for row in reader.read(lowest, PAGE):
                if row[0] >= first:
                    break
                self._inserted(row)

    def _unsealed(self, reader: Reader) -> None:
        """Events up to the end that no seal holds: seals were taken out at the end."""
        rows = reader.read(self.position, 1)
        if rows and rows[0][0] <= self._end:
            words = f"no seal holds the events from {rows[0][0]} on: the last seals were taken out"
            self.findings.add(Finding(kind="seal", position=rows[0][0], words=words))

    def _inserted(self, row: Row) -> None:
        words = f"event {row[0]} ({row[3]}, stream {stream_text(row[1])}) was put in: no seal holds it"
        self._found("inserted", row, words)

    def _found(self, kind: str, row: Row, words: str) -> None:
        self.findings.add(
            Finding(kind=kind, position=row[0], stream=stream_text(row[1]), topic=str(row[3]), words=words)  # type: ignore[arg-type]
        )

    def _compare(self, reader: Reader, run: _Run) -> None:
        for first in range(run.first, run.last + 1, PAGE):
            count = min(PAGE, run.last - first + 1)
            wanted = run.leaves[(first - run.first) * SIZE : (first - run.first + count) * SIZE]
            rows = [row for row in reader.read(first - 1, count) if row[0] < first + count]
            if not _same(rows, first, count, wanted):
                self._differences(rows, first, count, wanted)
            self.events += len(rows)
            self.seen(reader, rows)

    def _differences(self, rows: Sequence[Row], first: int, count: int, wanted: bytes) -> None:
        """Names each event of a page that is not what its leaf says."""
        at = {row[0]: row for row in rows}
        leaves = {first + place: wanted[place * SIZE : (place + 1) * SIZE] for place in range(count)}
        wrong = [position for position, leaf in leaves.items() if position in at and leaf_of(at[position]) != leaf]
        lost = [position for position in leaves if position not in at]
        places = {leaves[position]: position for position in (*wrong, *lost)}
        for position in lost:
            words = f"event {position} is missing: it was taken out"
            self.findings.add(Finding(kind="missing", position=position, words=words))
        for position in wrong:
            row = at[position]
            if self.findings.full:
                self.findings.count += 1
                continue
            home = next((places[leaf] for place in places.values() if (leaf := leaf_of(row, place)) in places), None)
            if home is not None and home != position:
                words = f"event {position} ({row[3]}, stream {stream_text(row[1])}) was moved: it belongs to {home}"
                self._found("moved", row, words)
            elif any(seal.first <= position <= seal.end for seal in self._changed):
                words = f"event {position} ({row[3]}) is not what its seal says, and the seal itself was changed"
                self._found("changed", row, words)
            else:
                words = f"event {position} ({row[3]}, stream {stream_text(row[1])}, version {row[2]}) was changed"
                self._found("changed", row, words)


def _nothing(_reader: Reader, _rows: Sequence[Row]) -> None:
    """Nobody wants to see them."""


def _same(rows: Sequence[Row], first: int, count: int, wanted: bytes) -> bool:
    if len(rows) != count or len(wanted) != count * SIZE or rows[0][0] != first or rows[-1][0] != first + count - 1:
        return False
    try:
        return leaves_of(rows) == wanted
    except NO_EVENT:  # it is not what was sealed, and is named one by one
        return False


def _runs(seals: Sequence[Seal]) -> Iterator[_Run]:
    """Seals joined where they meet; what does not meet is a run of its own."""
    together: list[Seal] = []
    for seal in seals:
        if together and seal.first != together[-1].end + 1:
            yield _joined(together)
            together = []
        together.append(seal)
    if together:
        yield _joined(together)


def _joined(seals: Sequence[Seal]) -> _Run:
    # By their leaves: a seal that somebody shortened or stretched must not shift those of its neighbours.
    return _Run(
        seals[0].first, seals[-1].end, b"".join(seal.leaves[: len(seal.leaves) // SIZE * SIZE] for seal in seals)
    )
