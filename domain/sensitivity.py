"""Where the fields of a row come from, found by asking the flow itself what changes when one thing is told otherwise.

The flow's own plan is made once as it was and again for everything that it could look at, each time with one thing
changed: a field of the source, the counterpart of a record that it refers to, a setting, an id that was given before,
the moment. What makes a field of the row differ is a source of it. So there is no table of fields beside the flows that
could say something else than they do.

Many things are changed at a time first, and told apart only where that makes a difference: a document of five hundred
lines takes some hundred plans and not ten thousand.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, cast

from msgspec import Struct
from msgspec.structs import replace

from domain.consulted import CALLED, Shown
from domain.events import LinkRow
from domain.fields import leaves
from domain.flow import Flow, Part, Subject
from domain.otherwise import Draft, Imagined, Lists, Sort, Thing, without_lists
from domain.otherwise import things as things_of
from domain.values import Json

_LISTS_OF = "lists of the target"


class Source(Struct, frozen=True):
    """One thing that a field of a row depends on, and its value then.

    `exact` is false where the plan could not be made again, and what is named has the same value. Of a row of a list
    the value is the row as it was shown, and `read_at` when that was.
    """

    sort: Sort
    name: str
    value: Any = None
    exact: bool = True
    read_at: str = ""


class Traced(Struct, frozen=True):
    """What a row depends on: field -> its sources, and what decides that the row is there at all."""

    fields: dict[str, list[Source]]
    conditions: list[Source]


def traced(
    flow: Flow, subject: Subject, part: str, row: Json, held: Sequence[Json] = (), shown: Sequence[Shown] = ()
) -> Traced:
    """The sources of every field of a row that was stored for a part.

    `subject` is what the flow looked at when it decided, without the lists of the target; `row` the stored body, with
    scope and key beside it as `stored_row` puts them; `held` what the target was known to hold of the record by then,
    `shown` the rows of its lists that were kept with the decision.
    """
    return _Tracing(flow, subject, part, row).run(held, shown)


class _Tracing:
    """One row, and the plans that are made to understand it."""

    def __init__(self, flow: Flow, subject: Subject, part: str, row: Json) -> None:
        self._flow = flow
        self._part = part
        self._stored = {leaf.name: leaf.value for leaf in leaves(row)}
        self._real = Imagined(subject.references)
        self._subject = subject
        self._place = 0
        self._found: dict[str, list[Source]] = {name: [] for name in self._stored}
        self._conditions: list[Source] = []

    def run(self, held: Sequence[Json], shown: Sequence[Shown]) -> Traced:
        """Every field with its sources."""
        same, lists = self._made_again(held, shown)
        things = list(things_of(self._subject, self._real))
        if lists and cast("Lists", self._subject.facts).kept is None:
            things.append(Thing("list", ", ".join(lists), None, (without_lists,)))
        if same:
            self._tell_apart(things, same)
        for name, value in self._stored.items():
            if name not in same:
                self._found[name] = _by_value(things, value, lists)
            elif not self._found[name]:
                self._found[name] = [Source("constant", f"of the flow {self._flow.name}", value)]
        return Traced(self._found, self._conditions)

    def _made_again(self, held: Sequence[Json], shown: Sequence[Shown]) -> tuple[set[str], Sequence[str]]:
        """The fields that come out as they were stored, and the lists that the plan looked at.

        Lists are tried with what was kept of them. Where nothing was, or the row does not come out of it, they are
        tried as empty, and then with rows as the answer lets guess them: what the target held of the record, and
        things that are called as the row calls them. A guess counts only when the stored row comes out of it.
        """
        tried: list[tuple[set[str], Subject, Lists]] = []
        there = {str(row.get(name)) for row in held for name in CALLED}
        called = [value for value in self._stored.values() if isinstance(value, str) and value and value]
        named: list[Json] = [{**dict.fromkeys(CALLED, value), "id": value} for value in called if value not in there]
        mine = self._stored.get("origin_id") or self._stored.get("@key")
        marked: list[Json] = [{**row, "origin_id": mine} for row in held]
        bare: list[Json] = [{**dict.fromkeys(CALLED, value), "id": value, "origin_id": value} for value in called]
        linked = [_shown(known.link) for known in self._real.values() if known.link is not None]
        known = [Lists(kept={each.listing: each for each in shown})] if shown else []
        for lists in (
            *known,
            Lists(),
            Lists(bare),
            Lists([*held, *named]),
            Lists([*held, *named], first=True),
            Lists([*marked, *named]),
            Lists([*linked, *named]),
            Lists([*linked, *held]),
        ):
            subject = replace(self._subject, references=self._real, facts=lists)
            fields = self._fields(subject, begin=True) or {}
            same = {name for name, value in self._stored.items() if _equal(fields.get(name, _GONE), value)}
            tried.append((same, subject, lists))
            if len(same) == len(self._stored):
                break
        best = max(tried, key=lambda each: len(each[0]))
        self._subject = best[1]
        self._fields(self._subject, begin=True)
        return best[0], list(best[2].asked)

    def _tell_apart(self, things: Sequence[Thing], same: set[str]) -> None:
        """Halves what makes a difference until each thing stands alone."""
        if not things:
            return
        differing = [self._differing(things, way, same) for way in range(max(len(it.otherwise) for it in things))]
        if not any(differing):
            return
        if len(things) > 1:
            middle = len(things) // 2
            self._tell_apart(things[:middle], same)
            self._tell_apart(things[middle:], same)
            return
        [thing] = things
        source = Source(thing.sort, thing.name, thing.value, read_at=thing.read_at)
        found = dict.fromkeys(name for names in differing for name in sorted(names))
        for name in found:
            if name in self._found:
                self._found[name].append(source)
        if _GONE in found:
            self._conditions.append(source)

    def _differing(self, things: Sequence[Thing], way: int, same: set[str]) -> set[str]:
        """The fields that differ; `_GONE` when the part is not planned, `_NONSENSE` when nothing can be."""
        draft = Draft(self._subject, self._real)
        for thing in things:
            thing.otherwise[min(way, len(thing.otherwise) - 1)](draft)
        try:
            fields = self._fields(draft.told(self._flow))
        except (LookupError, ValueError, TypeError, ArithmeticError):
            fields = None  # its number can't be told
        if fields is None:
            return {_NONSENSE}
        if not fields:
            return {_GONE}
        return {name for name in same if not _equal(fields.get(name, _GONE), self._stored[name])}

    def _fields(self, subject: Subject, *, begin: bool = False) -> Mapping[str, Any] | None:
        """The fields of the part as the flow plans it: none when it does not, None when it can't plan at all."""
        try:
            parts = self._flow.plan(subject).parts
        except (LookupError, ValueError, TypeError, ArithmeticError, AttributeError):
            return None  # told otherwise, it makes no sense to the flow
        found = next((part for part in parts if part.name == self._part), None)
        if begin:
            self._place = parts.index(found) if found is not None else 0
        elif found is None:
            found = self._at_its_place(parts)
        return {leaf.name: leaf.value for leaf in leaves(row_of(found))} if found is not None else {}

    def _at_its_place(self, parts: Sequence[Part]) -> Part | None:
        """A part whose name holds an id that was changed stands where it stood."""
        if self._place < len(parts) and parts[self._place].name.partition(":")[0] == self._part.partition(":")[0]:
            return parts[self._place]
        return None


