"""What the hub needs of a system, whichever it is: carry rows, look at rows, read lists."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from adapters.outbound.calls import Calls, Quota
from domain.delivery import Delivery, Endpoint, Listing, Outcome, Sight
from domain.values import Json, System


class Finding(msgspec.Struct, frozen=True):
    """One answer of the connection check.

    Shape   `what` names the thing checked, `why` what was seen, `remedy` what to do about it (empty when `ok`).
    """

    what: str
    ok: bool
    why: str = ""
    remedy: str = ""


class Target(Protocol):
    """One company of one system, reached with one credential."""

    system: System

    @property
    def calls(self) -> Calls:
        """Requests made so far, token requests left out."""
        ...

    @property
    def quota(self) -> Quota:
        """What the system last said about our allowance."""
        ...

    async def carry(self, endpoint: Endpoint, deliveries: Sequence[Delivery]) -> list[Outcome]:
        """Send rows of one endpoint and one scope, at most `endpoint.limit`.

        One outcome for each delivery, in order. Remote trouble is an outcome too, never an exception.
        """
        ...

    async def look(self, endpoint: Endpoint, deliveries: Sequence[Delivery]) -> list[Sight]:
        """Settle by looking: `Accepted(found=True)` where the row is there and shows every sent field, else `Absent`.

        One sight for each delivery, in order, with as few calls as the system allows.
        """
        ...

    async def list(self, listing: Listing) -> list[Json]:
        """All rows of a list, all pages, each id once.

        Raises  RetryLater, Misconfigured, NeedsDecision (the remote refuses the list), Unreadable.
        """
        ...

    async def probe(self, listings: Sequence[Listing] = ()) -> Sequence[Finding]:
        """What a person must know before the first run: credentials, company, permissions, clock, allowance.

        `listings` are the lists that the flows in use read: each is tried with one row.
        """
        ...

    async def close(self) -> None:
        """Give the connections back."""
        ...
