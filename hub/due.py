"""Records that are owed a decision, and limits of a round."""

from typing import NamedTuple
from uuid import UUID


class Due(NamedTuple):
    """A record in a flow that is owed a decision."""

    record: UUID
    flow: str


class Narrow(NamedTuple):
    """Limits a round to one flow or one project; empty for no limit.

    A project rests on records of the whole company, such as vendors and cost types, so these go with it.
    """

    flow: str = ""
    project: str = ""

    def condition(self, table: str) -> tuple[str, list[str]]:
        """SQL condition and its parameters."""
        parts: list[str] = []
        values: list[str] = []
        if self.flow:
            parts.append(f" AND {table}.flow = ?")
            values.append(self.flow)
        if self.project:
            parts.append(f" AND {table}.project IN (?, '')")
            values.append(self.project)
        return "".join(parts), values


EVERYTHING = Narrow()
