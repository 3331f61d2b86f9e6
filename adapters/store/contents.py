"""Large bodies, stored once under their SHA-256 and compressed where it helps."""

import zlib
from collections.abc import Iterable, Mapping

PackedContent = tuple[bytes, int, bytes]
"""SHA-256, 1 if compressed, and the body."""

WORTH = 512
"""Bytes: below this, the gain is less than what a page of the database wastes anyway."""

LEVEL = 4
"""Two thirds of the time of the default level for a few per cent more bytes, on the JSON of both systems."""


def packed(contents: Mapping[str, bytes]) -> list[PackedContent]:
    """Rows for the content table, in the order of their names, so that two writers never wait crosswise."""
    return [_pack(bytes.fromhex(sha), body) for sha, body in sorted(contents.items())]


def unpacked(rows: Iterable[PackedContent]) -> dict[str, bytes]:
    """Bodies by the hexadecimal SHA-256 that names them."""
    return {sha.hex(): zlib.decompress(body) if zipped else body for sha, zipped, body in rows}


def _pack(sha: bytes, body: bytes) -> PackedContent:
    if len(body) >= WORTH:
        small = zlib.compress(body, LEVEL)
        if len(small) < len(body) * 0.9:
            return sha, 1, small
    return sha, 0, body
