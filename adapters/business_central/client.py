"""Business Central behind the port `Target`: moves entities for an endpoint and knows none of them."""

from collections.abc import Awaitable, Callable, Sequence

from adapters.business_central.desk import Desk
from adapters.business_central.looking import Looker
from adapters.business_central.parts import fault, target_of
from adapters.business_central.probe import Prober
from adapters.business_central.reading import Reader
from adapters.business_central.sending import Sender
from adapters.business_central.settings import LARGEST_BATCH, BusinessCentralSettings
from adapters.business_central.subscriptions import Subscriptions
from adapters.outbound.caller import Caller
from adapters.outbound.calls import Calls, Quota
from adapters.outbound.meaning import business_central_problem
from adapters.outbound.outcomes import carried
from adapters.outbound.pace import BUSINESS_CENTRAL_RULES
from adapters.outbound.wire import Network
from adapters.ports import Clock, Rng
from adapters.target import Finding
from domain.delivery import Delivery, Endpoint, Listing, Outcome, Sight
from domain.values import BUSINESS_CENTRAL, Json, System


async def in_calls(
    deliveries: Sequence[Delivery],
    send: Callable[[list[Delivery]], Awaitable[list[Outcome]]],
    size: int = LARGEST_BATCH,
) -> list[Outcome]:
    """Share deliveries of one endpoint out among calls of `size` at the most, and send one after the other."""
    return await carried(deliveries, fault, target_of, size, send)


class BusinessCentralClient:
    """One company of Business Central, reached with one application.

    Shape   `subscriptions` are what it is asked to tell by itself.
    """

    system: System = BUSINESS_CENTRAL

    def __init__(
        self, settings: BusinessCentralSettings, clock: Clock, rng: Rng, network: Network | None = None
    ) -> None:
        self._settings = settings
        self._caller = Caller(
            settings.credentials(),
            BUSINESS_CENTRAL_RULES,
            settings.outbound,
            clock,
            rng,
            problem=business_central_problem,
            network=network,
        )
        desk = Desk(settings, self._caller, rng)
        self._reader = Reader(settings, self._caller, desk)
        self._looker = Looker(self._caller, desk)
        self._sender = Sender(self._caller, desk, self._looker)
        self.subscriptions = Subscriptions(settings, self._caller, desk, self._reader)
        self._prober = Prober(settings, self._caller, desk, clock, lambda: self.quota)

    @property
    def calls(self) -> Calls:
        """Requests made so far, token requests left out; a batch counts as one."""
        return self._caller.calls

    @property
    def quota(self) -> Quota:
        """The pause in force; Business Central tells no figures."""
        return self._caller.quota

    async def carry(self, endpoint: Endpoint, deliveries: Sequence[Delivery]) -> list[Outcome]:
        """Send deliveries of one endpoint; see `Target.carry`."""
        size = min(LARGEST_BATCH, self._settings.batch_size)
        return await in_calls(deliveries, lambda wave: self._sender.send(endpoint, wave), size)

    async def look(self, endpoint: Endpoint, deliveries: Sequence[Delivery]) -> list[Sight]:
        """Settle by looking; see `Target.look`."""
        return await self._looker.look(endpoint, deliveries)

    async def list(self, listing: Listing) -> list[Json]:
        """All rows of a list, each id once; see `Target.list`."""
        return await self._reader.rows(listing)

    async def probe(self, listings: Sequence[Listing] = ()) -> Sequence[Finding]:
        """Check credentials, company, connector, the sets that flows read, clock and allowance."""
        return await self._prober.probe(listings)

    async def close(self) -> None:
        """Give the connections back."""
        await self._caller.close()
