"""Bodies as whoever asks may see them: personal fields are masked for those who may only read.

Pages and the API tell documents, and tell about single fields of documents; both pass here.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any, cast

from hub.access import Action, Principal, may
from hub.app import Hub
from hub.masking import blank, masked

_PLACES = frozenset(
    {
        *("field", "sort", "name", "exact", "sources", "conditions", "flow", "part", "system", "endpoint", "target_id"),
        *("position", "at", "actor", "event", "record", "connection", "kind", "number", "project", "side", "verdict"),
        *("state", "delivery", "mapping", "requested", "outcome", "approval"),
    }
)
"""What a row about one field says beside the field's values; everything else in it counts as a value."""
_LINE = re.compile(r"\[[^\]]*\]")


def guarded(hub: Hub, who: Principal, connection: str, document: Any) -> Any:
    """A document of a connection, or an answer about fields of one, as somebody may see it.

    Shape   JSON, as `read_json` or `to_builtins` gives it. A text that is no JSON has no fields that could be masked:
            whoever may only read sees nothing of it.
    """
    if may(who, Action.SEE_BODIES, connection):
        return document
    return without_personal(document, frozenset(hub.settings.server.personal_fields))


def without_personal(document: Any, fields: Collection[str]) -> Any:
    """A document, or an answer about fields of one, with personal texts replaced."""
    return blank(document) if isinstance(document, str) else _told(masked(document, fields), fields, hide=False)


def _told(document: Any, fields: Collection[str], *, hide: bool) -> Any:
    """Rows that tell of one field without the texts where it is personal, or where its value rests on one that is."""
    match document:
        case dict():
            row = cast("Mapping[str, Any]", document)
            personal = hide or _is_personal(row, fields)
            return {name: _value(name, value, fields, hide=personal) for name, value in row.items()}
        case list():
            return [_told(item, fields, hide=hide) for item in cast("list[Any]", document)]
        case _:
            return document


def _value(name: str, value: Any, fields: Collection[str], *, hide: bool) -> Any:
    # The source of a row is a value as a text, and as an object it says which record is meant.
    if hide and name not in _PLACES and not (name == "source" and isinstance(value, dict)):
        return blank(value)
    return _told(value, fields, hide=hide and name == "sources")


def _is_personal(row: Mapping[str, Any], fields: Collection[str]) -> bool:
    match row:
        case {"sort": "field", "name": str(path)}:
            return _names_one(path, fields)
        case {"field": str(path), **rest}:
            sources = cast("list[Mapping[str, Any]]", rest.get("sources", []))
            return _names_one(path, fields) or any(_is_personal(source, fields) for source in sources)
        case _:
            return False


def _names_one(path: str, fields: Collection[str]) -> bool:
    """Whether a path such as `lines[ID].created_by.name` leads through a personal field."""
    return any(step in fields for step in _LINE.sub("", path).split("."))
