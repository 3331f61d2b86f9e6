"""Identifiers that are cut on their way: two that would become one are refused, both, and named together (BX-24)."""

from collections.abc import Callable, Iterable

from msgspec import Struct

from domain.values import Json


class Shortened(Struct, frozen=True):
    """What people know a record by in the target, which keeps only its first characters.

    field    what it is, in words
    longest  characters that the target keeps
    value    the whole of it, which stays in the record
    within   where it has to be told apart from others
    """

    field: str
    longest: int
    value: Callable[[Json], str]
    within: Callable[[Json], str]

    def may_collide(self, document: Json) -> bool:
        """Whether another one could become the same: a shorter one is kept whole, and no cut makes it."""
        return len(self.value(document)) >= self.longest

    def clash(self, document: Json, others: Iterable[Json]) -> str:
        """Which others it would become one with, in words; empty where it stays apart from all of them."""
        own = self.value(document)
        cut, place = own[: self.longest], self.within(document)
        same = {
            value
            for other in others
            if self.within(other) == place and (value := self.value(other)) != own and value[: self.longest] == cut
        }
        if not same:
            return ""
        named = " and ".join(f'"{each}"' for each in sorted({own, *same}))
        words = f"the {self.field} {named} would all become"
        return f'{words} "{cut}", as only {self.longest} characters are kept (BX-24); shorten all but one of them'
