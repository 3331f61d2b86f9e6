"""`explain --asof`: what both systems and the link between them looked like at a position."""

from collections.abc import Awaitable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from adapters.store import Ledger
from domain import events
from domain.errors import Unknown
from domain.values import Json, read_json
from hub.app import Hub, open_hub
from hub.asof import position_at
from hub.differences import differences
from hub.operations.explain import NEXT, Standing, chain, find
from hub.records import canonical_json
from hub.report import ExitStatus, Halted, Progress, Report
from hub.retelling import Placed, events_of, told_by
from hub.settings import Settings
from projections.cross_reference import CROSS_REFERENCE, CROSS_REFERENCES
from projections.delivery import DELIVERIES, DELIVERY
from projections.event_log import EVENT_LOG, EVENT_LOGS
from projections.projection import Row
from projections.record_state import RECORD, RECORD_STATE, RECORD_STATES

if TYPE_CHECKING:
    from rich.console import Console

_HEAD = ("connection", "kind", "number", "title", "project", "side", "entity_set", "source_id", "content")
_LINK = ("flow", "role", "bc_set", "bc_id", "bc_number", "procore_resource", "procore_id", "procore_parent_id", "since")
_SENT = ("delivery", "part", "system", "endpoint", "state", "attempts", "error", "status", "target_id")
_SAID = ("position", "at", "event", "flow", "summary", "actor", "correlation_id")


async def explain_then(settings: Settings, *, identifier: str, asof: str, progress: Progress) -> Report:  # noqa: ARG001 - quick
    """The command `explain` with `--asof`."""
    async with open_hub(settings) as hub:
        position = await position_at(hub.ledger, asof)
        records = await find(hub.ledger, identifier.strip())
        if not records:
            raise Halted(f"Nothing in the ledger is called {identifier}.", ExitStatus.WRONG_USE)
        stories = [story for each in records if (story := await _known(hub, each, position)) is not None]
    if not stories:
        raise Halted(f"As of position {position} nobody knew {identifier}.", ExitStatus.WRONG_USE)
    document: dict[str, Any] = stories[0] if len(stories) == 1 else {"records": stories}

    def render(console: "Console") -> None:
        for story in stories:
            _render(console, story)

    return Report(document, ExitStatus.DONE, render)


async def _known(hub: Hub, record: str, position: int) -> dict[str, Any] | None:
    try:
        return await record_as_of(hub, record, position)
    except Unknown:
        return None


async def record_as_of(hub: Hub, record: str, asof: str | int) -> dict[str, Any]:
    """One record as it was: told from its own events up to a position, and from nothing later.

    Shape   the head, state and reasons of each flow and what it waited for, pairs, deliveries and timeline as `story`
            has them; `source` is what the origin last showed; `target` what it held of each part as far as the hub
            knows: the row that was confirmed last, or, after a row that was asked to be gone, none.
    Raises  WrongInput; Unknown when nobody knew the record then.
    """
    await hub.projector.catch_up()
    ledger = hub.ledger
    position = await position_at(ledger, asof)
    happened = (await events_of(ledger, [UUID(record)], position))[UUID(record)]
    states = told_by(RECORD_STATES, happened)
    if not states[RECORD.name]:
        raise Unknown(f"Nobody knew the record {record} as of position {position}.")
    [head] = states[RECORD.name]
    sent = sorted(told_by(DELIVERIES, happened)[DELIVERY.name], key=lambda row: row["position"])
    pairs = told_by(CROSS_REFERENCES, happened)[CROSS_REFERENCE.name]
    bodies = await _bodies(ledger, [head["content"], *(row["body"] for row in sent)])
    flows = sorted(states[RECORD_STATE.name], key=lambda row: row["flow"])
    return {
        "record": record,
        "asof": position,
        **{name: head[name] for name in _HEAD},
        "vanished": bool(head["vanished"]),
        "source": {
            "system": head["side"],
            "seen_at": head["at"],
            "position": head["position"],
            "document": bodies.get(head["content"]),
        },
        "target": _held(sent, happened, bodies),
        "flows": [await _flow(ledger, head["connection"], row, position) for row in flows],
        "links": sorted((_picked(row, _LINK) for row in pairs), key=lambda row: (row["bc_set"], row["bc_number"])),
        "deliveries": [_picked(row, (*_SENT, "requested_at", "settled_at")) for row in sent],
        "timeline": [_picked(row, _SAID) for row in told_by(EVENT_LOGS, happened)[EVENT_LOG.name]],
    }


