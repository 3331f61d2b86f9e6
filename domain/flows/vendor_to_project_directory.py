"""Vendor that an order of a project names -> member of the project's directory in Procore.

Why     Procore takes a vendor on a commitment only when the project knows it (V1, C6).
Owner   Joined, never taken out.
Rules   PP-25, V1.
Source  Procore v1.1 project vendors and actions/add.
"""

from collections.abc import Iterable

from domain import endpoints
from domain.delivery import Listing
from domain.events import LinkRow
from domain.flow import Context, Flow, Origin, Part, Plan, Reference, Subject
from domain.flows.common import joined, project_reference
from domain.values import Json, text

NAME = "vendor-to-project-directory"
_MEMBER = "member"


def vendor_reference(number: str) -> Reference:
    """A vendor, which must be a company of Procore."""
    return Reference(kind="vendor", key=number, text=f"waiting for vendor {number} to be linked to a Procore company")


def needed(job: str, vendor: str) -> Reference:
    """The vendor in the project's directory; naming it brings it forth."""
    return Reference(
        kind="project_vendor",
        key=joined(job, vendor),
        text=f"waiting for vendor {vendor} in the directory of project {job}",
        content={"projectNumber": job, "vendorNumber": vendor},
    )


def references(source: Json, _context: Context) -> Iterable[Reference]:
    """The project and the company."""
    yield project_reference(text(source, "projectNumber"))
    yield vendor_reference(text(source, "vendorNumber"))


def listings(subject: Subject) -> Iterable[Listing]:
    """Who is in the directory already."""
    return () if subject.memory.parts or subject.memory.links else (endpoints.project_vendors(_project_id(subject)),)


def plan(subject: Subject) -> Plan:
    """Join it, unless it is there."""
    project_id = _project_id(subject)
    company_id = subject.link("vendor", text(subject.source, "vendorNumber")).procore_id
    link = LinkRow("", subject.source_id, subject.number, "project_vendors", company_id, project_id)
    known = subject.facts.get(endpoints.project_vendors(project_id), ())
    if subject.memory.links or any(str(row["id"]) == company_id for row in known):
        return Plan(links=lambda _memory: [link])
    part = Part(
        name=_MEMBER,
        endpoint="project_vendors",
        stage=0,
        scope={"project_id": project_id},
        key=company_id,
        target_id=company_id,
        body={},
        meaning=[company_id],
    )
    return Plan(parts=[part], links=lambda _memory: [link])


def _project_id(subject: Subject) -> str:
    return subject.link("project", text(subject.source, "projectNumber")).procore_id


def _number(row: Json) -> str:
    return joined(text(row, "projectNumber"), text(row, "vendorNumber"))


FLOW = Flow(
    name=NAME,
    kind="project_vendor",
    after=("project-to-project", "vendor-to-company"),
    origin=Origin(
        number=_number,
        title=_number,
        project=lambda row: text(row, "projectNumber"),
        relevant=lambda row: {"number": _number(row)},
    ),
    counts=lambda _source, _demanded: True,
    references=references,
    listings=listings,
    plan=plan,
)
