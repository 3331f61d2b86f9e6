"""The cross-reference by hand, pure: where a counterpart is looked for, what speaks against it, and what people read.

Rules   ER-26, ER-32 to ER-37, ER-44, ER-62, ER-63, C-39, C-55.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec import Struct

from domain import endpoints
from domain.commitment import resource_of
from domain.delivery import Listing
from domain.events import LinkRow
from domain.flow import Context, Known
from domain.flows import commitment_parts
from domain.values import Json, origin_id, text

PROJECTS, COMMITMENTS, VENDORS = "project-to-project", "purchase-order-to-commitment", "vendor-to-company"
INVOICES, JOURNALS = "posted-invoice-to-commitment-invoice", "project-journal-to-direct-cost"
CHANGES, TIME = "change-order-to-change-order", "time-sheet-to-crew-time-sheet"
LINKABLE = (VENDORS, PROJECTS, COMMITMENTS)
"""Flows whose records a person can join. All others find their counterpart by its code, or are found from Procore."""


class Asked(Struct, frozen=True, kw_only=True):
    """The record that a person wants to join, and what is known of those that it refers to."""

    source: Json
    source_id: str
    number: str
    context: Context
    known: Mapping[tuple[str, str], Known]

    def counterpart(self, kind: str, key: str) -> str:
        """Id in Procore of a record that it refers to, empty while that is not joined."""
        found = self.known.get((kind, key))
        return found.link.procore_id if found is not None and found.link is not None else ""


class Place(Struct, frozen=True, kw_only=True):
    """One list of Procore in which the counterpart can stand, and the pair that it would become.

    part     the part of the flow's plan that it takes; empty where joining is all there is
    unfit    why no row of the list will do, in words; empty for a list that fits
    missing  what has to come first; nothing can be looked up before
    """

    part: str = ""
    listing: Listing | None = None
    resource: str = ""
    parent: str = ""
    role: str = "primary"
    unfit: str = ""
    missing: str = ""

    def link(self, asked: Asked, bc_set: str, procore_id: str) -> LinkRow:
        """The pair."""
        number, role = asked.number, self.role
        return LinkRow(bc_set, asked.source_id, number, self.resource, procore_id, self.parent, role=role)


def referred(flow: str, asked_source: Json, context: Context) -> list[tuple[str, str]]:
    """Kind and key of the records that decide where the counterpart can stand."""
    if flow != COMMITMENTS:
        return []
    jobs = [share.job for share in commitment_parts.shares(asked_source, context)]
    return [("vendor", text(asked_source, "vendorNumber")), *(("project", job) for job in jobs)]


def places(flow: str, asked: Asked) -> list[Place]:
    """Where to look, the fitting lists first."""
    return _PLACES[flow](asked)


def _of_project(asked: Asked) -> list[Place]:
    listing = endpoints.projects(asked.context.procore_company)
    return [Place(part="project", listing=listing, resource="projects")]


def _of_vendor(asked: Asked) -> list[Place]:
    company = asked.context.procore_company
    inactive = "it is inactive in Procore, and only active companies can be linked; reactivate it there"
    return [
        Place(listing=endpoints.vendors(company), resource="vendors"),
        Place(listing=endpoints.inactive_vendors(company), resource="vendors", unfit=inactive),
    ]


def _of_order(asked: Asked) -> list[Place]:
    found: list[Place] = []
    wanted = resource_of(asked.source)
    other = next(each for each in CONTRACTS if each != wanted)
    for share in commitment_parts.shares(asked.source, asked.context):
        project_id = asked.counterpart("project", share.job)
        if not project_id:
            words = f"project {share.job} of the order has no project in Procore yet; link or send that first"
            found.append(Place(missing=words))
            continue
        role = f"split{share.suffix}" if share.suffix else "primary"
        listing = endpoints.contracts(wanted, project_id)
        found.append(Place(part=share.header, listing=listing, resource=wanted, parent=project_id, role=role))
        words = f"it is a {CONTRACTS[other]} in Procore, and the order asks for a {CONTRACTS[wanted]}"
        listing = endpoints.contracts(other, project_id)
        found.append(Place(listing=listing, resource=other, parent=project_id, unfit=words))
    return sorted(found, key=lambda place: bool(place.unfit))


CONTRACTS = {"purchase_order_contracts": "purchase order contract", "work_order_contracts": "work order contract"}
_PLACES: Mapping[str, Callable[[Asked], list[Place]]] = {
    PROJECTS: _of_project,
    VENDORS: _of_vendor,
    COMMITMENTS: _of_order,
}


def misfit(flow: str, asked: Asked, row: Json) -> str:
    """Why this very row will not do, empty when it will."""
    if flow == PROJECTS and row.get("active") is False:
        return "it is inactive in Procore; make it active there first"
    if flow != COMMITMENTS:
        return ""
    wanted = asked.counterpart("vendor", text(asked.source, "vendorNumber"))
    vendor: Mapping[str, object] = row.get("vendor") or {}
    there = text(vendor, "id")
    if wanted and there and wanted != there:
        name = text(vendor, "company") or text(vendor, "name") or there
        return f"it is with {name} ({there}), and vendor {text(asked.source, 'vendorNumber')} is company {wanted}"
    return ""


def owner_of(row: Json, bc_company: str, bc_set: str, source_id: str) -> tuple[str, str]:
    """Whose a row of Procore is: `free`, `ours`, `record` with its id in Business Central, or `foreign` (ER-63)."""
    owner, mine = text(row, "origin_id"), origin_id(bc_company, bc_set, source_id)
    prefix = origin_id(bc_company, bc_set, "")
    if not owner or owner == mine or owner.startswith(f"{mine}:"):
        return ("ours" if owner else "free"), ""
    if owner.startswith(prefix):
        return "record", owner.removeprefix(prefix).partition(":")[0]
    return "foreign", ""


# -- words of an end ---------------------------------------------------------------------------------

_ERP = "Business Central"
STILL_THERE: Mapping[str, str] = {
    "commitment_change_orders": f"The CCO is still in {_ERP}. Please delete it before retrying",
    "prime_change_orders": "The PCCO is still in ERP. Please delete it before retrying",
    "purchase_order_contracts": f"The commitment is still in {_ERP}. Please delete it before retrying",
    "work_order_contracts": f"The commitment is still in {_ERP}. Please delete it before retrying",
    "payment_applications": "The requisition is still in your ERP system. Please delete it before retrying.",
    "requisitions": f"The requisition is still in {_ERP}. Please delete it before retrying.",
}
"""Procore resource -> what is said when the record of Business Central still exists (ER-32 to ER-36)."""

_SUCCESSFUL = {"commitment_change_orders", "purchase_order_contracts", "work_order_contracts"}


def still_there(resource: str, kind: str) -> str:
    """What is said when the record of Business Central still exists."""
    words = f"The {kind.replace('_', ' ')} is still in {_ERP}. Please delete it before retrying"
    return STILL_THERE.get(resource, words)


def unlinked(resource: str) -> str:
    """What is said when the pair was cut; each text is the one that people know (ER-32, ER-34)."""
    return "Successful Unlinked" if resource in _SUCCESSFUL else "Successfully Unlinked"


# -- suggestions --------------------------------------------------------------------------------------


class Likeness(Struct, frozen=True):
    """How well two records fit, of a hundred, and why."""

    score: int
    why: str


def likeness(number: str, name: str, row_number: str, row_name: str) -> Likeness:
    """Compares by number, then by name; never more than a proposal (ER-26).

    Units   `score` of 100: 100 the same number, 90 the same but for marks and zeros, up to 80 by the words of the name.
    """
    here, there = number.strip().upper(), row_number.strip().upper()
    if here and here == there:
        return Likeness(100, "same number")
    if here and bare(here) and bare(here) == bare(there):
        return Likeness(90, "same number, written otherwise")
    mine, theirs = name_words(name), name_words(row_name)
    if not mine or not theirs:
        return Likeness(0, "")
    shared = len(mine & theirs) * 80 // len(mine | theirs)
    return Likeness(shared, "same name" if mine == theirs else "similar name")


def bare(number: str) -> str:
    """A number without marks and leading zeros."""
    return re.sub(r"(?<!\d)0+(?=\d)", "", re.sub(r"[\W_]", "", number))


def name_words(name: str) -> frozenset[str]:
    """The words that tell a name from others."""
    plain = "".join(each if each.isalnum() else " " for each in name.casefold())
    return frozenset(plain.split()) - _FILLERS


_FILLERS = frozenset({"inc", "llc", "ltd", "gmbh", "co", "company", "corp", "the", "of", "and"})


def shown(flow: str, row: Json) -> tuple[str, str]:
    """Number and name by which people know a row of Procore."""
    if flow == PROJECTS:
        return text(row, "project_number"), text(row, "name")
    if flow == VENDORS:
        return text(row, "origin_code"), text(row, "name")
    return text(row, "number"), text(row, "title")


def documents_below(pairs: Iterable[tuple[str, str]]) -> str:
    """Numbers of linked documents, in words, at most five."""
    named: Sequence[str] = [f"{flow} {number}" for flow, number in pairs]
    return ", ".join(named[:5]) + (f" and {len(named) - 5} more" if len(named) > 5 else "")  # noqa: PLR2004
