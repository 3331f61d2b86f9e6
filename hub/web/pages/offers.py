"""What somebody can do about one record, by where it stands and by what they may do."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from domain.causes import FAILING
from domain.linking import LINKABLE
from hub.web.pages.frame import Frame, address

_FITTING = (
    ("retry", FAILING | {"excluded"}),
    ("replay", frozenset({"dead", "failed"})),
    ("skip", FAILING),
)
_TEXTS: Mapping[str, str] = {
    "retry": "It is decided again from its freshest source, and what is then right is sent. What may have had an effect"
    " is settled by looking first.",
    "replay": "The very same row is sent again, under the same key, if a look shows that it had no effect.",
    "skip": "It is left out until its source changes; a retry takes it in again.",
}


class Offer(Struct, frozen=True, kw_only=True):
    """One thing that can be done at once. `flows` are those in which it makes sense."""

    name: str
    title: str
    text: str
    flows: tuple[str, ...]
    grave: bool


def offers(frame: Frame, connection: str, story: Mapping[str, Any]) -> list[Offer]:
    """What is offered for a record, by its story as `explain` tells it."""
    if not frame.may("operate", connection):
        return []
    found: list[Offer] = []
    for name, fitting in _FITTING:
        flows = tuple(each["flow"] for each in story["flows"] if each["state"] in fitting)
        if flows:
            found.append(
                Offer(name=name, title=name.capitalize(), text=_TEXTS[name], flows=flows, grave=name == "skip")
            )
    return found


def ways(frame: Frame, connection: str, story: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Pages on which its pair is made, cut or forgotten: title and address."""
    if not frame.may("configure", connection):
        return []
    record, linked = story["record"], {link["flow"] for link in story["links"]}
    found = [
        ("Link…", address("/links/link", {"flow": flow, "bc_id": story["number"], "connection": connection}))
        for each in story["flows"]
        if (flow := each["flow"]) in LINKABLE and flow not in linked
    ]
    if linked:
        found.append(("Unlink…", f"/records/{record}/unlink"))
    if linked or story["deliveries"]:
        found.append(("Reset…", f"/records/{record}/reset"))
    return found
