"""Webhooks, v2.0: hooks, triggers below them, what can be subscribed to, deliveries (N1 to N7, N18, N20)."""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import urlsplit

from adapters.sandbox.procore.contract import BARE
from adapters.sandbox.procore.directory import company_of
from adapters.sandbox.procore.kernel import Answer, Call, Problem, Route, page
from adapters.sandbox.procore.outbox import Attempt, Sending
from adapters.sandbox.procore.state import Row, State
from adapters.sandbox.procore.webhook_events import HOOKS, TRIGGERS
from adapters.sandbox.procore.webhook_resources import BY_NAME, RESOURCES, actions_of
from domain.values import Json

VERSIONS = ("v2.0", "v3.0", "v4.0")
MOST_TRIGGERS = 500  # N5
PER_PAGE, LARGEST = 10, 100  # P4
_NAMESPACE = re.compile(r"[a-z0-9-]+\Z")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_SUCCEEDED = {"succeeded": "delivered"}  # N18: filter and answer have different words for it
_SHOWN = 5


class _Refused(Exception):
    """A value is wrong; the text says which."""

    def __init__(self, source: str, text: str) -> None:
        super().__init__(text)
        self.source = source


def refusal(status: HTTPStatus, text: str, source: str = "") -> Problem:
    """A refusal in the form of v2 (section 7)."""
    details = [{"reason_code": "invalid", "message": text, "source": source}] if source else []
    return Problem(status, {"error": {"code": status.name, "message": text, "details": details}})


def _scope(call: Call) -> int | None:
    """The project in the path, None for the company; the permission comes first (A14)."""
    company_of(call)
    if not call.state.settings.webhooks_allowed:
        raise refusal(HTTPStatus.FORBIDDEN, "You do not have permission to administer webhooks")
    return call.project["id"] if call.project else None


def _hooks(call: Call) -> list[Row]:
    """N1: a hook belongs to the company or to one project, never both."""
    project = _scope(call)
    return [row for row in call.state.rows(HOOKS) if row["project_id"] == project]


def _hook(call: Call, name: str = "hook_id") -> Row:
    for row in _hooks(call):
        if row["id"] == call.path[name]:
            return row
    raise refusal(HTTPStatus.NOT_FOUND, "Hook not found")


def _show(state: State, row: Row, *, count: bool = False) -> Json:
    """N7: the Authorization is masked but for its last five characters."""
    stored = cast("dict[str, str]", row["destination_headers"] or {})
    headers = {name: "*" * max(len(value) - _SHOWN, 0) + value[-_SHOWN:] for name, value in stored.items()}
    shown: Json = {
        "id": str(row["id"]),
        "status": row["status"],
        "payload_version": row["payload_version"],
        "namespace": row["namespace"],
        "destination_headers": headers,
        "destination_url": row["destination_url"],
        "company_id": None if row["project_id"] else str(state.company_id),
        "project_id": str(row["project_id"]) if row["project_id"] else None,
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
    }
    if count:
        shown["trigger_count"] = sum(1 for _ in state.rows(TRIGGERS, hook_id=row["id"]))
    return shown


def _listed(call: Call, rows: Iterable[Row], show: Callable[[Row], Json]) -> Answer:
    shown, headers = page(call, rows, default=PER_PAGE, largest=LARGEST)
    return Answer({"data": [show(row) for row in shown]}, headers=headers)


def _list(call: Call) -> Answer:
    rows = _hooks(call)
    namespace, version = call.one("namespace"), call.one("payload_version")
    if namespace is None:  # N6: needed to find one's own
        raise refusal(HTTPStatus.BAD_REQUEST, "namespace is missing", "namespace")
    rows = [row for row in rows if row["namespace"] == namespace and version in {None, row["payload_version"]}]
    return _listed(call, rows, lambda row: _show(call.state, row, count=call.flag("include_trigger_count")))


def _show_one(call: Call) -> Answer:
    return Answer({"data": _show(call.state, _hook(call, "id"), count=True)})


def _checked(values: Json) -> Json:
    """The fields of a hook (N3, N6, N8).

    Raises  Problem
    """
    url: str | None = values.get("destination_url")
    namespace: str | None = values.get("namespace")
    if url is not None:
        parts = urlsplit(url)
        local = parts.scheme == "http" and parts.hostname in _LOOPBACK  # for rehearsals on one computer
        if not parts.hostname or not (parts.scheme == "https" or local):
            raise refusal(HTTPStatus.BAD_REQUEST, "destination_url must be https", "destination_url")
    if namespace is not None and not _NAMESPACE.match(namespace):
        raise refusal(HTTPStatus.BAD_REQUEST, "namespace must be of a-z, 0-9 and -", "namespace")
    if values.get("payload_version", VERSIONS[0]) not in VERSIONS:
        raise refusal(
            HTTPStatus.BAD_REQUEST, f"payload_version must be one of {', '.join(VERSIONS)}", "payload_version"
        )
    return values


