"""The rows of the target's lists that a decision used: kept beside what it requested, so that it can be told (BX-10).

A row is used where it is called as something in what is sent, where it stands for the record itself, or where its id
leads to another list. A list without such a row was looked at too: that nothing stood in it is what was used.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from itertools import islice
from typing import TypeVar

import msgspec
from msgspec import Struct

from domain.delivery import Listing
from domain.fields import leaves
from domain.flow import Known, Part, Rows
from domain.memory import FlowMemory
from domain.values import Digest, Json, canonical, digest, read_json, text

Key = TypeVar("Key")
Value = TypeVar("Value")
CALLED = ("name", "code", "number", "origin_code", "title")
"""How rows of lists are called."""
_KEYS = (
    *("id", *CALLED, "origin_id", "origin_data", "line_item_id", "wbs_code_id", "flat_code", "employee_id", "user_id"),
    *("procoreTimecardEntryId", "timeSheetLineId", "procoreChangeOrderId", "procoreWorkerId", "employeeNumber"),
)
"""Fields by which flows find rows."""
_OF_PEOPLE = frozenset({"people", "resources"})
_IDS_OF_PEOPLE = frozenset(
    {"id", "user_id", "employee_id", "number", "employeeNumber", "procoreWorkerId", "blocked", "useCrewTimeSheet"}
)
"""Of people only what tells who is who: names and addresses are nothing that a decision rests on."""
_PERIODS = (("startingDate", "endingDate"), ("start_date", "end_date"))
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
MOST_WHOLE = 5
"""A list of so few rows is kept whole: it says how a company is set up, and is used as it stands."""
MOST_ROWS = 200
"""Rows of one list that are kept with one decision."""
MOST_BYTES = 16_384
"""Of one row; of a longer one its plain fields are kept."""


class Shown(Struct, frozen=True, kw_only=True):
    """What one list showed of what mattered.

    name     of the list; `listing` stands for its address
    read_at  when it was read, UTC
    """

    name: str
    listing: Digest
    read_at: str
    rows: Sequence[Json]


class Remembering(Mapping[Key, Value]):
    """What one decision may look at, which remembers what it looked at."""

    def __init__(self, all_of_it: Mapping[Key, Value]) -> None:
        self._all = all_of_it
        self.asked: dict[Key, None] = {}

    def __getitem__(self, key: Key) -> Value:
        found = self._all[key]
        self.asked[key] = None
        return found

    def __contains__(self, key: object) -> bool:
        return key in self._all

    def __iter__(self) -> Iterator[Key]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)


class Consulted(Struct, frozen=True):
    """The lists and the other records of one decision."""

    lists: Remembering[Listing, Sequence[Json]]
    others: Remembering[tuple[str, str], Known]


def name_of(listing: Listing) -> Digest:
    """What stands for the address of a list."""
    return digest([listing.system, listing.path, *listing.query])


def used(
    consulted: Consulted, read_at: Mapping[Listing, datetime], source: Json, parts: Sequence[Part], memory: FlowMemory
) -> list[Shown]:
    """The lists that a decision looked at, each with the rows that it used."""
    asked = list(consulted.lists.asked)
    if not asked:
        return []
    words = set(_words(asked, source, parts, memory))
    for other in consulted.others.asked:
        link = consulted.others[other].link
        words |= {link.procore_id, link.bc_id, link.bc_number} if link is not None else set()
    words -= {"", "0", "1", "None", "True", "False"}
    return [
        Shown(
            name=listing.name,
            listing=name_of(listing),
            read_at=at.isoformat() if (at := read_at.get(listing)) is not None else "",
            rows=[_kept(row, listing.name) for row in _rows(consulted.lists[listing], words)],
        )
        for listing in asked
    ]


def _words(asked: Iterable[Listing], source: Json, parts: Sequence[Part], memory: FlowMemory) -> Iterator[str]:
    """Whatever a row can be called by, to matter."""
    for part in parts:
        yield from (part.key, part.target_id, *part.scope.values())
        yield from (str(leaf.value) for leaf in leaves(dict(part.body)))
    yield from (str(leaf.value) for leaf in leaves(source))
    for listing in asked:
        yield from listing.path.split("/")
        yield from (value for _, value in listing.query)
    yield from (each.target_id for each in memory.parts.values())
    yield from memory.adopted.values()
    for link in memory.links.values():
        yield from (link.procore_id, link.bc_id)


def _rows(rows: Sequence[Json], words: AbstractSet[str]) -> list[Json]:
    """In the order of the list, so that the first of several stays the first."""
    if len(rows) <= MOST_WHOLE:
        return list(rows)
    whole = rows if isinstance(rows, Rows) else Rows(rows)
    found: set[int] = set()
    for name in _KEYS:
        if name not in rows[0]:
            continue
        index = whole.by(name)
        if len(index) < len(words):
            met = (of for word, of in index.items() if word in words)
        else:
            met = (index[word] for word in words if word in index)
        found.update(id(row) for of in met for row in of)
    found.update(id(row) for row in _spans(rows, words))
    return list(islice((row for row in rows if id(row) in found), MOST_ROWS)) if found else []


def _spans(rows: Sequence[Json], words: AbstractSet[str]) -> Iterator[Json]:
    """Periods that hold one of the days."""
    first, last = next((pair for pair in _PERIODS if pair[0] in rows[0]), ("", ""))
    if not first:
        return
    days = sorted({word[:10] for word in words if _DAY.match(word)})
    for row in rows:
        place = bisect_left(days, text(row, first)[:10])
        if place < len(days) and days[place] <= text(row, last)[:10]:
            yield row


def _kept(row: Json, name: str) -> Json:
    if name in _OF_PEOPLE:
        return {field: value for field, value in row.items() if field in _IDS_OF_PEOPLE}
    if len(canonical(row)) <= MOST_BYTES:
        return row
    return {field: value for field, value in row.items() if not isinstance(value, dict | list)}


def read(data: bytes) -> list[Shown]:
    """What was kept.

    Raises  msgspec.ValidationError for anything else.
    """
    return msgspec.convert(read_json(data), list[Shown])


def called(row: Json) -> str:
    """How a row is named to people."""
    words = next((text(row, name) for name in CALLED if text(row, name)), "")
    return f"{text(row, 'id')} {words}".strip()
