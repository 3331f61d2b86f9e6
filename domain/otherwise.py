"""What a flow may look at when it decides, and how each of these things is told otherwise."""

import copy
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, cast
from uuid import UUID, uuid5

from msgspec import Struct
from msgspec.structs import replace

from domain.consulted import Shown, called, name_of
from domain.delivery import Listing
from domain.events import LinkRow
from domain.fields import Way, leaves
from domain.flow import Flow, Known, Rows, Subject
from domain.memory import FlowMemory, PartMemory
from domain.values import LEDGER, Digest, Json, text

Sort = Literal["field", "link", "setting", "own id", "moment", "constant", "list"]
"""What a field comes from.

field     of the source document, by its name there
link      the counterpart of another record, as kind and key
setting   of the connection, by its key in the configuration
own id    an id that the target gave to an earlier part of the same record
moment    when it was decided
constant  of the flow itself
list      a row of a list of the target as it was read then; the lists alone where their rows are not kept
"""

_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})(.*)", re.DOTALL)
_FIRST = 8_000_000_000_000_000
"""Numbers from here on are no ids of Procore: made up, to see what depends on them."""


class Lists(dict[Listing, Sequence[Json]]):
    """Lists of the target: each with the rows that were `kept` of it, or nobody kept any.

    Then all hold the same rows, or only the first one that is asked for. `asked` are the names of those that mattered.
    """

    def __init__(
        self, rows: Sequence[Json] = (), *, first: bool = False, kept: Mapping[Digest, Shown] | None = None
    ) -> None:
        super().__init__()
        self.rows = Rows(rows)
        self.first = first
        self.kept = kept
        self.asked: dict[str, None] = {}

    def __contains__(self, listing: object) -> bool:
        return True

    def __missing__(self, listing: Listing) -> Sequence[Json]:
        self.asked[listing.name] = None
        if self.kept is not None:
            shown = self.kept.get(name_of(listing))
            self[listing] = Rows(shown.rows if shown is not None else ())
        else:
            self[listing] = self.rows if not self.first or not len(self) else Rows(())
        return self[listing]

    def anew(self) -> "Lists":
        """The same lists, which nobody looked at."""
        return Lists(self.rows, first=self.first, kept=self.kept)

    def changed(self, change: Callable[[Json], Json | None]) -> "Lists":
        """Every row as it would be otherwise; None takes it out."""
        rows = [row for each in self.rows if (row := change(each)) is not None]
        kept = self.kept and {
            name: replace(shown, rows=[row for each in shown.rows if (row := change(each)) is not None])
            for name, shown in self.kept.items()
        }
        return Lists(rows, first=self.first, kept=kept)

    def get(self, key: Listing, _default: Any = None, /) -> Sequence[Json]:
        """A list, whatever it is."""
        return self[key]


class Imagined(dict[tuple[str, str], Known]):
    """What is known of other records; one that was never asked for before has a made-up counterpart."""

    def __init__(self, known: Mapping[tuple[str, str], Known], absent: set[tuple[str, str]] | None = None) -> None:
        super().__init__(known)
        self.absent = set[tuple[str, str]]() if absent is None else absent
        self._real = absent is None

    def __contains__(self, key: object) -> bool:
        return self._found(cast("tuple[str, str]", key)) is not None

    def __getitem__(self, key: tuple[str, str]) -> Known:
        found = self._found(key)
        if found is None:
            raise KeyError(key)
        return found

    def get(self, key: tuple[str, str], default: Any = None, /) -> Any:
        """What is known of a record."""
        found = self._found(key)
        return default if found is None else found

    def _found(self, key: tuple[str, str]) -> Known | None:
        if super().__contains__(key):
            return super().__getitem__(key)
        if self._real:
            self.absent.add(key)
            return None
        return None if key in self.absent else self._made_up(key)

    def _made_up(self, key: tuple[str, str]) -> Known:
        like = next((known for (kind, _), known in self.items() if kind == key[0] and known.link is not None), None)
        row = LinkRow("", str(_guid(key[1])), key[1], key[0], _number(key[1]))
        if like is None or like.link is None:
            return Known("synced", row)
        return replace(like, link=_other_row(replace(like.link, bc_number=key[1]), key[1]))


class Thing(Struct, frozen=True):
    """One thing that may be told otherwise, in one way or several."""

    sort: Sort
    name: str
    value: Any
    otherwise: tuple[Callable[["Draft"], None], ...]
    read_at: str = ""


