"""What people of both systems would do, where stand-ins are served beside the hub."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Hand:
    """One thing that somebody does in a system. `act` does it and says what was done."""

    name: str
    who: str
    title: str
    text: str
    act: Callable[[], str]


@dataclass(frozen=True)
class Desk:
    """All that can be done, and the addresses of both systems by their names."""

    hands: tuple[Hand, ...]
    places: tuple[tuple[str, str], ...]
