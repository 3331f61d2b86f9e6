"""How a company's own field names and codes become those of the connector API, which is what all flows speak.

A body is stored as it came. `Mapping.read` is the one place between it and the flows: it gives a document with the
canonical names and codes, keeps every code that it replaced, and names every code that nobody mapped. Nothing is
guessed: such a record is rejected with the nearest known code as a proposal (BX-11).
"""

from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Map
from difflib import get_close_matches
from typing import Any, cast

from msgspec import Struct

from domain.events import Violation
from domain.values import Json, enum_text, text

ORIGINAL = "@siteledger.original"
"""Canonical field -> the code as the source has it, of a document whose codes were replaced."""
UNMAPPED = "@siteledger.unmapped"
"""Codes of a document that stand in no code map, each {set, field, code, day, nearest, line}."""
RULE = "BX-11"


class Taken(Struct, frozen=True):
    """Where one canonical field comes from: a field or path of the company's own row, or always the same value.

    field     name, or a path with strokes such as `terms/code`; empty for a constant
    constant  the value, where no field says it
    default   the value where the field is missing, null or blank
    """

    field: str = ""
    constant: Any = None
    default: Any = None


class Code(Struct, frozen=True):
    """What a code of the source becomes; from one day until another, both included, ISO dates, empty for no limit."""

    code: str
    to: str
    since: str = ""
    until: str = ""

    def holds(self, day: str) -> bool:
        """Whether it counts for a document of this day. A document without a day takes only what has no limits."""
        if not self.since and not self.until:
            return True
        return bool(day) and self.since <= day and (not self.until or day <= self.until)


Codes = Map[str, Sequence[Code]]
"""Code of the source, by `folded`, -> what it becomes, when."""


DATED: Map[str, tuple[str, ...]] = {
    "purchaseOrders": ("documentDate", "orderDate"),
    "postedPurchaseInvoices": ("postingDate",),
    "projectLedgerEntries": ("postingDate",),
}
"""Canonical fields with the day of a document, the first that is filled in; its lines are of the same day."""


class SetMap(Struct, frozen=True):
    """The maps of one entity set."""

    fields: Map[str, Taken] = {}
    codes: Map[str, Codes] = {}


class Mapping(Struct, frozen=True):
    """All maps of a connection, by entity set; without any, every document passes as it is."""

    sets: Map[str, SetMap] = {}

    def read(self, entity_set: str, row: Json, expand: str = "") -> Json:
        """The document as flows see it; the very row where nothing is mapped. `row` itself is never changed.

        Shape   `expand` names the collection of its lines, which have maps of their own under that name.
        """
        if not self.touches(entity_set) and not (expand and self.touches(expand)):
            return row
        maps = self.sets.get(entity_set, _NONE)
        document = _Read(row, {**row, **{name: _value(row, taken) for name, taken in maps.fields.items()}})
        day = next((day for name in DATED.get(entity_set, ()) if (day := _day_of(document, name))), "")
        said = _replace(entity_set, maps.codes, document, day)
        lines: object = document.get(expand) if expand else None
        if isinstance(lines, list) and self.touches(expand):
            document[expand] = [self._line(expand, each, day, said) for each in cast("list[object]", lines)]
        if said:
            document[UNMAPPED] = said
        return document

    def _line(self, entity_set: str, line: object, day: str, said: list[dict[str, Any]]) -> object:
        if not isinstance(line, dict):
            return line  # what can't be read is told by whoever checks the shape of rows
        row, maps = cast("Json", line), self.sets[entity_set]
        read = {**row, **{name: _value(row, taken) for name, taken in maps.fields.items()}}
        unknown = _replace(entity_set, maps.codes, read, day)
        if read.get("sendToProcore") is not False:  # a line that stays at home may hold any code
            said += unknown
        return read

    def touches(self, entity_set: str) -> bool:
        """Whether rows of this set have maps."""
        return entity_set in self.sets

    def source_of(self, entity_set: str, name: str) -> str:
        """The company's own name of a canonical field, empty where a constant stands for it."""
        found = self.sets.get(entity_set, _NONE).fields.get(name)
        return name if found is None else found.field

    def code(self, entity_set: str, name: str, value: str) -> str:
        """What a code becomes by which other records name theirs; itself where it stands in no map."""
        codes = self.sets.get(entity_set, _NONE).codes.get(name, {})
        return next((each.to for each in codes.get(folded(value), ())), value)

    def back(self, entity_set: str, name: str, value: str) -> str:
        """The code of the source that became this one; itself where none did."""
        codes = self.sets.get(entity_set, _NONE).codes.get(name, {})
        wanted = folded(value)
        return next((each.code for to in codes.values() for each in to if folded(each.to) == wanted), value)