class Draft:
    """A subject on which many things are changed before it is looked at."""

    def __init__(self, subject: Subject, references: Imagined) -> None:
        self.subject = subject
        self.source: Json = copy.deepcopy(subject.source)
        self.references = dict(references)
        self.settings: Json = copy.deepcopy(dict(subject.context.settings))
        self.context: Json = {}
        self.memory = _loose(subject.memory)
        self.others = {name: _loose(memory) for name, memory in subject.others.items()}
        self.source_id = subject.source_id
        self.lists = cast("Lists", subject.facts)
        self._absent = references.absent

    def told(self, flow: Flow) -> Subject:
        """The subject with all changes."""
        number = self.subject.number
        if self.source != self.subject.source:
            number = flow.origin.number(self.source)
            if text(self.source, "id") != text(self.subject.source, "id"):
                self.source_id = text(self.source, "id")
        return replace(
            self.subject,
            source=self.source,
            source_id=self.source_id,
            number=number,
            references=Imagined(self.references, self._absent),
            facts=self.lists.anew(),
            memory=self.memory,
            others=self.others,
            context=replace(self.subject.context, settings=self.settings, **self.context),
        )


def things(subject: Subject, references: Imagined) -> Iterator[Thing]:
    """Everything that may be told otherwise: the source, other records, settings, ids of its own, the moment."""
    words = _words(subject.context.settings)
    for leaf in leaves(subject.source):
        if leaf.name.startswith("@"):
            continue  # notes of the maps, which no flow carries
        ways = tuple(_set("source", leaf.way, value) for value in _others(leaf.value, words))
        if ways:
            yield Thing("field", leaf.name, leaf.value, ways)
    if "id" not in subject.source:
        yield Thing("field", "id", subject.source_id, (lambda draft: setattr(draft, "source_id", "X-1"),))
    for key, known in dict(references).items():
        if known.link is not None:
            yield Thing("link", f"{key[0]} {key[1]}", known.link.procore_id, _links(key, known))
    for leaf in leaves(dict(subject.context.settings)):
        ways = tuple(_set("settings", leaf.way, value) for value in _others(leaf.value, words))
        if ways:
            yield Thing("setting", f"flows.{leaf.name}", leaf.value, ways)
    for name, field, value in (
        ("business_central.company_id", "bc_company", subject.context.bc_company),
        ("procore.company_id", "procore_company", subject.context.procore_company),
        ("currency of the company", "local_currency", subject.context.local_currency),
    ):
        ways = tuple(_in_context(field, other) for other in _others(value, ()))
        yield Thing("setting", name, value, ways)
    now = subject.context.now
    yield Thing("moment", "of the decision", now.isoformat(), (_in_context("now", now + timedelta(days=400)),))
    yield from _own(subject)
    yield from _rows_of_lists(cast("Lists", subject.facts))


def _rows_of_lists(lists: Lists) -> Iterator[Thing]:
    for shown in (lists.kept or {}).values():
        for row in shown.rows:
            ways = (_without_row(row), _row_otherwise(row))
            yield Thing("list", f"{shown.name} {called(row)}", row, ways, shown.read_at)


def _own(subject: Subject) -> Iterator[Thing]:
    """Ids that the target gave before, in this flow and in the others of the record, each once by its first name."""
    for flow, memory in (("", subject.memory), *subject.others.items()):
        names: dict[str, str] = {}
        for name in (*memory.parts, *memory.adopted):
            names.setdefault(memory.target_id(name), name)
        for row in memory.links.values():
            names.setdefault(row.procore_id, row.procore_resource)
        for id_, name in names.items():
            if id_:
                yield Thing("own id", f"{flow} {name}".strip(), id_, (_with_id(flow, id_), _without(flow, id_)))


def _set(where: Literal["source", "settings"], way: Way, value: Any) -> Callable[[Draft], None]:
    def change(draft: Draft) -> None:
        place: Any = draft.source if where == "source" else draft.settings
        for step in way[:-1]:
            place = place[step]
        place[way[-1]] = value

    return change


def without_lists(draft: Draft) -> None:
    """All lists are empty."""
    draft.lists = Lists()


def _in_context(field: str, value: Any) -> Callable[[Draft], None]:
    return lambda draft: draft.context.update({field: value})


def _links(key: tuple[str, str], known: Known) -> tuple[Callable[[Draft], None], ...]:
    def another(draft: Draft) -> None:
        if known.link is not None:
            draft.references[key] = replace(known, link=_other_row(known.link, "other"))

    def another_sort(draft: Draft) -> None:
        draft.references[key] = replace(known, facet=f"{known.facet} X")

    return another, another_sort


