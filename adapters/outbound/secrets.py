"""Secrets: values that may travel in a request and must never be seen anywhere else."""

from collections import deque

MASK = "***"
# A shorter value would blank out ordinary words; no real credential is that short.
SHORTEST = 8


class Secret:
    """A credential. Printing it shows nothing; `reveal` is called where it goes onto the wire, and only there."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({MASK!r})"

    def __str__(self) -> str:
        return MASK

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> tuple[type["Secret"], tuple[str]]:
        # A copy in a queue or a snapshot would outlive the process that may know the value.
        message = "a secret is not stored"
        raise TypeError(message)


class Redactor:
    """Blanks out the secrets in use, also where a remote echoes them."""

    def __init__(self) -> None:
        self._lasting: list[str] = []
        self._passing: deque[str] = deque(maxlen=4)  # an answer in flight can echo the present token or the one before

    def learn(self, *values: str) -> None:
        """Blank out these credentials from now on."""
        self._lasting += [value for value in values if len(value) >= SHORTEST and value not in self._lasting]

    def learn_token(self, value: str) -> None:
        """Blank out this token and the few before it."""
        if len(value) >= SHORTEST and value not in self._passing:
            self._passing.append(value)

    def text(self, value: str) -> str:
        """The text without secrets."""
        for secret in (*self._lasting, *self._passing):
            value = value.replace(secret, MASK)
        return value

    def bytes(self, value: bytes) -> bytes:
        """The bytes without secrets; the same object where none was in it."""
        for secret in (*self._lasting, *self._passing):
            value = value.replace(secret.encode(), MASK.encode())
        return value
