"""Procore behind the port `Target`: moves rows for an endpoint and knows no entity."""

from collections.abc import Awaitable, Callable, Sequence

from adapters.outbound.answers import fill
from adapters.outbound.caller import Caller
from adapters.outbound.calls import Calls, Quota
from adapters.outbound.meaning import procore_problem
from adapters.outbound.outcomes import carried
from adapters.outbound.pace import PROCORE_RULES
from adapters.outbound.wire import Network
from adapters.ports import Clock, Rng
from adapters.procore.hooks import Hooks
from adapters.procore.looking import Looker
from adapters.procore.probe import probe
from adapters.procore.reading import Reader
from adapters.procore.rows import fault, identity
from adapters.procore.sending import Sender
from adapters.procore.settings import ProcoreSettings
from adapters.target import Finding
from domain.delivery import Delivery, Endpoint, Listing, Outcome, Sight
from domain.values import PROCORE, Json, System

# Rows of one sync call (guide S2).
LARGEST_SYNC = 1000


async def in_calls(
    endpoint: Endpoint, deliveries: Sequence[Delivery], send: Callable[[list[Delivery]], Awaitable[list[Outcome]]]
) -> list[Outcome]:
    """Share deliveries of one endpoint out among calls as large as Procore takes, and send one after the other."""
    size = min(endpoint.limit, LARGEST_SYNC) if endpoint.rows else 1
    return await carried(deliveries, fault, identity, size, send)


class ProcoreClient:
    """One company of Procore, reached with one service account.

    Shape   `hooks` are what it is asked to tell by itself.
    """

    system: System = PROCORE

    def __init__(self, settings: ProcoreSettings, clock: Clock, rng: Rng, network: Network | None = None) -> None:
        self._settings = settings
        self._clock = clock
        self._caller = Caller(
            settings.credentials(),
            PROCORE_RULES,
            settings.outbound,
            clock,
            rng,
            problem=procore_problem,
            network=network,
        )
        self._reader = Reader(settings, self._caller)
        self.hooks = Hooks(settings, self._caller, self._reader)
        self._sender = Sender(settings, self._caller)
        self._looker = Looker(settings.company_id, self._reader)

    @property
    def calls(self) -> Calls:
        """Requests made so far, token requests left out."""
        return self._caller.calls

    @property
    def quota(self) -> Quota:
        """What Procore last said about our allowance."""
        return self._caller.quota

    async def carry(self, endpoint: Endpoint, deliveries: Sequence[Delivery]) -> list[Outcome]:
        """Send rows of one endpoint and one scope; see `Target.carry`."""
        return await in_calls(endpoint, deliveries, lambda wave: self._sender.send(endpoint, wave))

    async def look(self, endpoint: Endpoint, deliveries: Sequence[Delivery]) -> list[Sight]:
        """Settle by looking; see `Target.look`."""
        return await self._looker.look(endpoint, deliveries)

    async def list(self, listing: Listing) -> list[Json]:
        """All rows of a list, each id once; see `Target.list`."""
        path = fill(listing.path, {"company_id": self._settings.company_id})
        rows, _ = await self._reader.pages(
            path, listing.query, listing.rows, paged=listing.paged, template=listing.path
        )
        return rows

    async def probe(self, listings: Sequence[Listing] = ()) -> Sequence[Finding]:
        """Check credentials, company, the lists that flows read, clock and allowance."""
        return await probe(self._reader.get, self._settings.company_id, self._clock, lambda: self.quota, listings)

    async def close(self) -> None:
        """Give the connections back."""
        await self._caller.close()
