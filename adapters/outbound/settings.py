"""How patient, how careful and by which way the hub talks to a system."""

import msgspec


class Timeouts(msgspec.Struct, frozen=True):
    """How long to wait for one attempt.

    Units   seconds; `total` covers connecting, sending and reading the whole answer.
    """

    connect: float = 10.0
    read: float = 60.0
    total: float = 120.0


class Patience(msgspec.Struct, frozen=True):
    """How often a call that is safe to repeat is repeated, and how long one call may wait.

    Units   seconds. `wait` is the longest pause that a call sits out; a longer one becomes RetryLater at once, so that
            the hub can plan. `jitter` spreads the first calls after a pause.
    """

    attempts: int = 4
    first_backoff: float = 0.5
    longest_backoff: float = 20.0
    wait: float = 60.0
    jitter: float = 2.0


class Outbound(msgspec.Struct, frozen=True):
    """Settings of all calls to one system.

    Shape   `fast_transport` uses aiohttp's connections below httpx; `proxy` and `ca_file` empty for none.
    Units   `largest_body` bytes of one answer, unpacked.
    """

    timeouts: Timeouts = Timeouts()
    patience: Patience = Patience()
    largest_body: int = 64 * 1024 * 1024
    fast_transport: bool = True
    proxy: str = ""
    ca_file: str = ""
