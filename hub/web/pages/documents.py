"""Documents on pages: personal fields are masked for whoever may not see bodies whole."""

from collections.abc import Collection, Mapping
from typing import Any, cast

import msgspec

from hub.app import Hub
from hub.masking import blank, masked
from hub.web.pages.frame import Frame

_encode = msgspec.json.Encoder(decimal_format="number").encode


def guarded(hub: Hub, frame: Frame, connection: str, document: Any) -> Any:
    """A document, or an answer about fields of one, as whoever looks may see it (ER-03)."""
    if frame.may("see_bodies", connection):
        return document
    fields = frozenset(hub.settings.server.personal_fields)
    return _told(masked(document, fields), fields)


def _told(document: Any, fields: Collection[str]) -> Any:
    """Rows that tell of one field, named by its path, without the texts where the field is personal."""
    match document:
        case {"field": str(path)}:
            row = cast("Mapping[str, Any]", document)
            personal = path.rpartition(".")[2].partition("[")[0] in fields
            return {
                name: value if name == "field" else blank(value) if personal else _told(value, fields)
                for name, value in row.items()
            }
        case dict():
            return {name: _told(value, fields) for name, value in cast("Mapping[str, Any]", document).items()}
        case list():
            return [_told(item, fields) for item in cast("list[Any]", document)]
        case _:
            return document


def pretty(document: Any) -> str:
    """JSON with a line for each field; amounts as they are."""
    return document if isinstance(document, str) else msgspec.json.format(_encode(document), indent=2).decode()
