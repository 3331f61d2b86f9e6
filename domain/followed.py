"""A row that the target makes by itself, and that a flow follows: no delivery ever carried it whole (BX-06)."""

from collections.abc import Callable, Iterable

from msgspec import Struct

from domain.delivery import Listing
from domain.events import LinkRow
from domain.values import Json


class Followed(Struct, frozen=True, kw_only=True):
    """A row that the target made by itself of what it was sent, and that the flow keeps in step from then on.

    role      of the link that names it
    part      of the flow that changes it; `endpoint` is its address
    is_open   the row may still be changed; any other is left to people
    begun     the fields that were sent, whoever they were sent to -> those with which the row stands by that
    asked     the fields of the source that decide how it should be
    alone     the list that shows the row with this id and no other
    lost      why it is not made again when somebody removed it, and what can be done instead
    """

    role: str
    part: str
    endpoint: str
    is_open: Callable[[Json], bool]
    begun: Callable[[Json], Json]
    asked: Callable[[Json], Json]
    alone: Callable[[str], Listing]
    lost: str

    def link(self, links: Iterable[LinkRow]) -> LinkRow | None:
        """The pair that names the row, None as long as the target made none."""
        return next((link for link in links if link.role == self.role), None)
