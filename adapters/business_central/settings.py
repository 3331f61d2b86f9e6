"""How to reach one company in Business Central."""

from datetime import timedelta

import msgspec

from adapters.outbound.secrets import Secret
from adapters.outbound.settings import Outbound
from adapters.outbound.token import Credentials
from domain.values import BUSINESS_CENTRAL

# Tokens live about an hour; "some minutes early" (guide 2.3).
RENEW_AHEAD = timedelta(minutes=5)
# Parts of one `$batch` (guide 8.4) and rows of one page (guide 5.1).
LARGEST_BATCH = 100
LARGEST_PAGE = 20_000

STANDARD = "standard/"
"""What a path starts with when its entity set belongs to the standard route, such as `standard/currencies`."""


class BusinessCentralSettings(msgspec.Struct, frozen=True):
    """One company and the application that acts for the hub.

    Shape   `api_url` ends with `/api`; the routes are what follows it; `page_size` rows of one page,
            `batch_size` parts of one `$batch`.
    """

    api_url: str
    token_url: str
    scope: str
    company_id: str
    client_id: str
    client_secret: Secret
    connector_route: str = "siteledger/procore/v1.0"
    standard_route: str = "v2.0"
    page_size: int = 1000
    batch_size: int = LARGEST_BATCH
    outbound: Outbound = Outbound()

    def credentials(self) -> Credentials:
        """What the token desk wants."""
        return Credentials(
            BUSINESS_CENTRAL, self.token_url, self.client_id, self.client_secret, RENEW_AHEAD, scope=self.scope
        )

    def root(self, path: str) -> str:
        """The address that a path is relative to: the connector's route, or the standard one."""
        route = self.standard_route if path.startswith(STANDARD) else self.connector_route
        return f"{self.api_url.rstrip('/')}/{route.strip('/')}"

    def located(self, path: str) -> str:
        """A path below its root: inside the company, unless it starts with a slash (guide 1.5, 1.7)."""
        path = path.removeprefix(STANDARD)
        return path.lstrip("/") if path.startswith("/") else f"companies({self.company_id})/{path}"
