"""What a stand-in was asked and what it answered, request by request, with exact numbers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, cast
from urllib.parse import parse_qs

import msgspec

WRITES = frozenset({"POST", "PATCH", "PUT", "DELETE"})
_SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization"})
_SECRET_FIELDS = frozenset({"client_secret", "access_token", "refresh_token", "assertion"})
_MASK = "***"

_encoder = msgspec.json.Encoder(decimal_format="number")
_decoder = msgspec.json.Decoder(float_hook=Decimal)


def dump_json(value: object) -> bytes:
    """JSON in which a `Decimal` is a number literal, digit by digit, never by way of a float."""
    return _encoder.encode(value)


def load_json(data: bytes | str) -> Any:
    """JSON with exact numbers: a literal with a point or exponent becomes a `Decimal`.

    Raises  msgspec.DecodeError
    """
    return _decoder.decode(data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One request and its answer.

    Shape   `status` 0: nobody was answered. `fault` names what was done to the request, empty when nothing was.
            `batch` marks the outer request of a batch; a part of it has its own entry with `part_of`.
    Units   `started_at` by the stand-in's clock.
    """

    sequence: int
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    started_at: datetime
    raw_body: bytes = b""
    status: int = 0
    raw_answer: bytes = b""
    token: bool = False
    batch: bool = False
    part_of: int | None = None
    fault: str = ""

    @property
    def body(self) -> Any:
        """The request's body: parsed JSON, a form as a dictionary, otherwise text; None without a body."""
        return _readable(self.raw_body, form="form-urlencoded" in self.headers.get("Content-Type", ""))

    @property
    def answer(self) -> Any:
        """The answer's body: parsed JSON, otherwise text; None without a body."""
        return _readable(self.raw_answer)

    @property
    def writes(self) -> bool:
        """Whether the method may change data; a token request and the wrapper of a batch do not count."""
        return self.method in WRITES and not self.token and not self.batch

    def plain(self) -> dict[str, Any]:
        """The entry as a JSON document."""
        return {
            "sequence": self.sequence,
            "method": self.method,
            "path": self.path,
            "query": dict(self.query),
            "headers": dict(self.headers),
            "body": self.body,
            "status": self.status,
            "answer": self.answer,
            "started_at": self.started_at.isoformat(),
            "token": self.token,
            "batch": self.batch,
            "part_of": self.part_of,
            "fault": self.fault,
        }


@dataclass
class RequestLog:
    """The last requests, oldest first; the oldest go when the log is full."""

    limit: int = 200_000
    _entries: dict[int, Entry] = field(default_factory=dict[int, Entry])
    _last: int = 0

    def __iter__(self) -> Iterator[Entry]:
        """All entries by arrival."""
        return iter(list(self._entries.values()))

    def __len__(self) -> int:
        """How many entries are kept."""
        return len(self._entries)

    @property
    def last(self) -> int:
        """Sequence of the newest entry ever; 0 before the first."""
        return self._last

    def begin(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes,
        started_at: datetime,
        token: bool = False,
        part_of: int | None = None,
    ) -> int:
        """Note a request on arrival and give its sequence."""
        self._last += 1
        self._entries[self._last] = Entry(
            sequence=self._last,
            method=method,
            path=path,
            query=query,
            headers={name: _MASK if name.lower() in _SECRET_HEADERS else value for name, value in headers.items()},
            started_at=started_at,
            raw_body=body,
            token=token,
            part_of=part_of,
        )
        while len(self._entries) > self.limit:
            del self._entries[next(iter(self._entries))]
        return self._last

    def finish(self, sequence: int, *, status: int, answer: bytes, fault: str = "", batch: bool = False) -> None:
        """Note the answer; a request that was cleared meanwhile stays gone."""
        entry = self._entries.get(sequence)
        if entry is not None:
            self._entries[sequence] = replace(entry, status=status, raw_answer=answer, fault=fault, batch=batch)

    def since(self, sequence: int) -> list[Entry]:
        """Entries after a sequence."""
        return [entry for entry in self if entry.sequence > sequence]

    def writes(self, since: int = 0) -> list[Entry]:
        """Writes without token requests; of a batch its parts, not its wrapper."""
        return [entry for entry in self.since(since) if entry.writes]

    def requests(self, since: int = 0) -> list[Entry]:
        """HTTP requests without token requests; a batch is one."""
        return [entry for entry in self.since(since) if entry.part_of is None and not entry.token]

    def clear(self) -> None:
        """Forget all entries; sequences go on."""
        self._entries.clear()


def _readable(data: bytes, *, form: bool = False) -> Any:
    if not data:
        return None
    text = data.decode("utf-8", "replace")
    if form:
        return {name: _MASK if name in _SECRET_FIELDS else values[-1] for name, values in parse_qs(text).items()}
    try:
        return _masked(load_json(data))
    except msgspec.DecodeError:
        return text


def _masked(document: Any) -> Any:
    if not isinstance(document, dict):
        return document
    # Only the answer of a token request has such fields, at its top.
    fields = cast("dict[str, Any]", document)
    return {name: _MASK if name in _SECRET_FIELDS else value for name, value in fields.items()}
