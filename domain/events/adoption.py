"""Projects that were in progress on both sides before the hub came: what was proposed, and what people confirmed."""

from typing import ClassVar

from domain.events.base import Event
from domain.values import Content


class AdoptionProposed(Event, frozen=True, kw_only=True):
    """Both systems were compared. `proposal` names the frozen set in the contents; nothing is joined by it."""

    TOPIC: ClassVar[str] = "adoption.proposed.1"
    proposal: Content
    project: str
    pairs: int
    unclear: int


class AdoptionConfirmed(Event, frozen=True, kw_only=True):
    """A person joined pairs of a proposal, and had what is not clear held back."""

    TOPIC: ClassVar[str] = "adoption.confirmed.1"
    proposal: Content
    joined: int
    held: int
    least: int
    reason: str


class ProjectBaselined(Event, frozen=True, kw_only=True):
    """The history of a project begins here: what both systems came to when it was joined.

    Shape   `totals` what -> (Business Central, Procore), decimal text; `accepted` is why a difference was accepted
    """

    TOPIC: ClassVar[str] = "adoption.baselined.1"
    proposal: Content
    project: str
    procore_id: str
    joined: int
    totals: dict[str, tuple[str, str]]
    accepted: str = ""
