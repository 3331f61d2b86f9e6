"""What proves that the ledger was not changed behind the hub's back: keys, signed heads, verifications."""

from typing import ClassVar

from domain.events.base import Event


class SigningKeyMade(Event, frozen=True, kw_only=True):
    """Heads are signed by this key from here on. The private half stands in no event.

    Shape   `public` Ed25519, hex; `signature` by `predecessor` over the new key, both empty for the first of a ledger.
    """

    TOPIC: ClassVar[str] = "audit.key-made.1"
    key: str
    public: str
    predecessor: str
    signature: str


class HeadSigned(Event, frozen=True, kw_only=True):
    """The seal that ends at `position` has this hash, and so has everything before it what it had at this moment.

    Shape   `moment` ISO 8601, UTC, as it was signed; `signature` Ed25519, hex.
    """

    TOPIC: ClassVar[str] = "audit.head-signed.1"
    position: int
    hash: str
    moment: str
    key: str
    signature: str


class ChainVerified(Event, frozen=True, kw_only=True):
    """Somebody had the ledger verified from `start` to `position`; `words` are the first of the findings.

    Shape   `sealed` and `seal` are the end and the hash of the last seal then, 0 and empty where older events say
            nothing; `follows`: it began where everything before had been verified
    """

    TOPIC: ClassVar[str] = "audit.verified.1"
    start: int
    position: int
    findings: int
    words: tuple[str, ...] = ()
    sealed: int = 0
    seal: str = ""
    follows: bool = False
