"""Evidence for one document: who approved it, what was sent field by field, what came back, and what proves it."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from adapters.store import Ledger, Reader, Row
from domain import events
from domain.events import Event
from domain.values import read_json
from hub.app import Hub
from hub.audit.chain import leaf_of
from hub.audit.evidence_pdf import as_pdf
from hub.audit.exporting import empty_folder, signed_now
from hub.audit.pack import Pack, Packed
from hub.audit.sealing import seal
from hub.audit.sections import Section, as_text, flat, shortened
from hub.operations.explain import story
from hub.report import ExitStatus, Halted
from projections.event_log import in_words, summary

MOST_EVENTS = 5000
"""Events of one document's own story that are told; no document has so many unless something goes round in circles."""
CHUNK = 500

_POSITIONS = "SELECT position FROM event_log WHERE record = ? ORDER BY position LIMIT ?"
_EVENTS = {
    "sqlite": "SELECT notification_id, originator_id, originator_version, topic, state FROM stored_events WHERE ",
    "postgresql": (
        "SELECT notification_id, uuid_send(originator_id), originator_version, topic, state FROM stored_events WHERE "
    ),
}
_SEAL = (
    "SELECT first_position, last_position, hash FROM audit_seal WHERE first_position <= ?"
    " ORDER BY first_position DESC LIMIT 1"
)
_HEAD = "SELECT position, hash, moment, key, signature FROM audit_head WHERE position >= ? ORDER BY position LIMIT 1"
_OF_HEAD: tuple[str, ...] = ("position", "hash", "moment", "key", "signature")
_WORDS = (
    "All times are UTC. Amounts are as they were sent. A value that reads [redacted] was personal, and was taken out of"
    " the store when it was old enough."
)
_HOW = (
    "The folder that belongs to this page holds the events, bodies, seals, heads and keys, and verify.py, which proves"
    " them with Python alone: python verify.py. The PDF by itself proves nothing: compare its hashes with the folder's,"
    " or with those of the ledger (siteledger audit verify)."
)


@dataclass(frozen=True)
class Step:
    """One event, decoded, with what proves it. `head` is the first signed head over it, 0 for none so far."""

    row: Row
    event: Event
    leaf: str
    seal: tuple[int, int, str]
    head: int


@dataclass(frozen=True)
class Evidence:
    """Everything about one document."""

    record: str
    title: str
    asof: int
    story: dict[str, Any]
    steps: list[Step]
    heads: list[dict[str, Any]]
    trouble: str
    sections: list[Section]

    def document(self) -> dict[str, Any]:
        """As one JSON document."""
        return {
            "title": self.title,
            "asof": self.asof,
            **{name: value for name, value in self.story.items() if name != "timeline"},
            "events": [
                {
                    "position": step.row[0],
                    "topic": step.row[3],
                    "summary": summary(step.event),
                    "leaf": step.leaf,
                    "seal": dict(zip(("first", "last", "hash"), step.seal, strict=True)),
                    "head": step.head,
                    **msgspec.to_builtins(step.event),
                }
                for step in self.steps
            ],
            "heads": self.heads,
            "notes": [self.trouble] if self.trouble else [],
        }


async def gather(hub: Hub, record: str, actor: str) -> Evidence:
    """Everything that the ledger holds of one record, sealed and signed up to this moment.

    Raises  Halted (wrong use) for a record with too many events; StoreUnavailable.
    """
    trouble = await signed_now(hub)
    await seal(hub.ledger)
    ledger = hub.ledger
    asof = await ledger.last_position()
    positions = [row[0] for row in await ledger.rows(_POSITIONS, (record, MOST_EVENTS + 1))]
    if len(positions) > MOST_EVENTS:
        message = f"{record} has more than {MOST_EVENTS} events; take a span with `siteledger audit export`."
        raise Halted(message, ExitStatus.WRONG_USE)
    rows = await ledger.reading(lambda reader: rows_at(reader, positions))
    told = await story(ledger, record)
    steps, heads = await _proved(ledger, rows)
    title = f"Evidence: {told.get('kind', '').replace('_', ' ')} {told.get('number', '')}".strip()
    bodies = await ledger.contents([name for step in steps for name in _bodies(step.event)])
    facts = (
        ("Connection", str(told.get("connection", ""))),
        ("Record", record),
        ("Title", str(told.get("title", ""))),
        ("Project", str(told.get("project", ""))),
        ("Source", f"{told.get('side', '')}, {told.get('entity_set', '')} {told.get('source_id', '')}"),
        ("Written", f"{hub.clock.now():%Y-%m-%d %H:%M:%S} UTC by {actor}"),
        ("Ledger up to position", str(asof)),
    )
    sections = [
        Section(title="What this is about", lines=(_WORDS,), facts=tuple(fact for fact in facts if fact[1])),
        *_identities(told),
        _approvals(steps),
        *_deliveries(steps, bodies),
        *_thread(told),
        _timeline(steps),
        *_proofs(steps, heads, trouble),
    ]
    return Evidence(record, title, asof, told, steps, heads, trouble, sections)


