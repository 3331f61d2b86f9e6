"""Large bodies, stored once under their SHA-256 and compressed where it helps."""

import zlib
from collections.abc import Iterable, Mapping

PackedContent = tuple[bytes, int, bytes]
"""SHA-256, the sum of `ZIPPED` and `REDACTED` as they apply, and the body."""

ZIPPED, REDACTED = 1, 2
"""A redacted body is no longer what its digest says."""

UNREDACT = (
    "ON CONFLICT (sha256) DO UPDATE SET zipped = excluded.zipped, body = excluded.body"
    " WHERE contents.zipped >= 2"  # which is REDACTED
)
"""A body is stored once. One that was redacted and is seen again is whole again: a decision may rest on it."""

WORTH = 512
"""Bytes: below this, the gain is less than what a page of the database wastes anyway."""

WORTHWHILE = 0.9
"""Of the size: pictures and archives shrink by less, and would be unpacked at every read for nothing."""


def packed(contents: Mapping[str, bytes]) -> list[PackedContent]:
    """Rows for the content table, in the order of their names, so that two writers never wait crosswise."""
    return [_pack(bytes.fromhex(sha), body) for sha, body in sorted(contents.items())]


def unpacked(rows: Iterable[PackedContent]) -> dict[str, bytes]:
    """Bodies by the hexadecimal SHA-256 that names them."""
    return {sha.hex(): zlib.decompress(body) if zipped & ZIPPED else body for sha, zipped, body in rows}


def redacted_form(sha: str, body: bytes) -> tuple[int, bytes, bytes]:
    """What takes the place of a body: mark, body, and the digest that goes on naming it."""
    name, zipped, small = _pack(bytes.fromhex(sha), body)
    return zipped + REDACTED, small, name


def _pack(sha: bytes, body: bytes) -> PackedContent:
    if len(body) >= WORTH:
        small = zlib.compress(body)
        if len(small) < len(body) * WORTHWHILE:
            return sha, 1, small
    return sha, 0, body
