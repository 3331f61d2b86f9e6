"""`$batch`: parts in order, stop at the first error, isolation, at most a hundred (BC 8)."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec

from adapters.sandbox.business_central.errors import Refusal
from adapters.sandbox.business_central.service import Call, Reply, Service

LIMIT = 100
_METHODS = frozenset({"GET", "POST", "PATCH", "PUT", "DELETE"})
_FAILED_DEPENDENCY = 424
_FIRST_ERROR = 400


class _Request(msgspec.Struct, rename="camel"):
    url: str
    method: str
    id: str | int | None = None
    headers: dict[str, str | int] = {}
    body: dict[str, Any] | None = None
    atomicity_group: str | None = None
    depends_on: list[str] = []


class _Batch(msgspec.Struct):
    requests: list[_Request]


@dataclass(frozen=True)
class Part:
    """One request inside a batch, as it came."""

    id: str | None
    method: str
    url: str
    headers: Mapping[str, str]
    body: dict[str, Any] | None
    group: str | None
    depends_on: tuple[str, ...]


AnswerPart = Callable[[Part, Call], Reply]
"""How the caller has a part answered: it may log the part and put a fault before it."""


def parts_of(document: Any) -> list[Part]:
    """The parts of a batch document.

    Raises  Refusal
    """
    try:
        requests = msgspec.convert(document, _Batch).requests
    except msgspec.ValidationError as error:
        raise Refusal("BadRequest", f"The batch is not as it must be: {error}.") from error
    if len(requests) > LIMIT:  # BC 8.4
        raise Refusal("Unknown", f"The batch has {len(requests)} parts, which is more than {LIMIT}.", 500)
    return [_part(it) for it in requests]


def run(
    service: Service,
    root: str,
    parts: list[Part],
    headers: Mapping[str, str],
    answer_part: AnswerPart,
) -> dict[str, Any]:
    """Carry out the parts and give the document of responses."""
    goes_on = "odata.continue-on-error" in headers.get("prefer", "")
    snapshot = headers.get("isolation", "").lower() == "snapshot"
    database = service.records.database
    responses: list[dict[str, Any]] = []
    failed: set[str] = set()
    group_starts: dict[str, int] = {}
    with database.transaction() if snapshot or any(it.group for it in parts) else nullcontext():
        start = database.mark()
        for part in parts:
            if part.group is not None:
                group_starts.setdefault(part.group, database.mark())
            if failed.intersection(part.depends_on):
                text = "The request depends on another one that failed."
                reply = service.refuse(Refusal("BadRequest", text, _FAILED_DEPENDENCY))
            else:
                reply = answer_part(part, _call(service, root, part))
            responses.append(_response(part, reply))
            if reply.status < _FIRST_ERROR:
                continue
            failed.add(part.id or "")
            if snapshot:  # what was reported before stays reported, but is undone (BC 8.6)
                database.roll_back(start)
            elif part.group is not None:
                database.roll_back(group_starts[part.group])
            if not goes_on:  # BC 8.5
                break
    return {"responses": responses}


def _part(request: _Request) -> Part:
    method = request.method.upper()
    if method not in _METHODS:
        raise Refusal("BadRequest", f"'{request.method}' is not a method.")
    headers = {name.lower(): str(value) for name, value in request.headers.items()}
    part_id = None if request.id is None else str(request.id)
    group = request.atomicity_group
    return Part(part_id, method, request.url, headers, request.body, group, tuple(request.depends_on))


def _call(service: Service, root: str, part: Part) -> Call:
    path, _, query = part.url.partition("?")
    company = part.headers.get("company")
    if company is not None:  # a bare set with the company's name in a header (BC 8.2)
        known = company == service.company.name
        path = f"companies({service.company.id if known else company})/{path}"
    options = dict(parse_qsl(query, keep_blank_values=True))
    return Call(part.method, root, unquote(path), options, part.headers, part.body)


def _response(part: Part, reply: Reply) -> dict[str, Any]:
    headers = {"content-type": "application/json; odata.metadata=minimal", **reply.headers, "odata-version": "4.0"}
    document: dict[str, Any] = {"id": part.id, "status": reply.status, "headers": headers}
    if reply.body is not None:
        document["body"] = reply.body
    return document
