"""Requests to Business Central, alone or gathered into `$batch`.

Source  Business Central guide, parts 8, 10 and 13.
"""

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, cast
from uuid import uuid5

import msgspec

from adapters.business_central.settings import LARGEST_BATCH, BusinessCentralSettings
from adapters.outbound.answers import Answer, Call, UnreadableAnswer, address, read_document, write_json
from adapters.outbound.caller import Caller
from adapters.ports import Rng
from domain.delivery import Exchange
from domain.errors import SiteLedgerError
from domain.values import LEDGER, Json

_ID = re.compile(r"\([^)]*\)")
# The batch as a whole was refused before any part was tried; smaller ones find out why.
_DIVIDED = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE})


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One request.

    Shape   `path` as in `BusinessCentralSettings.located`, already quoted; `query` not yet quoted.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: Json | None = None
    if_match: str = ""

    @property
    def write(self) -> bool:
        """The request may change something."""
        return self.method != "GET"


class Desk:
    """Makes requests with the headers that Business Central wants."""

    def __init__(self, settings: BusinessCentralSettings, caller: Caller, rng: Rng) -> None:
        self._settings = settings
        self._caller = caller
        self._seed = rng.getrandbits(64)
        self._requests = 0

    async def ask(self, parts: Sequence[Part]) -> list[Answer]:
        """One answer for each part, in order, good or bad; parts share one root.

        A part that the batch left unanswered has no status and counts as lost (guide 8.5, 8.7).
        Raises  RetryLater, Misconfigured when nothing could be asked; UnreadableAnswer for a batch of reads.
        """
        if len(parts) == 1:
            return [await self.one(parts[0])]
        size = min(self._settings.batch_size, LARGEST_BATCH)
        answers: list[Answer] = []
        for start in range(0, len(parts), size):
            try:
                answers += await self._batch(parts[start : start + size])
            except SiteLedgerError as error:
                if not answers:
                    raise
                # What was answered so far stands; the rest was not sent.
                answers += [_unsent(part, str(error), answers[-1]) for part in parts[start:]]
                break
        return answers

    async def one(self, part: Part, headers: Mapping[str, str] | None = None) -> Answer:
        """The answer to one request by itself."""
        url = address(self._settings.root(part.path), self._settings.located(part.path), part.query)
        return await self._caller.call(self.call(part, url, headers))

    def call(self, part: Part, url: str, headers: Mapping[str, str] | None = None) -> Call:
        """The call for a part at an address, which may also be a next link."""
        return Call(
            method=part.method,
            url=url,
            kind=f"{part.method} {kind_of(part.path)}",
            headers={**self._headers(), **_part_headers(part), **(headers or {})},
            body=None if part.body is None else write_json(part.body),
            write=part.write,
        )

    async def _batch(self, parts: Sequence[Part]) -> list[Answer]:
        if len(parts) == 1:
            return [await self.one(parts[0])]
        requests = [self._request(str(index), part) for index, part in enumerate(parts)]
        write = any(part.write for part in parts)
        call = Call(
            method="POST",
            url=f"{self._settings.root(parts[0].path)}/$batch",
            kind="POST $batch" if write else "POST $batch (reads)",
            # Without Accept the answer is multipart (guide 8.1); without the preference it stops at the first error.
            headers={
                **self._headers(),
                "Accept": "application/json",
                "Content-Type": "application/json",
                "Prefer": "odata.continue-on-error",
            },
            body=write_json({"requests": requests}),
            write=write,
        )
        answer = await self._caller.call(call)
        if answer.status in _DIVIDED:
            half = len(parts) // 2
            return [*await self._batch(parts[:half]), *await self._batch(parts[half:])]
        if not answer.ok:
            return [_as_whole(part, answer) for part in parts]
        try:
            responses = _responses(answer)
        except UnreadableAnswer as error:
            if not write:
                raise
            return [_lost(part, str(error), answer) for part in parts]
        return [self._part_answer(part, responses.get(str(index)), answer) for index, part in enumerate(parts)]

    def _request(self, name: str, part: Part) -> Json:
        request: Json = {
            "id": name,
            "method": part.method,
            # Relative to the root (guide 8.2), with its query.
            "url": address("", self._settings.located(part.path), part.query).lstrip("/"),
            "headers": _part_headers(part),
        }
        if part.body is not None:
            request["body"] = part.body
        return request

    def _part_answer(self, part: Part, response: Json | None, outer: Answer) -> Answer:
        if response is None:
            return _lost(part, "the batch's answer leaves this part out", outer)
        status = response.get("status")
        if not isinstance(status, int):
            return _lost(part, "the batch's answer gives this part no status", outer)
        content = _content(response.get("body"))
        told: Json = cast("Json", headers) if isinstance(headers := response.get("headers"), dict) else {}
        heard = {str(name).lower(): str(value) for name, value in told.items()}
        if status >= HTTPStatus.BAD_REQUEST:
            self._caller.pace.heard(status, heard)  # a throttled part slows the client like a throttled request
        exchange = _exchange(part, outer, status, content)
        return Answer(status=status, headers=heard, body=content, exchange=exchange)

    def _headers(self) -> dict[str, str]:
        self._requests += 1
        return {
            "Accept": "application/json;odata.metadata=minimal",
            "Accept-Language": "en-US",
            "User-Agent": "SiteLedger",
            "client-request-id": str(uuid5(LEDGER, f"request/{self._seed}/{self._requests}")),
        }


