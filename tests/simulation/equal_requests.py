"""What must hold at rest at Procore's ERP desk: whatever the hub heard of is answered, once and in words."""

from adapters.sandbox.procore.erp import DETAILS, IN_PROGRESS, REQUESTS
from tests.simulation.invariants import ByFlow, Companies

FLOW = "erp-request-to-close-out"


def check(companies: Companies, by_flow: ByFlow) -> None:
    """No detail of a request that is synced is still busy, and nobody else's was closed."""
    known = by_flow.get(FLOW, {})
    answered = {id_ for id_, state in known.items() if state.state == "synced"}
    busy = {row["id"] for row in companies.procore.rows(DETAILS) if row["status"] == IN_PROGRESS}
    for request in companies.procore.rows(REQUESTS):
        detail = request["request_data"].get("request_detail_id")
        if detail is None:
            continue
        id_ = str(request["id"])
        if id_ in answered and detail in busy:
            companies.found("requests are answered", f"request {id_} is synced, and its detail {detail} is busy")
        if id_ not in known and detail not in busy:
            companies.found(
                "requests are answered", f"detail {detail} of request {id_} was closed, and nobody heard it"
            )
