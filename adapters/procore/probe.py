"""The connection check for Procore: what is wrong, and what to do about it."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, cast

from adapters.outbound.answers import Answer, read_document
from adapters.outbound.calls import Quota
from adapters.outbound.findings import clock_finding, quota_finding, trouble
from adapters.ports import Clock
from adapters.procore.pages import rows_in
from adapters.target import Finding
from domain.delivery import Listing
from domain.errors import SiteLedgerError
from domain.values import Json


class Get(Protocol):
    """A read of the client."""

    def __call__(self, path: str, query: Sequence[tuple[str, str]] = ()) -> Awaitable[Answer]:
        """The answer to a GET; raises what it means when it is not a success."""
        ...


async def probe(
    get: Get, company_id: str, clock: Clock, quota: Callable[[], Quota], listings: Sequence[Listing]
) -> list[Finding]:
    """Credentials, company, account, lists, clock and allowance, in this order; stops where nothing more can work."""
    try:
        answer = await get("/rest/v1.0/companies", (("page", "1"), ("per_page", "100")))
        companies = rows_in(answer, "/rest/v1.0/companies", "")
    except SiteLedgerError as error:
        return [trouble("Procore credentials", error, "Check client_id, client_secret and token_url of Procore.")]
    findings = [Finding("Procore credentials", ok=True, why="A token was issued and accepted.")]
    company = next((row for row in companies if str(row.get("id")) == company_id), None)
    findings.append(_company(company, company_id))
    findings.append(clock_finding("Procore", answer.headers, clock))
    try:
        me = read_document(await get("/rest/v1.0/me"))
        fields: Json = cast("dict[str, Any]", me) if isinstance(me, dict) else {}
        who = fields.get("login") or fields.get("name") or fields.get("id") or "unnamed"
        findings.append(Finding("Procore account", ok=True, why=f"Signed in as {who}."))
    except SiteLedgerError as error:
        findings.append(trouble("Procore account", error, "Install the app for this company in App Management."))
    findings += [await _list(get, listing) for listing in listings]
    findings.append(quota_finding("Procore", quota()))
    return findings


def _company(company: Json | None, company_id: str) -> Finding:
    what = "Procore company"
    if company is None:
        why = f"The account does not see company {company_id}."
        return Finding(what, ok=False, why=why, remedy="Check company_id, or install the app for this company.")
    if company.get("is_active") is False:
        return Finding(what, ok=False, why=f"{company.get('name')} is not active.", remedy="Choose an active company.")
    return Finding(what, ok=True, why=f"{company.get('name')} ({company_id}).")


async def _list(get: Get, listing: Listing) -> Finding:
    what = f"Procore {listing.name}"
    query = (*listing.query, ("page", "1"), ("per_page", "1")) if listing.paged else listing.query
    try:
        await get(listing.path, query)
    except SiteLedgerError as error:
        return trouble(what, error, "Give the service account permission to this tool, and to the project it is in.")
    return Finding(what, ok=True, why="Can be read.")