def _with_id(flow: str, id_: str) -> Callable[[Draft], None]:
    """The same rows under another id, wherever it stands."""
    other = _another_id(id_)

    def change(draft: Draft) -> None:
        memory = draft.others[flow] if flow else draft.memory
        for name, part in memory.parts.items():
            if part.target_id == id_:
                memory.parts[name] = PartMemory(part.digest, other, part.etag, part.version)
        memory.adopted.update({name: other for name, known in memory.adopted.items() if known == id_})
        for key, row in memory.links.items():
            parent = other if row.procore_parent_id == id_ else row.procore_parent_id
            memory.links[key] = replace(
                row, procore_id=other if row.procore_id == id_ else row.procore_id, procore_parent_id=parent
            )
        draft.lists = draft.lists.changed(
            lambda row: {**row, "id": _like(row["id"], other)} if str(row.get("id")) == id_ else row
        )

    return change


def _without_row(gone: Json) -> Callable[[Draft], None]:
    def change(draft: Draft) -> None:
        draft.lists = draft.lists.changed(lambda row: None if row == gone else row)

    return change


def _row_otherwise(known: Json) -> Callable[[Draft], None]:
    """The row is still the same one, and says something else."""
    other = copy.deepcopy(known)
    for leaf in leaves(known):
        values = _others(leaf.value, ()) if leaf.way != ("id",) else []
        if values:
            place: Any = other
            for step in leaf.way[:-1]:
                place = place[step]
            place[leaf.way[-1]] = values[0]

    def change(draft: Draft) -> None:
        draft.lists = draft.lists.changed(lambda row: other if row == known else row)

    return change


def _like(id_: Any, other: str) -> Any:
    return int(other) if isinstance(id_, int) and other.isdecimal() else other


def _without(flow: str, id_: str) -> Callable[[Draft], None]:
    def change(draft: Draft) -> None:
        memory = draft.others[flow] if flow else draft.memory
        for name in [name for name, part in memory.parts.items() if part.target_id == id_]:
            del memory.parts[name]

    return change


def _loose(memory: FlowMemory) -> FlowMemory:
    """A memory that may be changed."""
    return replace(memory, parts=dict(memory.parts), links=dict(memory.links), adopted=dict(memory.adopted))


def _other_row(row: LinkRow, seed: str) -> LinkRow:
    return replace(
        row,
        bc_id=str(_guid(seed)),
        procore_id=_another_id(row.procore_id, seed),
        procore_parent_id=_another_id(row.procore_parent_id, seed) if row.procore_parent_id else "",
    )


def _another_id(id_: str, seed: str = "") -> str:
    """An id of the same sort that nobody has."""
    return str(_guid(f"{id_}{seed}")) if _is(UUID, id_) else _number(f"{id_}{seed}")


def _number(seed: str) -> str:
    return str(_FIRST + _guid(seed).int % 1_000_000_000_000)


def _guid(seed: str) -> UUID:
    return uuid5(LEDGER, f"made up {seed}")


def _words(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Words that settings tell apart, such as the states of an order: other values that a field may have."""
    found = [key for value in settings.values() if isinstance(value, Mapping) for key in value]  # type: ignore[misc]
    return tuple(dict.fromkeys(str(each) for each in found))  # type: ignore[misc]


def _others(value: Any, words: Sequence[str]) -> list[Any]:
    """Other values of the same sort."""
    match value:
        case bool():
            return [not value]
        case int() | Decimal():
            return [value + 1, value * 3 + 7]
        case None:
            return ["X1", 7]
        case str():
            return [each for each in _texts(value, words) if each != value]
        case _:
            return []


def _texts(value: str, words: Sequence[str]) -> list[str]:
    date = _DATE.fullmatch(value)
    if date is not None:
        year = int(date[1])
        return [f"{2031 if year < 1900 else year + 1}-{date[2]}-{'07' if date[3] != '07' else '08'}{date[4]}"]  # noqa: PLR2004 - the blank date is year 1
    if not value:
        return ["X1", "2031-05-06", "7", *words]
    if _is(UUID, value):
        return [str(UUID(int=UUID(value).int ^ 0xFFFF))]
    if _is(_one_more, value):
        return [_one_more(value)]
    return [f"{value} X", "X1", "", *words]


def _one_more(number: str) -> str:
    return str(Decimal(number) + 1)


def _is(kind: Callable[[str], object], text: str) -> bool:
    """It can be read so."""
    try:
        kind(text)
    except (ValueError, InvalidOperation):
        return False
    return True
