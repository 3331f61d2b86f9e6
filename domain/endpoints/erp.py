"""Requests of Procore's ERP desk: how one is read, and how its details are closed.

Source  Procore guide 20, E3, E4 and E6. The path of a request is inferred there, by analogy with that of its details;
        it is to be tried against the partner reference before an ERP connection is relied upon.
"""

from domain.delivery import Endpoint, Listing, Lookup
from domain.values import PROCORE

_COMPANY = "/rest/v1.0/companies/{company_id}"

CLOSE_OUT = "erp_request_details"
ALL: tuple[Endpoint, ...] = (
    Endpoint(
        name=CLOSE_OUT,
        system=PROCORE,
        verb="update",
        method="PATCH",
        path=f"{_COMPANY}/erp_request_details/{{id}}",
        envelope="request_detail",
        lookup=Lookup(f"{_COMPANY}/erp_request_details", match="id"),
    ),
)


def request(id_: str) -> Listing:
    """One request, which is answered as a single object."""
    return Listing("erp_requests", PROCORE, f"{_COMPANY}/erp_requests/{id_}", paged=False)
