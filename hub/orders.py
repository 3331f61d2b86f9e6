"""What may be carried in a round that is told exactly what to send."""

from collections.abc import Collection, Sequence
from typing import Protocol
from uuid import UUID

from domain.delivery import Delivery, Outcome


class Orders(Protocol):
    """Lets deliveries go, asked right before they are claimed, and hears what came of them.

    A round under orders makes one call after the other.
    """

    @property
    def over(self) -> bool:
        """Nothing more is sent."""
        ...

    def admitted(self, deliveries: Sequence[Delivery]) -> Collection[UUID]:
        """Those of these deliveries that may go now, by id; the others stay as they are."""
        ...

    def heard(self, outcome: Outcome) -> None:
        """What a system answered; it is in the ledger already."""
        ...
