"""Tokens and session ids: made of chance, shown once, kept as their SHA-256 alone."""

import re
from hashlib import sha256
from zlib import crc32

from adapters.ports import Rng

PREFIX = "slk_"
"""Lets scanners for secrets find a token that lies about."""

BITS = 256
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BODY = 43  # digits of 62 that 256 bits take
_CHECK = 6  # digits of 62 that 32 bits take
_SHAPE = re.compile(f"{PREFIX}[0-9A-Za-z]{{{_BODY + _CHECK}}}")


def new_token(rng: Rng) -> str:
    """`slk_`, 32 bytes of chance, and a checksum, so that a mistyped one is known without asking the store."""
    body = _in_digits(rng.getrandbits(BITS), _BODY)
    return PREFIX + body + _checksum(body)


def is_token(text: str) -> bool:
    """Whether this can be a token at all."""
    body = text.removeprefix(PREFIX)
    return _SHAPE.fullmatch(text) is not None and _checksum(body[:_BODY]) == body[_BODY:]


def new_session_id(rng: Rng) -> str:
    """256 bits of chance that mean nothing."""
    return _in_digits(rng.getrandbits(BITS), _BODY)


def fingerprint(secret: str) -> bytes:
    """SHA-256 of a secret: all that is kept of it. Enough, as it is chance and no word that could be guessed."""
    return sha256(secret.encode()).digest()


def _checksum(body: str) -> str:
    return _in_digits(crc32(body.encode()), _CHECK)


def _in_digits(number: int, length: int) -> str:
    digits: list[str] = []
    for _ in range(length):
        number, digit = divmod(number, len(_DIGITS))
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))
