"""No write without a stored intent: what leaves the hub is compared with what its ledger holds at that very moment."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

import httpx

from domain.endpoints import ENDPOINTS
from domain.values import BUSINESS_CENTRAL, System
from tests.simulation.ledger_book import Intent, LedgerBook, holds, read

INVARIANT = "no write without a stored intent"
_KEY = re.compile(r"\(([0-9a-f-]{36})\)\Z")


def is_about_telling(path: str) -> bool:
    """Hooks and subscriptions: what is written there says whom to call, and nothing of anybody's records."""
    return "/webhooks" in path or "/subscriptions" in path


def is_write(request: httpx.Request) -> bool:
    """Whether the request may change anything; tokens aside."""
    if request.method == "GET" or request.url.path.endswith("/token"):
        return False
    return not request.url.path.endswith("$batch") or any(
        part["method"] != "GET" for part in read(request.content)["requests"]
    )


def check(system: System, request: httpx.Request, book: LedgerBook) -> None:
    """Every row of a write is the body of a delivery that is claimed and without outcome."""
    book.catch_up()
    if is_about_telling(request.url.path):
        return
    waiting = list(book.claimed(system))
    for method, path, row in _rows(system, request):
        match = next((intent for intent in waiting if _carries(intent, method, path, row, book)), None)
        if match is None:
            book.found(INVARIANT, f"{method} {path} {row}")
        else:
            waiting.remove(match)


def _rows(system: System, request: httpx.Request) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """What is written: method, address and fields of each row."""
    body = read(request.content) if request.content else {}
    if system == BUSINESS_CENTRAL and request.url.path.endswith("$batch"):
        for part in body["requests"]:
            if part["method"] != "GET":
                yield part["method"], unquote(part["url"]).partition("?")[0], part.get("body") or {}
        return
    path = unquote(request.url.path)
    many = next((name for name in ("updates", "bulk", "budget_line_items") if isinstance(body.get(name), list)), "")
    if many:
        for row in body[many]:
            yield request.method, path, row
        return
    inner = next(
        (
            body[name]
            for name in ("project", "segment", "requisition", "change_order", "request_detail")
            if isinstance(body.get(name), dict)
        ),
        body,
    )
    yield request.method, path, inner


def _carries(intent: Intent, method: str, path: str, row: Mapping[str, Any], book: LedgerBook) -> bool:
    event = intent.event
    endpoint = ENDPOINTS[event.endpoint]
    if endpoint.method != method or not _same_address(endpoint.path, path, event.target_id, event.scope):
        return False
    body = {name: value for name, value in book.body(event.body).items() if value is not None}
    return holds(row, body)


def _same_address(template: str, path: str, target: str, scope: Mapping[str, str]) -> bool:
    if template.startswith("/"):
        names = {"id": target, **scope}
        wanted = re.sub(r"\{(\w+)\}", lambda found: names.get(found[1], r"\d+"), template)
        return re.fullmatch(re.sub(r"\\d\+", r"\\d+", wanted), path) is not None
    if "{id}" in template:
        return path.endswith(template.replace("{id}", target))
    key = _KEY.search(path)
    address = path[: key.start()] if key else path
    return address.rpartition("/")[2] == template and (key is None or key[1] == target)
