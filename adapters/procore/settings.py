"""How to reach one company in Procore."""

from datetime import timedelta

import msgspec

from adapters.outbound.secrets import Secret
from adapters.outbound.settings import Outbound
from adapters.outbound.token import Credentials
from domain.values import PROCORE

# Tokens live 90 minutes and are renewed at 80 (guide A8).
RENEW_AHEAD = timedelta(minutes=10)


class ProcoreSettings(msgspec.Struct, frozen=True):
    """One company and the service account that acts for the hub.

    Shape   `page_size` rows of one page where the list allows as many (guide P1); `company_id` digits.
    """

    api_url: str
    token_url: str
    company_id: str
    client_id: str
    client_secret: Secret
    page_size: int = 2000
    outbound: Outbound = Outbound()

    def credentials(self) -> Credentials:
        """What the token desk wants."""
        return Credentials(PROCORE, self.token_url, self.client_id, self.client_secret, RENEW_AHEAD)

    def headers(self) -> dict[str, str]:
        """What every call carries; the company also where it stands in path, query or body (guide H1, Z14)."""
        return {"Procore-Company-Id": self.company_id, "Accept": "application/json", "User-Agent": "SiteLedger"}
