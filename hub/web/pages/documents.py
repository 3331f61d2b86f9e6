"""Documents on pages: personal fields are masked for whoever may not see bodies whole."""

from typing import Any

import msgspec

from hub.app import Hub
from hub.web import bodies
from hub.web.pages.frame import Frame

_encode = msgspec.json.Encoder(decimal_format="number").encode


def guarded(hub: Hub, frame: Frame, connection: str, document: Any) -> Any:
    """A document, or an answer about fields of one, as whoever looks may see it."""
    return bodies.guarded(hub, frame.who, connection, document)


def pretty(document: Any) -> str:
    """JSON with a line for each field; amounts as they are."""
    return document if isinstance(document, str) else msgspec.json.format(_encode(document), indent=2).decode()