async def differs(hub: Hub, record: str, asof: str | int) -> dict[str, Any]:
    """What the target has, what we would have it hold, and what the source said, of each part as of a position.

    Shape   `parts`: name, system, endpoint, whether it is under way, and `fields` whose stored row differs from the
            one that the target is known to hold: `target_has`, `we_write`. `source` is the document behind it.
    Raises  as `record_as_of`.
    """
    then = await record_as_of(hub, record, asof)
    happened = (await events_of(hub.ledger, [UUID(record)], then["asof"]))[UUID(record)]
    sent = sorted(told_by(DELIVERIES, happened)[DELIVERY.name], key=lambda row: row["position"])
    newest = {(row["flow"], row["part"]): row for row in sent if row["state"] != "closed"}
    bodies = await _bodies(hub.ledger, [row["body"] for row in newest.values()])
    held = {(each["flow"], each["part"]): each for each in then["target"]}
    parts: list[dict[str, Any]] = []
    for place, row in newest.items():
        has = held.get(place, {}).get("row")
        fields = differences(has or {}, bodies.get(row["body"]) or {})
        parts.append(
            {
                **_picked(row, ("flow", "part", "system", "endpoint", "delivery", "state", "target_id")),
                "fields": [{"field": it.field, "target_has": it.before, "we_write": it.after} for it in fields],
            }
        )
    return {"record": record, "asof": then["asof"], "source": then["source"], "parts": parts}


def _held(sent: Sequence[Row], happened: Sequence[Placed], bodies: Mapping[str, Json]) -> list[dict[str, Any]]:
    """What the target is known to hold of each part: our own confirmed rows, each change laid over the one before."""
    rows = {row["delivery"]: row for row in sent}
    held: dict[tuple[str, str], dict[str, Any]] = {}
    for position, event in happened:
        if not isinstance(event, events.Confirmed) or str(event.delivery) not in rows:
            continue
        row, place = rows[str(event.delivery)], (event.flow, event.part)
        before = held.pop(place, None)
        if not event.digest:
            continue  # it is gone
        known: Json = before["row"] if before is not None and before["target_id"] == event.target_id else {}
        held[place] = {
            **_picked(row, ("delivery", "flow", "part", "system", "endpoint", "key")),
            "target_id": event.target_id,
            "row": {**known, **bodies.get(row["body"], {})},
            "content": row["body"],
            "confirmed_at": event.at.isoformat(),
            "position": position,
        }
    return list(held.values())


async def _flow(ledger: Ledger, connection: str, row: Row, position: int) -> dict[str, Any]:
    return {
        "flow": row["flow"],
        "state": row["state"],
        "reasons": msgspec.json.decode(row["reasons"]),
        "waits_for": await chain(msgspec.json.decode(row["waits_for"]), _standing_then(ledger, connection, position)),
        "retry_at": row["retry_at"] or None,
        "since": row["since"],
        "next": NEXT.get(row["state"], ""),
    }


_WAITED = """
SELECT record, state, reasons, waits_for FROM record_state
WHERE connection = ? AND kind = ? AND number = ? AND flow = ? AND valid_from <= ?
UNION ALL
SELECT h.record, h.state, h.reasons, h.waits_for FROM record_state s
JOIN state_history h ON h.record = s.record AND h.flow = s.flow
WHERE s.connection = ? AND s.kind = ? AND s.number = ? AND s.flow = ? AND h.valid_from <= ? AND h.valid_until > ?
"""


def _standing_then(ledger: Ledger, connection: str, position: int) -> Standing:
    """As it was at a position."""

    def found(wait: Mapping[str, str], flow: str) -> Awaitable[Sequence[Sequence[Any]]]:
        of = (connection, wait["kind"], wait["key"], flow, position)
        return ledger.rows(_WAITED, (*of, *of, position))

    return found


async def _bodies(ledger: Ledger, names: Iterable[str]) -> dict[str, Json]:
    raw = await ledger.contents([name for name in dict.fromkeys(names) if name])
    return {name: read_json(body) for name, body in raw.items()}


def _picked(row: Row, names: Iterable[str]) -> dict[str, Any]:
    return {name: row[name] for name in names}


def _render(console: "Console", item: dict[str, Any]) -> None:
    def say(text: str, **more: Any) -> None:
        console.print(text, markup=False, soft_wrap=True, **more)

    say(f"{item['kind']} {item['number']} {item['title']}, as of position {item['asof']}", style="bold")
    for flow in item["flows"]:
        say(f"  {flow['flow']}: {flow['state']} since {flow['since']}")
        for reason in flow["reasons"]:
            say(f"    {reason}")
    for link in item["links"]:
        say(f"  {link['bc_set'] or item['kind']} {link['bc_number']} = {link['procore_resource']} {link['procore_id']}")
    said = item["source"]
    say(f"  {said['system']} showed, seen {said['seen_at'][:19]} at position {said['position']}:")
    say(f"    {_json(said['document'])}")
    for part in item["target"]:
        say(f"  {part['system']} held {part['part']} {part['target_id']}, confirmed {part['confirmed_at'][:19]}:")
        say(f"    {_json(part['row'])}")
    for event in item["timeline"]:
        say(f"  {event['position']:>7}  {event['at'][:19]}  {event['summary']}")


def _json(document: object) -> str:
    return canonical_json(document).decode() if document is not None else "not kept"
