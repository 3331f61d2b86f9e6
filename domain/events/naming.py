"""Which fields of an event name bodies in the contents: those that say so by their type."""

from collections.abc import Mapping
from typing import Any, get_args, get_type_hints

from domain.events import EVENTS
from domain.values import NAMES_CONTENT


def content_fields(event: type[Any]) -> tuple[str, ...]:
    """Fields whose type is `Content` or `MaybeContent`, in the order of the event."""
    hints = get_type_hints(event, include_extras=True)
    return tuple(name for name, hint in hints.items() if NAMES_CONTENT in get_args(hint))


CONTENT_FIELDS: Mapping[str, tuple[str, ...]] = {
    topic: fields for topic, event in EVENTS.items() if (fields := content_fields(event))
}
"""Topic -> fields that name bodies; topics without such a field are left out."""