def rows_at(reader: Reader, positions: Sequence[int]) -> list[Row]:
    """Events at these positions, in order."""
    found: list[Row] = []
    for start in range(0, len(positions), CHUNK):
        condition, parameter = reader.dialect.in_list("notification_id", positions[start : start + CHUNK])
        sql = f"{_EVENTS[reader.dialect.name]}{condition} ORDER BY notification_id"
        found += [(row[0], row[1], row[2], row[3], row[4]) for row in reader.rows(sql, (parameter,))]
    return found


async def write_folder(hub: Hub, evidence: Evidence, folder: Path) -> Packed:
    """Text, PDF and JSON of the evidence, beside everything that proves it.

    Raises  Halted where the folder is not empty or can't be written.
    """
    empty_folder(folder)
    files = {
        "evidence.json": msgspec.json.format(msgspec.json.encode(evidence.document(), enc_hook=str), indent=1),
        "evidence.txt": as_text(evidence.title, evidence.sections).encode(),
        "evidence.pdf": as_pdf(evidence.title, evidence.sections),
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)

    async def pages() -> AsyncIterator[Sequence[Row]]:
        yield [step.row for step in evidence.steps]

    made_at = hub.clock.now().isoformat()
    return await Pack(hub, folder).write(
        pages(), complete=False, made_at=made_at, version=version("siteledger"), also=files
    )


# -- proofs ----------------------------------------------------------------------------------------


async def _proved(ledger: Ledger, rows: Sequence[Row]) -> tuple[list[Step], list[dict[str, Any]]]:
    steps: list[Step] = []
    heads: list[dict[str, Any]] = []
    held = (0, 0, "")
    headless = False
    for row in rows:
        if row[0] > held[1]:
            found = await ledger.rows(_SEAL, (row[0],))
            held = (found[0][0], found[0][1], bytes(found[0][2]).hex()) if found else (row[0], row[0], "")
        if not headless and (not heads or heads[-1]["position"] < row[0]):
            following = await ledger.rows(_HEAD, (row[0],))
            heads += [dict(zip(_OF_HEAD, head, strict=True)) for head in following]
            headless = not following  # nor has any event behind it one
        head = 0 if headless else heads[-1]["position"]
        event = ledger.events.decode(row[3], row[4])
        steps.append(Step(row, event, leaf_of(row).hex(), held, head))
    return steps, heads


def _proofs(steps: Sequence[Step], heads: Sequence[dict[str, Any]], trouble: str) -> list[Section]:
    covered = "" if steps and steps[-1].head else "The newest events are sealed, and under no signed head so far."
    return [
        Section(
            title="What proves it",
            lines=tuple(filter(None, (_HOW, trouble, covered))),
            columns=("Position", "SHA-256 of the event (leaf)", "Seal", "Signed head"),
            rows=shortened(
                [
                    (str(step.row[0]), step.leaf, f"{step.seal[0]} to {step.seal[1]}", str(step.head or "none"))
                    for step in steps
                ],
                "evidence.json",
            ),
            widths=(2, 12, 4, 3),
        ),
        Section(
            title="Signed heads over it",
            lines=() if heads else ("None.",),
            columns=("Position", "Hash", "Signed at, by the key", "Signature (Ed25519)"),
            rows=tuple(
                (str(head["position"]), head["hash"], f"{_moment(head['moment'])}\n{head['key']}", head["signature"])
                for head in heads
            ),
            widths=(2, 6, 5, 8),
        ),
    ]


# -- what is told ----------------------------------------------------------------------------------


def _identities(told: dict[str, Any]) -> list[Section]:
    return [
        Section(
            title="Ids in both systems",
            lines=() if told["links"] else ("It has no counterpart.",),
            columns=("Role", "Business Central", "Procore", "Since"),
            rows=tuple(
                (
                    link["role"],
                    f"{link['bc_set']} {link['bc_number']}\n{link['bc_id']}",
                    f"{link['procore_resource']} {link['procore_id']}",
                    _moment(link["since"]),
                )
                for link in told["links"]
            ),
            widths=(2, 6, 5, 4),
        ),
        Section(
            title="State",
            columns=("Flow", "State", "Why", "Since"),
            rows=tuple(
                (flow["flow"], flow["state"], "; ".join(flow["reasons"]), _moment(flow["since"]))
                for flow in told["flows"]
            ),
            widths=(5, 2, 8, 4),
        ),
    ]