def kind_of(path: str) -> str:
    """The template of a path: keys in parentheses become `({id})`."""
    return _ID.sub("({id})", path)


def _part_headers(part: Part) -> dict[str, str]:
    headers: dict[str, str] = {}
    if part.body is not None:
        headers["Content-Type"] = "application/json"
    if part.if_match:
        headers["If-Match"] = part.if_match  # byte for byte (guide 6.8)
    return headers


def _content(body: object) -> bytes:
    if isinstance(body, str):
        return body.encode()
    return b"" if body is None else write_json(body)


def _responses(answer: Answer) -> dict[str, Json]:
    document = read_document(answer)
    responses: object = cast("Json", document).get("responses") if isinstance(document, dict) else None
    if not isinstance(responses, list):
        raise UnreadableAnswer(f"{answer.exchange.url} answered a batch without responses", answer.exchange)
    rows = [cast("Json", row) for row in cast("list[object]", responses) if isinstance(row, dict)]
    return {str(row.get("id")): row for row in rows}


def _as_whole(part: Part, outer: Answer) -> Answer:
    """The outer answer, for each part: nothing is known of the parts themselves."""
    exchange = _exchange(part, outer, outer.status, outer.exchange.response)
    return msgspec.structs.replace(outer, exchange=exchange)


def _lost(part: Part, why: str, outer: Answer) -> Answer:
    exchange = _exchange(part, outer, 0, b"")
    return Answer(status=0, headers={}, body=b"", exchange=exchange, failure="lost", reason=why)


def _unsent(part: Part, why: str, before: Answer) -> Answer:
    exchange = _exchange(part, before, 0, b"")
    return Answer(status=0, headers={}, body=b"", exchange=exchange, failure="unsent", reason=why)


def _exchange(part: Part, outer: Answer, status: int, response: bytes) -> Exchange:
    """What passed for one part; the address is the batch's, with the part behind a number sign."""
    request = b"" if part.body is None else write_json(part.body)
    url = f"{outer.exchange.url.partition('#')[0]}#{part.path}"
    return Exchange(
        method=part.method,
        url=url,
        status=status,
        request=request,
        response=response,
        at=outer.exchange.at,
        took_ms=outer.exchange.took_ms,
    )


def entity_in(answer: Answer) -> dict[str, Any]:
    """The entity of an answer; empty where the answer has none (guide 6.3, 9.2).

    Raises  UnreadableAnswer when the body is something else.
    """
    document = read_document(answer)
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise UnreadableAnswer(f"{answer.exchange.url} did not answer an entity", answer.exchange)
    return cast("dict[str, Any]", document)