def _shown(row: LinkRow) -> Json:
    """The counterpart of another record, as a list may show it."""
    id_ = int(row.procore_id) if row.procore_id.isdecimal() else row.procore_id
    return {**dict.fromkeys(CALLED, row.bc_number), "id": id_}


def _by_value(things: Sequence[Thing], value: Any, lists: Sequence[str]) -> list[Source]:
    """The plan could not be made again without lists that nobody kept: what has the same value, and the lists."""
    alike = [
        Source(thing.sort, thing.name, thing.value, exact=False, read_at=thing.read_at)
        for thing in things
        if _says(thing, value) and str(value) not in _COMMON
    ]
    return [*alike, Source("list", ", ".join(lists) or _LISTS_OF, exact=False)]


def _says(thing: Thing, value: Any) -> bool:
    """The thing has this value; of a row, one of its fields."""
    if thing.read_at:
        return any(_equal(leaf.value, value) for leaf in leaves(thing.value))
    return _equal(thing.value, value)


_COMMON = frozenset({"", "None", "False", "True", "0", "1"})
"""Values that say nothing by being equal."""
_GONE, _NONSENSE = "\0gone", "\0nonsense"


def row_of(part: Part) -> Json:
    """What is kept of a part: its row, and beside it the scope and the key that go with it."""
    return stored_row(dict(part.body), dict(part.scope), part.key)


def stored_row(body: Json, scope: Mapping[str, str], key: str) -> Json:
    """A row with what goes with it; names of ours begin with `@`."""
    return {**body, **({"@scope": dict(scope)} if scope else {}), **({"@key": key} if key else {})}


def _equal(one: Any, other: Any) -> bool:
    """Amounts by their value, texts as they are read; what was stored is JSON."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | Decimal) and isinstance(other, int | Decimal):
        return one == other
    return str(one) == str(other) if one is not None and other is not None else one is other
