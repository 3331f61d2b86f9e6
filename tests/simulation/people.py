"""People at work in both companies, and the list of what they do; the doing is in `office` and `site`.

Each action names the flows that it gives work to; every flow needs at least one. An action draws its details from the
chance it is given and from what is there; where nothing fits it does nothing. What people change in Procore is noted in
`by_hand`, what they delete there in `gone` by its origin id: for those the hub answers no more.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

from adapters.sandbox.business_central.errors import Refusal
from adapters.sandbox.business_central.transactions import OpenTransaction
from adapters.sandbox.procore.state import Invalid
from domain.flows import BY_NAME
from tests.journeys.harness import World, line

Row = Mapping[str, Any]

TYPES = ("L", "M", "S", "E")
SEGMENTS = ("SITE", "BLDG", "ROOF")
TASKS = ("01-100", "01-200", "03-300", "05-500")


@dataclass
class People:
    """The hands of everybody who works in either system."""

    it: World
    by_hand: set[int] = field(default_factory=set[int])
    gone: set[str] = field(default_factory=set[str])
    sessions: list[OpenTransaction] = field(default_factory=list[OpenTransaction])
    made: int = 0

    def commit(self, work: OpenTransaction) -> None:
        """End a long transaction; what is no longer possible is rolled back."""
        if work in self.sessions:
            self.sessions.remove(work)
            with suppress(Refusal):
                work.commit()

    def go_home(self) -> None:
        """Everybody ends what they began."""
        for work in tuple(self.sessions):
            self.commit(work)

    def act(self, name: str, chance: int) -> str:
        """Do it; what happened, in words, and what was refused."""
        action = ACTIONS[name]
        rng = Random(chance)
        try:
            return action.do(self, rng) or f"{name}: nothing fits"
        except Refusal as refusal:
            return f"{name}: refused, {str(refusal)[:80]}"
        except Invalid as refusal:
            return f"{name}: refused, {str(refusal.errors)[:80]}"

    def open_companies(self) -> None:
        """What is there before anybody starts: customer, cost types, segments, vendors, units and one project."""
        it = self.it
        it.basics(cost_types=TYPES[:2], segments=SEGMENTS[:2], vendors=("V1",))
        it.vendor("V2", in_procore=False)
        it.insert("segments", code="WEST", description="Western wing", segmentType="AREA", sendToProcore=True)
        it.project("JOB1", tasks=TASKS[:2], segments=SEGMENTS[:1])
        it.order("PO1", "JOB1", [line("01-100", "SITE", "M", "3", "10.005"), line("01-200", "SITE", "L", "2", "99.99")])

    def number(self) -> int:
        """A number that nobody used yet."""
        self.made += 1
        return self.made

    def pick(self, rng: Random, entity_set: str, **equal: object) -> dict[str, Any] | None:
        """Any row of Business Central that fits."""
        rows = [row for row in self.it.bc.tables.rows(entity_set) if all(row[k] == v for k, v in equal.items())]
        return rng.choice(rows) if rows else None

    def change(self, entity_set: str, row: Row, **fields: Any) -> str:
        """Change a row of Business Central; told in words."""
        self.it.bc.tables.update(entity_set, row["id"], **fields)
        told = ", ".join(f"{name}={value}" for name, value in fields.items())
        return f"{entity_set} {name_of(row)}: {told}"

    def drop(self, entity_set: str, row: Row) -> str:
        """Delete a row of Business Central."""
        self.it.bc.tables.delete(entity_set, row["id"])
        return f"{entity_set} {name_of(row)}: deleted"

    def theirs(self, rng: Random, resource: str) -> dict[str, Any] | None:
        """Any living row of Procore."""
        rows = sorted(self.it.procore.rows(resource), key=lambda row: row["id"])
        return rng.choice(rows) if rows else None


@dataclass(frozen=True)
class Action:
    """Something that people do, how often, and which flows it gives work to."""

    weight: int
    flows: tuple[str, ...]
    do: Callable[[People, Random], str]


ACTIONS: dict[str, Action] = {}


def action(name: str, weight: int, *flows: str) -> Callable[[Callable[[People, Random], str]], None]:
    """Register what people do."""
    assert all(flow in BY_NAME for flow in flows), flows

    def keep(do: Callable[[People, Random], str]) -> None:
        assert name not in ACTIONS, name
        ACTIONS[name] = Action(weight, flows, do)

    return keep


def name_of(row: Row) -> str:
    """A row of Business Central in a word."""
    for field_name in ("number", "code", "taskNumber"):
        if row.get(field_name):
            return str(row[field_name])
    return " ".join(
        str(row[key]) for key in ("documentNumber", "lineNumber", "projectNumber", "segmentCode") if key in row
    )
