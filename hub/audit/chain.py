"""How events are hashed: a leaf for each event, a seal over many leaves, each seal over the one before. Pure.

A leaf covers everything that is stored of an event, with its lengths, so that no two events have the same bytes. Seals
keep the leaves, so a changed event is named by itself and not only by its seal. `hub/audit/verify.py` says the same
once more, without any of our code, for whoever verifies an export.
Source  docs/adr/0018-seals-behind-the-log.md
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from struct import Struct
from struct import error as PackError  # noqa: N812 - it is a class
from typing import Any

from adapters.store import Row

SIZE = 32
"""Bytes of a leaf."""

FIRST = b"\0" * SIZE
"""What stands for the seal before the first one."""

NOTHING = b"\0" * SIZE
"""The leaf of a row that no event can have: somebody was here before it was sealed."""

NO_EVENT = (TypeError, ValueError, AttributeError, PackError)
"""What goes wrong with a row that no event can have: a number, nothing, or half an event stands in its place."""

_LEAF = Struct(">cQQII")
_SEAL = Struct(">cQQ")
_EVENT, _EVENTS = b"\x00", b"\x01"  # a leaf can never be taken for a seal


@dataclass(frozen=True)
class Seal:
    """All events from one position to another, without a gap between.

    Shape   `previous` and `hash` of 32 bytes, `leaves` of 32 bytes for each event, joined.
    """

    first: int
    last: int
    previous: bytes
    hash: bytes
    leaves: bytes

    def leaf(self, position: int) -> bytes:
        """The leaf of one event."""
        start = (position - self.first) * SIZE
        return self.leaves[start : start + SIZE]

    @property
    def end(self) -> int:
        """The position of its last leaf: `last`, unless somebody changed the seal."""
        return self.first + len(self.leaves) // SIZE - 1

    @property
    def whole(self) -> bool:
        """It has a leaf for each of its positions, and its hash covers all of it."""
        try:
            covered = seal_hash(self.previous, self.first, self.last, self.leaves)
        except PackError:  # a number that no position has
            return False
        return self.end == self.last and len(self.leaves) % SIZE == 0 and self.hash == covered


def leaves_of(rows: Sequence[Row]) -> bytes:
    """Leaves of events, joined."""
    pack, hashed = _LEAF.pack, sha256
    return b"".join(
        [
            hashed(
                pack(_EVENT, position, version, len(named := topic.encode()), len(state)) + stream + named + state
            ).digest()
            for position, stream, version, topic, state in rows
        ]
    )


def leaf_of(row: Sequence[Any], position: int | None = None) -> bytes:
    """The leaf of one event, whatever somebody put into its row; as if it stood at another position, if one is given.

    Empty where no event can be so.
    """
    try:
        at, stream, version, topic, state = row
        return leaves_of([(at if position is None else position, _raw(stream), version, str(topic), _raw(state))])
    except NO_EVENT:
        return b""


def _raw(value: Any) -> bytes:
    # Of a number, `bytes` would make as many zeros: somebody's number must not take all memory.
    return value.encode() if isinstance(value, str) else b"" + value


def seal_hash(previous: bytes, first: int, last: int, leaves: bytes) -> bytes:
    """The hash of a seal; over the digest of its leaves, so that a seal can be followed without them."""
    return sha256(_SEAL.pack(_EVENTS, first, last) + previous + sha256(leaves).digest()).digest()


def sealed(previous: bytes, rows: Sequence[Row]) -> Seal:
    """A seal over the next events, up to the first gap in their positions."""
    first = rows[0][0]
    last = first
    for row in rows[1:]:
        if row[0] != last + 1:
            break
        last += 1
    leaves = _sound(rows[: last - first + 1])
    return Seal(first, last, previous, seal_hash(previous, first, last, leaves), leaves)


def _sound(rows: Sequence[Row]) -> bytes:
    """Leaves of what stands there. What can't be an event is sealed as `NOTHING`, which no verification accepts."""
    try:
        return leaves_of(rows)
    except NO_EVENT:
        return b"".join(leaf_of(row) or NOTHING for row in rows)


def seals_of(rows: Iterable[Sequence[Any]]) -> list[Seal]:
    """Seals out of rows of `audit_seal`, whatever somebody put into them: SQLite keeps any type in any column."""
    return [Seal(_number(row[0]), _number(row[1]), *map(_blob, row[2:5])) for row in rows]


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _blob(value: Any) -> bytes:
    return value if isinstance(value, bytes) else b""
