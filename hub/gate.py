"""Before the first write of a round: whether the two environments belong together, and are the same as ever.

Rules   BX-15, MA-05 to MA-07, C-41: the first successful contact stores a fingerprint, and nothing re-points a pair.
"""

from dataclasses import dataclass
from datetime import date

from adapters.store import Ledger
from adapters.target import Target
from domain import events
from domain.delivery import Listing
from domain.errors import Misconfigured
from domain.record import Record
from domain.values import BUSINESS_CENTRAL, PROCORE, Json, read_json, text
from hub.connection import Pair
from hub.records import Contents

ENVIRONMENTS = {"production": ("production",), "test": ("sandbox", "monthly", "test")}


@dataclass(frozen=True)
class Addresses:
    """Where the two systems of a connection are."""

    business_central: str
    procore: str


@dataclass(frozen=True)
class SetUp:
    """What Business Central says of itself. `horizon` is the first row version that may not be read yet."""

    horizon: int
    environment: str
    currency: str
    procore_company: int


def set_up_of(row: Json) -> SetUp:
    """The one record of connectorSetups."""
    return SetUp(
        horizon=int(row.get("minimumActiveRowVersion") or 0),
        environment=text(row, "procoreEnvironment").lower(),
        currency=text(row, "localCurrencyCode"),
        procore_company=int(row.get("procoreCompanyId") or 0),
    )


async def read_set_up(target: Target) -> SetUp:
    """Asks Business Central for its set-up.

    Raises  Misconfigured when there is none, and what `Target.list` raises.
    """
    rows = await target.list(Listing("connectorSetups", BUSINESS_CENTRAL, "connectorSetups"))
    if not rows:
        raise Misconfigured(
            "Business Central has no connector set-up for this company; open the connector's set-up page once"
        )
    return set_up_of(rows[0])


def disagreement(pair: Pair, set_up: SetUp) -> str:
    """Why the two sides don't belong together, in words; empty when they do."""
    if not set_up.environment:
        return (
            "connectorSetups.procoreEnvironment is blank in Business Central; set it to production, sandbox or monthly,"
            " so that a test company is never joined to a production company"
        )
    if set_up.environment not in ENVIRONMENTS[pair.kind]:
        return (
            f'the connection is of kind "{pair.kind}", but Business Central says that it belongs to '
            f'"{set_up.environment}" of Procore; both sides must agree'
        )
    if set_up.procore_company and str(set_up.procore_company) != pair.procore_company:
        return (
            f"Business Central is paired with Procore company {set_up.procore_company}, "
            f"the configuration names {pair.procore_company}"
        )
    return ""


async def check_pair(ledger: Ledger, pair: Pair, addresses: Addresses, set_up: SetUp) -> None:
    """Lets a round begin, or refuses it before the first write.

    Raises  Misconfigured.
    """
    wrong = disagreement(pair, set_up)
    if wrong:
        raise Misconfigured(wrong)
    rows = await ledger.rows(
        "SELECT kind, business_central_url, business_central_company, procore_url, procore_company FROM pair"
        " WHERE connection = ?",
        (pair.name,),
    )
    now = (pair.kind, addresses.business_central, pair.bc_company, addresses.procore, pair.procore_company)
    if not rows:
        await _first_contact(ledger, pair, addresses, set_up)
    elif tuple(rows[0]) != now:
        names = (
            "kind",
            "business_central.api_url",
            "business_central.company_id",
            "procore.api_url",
            "procore.company_id",
        )
        changed = [
            f"{name} was {was!r} and is {is_!r}"
            for name, was, is_ in zip(names, rows[0], now, strict=True)
            if was != is_
        ]
        raise Misconfigured(
            f"connection {pair.name} was set up for another pair: {'; '.join(changed)}. Its links mean records of"
            " that pair; give the new pair a connection of its own"
        )
    elif pair.kind == "test":
        await _still_there(ledger, pair)


async def _first_contact(ledger: Ledger, pair: Pair, addresses: Addresses, set_up: SetUp) -> None:
    companies = await pair.targets[PROCORE].list(Listing("companies", PROCORE, "/rest/v1.0/companies"))
    if pair.procore_company not in {str(row.get("id")) for row in companies}:
        raise Misconfigured(f"Procore company {pair.procore_company} is not among those that this account can see")
    moment = pair.moment()
    event = pair.event(
        events.PairFingerprinted,
        Record.id_for(pair.name, "connection", pair.name),
        1,
        moment,
        kind=pair.kind,
        business_central_url=addresses.business_central,
        business_central_company=pair.bc_company,
        business_central_environment=set_up.environment,
        procore_url=addresses.procore,
        procore_company=pair.procore_company,
    )
    await ledger.append([event])


async def first_day(ledger: Ledger, pair: Pair) -> date:
    """The day of the first contact, from which on posted documents and time are carried (C-50); today before that."""
    rows = await ledger.rows("SELECT since FROM pair WHERE connection = ?", (pair.name,))
    return date.fromisoformat(rows[0][0][:10]) if rows else pair.start


async def record_settings(ledger: Ledger, pair: Pair) -> None:
    """Keeps the settings that a round runs under, once for each change, so that every decision can be explained."""
    contents = Contents()
    content = contents.add_json(
        {
            "kind": pair.kind,
            "business_central_company": pair.bc_company,
            "procore_company": pair.procore_company,
            "exclude_tags": list(pair.exclude_tags),
            "root_classes": list(pair.root_classes),
            "start_date": pair.start_date.isoformat() if pair.start_date else "",
            "local_currency": pair.local_currency,
            "flows": pair.flow_settings,
        }
    )
    rows = await ledger.rows("SELECT content, version FROM configuration WHERE connection = ?", (pair.name,))
    if rows and rows[0][0] == content:
        return
    moment = pair.moment()
    event = pair.event(
        events.Configured,
        Record.id_for(pair.name, "configuration", pair.name),
        (rows[0][1] if rows else 0) + 1,
        moment,
        content=content,
    )
    await ledger.append([event], contents.new)


async def known_currency(ledger: Ledger, connection: str) -> str:
    """The company's own currency as the last round found it; empty before the first."""
    rows = await ledger.rows("SELECT content FROM configuration WHERE connection = ?", (connection,))
    bodies = await ledger.contents([row[0] for row in rows])
    return next((text(read_json(body), "local_currency") for body in bodies.values()), "")


async def _still_there(ledger: Ledger, pair: Pair) -> None:
    """A test environment may have been overwritten from production: then the links name nothing, or other records."""
    rows = await ledger.rows(
        "SELECT procore_id FROM cross_reference WHERE connection = ? AND procore_resource = 'projects'"
        " AND role = 'primary' ORDER BY since LIMIT 1",
        (pair.name,),
    )
    for (project_id,) in rows:
        query = (("company_id", pair.procore_company), ("filters[by_status]", "All"), ("filters[id]", project_id))
        found = await pair.targets[PROCORE].list(Listing("projects", PROCORE, "/rest/v1.1/projects", query))
        if not any(str(row.get("id")) == project_id for row in found):
            raise Misconfigured(
                f"project {project_id}, which connection {pair.name} is linked to, is gone from Procore: the test"
                " environment was refreshed. Begin a new connection with a ledger of its own; nothing was written"
            )
