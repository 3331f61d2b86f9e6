"""Webhooks of Procore as its answers show them, read with patience.

Source  Procore guide 19 (N4, N5, N7, N18, N20).
"""

from collections.abc import Iterable
from typing import cast

import msgspec

from adapters.outbound.answers import Answer, UnreadableAnswer, read_document
from domain.errors import Unreadable
from domain.notices import Notice, Reason, procore_event
from domain.values import Json

EVENTS: dict[str, Reason] = {
    "create": "create",
    "created": "create",
    "update": "update",
    "updated": "update",
    "delete": "delete",
    "deleted": "delete",
}


class Hook(msgspec.Struct, frozen=True, kw_only=True):
    """One endpoint that Procore calls.

    project_id   empty for the hook of the company
    ending       last characters of the stored `Authorization`; the rest is masked, so it proves nothing (N7)
    triggers     how many it has, None where Procore does not say
    """

    id: str
    project_id: str
    url: str
    namespace: str
    payload_version: str
    active: bool
    ending: str = ""
    triggers: int | None = None


class Wanted(msgspec.Struct, frozen=True):
    """A resource and an event to be told about."""

    resource: str
    event: Reason


class Trigger(msgspec.Struct, frozen=True):
    """A resource and an event that a hook tells about."""

    id: str
    resource: str
    event: Reason

    @property
    def wanted(self) -> Wanted:
        """What it was made for."""
        return Wanted(self.resource, self.event)


class RefusedTrigger(msgspec.Struct, frozen=True):
    """What Procore will not tell about, in its words; polling takes over."""

    wanted: Wanted
    why: str


class Triggers(msgspec.Struct, frozen=True):
    """The triggers that a hook has now, and those that it will not have."""

    present: tuple[Trigger, ...]
    refused: tuple[RefusedTrigger, ...] = ()


class Offer(msgspec.Struct, frozen=True):
    """A resource that can be asked for, and its events."""

    resource: str
    events: tuple[Reason, ...]


class DeliveredEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one event.

    notice   the event as it was sent; None where its payload cannot be read, then `fault` says why
    status   delivered, failed, discarded, enqueued, retrying
    """

    id: str
    status: str
    attempts: int
    notice: Notice | None = None
    fault: str = ""


def entity_of(answer: Answer) -> Json:
    """The object of an answer, with or without its envelope; empty where there is none."""
    document = read_document(answer)
    fields = cast("Json", document) if isinstance(document, dict) else {}
    inner = fields.get("data", fields)
    return cast("Json", inner) if isinstance(inner, dict) else {}


def needed(answer: Answer, hook: Hook | None) -> Hook:
    """The hook of an answer that must show one.

    Raises  UnreadableAnswer
    """
    if hook is None:
        message = f"{answer.exchange.method} {answer.exchange.url} did not answer a hook"
        raise UnreadableAnswer(message, answer.exchange)
    return hook


def hook_of(row: Json, project_id: str) -> Hook | None:
    """A hook of an answer; None where it has no id."""
    if not (hook_id := text_of(row, "id")):
        return None
    headers = row.get("destination_headers")
    masked = text_of(cast("Json", headers), "Authorization") if isinstance(headers, dict) else ""
    count = row.get("trigger_count")
    return Hook(
        id=hook_id,
        project_id=text_of(row, "project_id") or project_id,
        url=text_of(row, "destination_url"),
        namespace=text_of(row, "namespace"),
        payload_version=text_of(row, "payload_version"),
        active=text_of(row, "status").lower() != "disabled",
        ending=masked[-5:],
        triggers=count if isinstance(count, int) else None,
    )


def trigger_of(row: Json) -> Trigger | None:
    """A trigger of an answer; None for one that is none of the three known events."""
    event = EVENTS.get(text_of(row, "event_type").lower())  # answers may show CREATE or CREATED (N4)
    trigger_id, resource = text_of(row, "id"), text_of(row, "resource_name")
    return Trigger(trigger_id, resource, event) if trigger_id and resource and event is not None else None


def failures(answer: Answer) -> dict[tuple[str, str], str]:
    """Words on failed rows of a mixed answer (N5); its shape is described for v1 alone, and read if it comes."""
    document = read_document(answer)
    fields = cast("Json", document) if isinstance(document, dict) else {}
    inner = fields.get("data")
    holder = cast("Json", inner) if isinstance(inner, dict) else fields
    failed = holder.get("failed") or holder.get("failures")
    words: dict[tuple[str, str], str] = {}
    for row in cast("list[object]", failed) if isinstance(failed, list) else []:
        if isinstance(row, dict):
            told = cast("Json", row)
            trigger = told.get("trigger")
            named = {**told, **cast("Json", trigger)} if isinstance(trigger, dict) else told
            key = (text_of(named, "resource_name").casefold(), text_of(named, "event_type").lower())
            words[key] = " ".join(part for part in (text_of(told, "code"), text_of(told, "message")) if part)
    return words


def offers_of(rows: Iterable[Json]) -> list[Offer]:
    """What can be asked for; events that are none of the three are left out."""
    found: dict[str, list[Reason]] = {}
    for row in rows:
        name, actions = row.get("name"), row.get("actions")
        if not isinstance(name, str) or not isinstance(actions, list):
            continue
        events = found.setdefault(name, [])
        for action in cast("list[object]", actions):
            event = EVENTS.get(str(action).lower())
            if event is not None and event not in events:
                events.append(event)
    return [Offer(name, tuple(events)) for name, events in found.items()]


def delivered(row: Json) -> DeliveredEvent:
    """One row of the list of deliveries."""
    attempts = row.get("delivery_attempts")
    made = DeliveredEvent(
        id=text_of(row, "id"),
        status=text_of(row, "status").lower(),
        attempts=len(cast("list[object]", attempts)) if isinstance(attempts, list) else 0,
    )
    try:
        return msgspec.structs.replace(made, notice=procore_event(row.get("payload")))
    except Unreadable as error:
        return msgspec.structs.replace(made, fault=str(error))


def text_of(row: Json, name: str) -> str:
    """A field as text, empty where it is missing or no plain value."""
    value = row.get(name)
    return "" if value is None or isinstance(value, dict | list) else str(value)
