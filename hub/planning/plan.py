"""What a plan is: ordered writes, what they rest on, and the hash over both."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from domain.values import Digest, Json, System, digest
from hub.due import Narrow
from hub.planning.placeholders import filled, in_words, number_of, placeholders_in
from hub.records import canonical_json
from hub.window import Window

MOMENTS = frozenset({"procoreLastSyncedAt", "occurredAt"})
"""Fields of Business Central that hold the moment of the call itself: no two calls have the same."""
WHEN_SENT = "(moment of the call)"


class Scope(Struct, frozen=True, kw_only=True):
    """Which round is planned. Moments are ISO 8601, UTC, empty for no limit."""

    connection: str
    flow: str = ""
    project: str = ""
    since: str = ""
    until: str = ""
    full: bool = False

    @classmethod
    def of(cls, connection: str, window: Window, narrow: Narrow) -> "Scope":
        """The scope of a round."""
        return cls(
            connection=connection,
            flow=narrow.flow,
            project=narrow.project,
            since=window.since.isoformat() if window.since else "",
            until=window.until.isoformat() if window.until else "",
            full=window.full,
        )

    @property
    def window(self) -> Window:
        """Which changes are read."""
        return Window(self.full, _moment(self.since), _moment(self.until))

    @property
    def narrow(self) -> Narrow:
        """What the round is limited to."""
        return Narrow(self.flow, self.project)


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


class Write(Struct, frozen=True, kw_only=True):
    """One row that goes to one endpoint.

    call      number of its HTTP call, from 1; rows of one batch share it
    record    UUID of the record, `number` the one that people know
    rests_on  side -> digest of what that side of the record holds
    before    what the target is known to hold, None where that is not known or nothing is there
    body      the exact body of the row; an id that only a system can give is a placeholder
    given     placeholder of the id that this write gives, empty for none
    """

    call: int
    system: System
    flow: str
    record: str
    number: str
    part: str
    endpoint: str
    method: str
    path: str
    scope: Mapping[str, str]
    key: str
    target_id: str
    rests_on: Mapping[str, str]
    before: Json | None
    body: Json
    given: str = ""

    @property
    def name(self) -> str:
        """What the row is, whatever it says; the same for the delivery that carries it."""
        return name_of(self.flow, self.part, self.endpoint, self.scope, self.key)

    @property
    def content(self) -> str:
        """What the row says, without the moment of the call."""
        return content_of(self.target_id, self.body)

    @property
    def after_previous(self) -> bool:
        """It names a record that an earlier write of the plan makes."""
        return bool(placeholders_in(self.name + self.content))


def name_of(flow: str, part: str, endpoint: str, scope: Mapping[str, str], key: str) -> str:
    """The name of a row, by which a write of a plan and a delivery are known to be the same."""
    return _text([flow, part, endpoint, dict(scope), key])


def content_of(target_id: str, body: Mapping[str, Any]) -> str:
    """The content of a row, by which they are known to say the same."""
    return _text([target_id, {name: value for name, value in body.items() if name not in MOMENTS}])


def _text(value: object) -> str:
    return canonical_json(value).decode()


class Plan(Struct, frozen=True, kw_only=True):
    """Everything that a round would write now.

    settings  digest of the settings that it was made under
    reads     system -> HTTP calls that read; `calls` those that write
    later     flow -> records that need another round, because what they rest on can't be known before these writes
    unknown   which lists those are, in words
    troubles  what could not be read now
    """

    scope: Scope
    settings: Digest
    writes: Sequence[Write]
    reads: Mapping[System, int]
    calls: Mapping[System, int]
    later: Mapping[str, int] = {}
    unknown: Sequence[str] = ()
    troubles: Sequence[str] = ()

    @property
    def hash(self) -> Digest:
        """Over everything that the plan rests on: its scope, the settings, each record, and each write in order."""
        writes = [
            [each.call, each.name, each.content, each.record, each.method, each.path, dict(each.rests_on), each.given]
            for each in self.writes
        ]
        return digest([msgspec.to_builtins(self.scope), self.settings, writes])


def words_for(plan: Plan) -> dict[str, str]:
    """Placeholder -> what it stands for."""
    return {
        each.given: f"<id that write {number_of(each.given)} gives: {each.flow} {each.number}, {each.part}>"
        for each in plan.writes
        if each.given
    }


def shown(plan: Plan) -> list[dict[str, Any]]:
    """The writes for people and programs: numbered from 1, placeholders in words, before and after for each field."""
    words = words_for(plan)
    return [
        {
            "number": place,
            "call": each.call,
            "system": each.system,
            "flow": each.flow,
            "record": each.record,
            "record_number": filled(each.number, words),
            "part": filled(each.part, words),
            "endpoint": each.endpoint,
            "method": each.method,
            "path": filled(each.path, words),
            "target_id": filled(each.target_id, words),
            "key": filled(each.key, words),
            "after_previous": each.after_previous,
            "known_before": each.before is not None,
            "fields": _fields(each, words),
        }
        for place, each in enumerate(plan.writes, 1)
    ]


def _fields(write: Write, words: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    before = write.before or {}
    fields = {
        name: {
            "before": in_words(before.get(name), words),
            "after": WHEN_SENT if name in MOMENTS else in_words(value, words),
        }
        for name, value in write.body.items()
    }
    if not write.body:  # a deletion says nothing: what is known to be there goes
        fields = {name: {"before": value, "after": None} for name, value in before.items()}
    return fields