def _create(call: Call) -> Answer:
    project = _scope(call)
    usual = {"status": "active", "destination_headers": None, "project_id": project}
    row = call.state.insert(HOOKS, usual | _checked(call.body))
    return Answer({"data": _show(call.state, row)})


def _update(call: Call) -> Answer:
    row = _hook(call, "id")
    values = {name: value for name, value in _checked(call.body).items() if value is not None}
    call.state.change(HOOKS, row, values)
    if "destination_url" in values:
        call.state.outbox.move(row["id"], row["destination_url"])
    return Answer({"data": _show(call.state, row)})


def _delete(call: Call) -> Answer:
    row = _hook(call, "id")
    for trigger in list(call.state.rows(TRIGGERS, hook_id=row["id"])):
        call.state.remove(TRIGGERS, trigger)
    call.state.outbox.forget(row["id"])
    call.state.remove(HOOKS, row)
    return Answer()


# Triggers


def _show_trigger(state: State, row: Row) -> Json:
    return {
        "id": str(row["id"]),
        "webhook_hook_id": str(row["hook_id"]),
        "resource_name": row["resource_name"],
        "event_type": row["event_type"].upper(),  # N4: answers may show it so
        "company_id": None if row["owner_id"] else str(state.company_id),
        "project_id": str(row["owner_id"]) if row["owner_id"] else None,
    }


def _triggers(call: Call) -> Answer:
    rows = list(call.state.rows(TRIGGERS, hook_id=_hook(call)["id"]))
    return _listed(call, rows, lambda row: _show_trigger(call.state, row))


def _add(state: State, hook: Row, wanted: Json) -> Row:
    """N1, N4, N20: in the scope of its hook, lower case, and offered.

    Raises  _Refused
    """
    name, event = wanted["resource_name"], wanted["event_type"]
    resource = BY_NAME.get(name)
    if resource is None or (resource.scope == "project") is not bool(hook["project_id"]):
        raise _Refused("resource_name", f"{name} is not a resource of this scope")
    if event not in actions_of(resource, state.now()):
        raise _Refused("event_type", f"{event} is not an event of {name}")
    values = {"hook_id": hook["id"], "resource_name": name, "event_type": event}
    if state.find(TRIGGERS, **values) is not None:
        raise _Refused("resource_name", f"{event} of {name} is in the hook already")
    return state.insert(TRIGGERS, values | {"owner_id": hook["project_id"]})


def _create_trigger(call: Call) -> Answer:
    try:
        row = _add(call.state, _hook(call), call.body)
    except _Refused as refused:
        raise refusal(HTTPStatus.BAD_REQUEST, str(refused), refused.source) from refused
    return Answer({"data": _show_trigger(call.state, row)})


def _create_triggers(call: Call) -> Answer:
    """N5: all good 201, mixed 207 whose body is not described, too many 413."""
    hook, wanted = _hook(call), cast("list[Json]", call.body[BARE])
    if len(wanted) > MOST_TRIGGERS:
        raise refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"at most {MOST_TRIGGERS} triggers in one call")
    made: list[Row] = []
    refused: list[_Refused] = []
    for each in wanted:
        try:
            made.append(_add(call.state, hook, each))
        except _Refused as problem:
            refused.append(problem)
    if refused and not made:
        raise refusal(HTTPStatus.BAD_REQUEST, str(refused[0]), refused[0].source)
    if refused:
        return Answer(status=HTTPStatus.MULTI_STATUS)
    return Answer({"data": [_show_trigger(call.state, row) for row in made]})


def _delete_trigger(call: Call) -> Answer:
    row = call.state.get(TRIGGERS, call.path["id"], hook_id=_hook(call)["id"])
    if row is None:
        raise refusal(HTTPStatus.NOT_FOUND, "Trigger not found")
    call.state.remove(TRIGGERS, row)
    return Answer()


