"""Business Central cost type -> Procore cost type (line item type).

Why     Every budget code ends in a cost type; both systems must mean the same by it.
Owner   Business Central owns code and name of the types it made; a type found in Procore by its code keeps its name.
Rules   C-29 (missing ones are created, by code), PP-17, ER-63.
Source  Connector API costTypes; Procore line_item_types/sync (W12: `code` is read, `csv_import_code` written).
"""

from collections.abc import Iterable

from domain import endpoints
from domain.delivery import Listing
from domain.events import LinkRow
from domain.flow import Context, Flow, Origin, Part, Plan, Subject
from domain.flows.common import excluded_by_setting, fact, given, logged, only, ours, written_back
from domain.values import Json, origin_id, text

NAME = "cost-type-to-line-item-type"
_MADE, _ADOPTED = "type", "adopted"


def listings(subject: Subject) -> Iterable[Listing]:
    """The types of the company, until ours is among them."""
    return () if subject.memory.parts else (endpoints.line_item_types(subject.context.procore_company),)


def plan(subject: Subject) -> Plan:
    """The type with our origin id, else the one with the code, else a new one."""
    memory = subject.memory
    mine = origin_id(subject.context.bc_company, "costTypes", subject.source_id)
    scope = {"company_id": subject.context.procore_company}
    adopted_id = memory.target_id(_ADOPTED)
    if not memory.parts:
        rows = subject.facts[endpoints.line_item_types(subject.context.procore_company)]
        code = text(subject.source, "code").upper()
        same = [row for row in rows if text(row, "code").upper() == code and text(row, "origin_id") != mine]
        own = [row for row in rows if text(row, "origin_id") == mine]
        if same and not own:
            if ours(same[0], mine) == "foreign":
                words = f"cost type {code} ({same[0]['id']}) belongs to another integration"
                return Plan(conflict=f"{words} (origin id {same[0]['origin_id']})")
            adopted_id = str(same[0]["id"])
        elif not own and not subject.context.settings.get("create", True):
            words = f"cost type {code} is missing in Procore; create it there, or let this flow create it"
            return Plan(waits=[fact(f"cost type:{code}", words)])
    name = _ADOPTED if adopted_id else _MADE
    part = (
        # Sending id and origin id together sets the origin id of a record that has none (Procore section 10).
        Part(
            name=_ADOPTED,
            endpoint="line_item_types",
            stage=0,
            scope=scope,
            key=mine,
            target_id=adopted_id,
            body={"origin_id": mine},
        )
        if adopted_id
        else Part(name=_MADE, endpoint="line_item_types", stage=0, scope=scope, key=mine, body=_body(subject))
    )
    parts = [part]
    type_id = memory.target_id(name)
    if type_id:
        parts += [
            written_back(subject, "costTypes", 1, procoreLineItemTypeId=type_id),
            logged(subject, "costTypes", "line_item_types", type_id, 1, [name]),
        ]
    return Plan(
        parts=parts,
        links=lambda known: [
            LinkRow("costTypes", subject.source_id, subject.number, "line_item_types", known.target_id(name))
        ],
    )


def _body(subject: Subject) -> dict[str, object]:
    code = text(subject.source, "code")
    return given({"name": text(subject.source, "description") or code, "csv_import_code": code})


def _excludes(source: Json, context: Context) -> str:
    return "blocked" if source.get("blocked") else excluded_by_setting(source, context)


FLOW = Flow(
    name=NAME,
    kind="cost_type",
    origin=Origin(
        entity_set="costTypes",
        reach="all",
        number_field="code",
        number=lambda row: text(row, "code"),
        title=lambda row: text(row, "description"),
        project=lambda _row: "",
        relevant=lambda row: only(row, ("code", "description", "blocked")),
    ),
    counts=lambda _source, _demanded: True,
    excludes=_excludes,
    listings=listings,
    plan=plan,
)
