"""A named segment type of Business Central -> custom segment of the Procore company.

Why     Segments of a named type need a segment that holds them; it is made once, whoever needs it first.
Owner   Made, never changed: Procore's segments have no origin id (W5) and are known by their name.
Rules   C-47: where Procore bars custom segments, the type is left out and its segments live as sub jobs.
Source  Procore company segments (W1, W4: refused with 403 where ERP or Field Productivity is on).
"""

from domain import endpoints
from domain.events import LinkRow
from domain.flow import Flow, Origin, Part, Plan, Subject
from domain.values import text

NAME = "segment-type-to-segment"


def plan(subject: Subject) -> Plan:
    """The segment of that name; a new one where there is none."""
    name, company = subject.number, subject.context.procore_company
    known = list(subject.memory.links.values())
    if known and not subject.memory.parts:
        return Plan(links=lambda _memory: known)
    if not subject.memory.parts:
        rows = subject.facts[endpoints.company_segments(company)]
        same = [row for row in rows if text(row, "name").upper() == name.upper() and text(row, "type") not in _FIXED]
        if same:
            found = str(same[0]["id"])
            return Plan(links=lambda _memory: [LinkRow("", subject.source_id, name, "segments", found)])
    part = Part(
        name="segment",
        endpoint="segments",
        stage=0,
        key=name,
        # Tiered, because segments of Business Central have parents (PP-04).
        body={"name": name, "structure": "tiered"},
    )
    return Plan(
        parts=[part],
        links=lambda known: [LinkRow("", subject.source_id, name, "segments", known.target_id("segment"))],
    )


_FIXED = ("sub_job", "cost_code", "line_item_type")

FLOW = Flow(
    name=NAME,
    kind="segment_type",
    origin=Origin(
        number=lambda row: text(row, "name"),
        title=lambda row: text(row, "name"),
        project=lambda _row: "",
        relevant=lambda row: {"name": text(row, "name")},
    ),
    counts=lambda _source, _demanded: True,
    listings=lambda subject: (
        ()
        if subject.memory.parts or subject.memory.links
        else (endpoints.company_segments(subject.context.procore_company),)
    ),
    plan=plan,
    barred_by={403: "Procore bars custom segments"},
)
