"""What the systems tell by webhook, read from the bytes that came: hints that something changed, not the change itself.

A notice may come twice, late, in any order, or not at all (Procore N9 to N12, Business Central 11.11 to 11.19). So it
carries no data that is believed: whoever gets one reads the record as it is now.

Source  Procore guide 19 and the schemas `WebhookEventV2`, `WebhookEventV4`; Business Central guide 11.7 to 11.12.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from hmac import compare_digest
from typing import Any, Literal, cast
from urllib.parse import unquote
from uuid import UUID

from msgspec import Struct

from domain.errors import Unreadable
from domain.values import BUSINESS_CENTRAL, PROCORE, System, canonical, read_json

Reason = Literal["create", "update", "delete", "collection"]
"""What happened; `collection` stands for many changes of one entity set (Business Central 11.12)."""

LARGEST_EVENT = 64 * 1024
"""Bytes of one event of Procore, which needs less than one thousand."""
LARGEST_CALL = 16 * 1024**2
"""Bytes of one call of Business Central, which carries what all subscriptions of an address have to tell (11.7)."""
LONGEST_WORD = 200
LONGEST_STATE = 2048
LONGEST_RESOURCE = 4096
SHOWN = 80
MOST_FAULTS = 20
"""So many unreadable items of one call are told apart; more would be the same trouble again."""

_RESOURCE = re.compile(
    r"(?:^|/)companies\((?P<company>[^()]*)\)/(?P<set>[A-Za-z]\w*)(?:\((?P<id>[^()]*)\))?(?:\?(?P<query>.*))?\Z",
    re.DOTALL,
)
_SINCE = re.compile(r"lastModifiedDateTime\s+g[te]\s+(\S+)")
_REASONS: Mapping[str, Reason] = {
    "create": "create",
    "created": "create",
    "update": "update",
    "updated": "update",
    "delete": "delete",
    "deleted": "delete",
    "collection": "collection",
}


class Notice(Struct, frozen=True, kw_only=True):
    """One hint that a record may have changed. Printing it shows no secret.

    id            the same for every repeat of the same notice, to be met once per connection (I5)
    at            when the change was made, UTC; None where the notice does not say so
    reason        a word that nobody knows counts as `update`: the record is read anyway
    said          the word as it came
    resource      resource name of Procore, entity set of Business Central
    resource_id   empty for a collection
    company_id, project_id   empty where not said; a GUID of Business Central is in lower case
    user_id, source_user_id, application_id   who made the change (Procore N15), empty where not said
    subscription_id, client_state, expires    Business Central: which subscription tells, its secret, and its end
    since         Business Central: changes of a collection after this moment; None for the whole set, and then
                  deletions must be found too (11.12)
    """

    system: System
    id: str
    reason: Reason
    said: str
    resource: str
    resource_id: str = ""
    at: datetime | None = None
    company_id: str = ""
    project_id: str = ""
    user_id: str = ""
    source_user_id: str = ""
    application_id: str = ""
    subscription_id: str = ""
    client_state: str = ""
    expires: datetime | None = None
    since: datetime | None = None

    def __repr__(self) -> str:
        what = f"{self.resource}({self.resource_id})" if self.resource_id else self.resource
        return f"Notice({self.system} {self.reason} {what}, id={self.id!r})"


class Told(Struct, frozen=True):
    """What one call of Business Central carried: what could be read, and what was wrong with the rest."""

    notices: tuple[Notice, ...] = ()
    faults: tuple[str, ...] = ()


def is_own(notice: Notice, client_id: str, user_id: str) -> bool:
    """Whether the hub itself made the change: by its application, or as its user (Procore N15).

    Business Central does not say who, so nothing of it is own. An empty id matches nobody. A person may have changed
    the record right after the hub, so this spares a reading and proves nothing about the record.
    """
    if notice.system != PROCORE:
        return False
    if client_id and notice.application_id == client_id:
        return True
    return bool(user_id) and user_id in {notice.user_id, notice.source_user_id}


def state_fits(notice: Notice, client_state: str) -> bool:
    """Whether the notice carries the secret of its subscription, compared in constant time (Business Central 11.8).

    An empty secret fits nothing.
    """
    if not client_state:
        return False
    return compare_digest(notice.client_state.encode(), client_state.encode())


def read_procore(body: bytes) -> Notice:
    """The event in one delivery of Procore, of payload version v2.0, v3.0 or v4.0.

    Raises  Unreadable with the field and what is wrong with it.
    """
    return procore_event(_document(body, LARGEST_EVENT, "Procore"))


def procore_event(document: object) -> Notice:
    """The same for an event that was read already, as in the list of deliveries.

    Raises  Unreadable
    """
    fields = _fields(document, "the event")
    metadata = fields.get("metadata")
    source: Mapping[str, Any] = cast("Mapping[str, Any]", metadata) if isinstance(metadata, Mapping) else {}
    newer = "resource_type" in fields and "resource_name" not in fields  # v4.0 (N16)
    resource, event = ("resource_type", "reason") if newer else ("resource_name", "event_type")
    said = _word(fields, event, needed=True)
    return Notice(
        system=PROCORE,
        id=_word(fields, "ulid") or _word(fields, "id", needed=True),
        at=_moment(fields, "timestamp"),
        reason=_reason(said),
        said=said,
        resource=_word(fields, resource, needed=True),
        resource_id=_word(fields, "resource_id", needed=True),
        company_id=_word(fields, "company_id") or _word(source, "source_company_id"),
        project_id=_word(fields, "project_id"),
        user_id=_word(fields, "user_id"),
        source_user_id=_word(source, "source_user_id"),
        application_id=_word(source, "source_application_id"),
    )


def read_business_central(body: bytes) -> Told:
    """The notices in one call of Business Central. One item that can't be read takes no other with it.

    Raises  Unreadable when the body as a whole is no list of notices.
    """
    fields = _fields(_document(body, LARGEST_CALL, "Business Central"), "the call")
    items: object = fields.get("value")
    if not isinstance(items, list):
        raise Unreadable(f"value: {_shown(items)} is not a list of notices")
    notices: list[Notice] = []
    faults: list[str] = []
    for number, item in enumerate(cast("list[object]", items)):
        try:
            notices.append(_item(item))
        except Unreadable as error:
            faults.append(f"value[{number}].{error}")
    if len(faults) > MOST_FAULTS:
        faults[MOST_FAULTS:] = [f"and {len(faults) - MOST_FAULTS} more"]
    return Told(tuple(notices), tuple(faults))


def _item(item: object) -> Notice:
    fields = _fields(item, "item")
    said = _word(fields, "changeType", needed=True)
    resource = _word(fields, "resource", needed=True, longest=LONGEST_RESOURCE)
    found = _RESOURCE.search(resource)
    if found is None:
        raise Unreadable(f"resource: {_shown(resource)} does not name an entity set of a company")
    reason = _reason(said)
    record = _guid(found["id"] or "")
    if bool(record) is (reason == "collection"):
        wanted = "no record" if record else "one record"
        raise Unreadable(f"resource: {_shown(resource)} must name {wanted} when changeType is {said}")
    subscription = _word(fields, "subscriptionId", needed=True)
    since = _SINCE.search(unquote(found["query"] or ""))
    named = [subscription.lower(), resource, said, _word(fields, "lastModifiedDateTime")]
    return Notice(
        system=BUSINESS_CENTRAL,
        id=sha256(canonical(named)).hexdigest(),
        at=_moment(fields, "lastModifiedDateTime"),
        reason=reason,
        said=said,
        resource=found["set"],
        resource_id=record,
        company_id=_guid(found["company"]),
        subscription_id=subscription.lower(),
        client_state=_word(fields, "clientState", longest=LONGEST_STATE),
        expires=_moment(fields, "expirationDateTime"),
        since=_instant(since[1]) if since else None,
    )


def _document(body: bytes, largest: int, system: str) -> object:
    if len(body) > largest:
        raise Unreadable(f"body: {len(body)} bytes are more than the {largest} that a call of {system} may have")
    try:
        return read_json(body)
    except RecursionError as error:
        raise Unreadable("body: it is nested too deeply") from error
    except (ValueError, ArithmeticError) as error:
        raise Unreadable(f"body: it is not JSON ({type(error).__name__}: {_clean(str(error))})") from error


def _fields(document: object, what: str) -> Mapping[str, Any]:
    if not isinstance(document, Mapping):
        raise Unreadable(f"{what}: {_shown(document)} is not an object")
    return cast("Mapping[str, Any]", document)


def _word(fields: Mapping[str, Any], name: str, *, needed: bool = False, longest: int = LONGEST_WORD) -> str:
    """A name or an id, written as text or as a whole number; empty where it is missing or null.

    Raises  Unreadable for anything else, and where it is needed and empty.
    """
    value: object = fields.get(name)
    if value is None:
        word = ""
    elif isinstance(value, str):
        word = value.strip()
    elif isinstance(value, int) and not isinstance(value, bool):
        word = str(value)
    elif isinstance(value, Decimal) and value.copy_abs() < 10**LONGEST_WORD and value == value.to_integral_value():
        word = format(value.to_integral_value(), "f")
    else:
        raise Unreadable(f"{name}: {_shown(value)} is neither text nor a whole number")
    if len(word) > longest:
        raise Unreadable(f"{name}: {_shown(word)} has {len(word)} characters, more than {longest}")
    if not word.isprintable():
        raise Unreadable(f"{name}: {_shown(word)} holds characters that cannot be printed")
    if needed and not word:
        raise Unreadable(f"{name}: it is missing")
    return word


def _reason(said: str) -> Reason:
    """Answers show CREATE or CREATED where create was asked for (N4); v4.0 knows more words than these (N16)."""
    return _REASONS.get(said.lower(), "update")


def _guid(value: str) -> str:
    """An id of Business Central in the one form in which it is compared; anything else as it came."""
    bare = value.strip().strip("'{}").strip()
    try:
        return str(UUID(bare))
    except ValueError:
        return bare[:LONGEST_WORD]


def _moment(fields: Mapping[str, Any], name: str) -> datetime | None:
    """A time, UTC; None where it is missing or badly written: a hint is as good without it."""
    value: object = fields.get(name)
    return _instant(value) if isinstance(value, str) else None


def _instant(value: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(value.strip())
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return at if at.year > 1 else None  # Business Central writes no time as the first of all days (3.6)


def _shown(value: object) -> str:
    """A value in an error: short, on one line, and never a whole document."""
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list):
        return "a list"
    return repr(_clean(str(value)))


def _clean(words: str) -> str:
    plain = "".join(letter if letter.isprintable() else " " for letter in words[: 2 * SHOWN])
    return " ".join(plain.split())[:SHOWN]