def _approvals(steps: Sequence[Step]) -> Section:
    rows = [
        (str(step.row[0]), _at(step.event), step.event.actor, summary(step.event), step.event.hash)
        for step in steps
        if isinstance(step.event, events.ApprovalRequested | events.ApprovalEvent)
    ]
    return Section(
        title="Who approved it",
        lines=() if rows else ("Nobody was asked to: the flow had no approval when this was sent.",),
        columns=("Position", "At", "Who", "What", "SHA-256 of the content"),
        rows=tuple(rows),
        widths=(2, 3, 3, 5, 8),
    )


def _deliveries(steps: Sequence[Step], bodies: dict[str, bytes]) -> list[Section]:
    """What was sent, each with everything that came of it, in the order in which it was stored."""
    sections: list[Section] = []
    for step in steps:
        asked = step.event
        if not isinstance(asked, events.Requested):
            continue
        rows = _fields(bodies.get(asked.body))
        facts = (
            ("Stored before any call", f"{_at(asked)}, position {step.row[0]}, by {asked.actor}"),
            ("Delivery", str(asked.delivery)),
            ("Story", asked.correlation_id),
            ("SHA-256 of the row", asked.body),
        )
        title = f"Sent to {asked.system.replace('_', ' ')}: {in_words(asked.part)} ({asked.endpoint})"
        sections.append(
            Section(
                title=title,
                facts=facts,
                columns=("Field", "Value"),
                rows=shortened(rows, "contents.jsonl"),
                widths=(2, 3),
            )
        )
        sections += _outcomes(steps, asked, bodies)
    return sections


def _outcomes(steps: Sequence[Step], asked: events.Requested, bodies: dict[str, bytes]) -> list[Section]:
    found = [step for step in steps if getattr(step.event, "delivery", None) == asked.delivery and step.event != asked]
    rows: list[tuple[str, ...]] = []
    answers: list[Section] = []
    for step in found:
        event = step.event
        call = answer = ""
        if isinstance(event, events.DeliveryEvent) and event.method:
            call = f"{event.method} {event.url}\nHTTP {event.status or 'no answer'}, {event.took_ms} ms"
            answer = event.response
            said = _fields(bodies.get(event.response)) if event.response else []
            fields = [field for field in said if field[1] not in {"", "null"}]
            if fields:
                answers.append(
                    Section(
                        title=f"Answer of {event.at:%Y-%m-%d %H:%M:%S}",
                        lines=("Fields without a value are left out here; the whole is in contents.jsonl.",),
                        columns=("Field", "Value"),
                        rows=shortened(fields, "contents.jsonl"),
                        widths=(2, 3),
                    )
                )
        rows.append((str(step.row[0]), _at(event), summary(event), call, answer))
    return [
        Section(
            title="What came of it",
            lines=() if rows else ("Nothing so far.",),
            columns=("Position", "At", "What", "Call", "SHA-256 of the answer"),
            rows=tuple(rows),
            widths=(2, 3, 5, 6, 6),
        ),
        *answers,
    ]


def _thread(told: dict[str, Any]) -> list[Section]:
    steps = told["thread"]["steps"]
    if not steps:
        return []
    rows = tuple(
        (
            step["kind"].replace("_", " "),
            f"{step['number']} {step['title']}",
            "\n".join(f"{pair['procore_resource']} {pair['procore_id']}" for pair in step["pairs"]),
            _moment(step["since"]),
        )
        for step in steps
    )
    return [
        Section(
            title="What hangs together with it",
            columns=("Kind", "Number, title", "Procore", "Known since"),
            rows=rows,
            widths=(3, 6, 6, 4),
        )
    ]


def _timeline(steps: Sequence[Step]) -> Section:
    return Section(
        title="Everything that happened",
        columns=("Position", "At", "Who", "What"),
        rows=shortened(
            [(str(step.row[0]), _at(step.event), step.event.actor, summary(step.event)) for step in steps],
            "evidence.json",
        ),
        widths=(2, 3, 3, 10),
    )


def _fields(body: bytes | None) -> list[tuple[str, ...]]:
    if body is None:
        return [("", "the body is not in the store")]
    if not body:
        return []
    try:
        return list(flat(read_json(body)))
    except msgspec.MsgspecError:
        return [("", body.decode(errors="replace"))]


def _bodies(event: Event) -> list[str]:
    match event:
        case events.Requested():
            return [event.body]
        case events.DeliveryEvent():
            return [name for name in (event.response,) if name]
        case _:
            return []


def _moment(text: str) -> str:
    """A moment of the read models, to the second."""
    return text[:19].replace("T", " ")


def _at(event: Event) -> str:
    return f"{event.at:%Y-%m-%d %H:%M:%S}"
