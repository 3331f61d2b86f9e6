"""Business Central vendor -> Procore company.

Why     A commitment needs a company in Procore; two lists of vendors must not become three.
Owner   Linking owns nothing: a linked company keeps all its fields. A company made by this flow follows its vendor.
Rules   C-27, C-61, MA-20, MA-21, ER-63, PP-25.
Source  Connector API vendors; Procore vendors (V1, V2) and vendors/sync.
"""

from collections.abc import Iterable, Sequence

from domain import endpoints
from domain.delivery import Listing
from domain.events import LinkRow, Wait
from domain.flow import Flow, Origin, Part, Plan, Subject
from domain.flows.common import (
    code_of,
    excluded_by_setting,
    fact,
    given,
    logged,
    only,
    ours,
    required,
    written_back,
)
from domain.values import Json, origin_id, text

NAME = "vendor-to-company"
_COMPANY = "company"
_RELEVANT = (
    "number",
    "displayName",
    "addressLine1",
    "addressLine2",
    "city",
    "state",
    "postalCode",
    "country",
    "phoneNumber",
    "email",
    "taxRegistrationNumber",
    "sendToProcore",
)


def listings(subject: Subject) -> Iterable[Listing]:
    """Both lists of companies, while the vendor is not linked: a look among the active ones alone makes doubles."""
    if subject.memory.links:
        return ()
    company = subject.context.procore_company
    return (endpoints.vendors(company), endpoints.inactive_vendors(company))


def plan(subject: Subject) -> Plan:
    """Link by origin id, then by code or tax number; a name is only a proposal (C-27)."""
    memory, mine = subject.memory, _mine(subject)
    if not memory.links and not memory.parts:
        active, inactive = (subject.facts[listing] for listing in listings(subject))
        matches = _matches(subject, [*active, *inactive], mine)
        foreign = [row for row in matches if ours(row, mine) == "foreign"]
        if foreign:
            return Plan(conflict=_foreign(foreign[0]))
        if len(matches) > 1:
            return Plan(waits=[_ambiguous(subject, matches)])
        if matches:
            return _linked_to(subject, matches[0], inactive)
        if not subject.context.settings.get("create", False):
            return Plan(waits=[_nobody(subject, active)])
    return _kept(subject, mine)


def _kept(subject: Subject, mine: str) -> Plan:
    """A company that this flow made, or is about to make; or the way back of one that is linked already."""
    memory = subject.memory
    link = memory.links.get(f"vendors/{subject.source_id}/primary")
    made = _COMPANY in memory.parts or link is None
    parts: list[Part] = []
    if made:
        parts.append(
            Part(name=_COMPANY, endpoint="vendors", stage=0, scope=_scope(subject), key=mine, body=_body(subject))
        )
    company_id = link.procore_id if link is not None else memory.target_id(_COMPANY)
    if company_id:
        parts += _way_back(subject, company_id)
    return Plan(parts=parts, links=lambda known: [_link(subject, known.target_id(_COMPANY) or company_id)])


def _linked_to(subject: Subject, row: Json, inactive: Sequence[Json]) -> Plan:
    if row in inactive:
        words = f"company {row['name']} ({row['id']}) is inactive in Procore; reactivate it there"
        return Plan(waits=[fact(f"vendor:{subject.number}", words)])
    company_id = str(row["id"])
    return Plan(
        parts=_way_back(subject, company_id),
        links=lambda _memory: [_link(subject, company_id)],
        link_stage=-1,
    )


def _way_back(subject: Subject, company_id: str) -> list[Part]:
    return [
        written_back(subject, "vendors", 1, procoreVendorId=company_id),
        logged(subject, "vendors", "vendors", company_id, 1, [_COMPANY]),
    ]


def _matches(subject: Subject, rows: Sequence[Json], mine: str) -> list[Json]:
    """Rows that are this vendor: the one with our origin id, else those with its code or tax number (C-61)."""
    open_rows = [row for row in rows if not _is_tagged(row, subject.context.exclude_tags)]
    own = [row for row in open_rows if text(row, "origin_id") == mine]
    if own:
        return own
    code, tax = _key(text(subject.source, "number")), _key(text(subject.source, "taxRegistrationNumber"))
    found: list[Json] = []
    for row in open_rows:
        register: Json = row.get("business_register") or {}
        taxes = {_key(text(register, "identifier")), _key(text(row, "business_id"))}
        if (code and _key(text(row, "origin_code")) == code) or (tax and tax in taxes):
            found.append(row)
    return found


def _nobody(subject: Subject, active: Sequence[Json]) -> Wait:
    name = _key(text(subject.source, "displayName"))
    twins = [row for row in active if name and _key(text(row, "name")) == name]
    number = subject.number
    if twins:
        named = ", ".join(f"{row['name']} ({row['id']})" for row in twins[:5])
        return fact(
            f"vendor:{number}",
            f"vendor {number} is not linked; companies of the same name: {named}; link the right one",
        )
    return fact(f"vendor:{number}", f"vendor {number} has no company in Procore; link one, or let this flow create it")


def _ambiguous(subject: Subject, matches: Sequence[Json]) -> Wait:
    named = ", ".join(f"{row['name']} ({row['id']})" for row in matches[:5])
    return fact(
        f"vendor:{subject.number}", f"vendor {subject.number} fits several companies: {named}; link the right one"
    )


def _foreign(row: Json) -> str:
    return f"company {row['name']} ({row['id']}) belongs to another integration (origin id {row['origin_id']})"


def _is_tagged(row: Json, tags: Sequence[str]) -> bool:
    """The opt-out word in a company's notes is a convention of the users, not of Procore (O11, MA-21)."""
    words = {word.upper() for word in text(row, "notes").replace(",", " ").replace(";", " ").split()}
    return any(tag.upper() in words for tag in tags)


def _key(value: str) -> str:
    return value.strip().upper()


def _mine(subject: Subject) -> str:
    return origin_id(subject.context.bc_company, "vendors", subject.source_id)


def _scope(subject: Subject) -> dict[str, str]:
    return {"company_id": subject.context.procore_company}


def _body(subject: Subject) -> dict[str, object]:
    source = subject.source
    address = ", ".join(part for part in (text(source, "addressLine1"), text(source, "addressLine2")) if part)
    return given(
        {
            "name": text(source, "displayName"),
            "address": address,
            "city": text(source, "city"),
            "zip": text(source, "postalCode"),
            "state_code": code_of(text(source, "state")),
            "country_code": code_of(text(source, "country")),
            "business_phone": text(source, "phoneNumber"),
            "email_address": text(source, "email"),
            "origin_code": text(source, "number"),
        }
    )


def _link(subject: Subject, company_id: str) -> LinkRow:
    return LinkRow("vendors", subject.source_id, subject.number, "vendors", company_id)


def _counts(source: Json, demanded: bool) -> bool:  # noqa: FBT001 - the registry's signature
    return bool(source.get("sendToProcore")) or demanded


FLOW = Flow(
    name=NAME,
    kind="vendor",
    origin=Origin(
        entity_set="vendors",
        reach="demand",
        number=lambda row: text(row, "number"),
        title=lambda row: text(row, "displayName"),
        project=lambda _row: "",
        relevant=lambda row: only(row, _RELEVANT),
    ),
    counts=_counts,
    excludes=excluded_by_setting,
    rules=(required("displayName", "Name", "C-27"),),
    listings=listings,
    plan=plan,
)