def _offers(call: Call) -> Answer:
    """N20: what can be subscribed to in this scope, at this time."""
    scope, version = ("project" if _scope(call) else "company"), call.one("payload_version")
    if version not in VERSIONS:
        raise refusal(
            HTTPStatus.BAD_REQUEST, f"payload_version must be one of {', '.join(VERSIONS)}", "payload_version"
        )
    rows: list[Row] = [
        {
            "category": "Core",
            "tool": it.tool,
            "name": it.name,
            "payload_version": version,
            "actions": list(actions_of(it, call.state.now())),
        }
        for it in RESOURCES
        if it.scope == scope
    ]
    return _listed(call, rows, lambda row: row)


# Deliveries


def _deliveries(call: Call) -> Answer:
    """N18, F9. Days are taken as those of UTC; both ends belong to the window."""
    kept: Iterable[Sending] = call.state.outbox.log.get(_hook(call)["id"], [])
    status = call.one("filter[status]")
    equal = {
        "status": _SUCCEEDED.get(status, status) if status else None,
        "resource": call.one("filter[resource_name]"),
        "event": call.one("filter[event_type]"),
    }
    for name, value in equal.items():
        if value is not None:
            kept = [it for it in kept if getattr(it, name) == value]
    start, end = _day(call, "filter[start]"), _day(call, "filter[end]")
    kept = [it for it in kept if (start or date.min) <= it.at.astimezone(UTC).date() <= (end or date.max)]
    newest_first: list[Any] = sorted(kept, key=lambda it: it.id, reverse=True)
    return _listed(call, newest_first, lambda it: _show_delivery(cast("Any", it)))


def _day(call: Call, name: str) -> date | None:
    value = call.one(name)
    if value is None:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise refusal(HTTPStatus.BAD_REQUEST, f"{name} must be yyyy-mm-dd", name) from None


def _show_delivery(sending: Sending) -> Json:
    """The payload in the one form that is described for this list, whatever version was sent."""
    return {
        "id": str(sending.id),
        "status": sending.status,
        "payload": sending.shown,
        "delivery_attempts": [_show_attempt(sending, n, it) for n, it in enumerate(sending.attempts, 1)],
    }


def _show_attempt(sending: Sending, number: int, attempt: Attempt) -> Json:
    return {
        "id": f"{sending.id}-{number}",
        "success": 200 <= attempt.status < 300,  # noqa: PLR2004 - success in HTTP
        "response_status": attempt.status or None,
        "response_body": attempt.text,
        "response_headers": {},
        "started_at": _stamp(attempt.started),
        "completed_at": _stamp(attempt.completed),
    }


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


COMPANY = "/rest/v2.0/companies/{company_id}/webhooks"
PROJECT = "/rest/v2.0/companies/{company_id}/projects/{project_id}/webhooks"

ROUTES = (
    Route("GET", f"{COMPANY}/hooks", _list),
    Route("POST", f"{COMPANY}/hooks", _create),
    Route("GET", f"{COMPANY}/hooks/{{id}}", _show_one),
    Route("PATCH", f"{COMPANY}/hooks/{{id}}", _update),
    Route("DELETE", f"{COMPANY}/hooks/{{id}}", _delete),
    Route("GET", f"{COMPANY}/hooks/{{hook_id}}/triggers", _triggers),
    Route("POST", f"{COMPANY}/hooks/{{hook_id}}/triggers", _create_trigger),
    Route("POST", f"{COMPANY}/hooks/{{hook_id}}/triggers/bulk", _create_triggers),
    Route("DELETE", f"{COMPANY}/hooks/{{hook_id}}/triggers/{{id}}", _delete_trigger),
    Route("GET", f"{COMPANY}/hooks/{{hook_id}}/deliveries", _deliveries),
    Route("GET", f"{COMPANY}/resources", _offers),
    Route("GET", f"{PROJECT}/hooks", _list, project="path"),
    Route("POST", f"{PROJECT}/hooks", _create, project="path"),
    Route("GET", f"{PROJECT}/hooks/{{id}}", _show_one, project="path"),
    Route("PATCH", f"{PROJECT}/hooks/{{id}}", _update, project="path"),
    Route("DELETE", f"{PROJECT}/hooks/{{id}}", _delete, project="path"),
    Route("GET", f"{PROJECT}/hooks/{{hook_id}}/triggers", _triggers, project="path"),
    Route("POST", f"{PROJECT}/hooks/{{hook_id}}/triggers", _create_trigger, project="path"),
    Route("DELETE", f"{PROJECT}/hooks/{{hook_id}}/triggers/{{id}}", _delete_trigger, project="path"),
    Route("GET", f"{PROJECT}/hooks/{{hook_id}}/deliveries", _deliveries, project="path"),
    Route("GET", f"{PROJECT}/resources", _offers, project="path"),
)
