"""`explain`: the whole story of one record, by any id or number of either system."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from adapters.store import Ledger
from domain.flows import BY_KIND
from hub.app import open_hub
from hub.operations.thread import thread
from hub.report import ExitStatus, Halted, Progress, Report
from hub.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console

DEEPEST = 12
"""Steps of a chain of waits that are told; longer ones are circles in all but name."""
NEXT = {
    "pending": "the next round decides it",
    "in-flight": "the courier carries it in the next round",
    "failed": "the hub tries again by itself",
    "awaiting-approval": "an accounting approver accepts it: siteledger approvals ID shows what, siteledger approve ID"
    " accepts it; after a decline, a change in the source or siteledger resend ID asks again",
    "parked": "it goes by itself when what it waits for is there",
    "rejected": "mend the named fields in Business Central; the next round looks again",
    "dead": "a person has to act: mend the cause, then `siteledger retry`; a change in the source does the same",
    "conflict": "a person has to decide which side is right",
    "synced": "nothing; a change in the source starts it again",
    "excluded": "nothing, as long as the rule holds",
    "deleted": "nothing; the counterpart stays, and a person can link or reset the record",
}


async def explain(settings: Settings, *, identifier: str, progress: Progress) -> Report:  # noqa: ARG001 - quick
    """State, reason, chain of waits, counterparts, deliveries and timeline of every record that the words name."""
    async with open_hub(settings) as hub:
        records = await find(hub.ledger, identifier.strip())
        if not records:
            raise Halted(f"Nothing in the ledger is called {identifier}.", ExitStatus.WRONG_USE)
        stories = [await story(hub.ledger, record) for record in records]
    document: dict[str, Any] = stories[0] if len(stories) == 1 else {"records": stories}

    def render(console: "Console") -> None:
        for item in stories:
            _render(console, item)

    return Report(document, ExitStatus.DONE, render)


async def find(ledger: Ledger, identifier: str) -> list[str]:
    """Records by their UUID, an id or number of Business Central, or an id of Procore."""
    try:
        as_uuid = str(UUID(identifier))
    except ValueError:
        as_uuid = identifier
    upper = identifier.upper()
    rows = await ledger.rows(
        "SELECT record FROM record WHERE record = ? OR source_id = ? OR number = ? OR number = ?",
        (as_uuid, as_uuid, identifier, upper),
    )
    # A change order is known by its own number within its project and side, `JOB1|PCCO #014`.
    rows += await ledger.rows(
        "SELECT record FROM record WHERE kind = 'change_order' AND number LIKE '%#' || ?", (identifier,)
    )
    rows += await ledger.rows(
        "SELECT record FROM cross_reference WHERE procore_id = ? OR bc_id = ? OR bc_number = ?",
        (identifier, as_uuid, upper),
    )
    return list(dict.fromkeys(row[0] for row in rows))


async def story(ledger: Ledger, record: str) -> dict[str, Any]:
    """Everything that the ledger knows of one record."""
    known = await ledger.rows(
        "SELECT connection, kind, number, title, project, side, entity_set, source_id, vanished, content FROM record"
        " WHERE record = ?",
        (record,),
    )
    names = (
        "connection",
        "kind",
        "number",
        "title",
        "project",
        "side",
        "entity_set",
        "source_id",
        "vanished",
        "content",
    )
    head = dict(zip(names, known[0], strict=True)) if known else {}
    states = await ledger.rows(
        "SELECT flow, state, reasons, waits_for, retry_at, since FROM record_state WHERE record = ? ORDER BY flow",
        (record,),
    )
    links = await ledger.rows(
        "SELECT flow, role, bc_set, bc_id, bc_number, procore_resource, procore_id, procore_parent_id, since"
        " FROM cross_reference WHERE record = ? ORDER BY bc_set, bc_number",
        (record,),
    )
    deliveries = await ledger.rows(
        "SELECT delivery, part, system, endpoint, state, attempts, retry_at, error, status, target_id, requested_at,"
        " settled_at, request, response, took_ms, found FROM delivery WHERE record = ? ORDER BY position",
        (record,),
    )
    timeline = await ledger.rows(
        "SELECT position, at, event, flow, summary, actor, correlation_id FROM event_log"
        " WHERE record = ? ORDER BY position",
        (record,),
    )
    return {
        "record": record,
        **head,
        "vanished": bool(head.get("vanished")),
        "flows": [
            {
                "flow": row[0],
                "state": row[1],
                "reasons": msgspec.json.decode(row[2]),
                "waits_for": await chain(msgspec.json.decode(row[3]), standing_now(ledger, head.get("connection", ""))),
                "retry_at": row[4] or None,
                "since": row[5],
                "next": NEXT.get(row[1], ""),
            }
            for row in states
        ],
        "links": _named(
            (
                "flow",
                "role",
                "bc_set",
                "bc_id",
                "bc_number",
                "procore_resource",
                "procore_id",
                "procore_parent_id",
                "since",
            ),
            links,
        ),
        "thread": await thread(ledger, head.get("connection", ""), record),
        "deliveries": _named(
            (
                "delivery",
                "part",
                "system",
                "endpoint",
                "state",
                "attempts",
                "retry_at",
                "error",
                "status",
                "target_id",
                "requested_at",
                "settled_at",
                "request",
                "response",
                "took_ms",
                "found",
            ),
            deliveries,
        ),
        "timeline": _named(("position", "at", "event", "flow", "summary", "actor", "correlation_id"), timeline),
    }


Standing = Callable[[Mapping[str, str], str], Awaitable[Sequence[Sequence[Any]]]]
"""How what a wait names stands in its flow: record, state, reasons and waits of it as JSON text, or no row."""


async def chain(waits: Iterable[Mapping[str, str]], standing: Standing, depth: int = 0) -> list[dict[str, Any]]:
    """What is waited for, how that stands, and what it waits for in turn."""
    told: list[dict[str, Any]] = []
    for wait in waits:
        item: dict[str, Any] = dict(wait)
        flow = BY_KIND.get(wait["kind"])
        if flow is not None:
            rows = await standing(wait, flow.name)
            item["state"] = rows[0][1] if rows else "unknown"
            if rows and depth < DEEPEST:
                item |= {"record": rows[0][0], "reasons": msgspec.json.decode(rows[0][2])}
                further = msgspec.json.decode(rows[0][3], type=list[dict[str, str]])
                item["waits_for"] = await chain(further, standing, depth + 1)
        told.append(item)
    return told


def standing_now(ledger: Ledger, connection: str) -> Standing:
    """As the tables say it now."""

    def found(wait: Mapping[str, str], flow: str) -> Awaitable[Sequence[Sequence[Any]]]:
        return ledger.rows(
            "SELECT s.record, s.state, s.reasons, s.waits_for"
            " FROM record_state s JOIN record r ON r.record = s.record"
            " WHERE r.connection = ? AND r.kind = ? AND r.number = ? AND r.vanished = 0 AND s.flow = ?",
            (connection, wait["kind"], wait["key"], flow),
        )

    return found


def _named(names: tuple[str, ...], rows: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
    return [dict(zip(names, row, strict=True)) for row in rows]


def _render(console: "Console", item: dict[str, Any]) -> None:
    console.print(
        f"{item.get('kind', '')} {item.get('number', '')} {item.get('title', '')}".strip(), style="bold", markup=False
    )
    console.print(f"  record {item['record']}", markup=False, soft_wrap=True)
    for flow in item["flows"]:
        console.print(f"  {flow['flow']}: {flow['state']} since {flow['since']}", markup=False, soft_wrap=True)
        for reason in flow["reasons"] if not flow["waits_for"] else ():  # a chain of waits tells them, and more
            console.print(f"    {reason}", markup=False, soft_wrap=True)
        _render_chain(console, flow["waits_for"], 2)
        console.print(f"    next: {flow['next']}", markup=False, soft_wrap=True)
    for link in item["links"]:
        here = f"{link['bc_set'] or item.get('kind', '')} {link['bc_number']}"
        console.print(f"  {here} = {link['procore_resource']} {link['procore_id']}", markup=False, soft_wrap=True)
    for step in item["thread"]["steps"]:
        console.print(
            f"  thread: {step['kind']} {step['number']} since {step['since'][:19]}", markup=False, soft_wrap=True
        )
        for pair in step["pairs"]:
            here = f"{pair['bc_set']} {pair['bc_number']}".strip()
            there = f"{pair['procore_resource']} {pair['procore_id']} since {pair['since'][:19]}"
            console.print(f"      {here} = {there}", markup=False, soft_wrap=True)
    for event in item["timeline"]:
        console.print(f"  {event['position']:>7}  {event['at'][:19]}  {event['summary']}", markup=False, soft_wrap=True)


def _render_chain(console: "Console", waits: list[dict[str, Any]], depth: int) -> None:
    for wait in waits:
        console.print(
            f"{'  ' * depth}{wait['text']}" + (f" ({wait['state']})" if "state" in wait else ""), markup=False
        )
        _render_chain(console, wait.get("waits_for", []), depth + 1)
