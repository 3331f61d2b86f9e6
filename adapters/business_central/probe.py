"""The connection check for Business Central: what is wrong, and what to do about it."""

from collections.abc import Callable, Sequence
from typing import cast

from adapters.business_central.desk import Desk, Part
from adapters.business_central.settings import BusinessCentralSettings
from adapters.outbound.answers import Answer, Call, read_document
from adapters.outbound.caller import Caller
from adapters.outbound.calls import Quota
from adapters.outbound.findings import clock_finding, quota_finding, trouble
from adapters.ports import Clock
from adapters.target import Finding
from domain.delivery import Listing
from domain.errors import SiteLedgerError
from domain.values import Json


class Prober:
    """Checks one company."""

    def __init__(
        self, settings: BusinessCentralSettings, caller: Caller, desk: Desk, clock: Clock, quota: Callable[[], Quota]
    ) -> None:
        self._settings = settings
        self._caller = caller
        self._desk = desk
        self._clock = clock
        self._quota = quota

    async def probe(self, listings: Sequence[Listing]) -> list[Finding]:
        """Credentials, company, connector, lists, clock, allowance; stops where nothing more can work."""
        try:
            answer = await self._get("/companies")
            companies = _rows(answer)
        except SiteLedgerError as error:
            remedy = "Check client_id, client_secret, token_url and api_url, and the application's card in the company."
            return [trouble("Business Central credentials", error, remedy)]
        findings = [Finding("Business Central credentials", ok=True, why="A token was issued and accepted.")]
        findings.append(self._company(companies))
        findings.append(clock_finding("Business Central", answer.headers, self._clock))
        findings.append(await self._connector())
        paths = dict.fromkeys(listing.path for listing in listings)
        findings += [await self._set(path) for path in paths]
        findings.append(quota_finding("Business Central", self._quota()))
        return findings

    def _company(self, companies: Sequence[Json]) -> Finding:
        what = "Business Central company"
        wanted = self._settings.company_id.lower()
        company = next((row for row in companies if str(row.get("id")).lower() == wanted), None)
        if company is not None:
            name = company.get("displayName") or company.get("name")
            return Finding(what, ok=True, why=f"{name} ({self._settings.company_id}).")
        names = ", ".join(f"{row.get('name')} ({row.get('id')})" for row in companies) or "none"
        why = f"There is no company {self._settings.company_id}; the application sees: {names}."
        return Finding(what, ok=False, why=why, remedy="Correct company_id; it differs in every environment.")

    async def _connector(self) -> Finding:
        what = "Business Central connector setup"
        try:
            rows = _rows(await self._get("connectorSetups"))
        except SiteLedgerError as error:
            return trouble(what, error, "Install the connector extension and give the application its permission set.")
        if not rows:
            return Finding(what, ok=False, why="There is no set-up record.", remedy="Open the connector's set-up page.")
        setup = rows[0]
        environment, company = setup.get("procoreEnvironment"), setup.get("procoreCompanyId")
        version = setup.get("minimumActiveRowVersion")
        why = f"Paired with Procore company {company} ({environment or 'no environment'}), row version {version}."
        if not environment or not company:
            remedy = "Fill in the Procore company and environment on the connector's set-up page."
            return Finding(what, ok=False, why=why, remedy=remedy)
        if not version:
            return Finding(what, ok=False, why=why, remedy="Update the connector extension: it gives no row version.")
        return Finding(what, ok=True, why=why)

    async def _set(self, path: str) -> Finding:
        what = f"Business Central {path}"
        try:
            await self._get(path, (("$top", "1"),))
        except SiteLedgerError as error:
            return trouble(what, error, "Give the application's card a permission set that reads this table.")
        return Finding(what, ok=True, why="Can be read.")

    async def _get(self, path: str, query: tuple[tuple[str, str], ...] = ()) -> Answer:
        answer = await self._desk.one(Part(method="GET", path=path, query=query))
        if not answer.ok:
            raise self._caller.error(Call(method="GET", url="", kind=f"GET {path}"), answer)
        return answer


def _rows(answer: Answer) -> list[Json]:
    document = read_document(answer)
    rows: object = cast("Json", document).get("value") if isinstance(document, dict) else None
    found = cast("list[object]", rows) if isinstance(rows, list) else []
    return [cast("Json", row) for row in found if isinstance(row, dict)]
