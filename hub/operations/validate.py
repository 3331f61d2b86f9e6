"""`validate`: would this document be carried? Asked by Business Central before it flags or posts (BX-14, C-07).

The answer is the decision that the sync would make, by the same procedure and rules, on what the ledger knows. No
system is called. What a record waits for is no failure: it is carried as soon as that is there.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec
from msgspec import Struct

from domain import decide as decisions
from domain.decide import PROJECT_DELETED, PROJECT_FLAG_OFF, Decision, decide
from domain.errors import Unreadable
from domain.events import Violation
from domain.flow import Flow
from domain.flows import BY_KIND, BY_NAME
from domain.flows.project_journal_to_direct_cost import rows_of
from domain.mapping import Mapping as Maps
from domain.record import Moment, Record
from domain.values import BUSINESS_CENTRAL, Json, read_json, text
from hub.app import Hub
from hub.connection import Pair
from hub.gate import first_day, known_currency
from hub.gathering import Gathering
from hub.link_book import LinkBook
from hub.mappings import in_force
from hub.readable import what_is_wrong
from hub.records import Contents, Records
from hub.report import ExitStatus, Halted
from hub.sight import seen

LARGEST = 8 * 1024 * 1024
"""Bytes of one question; an order of thousands of lines has some hundred thousand."""
MOST_ITEMS = 10_000
PASSES = 12

_OF_PROJECT = {PROJECT_FLAG_OFF: "C-60", PROJECT_DELETED: "C-60"}


class Failure(Struct, frozen=True, kw_only=True):
    """One reason why a document would not be carried.

    `item` counts the documents of the question from 0; `line` is the number of the line, None for the whole document;
    `field` is named as people of Business Central know it; `rule` is empty where no single rule is broken.
    """

    item: int
    line: int | None
    field: str
    rule: str
    message: str


class Answer(Struct, frozen=True):
    """Whether everything would be carried, and every reason against it."""

    valid: bool
    failures: Sequence[Failure]


class Question(Struct):
    """One row of the question: the document, as the connector API shows it, and the item that it came with."""

    item: int
    source: Json
    record: Record


async def validate(hub: Hub, connection: str, flow: str, body: bytes) -> Answer:
    """Checks an entity of the connector API, or `{"items": [...]}` for several that belong together.

    Raises  Unreadable when the body is no such document; Halted (wrong use) for an unknown flow or connection.
    """
    chosen = _flow(flow)
    if connection not in hub.settings.connections:
        raise Halted(f'there is no connection "{connection}"', ExitStatus.WRONG_USE)
    await hub.projector.catch_up()
    pair = replace(hub.unreached(connection), mapping=await in_force(hub.ledger, connection))
    rows = _rows(chosen, body, pair.mapping)
    if not pair.enabled(chosen):
        return Answer(valid=True, failures=[])  # nothing of it is carried, so nothing can stand in the way
    pair.local_currency = await known_currency(hub.ledger, connection)
    pair.start_date = pair.start_date or await first_day(hub.ledger, pair)
    questions = await _asked(Records(hub.ledger, connection), pair, chosen, rows)
    decided = await _decided(hub, pair, chosen, questions)
    failures = [
        each for question, decision in zip(questions, decided, strict=True) for each in _failures(question, decision)
    ]
    return Answer(valid=not failures, failures=failures)


# -- the question --------------------------------------------------------------------------------------


def _flow(name: str) -> Flow:
    flow = BY_NAME.get(name)
    if flow is None or flow.origin.system != BUSINESS_CENTRAL or not flow.origin.entity_set:
        known = ", ".join(
            each.name for each in BY_NAME.values() if each.origin.system == BUSINESS_CENTRAL and each.origin.entity_set
        )
        message = f'there is no flow "{name}" whose records come from Business Central; there are: {known}'
        raise Halted(message, ExitStatus.WRONG_USE)
    return flow


def _rows(flow: Flow, body: bytes, maps: Maps) -> list[tuple[int, Json]]:
    """The documents of the question, each with the number of its item."""
    if len(body) > LARGEST:
        raise Unreadable(f"the body has {len(body)} bytes; at most {LARGEST} are read")
    try:
        document: object = read_json(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(f"the body is no JSON: {error}") from error
    items: object = cast("Json", document).get("items", [document]) if isinstance(document, dict) else None
    if not isinstance(items, list):
        raise Unreadable('the body must be one entity of the connector API, or {"items": [...]}')
    found = cast("list[object]", items)
    if len(found) > MOST_ITEMS:
        raise Unreadable(f"the body has {len(found)} items; at most {MOST_ITEMS} are checked at once")
    rows: list[tuple[int, Json]] = []
    for item, entity in enumerate(found):
        if not isinstance(entity, dict):
            raise Unreadable(f"item {item} is no object")
        for place, row in enumerate(_parts(cast("Json", entity), item)):
            rows.append((item, _readable(flow, row, item, place, maps)))
    return rows


def _parts(entity: Json, item: int) -> Sequence[Json]:
    """A journal batch is asked for line by line, as each of them becomes an entry of its own."""
    lines: object = rows_of(entity)
    if not isinstance(lines, list | tuple) or not all(isinstance(line, dict) for line in cast("list[object]", lines)):
        raise Unreadable(f"item {item}: projectJournalLines is no list of objects")
    return cast("Sequence[Json]", lines)


def _readable(flow: Flow, row: Json, item: int, place: int, maps: Maps) -> Json:
    """The row as a feed would show it: what is not posted yet may have no id, and what does not say counts."""
    origin = flow.origin
    counts = maps.source_of(origin.entity_set, origin.flag) or origin.flag
    full = {"id": _stand_in(item, place), counts: True, **row}
    children: object = full.get(origin.expand) if origin.expand else None
    if isinstance(children, list):
        full[origin.expand] = [
            {"id": _stand_in(item, place, at), **cast("Json", child)} if isinstance(child, dict) else child
            for at, child in enumerate(cast("list[object]", children))
        ]
    read = maps.read(origin.entity_set, full, origin.expand)
    wrong = what_is_wrong(read, origin)
    if wrong:
        raise Unreadable(f"item {item}: {wrong}")
    return read


def _stand_in(*place: int) -> str:
    return str(uuid5(NAMESPACE_URL, f"siteledger:validate:{place}"))


async def _asked(records: Records, pair: Pair, flow: Flow, rows: Iterable[tuple[int, Json]]) -> list[Question]:
    """The records as they would be once the documents were read; those that would not be taken up are left out."""
    taken = [(item, row, Record.id_for(pair.name, flow.kind, text(row, "id"))) for item, row in rows]
    loaded = await records.load([id_ for *_, id_ in taken], flow.kind)
    projects = await _projects(records, pair, flow, [row for _, row, _ in taken])
    moment, contents = pair.moment(), Contents()
    questions: list[Question] = []
    for item, row, id_ in taken:
        record = loaded[id_]
        if not record.version and not _is_wanted(pair, flow, row, projects):
            continue
        record.observe(seen(pair, flow, row, text(row, "id"), contents, demanded=record.demanded), moment)
        questions.append(Question(item, row, record))
    return questions


async def _projects(records: Records, pair: Pair, flow: Flow, rows: Sequence[Json]) -> set[str]:
    """Projects that are known, for rows that count by their project alone."""
    if flow.origin.reach != "project":
        return set()
    ledger, project = records.ledger, BY_KIND["project"]
    condition, parameter = ledger.in_list("number", sorted({flow.origin.project(row) for row in rows}))
    sql = f"SELECT number FROM record_state WHERE connection = ? AND flow = ? AND {condition}"  # noqa: S608 - built from columns
    return {row[0] for row in await ledger.rows(sql, (pair.name, project.name, parameter))}


def _is_wanted(pair: Pair, flow: Flow, row: Json, projects: set[str]) -> bool:
    """Whether the intake would take up a row that it never saw."""
    origin = flow.origin
    if origin.dated and text(row, origin.dated) and text(row, origin.dated)[:10] < pair.start.isoformat():
        return False
    if origin.reach == "project" and origin.project(row) not in projects:
        return False
    return flow.counts(row, False)  # noqa: FBT003 - as a flow counts


# -- the decisions -------------------------------------------------------------------------------------


async def _decided(hub: Hub, pair: Pair, flow: Flow, questions: Sequence[Question]) -> list[Decision]:
    links = LinkBook(hub.ledger, pair.name)
    moment = pair.moment()
    context = pair.context(flow, moment.at)
    asked = [(each.kind, each.key) for question in questions for each in flow.references(question.source, context)]
    known = dict(await links.known(asked))
    groups = await _group_faults(hub, pair, flow, questions, moment)
    decided: dict[int, Decision] = {}
    for _ in range(PASSES):
        unknown: dict[tuple[str, str], None] = {}
        for place, question in enumerate(questions):
            if place in decided:
                continue
            faults = groups.get(question.record.id, ())
            decision = decide(flow, question.record, question.source, known, {}, context, faults)
            if isinstance(decision, decisions.NeedsKnown):
                unknown.update(dict.fromkeys((each.kind, each.key) for each in decision.references))
            else:
                decided[place] = decision
        if not unknown:
            break
        known.update(await links.looked_up(pair_ for pair_ in unknown if pair_ not in known))
    return [decided[place] for place in range(len(questions))]


async def _group_faults(
    hub: Hub, pair: Pair, flow: Flow, questions: Sequence[Question], moment: Moment
) -> Mapping[UUID, Sequence[Violation]]:
    """What is wrong with others of a group that goes all or none, and that the ledger knows already (PP-49)."""
    if not flow.together:
        return {}
    member_of = {question.record.id: flow.origin.member_of(question.source) for question in questions}
    groups = [of for of in member_of.values() if of]
    found = await Gathering(pair, hub.ledger).faults(flow, groups, pair.context(flow, moment.at)) if groups else {}
    return {
        id_: [broken for other, broken in found.get(of, {}).items() if other not in member_of]
        for id_, of in member_of.items()
    }


def _failures(question: Question, decision: Decision) -> list[Failure]:
    """What a decision says against the document. What waits, and what is left out on purpose, is no failure."""
    item = question.item
    match decision:
        case decisions.Reject():
            return [
                Failure(item=item, line=each.line, field=each.field, rule=each.rule, message=each.message)
                for each in decision.violations
            ]
        case decisions.Clash():
            return [Failure(item=item, line=None, field="", rule="", message=decision.reason)]
        case decisions.Exclude() if decision.rule in _OF_PROJECT:
            rule = _OF_PROJECT[decision.rule]
            return [Failure(item=item, line=None, field="Job No.", rule=rule, message=decision.rule)]
        case _:
            return []


def document_of(answer: Answer) -> dict[str, Any]:
    """The answer as it goes over the wire."""
    return cast("dict[str, Any]", msgspec.to_builtins(answer))
