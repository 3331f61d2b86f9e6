"""What is carried to a system, and what comes of it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec

from domain.values import Json, System

Verb = Literal["sync", "create", "update", "delete", "attach"]
"""How rows reach an endpoint.

sync    many rows in one call, found or made by their key; each row has its own outcome
create  one call makes one record
update  one call changes the record with a known id
delete  one call removes the record with a known id
attach  one call joins two known records and answers nothing of use
"""

Scope = Mapping[str, str]
"""Names and values that all rows of one call share, such as `project_id`."""


class Lookup(msgspec.Struct, frozen=True):
    """How the present state of a delivered row is read back.

    path     list or show address, a template over the scope and `{id}`; empty where a repeat does no harm, so that
             nothing need be looked at and the rest only tells how a row of an answer is recognised
    query    fixed and templated query parameters
    filter   query parameter that takes the row's key, empty when the list has no such filter
    match    how a listed row is recognised:
             `key` (its `origin_id` equals the delivery's key), `fields` (the named `fields` are equal),
             `id` (its `id` equals the delivery's target id or the last path parameter),
             `segment_items` (the same combination of segment items), `one` (the answer is the row itself)
    """

    path: str
    query: tuple[tuple[str, str], ...] = ()
    filter: str = ""
    match: Literal["key", "fields", "id", "segment_items", "one"] = "key"
    fields: tuple[str, ...] = ()
    rows: str = ""  # key of the answer that holds the rows, empty when it is the answer itself
    paged: bool = True  # false for lists that take no paging parameters


class Endpoint(msgspec.Struct, frozen=True):
    """One address of a system that takes rows. Clients know these properties and no entity.

    path      template over the scope and `{id}`; for Business Central the entity set
    query     scope names that go into the query string
    body      scope names that stand beside the rows in the body
    rows      body key that holds the list of rows (`updates`, `bulk`), empty for single records
    envelope  body key that holds the single record, empty when the body is the record
    limit     rows in one call
    shown     sent field -> dotted path under which an answer shows it, where the two differ; empty: never shown
    refreshes names of listings that a success makes stale
    serial    endpoints of one such name take no two calls for one project at the same time (Procore K5)
    anew      a record that changed since it was read is decided anew, never written over
    """

    name: str
    system: System
    verb: Verb
    method: Literal["POST", "PATCH", "PUT", "DELETE"]
    path: str
    query: tuple[str, ...] = ()
    body: tuple[str, ...] = ()
    rows: str = ""
    envelope: str = ""
    limit: int = 1
    lookup: Lookup | None = None
    shown: Mapping[str, str] = {}
    refreshes: tuple[str, ...] = ()
    serial: str = ""
    anew: bool = False


class Listing(msgspec.Struct, frozen=True):
    """One list of a system, read whole: the facts that a decision rests on.

    `query` holds final values. `rows` as in `Lookup`. `paged` is false for lists that take no paging parameters.
    `scope` is the project id for lists of one project, else empty.
    """

    name: str
    system: System
    path: str
    query: tuple[tuple[str, str], ...] = ()
    rows: str = ""
    paged: bool = True
    scope: str = ""


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One row for one endpoint, stored before any call.

    key        what identifies the row in the target: origin id, code, or combination
    target_id  known id in the target, empty before the first success
    if_match   ETag to send (Business Central), empty for none
    attempts   calls already claimed; more than none, or `unsettled`, means: look before sending
    """

    id: UUID
    record: UUID
    connection: str
    flow: str
    part: str
    endpoint: str
    scope: Scope
    key: str
    body: Json
    target_id: str = ""
    if_match: str = ""
    attempts: int = 0
    unsettled: bool = False


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """One request and its answer, secrets left out.

    Units   `took_ms` milliseconds; `status` 0 when no answer came; bodies as sent and received.
    """

    method: str
    url: str
    status: int
    request: bytes
    response: bytes
    at: datetime
    took_ms: int


class Accepted(msgspec.Struct, frozen=True):
    """The row stands in the target. `found` says that a look showed it, not this call's answer."""

    delivery: Delivery
    target_id: str
    etag: str = ""
    answer: dict[str, Any] = {}
    exchange: Exchange | None = None
    found: bool = False


class Busy(msgspec.Struct, frozen=True):
    """Try again later. `unknown` says that the call may have taken effect, `moved` that the record changed before."""

    delivery: Delivery
    reason: str
    after: timedelta
    unknown: bool = False
    exchange: Exchange | None = None
    moved: bool = False


class Refused(msgspec.Struct, frozen=True):
    """The target will not take the row as it is; `message` is the remote's own text."""

    delivery: Delivery
    message: str
    status: int = 0
    code: str = ""
    exchange: Exchange | None = None


class Absent(msgspec.Struct, frozen=True):
    """A look showed that the row is not in the target, or not in the wanted form.

    `target_id` and `etag` are set when the record exists but differs from the delivery's body.
    """

    delivery: Delivery
    target_id: str = ""
    etag: str = ""
    exchange: Exchange | None = None


Outcome = Accepted | Busy | Refused
Sight = Accepted | Absent | Busy | Refused