_NONE = SetMap()

AS_IT_IS = Mapping()
"""Of a company that shows the connector API unchanged."""


class _Read(dict[str, Any]):
    """A document that was read through a mapping, with the row that it was read from."""

    def __init__(self, raw: Json, document: Json) -> None:
        super().__init__(document)
        self.raw = raw


def raw_of(document: Json) -> Json:
    """The row as it came, of a document that `Mapping.read` gave."""
    return document.raw if isinstance(document, _Read) else document


def as_named(document: Json) -> Json:
    """The document under the codes of its source: by these other records name it, and people know it."""
    return {**document, **document[ORIGINAL]} if ORIGINAL in document else document


def unmapped(document: Json) -> list[Violation]:
    """What is wrong with a document because nobody said what its codes mean."""
    said = cast("Sequence[Map[str, Any]]", document.get(UNMAPPED, ()))
    return [Violation(RULE, each["field"], _words(each), line=each["line"]) for each in said]


def folded(code: str) -> str:
    """Codes of Business Central differ in nothing but case and blanks around them (its guide, 3.2)."""
    return enum_text(code).strip().casefold()


def _replace(entity_set: str, maps: Map[str, Codes], row: Json, day: str) -> list[dict[str, Any]]:
    """Replaces the codes of a row in place; those that stand in no map are left as they are, and given back."""
    said: list[dict[str, Any]] = []
    for name, codes in maps.items():
        value = enum_text(text(row, name)).strip()
        if not value:
            continue
        found = _current(codes.get(folded(value), ()), day)
        if found is None:
            number = row.get("lineNumber")
            said.append(
                {
                    "set": entity_set,
                    "field": name,
                    "code": value,
                    "day": day,
                    "nearest": _nearest(value, codes, day),
                    "line": number if isinstance(number, int) else None,
                }
            )
            continue
        row.setdefault(ORIGINAL, {})[name] = row[name]
        row[name] = found
    return said


def _words(each: Map[str, Any]) -> str:
    when = f" on {each['day']}" if each["day"] else ""
    near = f', the nearest is "{each["nearest"]}"' if each["nearest"] else ""
    place = f"{each['set']}.codes.{each['field']}"
    return f'"{each["code"]}" has no counterpart in {place}{when}{near}; publish a mapping that names it, or correct it'


def _nearest(value: str, codes: Codes, day: str) -> str:
    known = [code for code, to in codes.items() if _current(to, day) is not None]
    return next((codes[code][0].code for code in get_close_matches(folded(value), known, n=1)), "")


def _current(found: Iterable[Code], day: str) -> str | None:
    return next((each.to for each in found if each.holds(day)), None)


def _day_of(row: Json, name: str) -> str:
    day = text(row, name)[:10]
    return "" if day == "0001-01-01" else day


def _value(row: Json, taken: Taken) -> Any:
    if not taken.field:
        return taken.constant
    value = value_at(row, taken.field)
    return taken.default if value in (None, "") and taken.default is not None else value


def value_at(row: Json, path: str) -> object:
    """What stands at a path such as `terms/code`; None where nothing does, and for no path."""
    value: object = row if path else None
    for step in path.split("/"):
        value = _step(value, step)
    return value


def _step(value: object, name: str) -> object:
    return cast("Json", value).get(name) if isinstance(value, dict) else None
