"""What a set of business rules is: hooks at the places where the platform runs table code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from adapters.sandbox.business_central.records import Records
    from adapters.sandbox.business_central.storage import Row

    Validate = Callable[[Records, Row, Any], None]
    """A field was assigned: may change other fields of the row or refuse. The old value comes third."""
    Initial = Callable[[Records, Row], None]
    """A new row has its key: fills defaults."""
    Check = Callable[[Records, Row | None, Row], None]
    """Before storing, with the row as it was: derives fields or refuses."""
    Effect = Callable[[Records, Row | None, Row], None]
    """After storing: changes other tables."""
    Deleting = Callable[[Records, Row], None]
    """Before deletion: may refuse."""
    Flow = Callable[[Records, Row], Any]
    """A value that is computed on every read."""
    Action = Callable[[Records, Row], str | None]
    """A bound action; gives `set/id` of the result for the Location header."""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """Hooks of one entity set.

    Shape   `owns` names the navigations whose rows go with the parent; `complete` runs after nested rows are in, so
            that a rule over a whole document sees all of it.
    """

    initial: Initial | None = None
    validate: Mapping[str, Validate] = field(default_factory=dict[str, "Validate"])
    check: Check | None = None
    stored: Effect | None = None
    complete: Check | None = None
    deleting: Deleting | None = None
    owns: tuple[str, ...] = ()
    flow: Mapping[str, Flow] = field(default_factory=dict[str, "Flow"])
    actions: Mapping[str, Action] = field(default_factory=dict[str, "Action"])


NO_RULES = Rules()
