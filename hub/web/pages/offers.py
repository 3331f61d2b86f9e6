"""What somebody can do about one record, by where it stands and by what they may do."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from domain.causes import FAILING
from domain.linking import LINKABLE
from hub.web.pages.frame import Frame

_TEXTS: Mapping[str, str] = {
    "retry": "It is decided again from its freshest source, and what is then right is sent. What may have had an effect"
    " is settled by looking first.",
    "replay": "The very same row is sent again, under the same key, if a look shows that it had no effect.",
    "skip": "It is left out until its source changes; a retry takes it in again.",
    "link": "Joins it with what stands in Procore already. Both are looked at first, and nothing is made that is there;"
    " the next round writes what Business Central owns to it.",
    "unlink": "Cuts the pair, once the record is gone in Business Central. While it is there the link is kept and the"
    " answer says so. Nothing is deleted.",
    "reset": "Forgets at once, unverified, that it was ever sent. Neither system is asked or written to; what stands in"
    " Procore has to be removed or linked again by hand. A project takes everything below it along.",
}
_GRAVE = frozenset({"skip", "unlink", "reset"})


class Offer(Struct, frozen=True, kw_only=True):
    """One thing that can be done.

    Shape   `flows` are those in which it makes sense; `counterpart` asks for an id in Procore.
    """

    name: str
    title: str
    text: str
    flows: tuple[str, ...] = ()
    counterpart: bool = False
    grave: bool = False


def offers(frame: Frame, connection: str, story: Mapping[str, Any]) -> list[Offer]:
    """What is offered for a record, by its story as `explain` tells it."""
    states: dict[str, str] = {each["flow"]: each["state"] for each in story["flows"]}
    found: list[Offer] = []
    if frame.may("operate", connection):
        for name, fitting in (
            ("retry", FAILING | {"excluded"}),
            ("replay", frozenset({"dead", "failed"})),
            ("skip", FAILING),
        ):
            flows = tuple(flow for flow, state in states.items() if state in fitting)
            if flows:
                found.append(_offer(name, flows))
    if frame.may("configure", connection):
        linked = {link["flow"] for link in story["links"]}
        free = tuple(flow for flow in states if flow in LINKABLE and flow not in linked)
        if free:
            found.append(_offer("link", free, counterpart=True))
        if linked:
            found.append(_offer("unlink"))
        if linked or story["deliveries"]:
            found.append(_offer("reset"))
    return found


def _offer(name: str, flows: Sequence[str] = (), *, counterpart: bool = False) -> Offer:
    return Offer(
        name=name,
        title=name.capitalize(),
        text=_TEXTS[name],
        flows=tuple(flows),
        counterpart=counterpart,
        grave=name in _GRAVE,
    )
