"""What may be mapped, and the reading of a map that people wrote: every fault by its key, with the mend.

Shape   {entity set: {"fields": {canonical field: "own field" | {"field", "default"} | {"constant"}},
                      "codes": {canonical field: {code: "target code" | {"to", "from", "until"} | [these]}}}},
        the same in TOML, in JSON, and in the ledger.
"""

from collections.abc import Mapping as Map
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from functools import cache
from itertools import pairwise
from typing import cast

from msgspec import Struct

from domain.flows import FLOWS
from domain.mapping import DATED, Code, Codes, Mapping, SetMap, Taken, folded
from domain.values import BUSINESS_CENTRAL, Json

CODED: Map[str, tuple[str, ...]] = {
    "vendors": ("country", "state"),
    "costTypes": ("code",),
    "projects": ("projectClass", "country", "state"),
    "projectTasks": ("taskType",),
    "projectPlanningLines": ("lineType", "type", "unitOfMeasureCode"),
    "purchaseOrders": ("paymentTermsCode", "commitmentType", "status"),
    "purchaseOrderLines": ("lineType", "unitOfMeasureCode"),
    "postedPurchaseInvoiceLines": ("lineType",),
    "projectLedgerEntries": ("entryType", "sourceCode"),
}
"""Fields that may have a code map. Not those that name another record: there the code is mapped where it is defined."""
NAMING = {("costTypes", "code")}
"""Codes by which other records name theirs: two that became one would be one record for two (BX-24)."""
_PARENTS = {
    "purchaseOrderLines": "purchaseOrders",
    "postedPurchaseInvoiceLines": "postedPurchaseInvoices",
}
_FIXED = frozenset({"id", "rowVersion", "lastModifiedDateTime", "@odata.etag"})
_KEYS = frozenset({"number", "code", "taskNumber", "entryNumber", "projectNumber", "segmentCode", "documentNumber"})
"""What rows are asked for by; a constant would make them all the same."""
_MOST = 20_000
"""Codes of one map; a chart of accounts has fewer."""


class Fault(Struct, frozen=True):
    """One fault of a map: the key, what is wrong with it, and what to do."""

    key: str
    problem: str
    mend: str

    @property
    def words(self) -> str:
        """All of it in one sentence."""
        return f"{self.key}: {self.problem}. {self.mend}"


@cache
def mappable() -> Map[str, frozenset[str]]:
    """Entity set of Business Central -> canonical fields of it that flows use."""
    found: dict[str, set[str]] = {}
    for flow in FLOWS:
        origin = flow.origin
        if origin.system != BUSINESS_CENTRAL or not origin.entity_set:
            continue
        own = {*origin.relevant({}), origin.flag, origin.number_field, origin.dated} - {origin.expand, ""}
        found.setdefault(origin.entity_set, set()).update(own)
        if origin.child_set:
            found.setdefault(origin.child_set, set()).update(origin.child_fields)
    return {name: frozenset(fields - _FIXED) for name, fields in found.items()}


def parsed(document: object) -> tuple[Mapping, list[Fault]]:
    """The maps of a document, and every fault of it; with a fault the maps are not to be used."""
    faults: list[Fault] = []
    if not isinstance(document, dict):
        return Mapping(), [Fault("mapping", "it is no table", "Write one table for each entity set.")]
    sets: dict[str, SetMap] = {}
    for name, table in cast("Map[str, object]", document).items():
        if name not in mappable():
            faults.append(Fault(name, "it is no entity set that flows read", _near(name, mappable(), "sets")))
            continue
        sets[name] = _set_map(name, table, faults)
    return Mapping({name: sets[name] for name in sorted(sets) if sets[name] != SetMap()}), faults


def _set_map(name: str, table: object, faults: list[Fault]) -> SetMap:
    if not isinstance(table, dict):
        faults.append(Fault(name, "it is no table", f"Write [{name}.fields] or [{name}.codes.FIELD]."))
        return SetMap()
    tables = cast("Map[str, object]", table)
    faults += [
        Fault(f"{name}.{key}", "there is no such table", "There are fields and codes.")
        for key in sorted(tables.keys() - {"fields", "codes"})
    ]
    fields: dict[str, Taken] = {}
    codes: dict[str, Codes] = {}
    for field, value in _table(f"{name}.fields", tables.get("fields"), faults).items():
        taken = _taken(name, field, value, faults)
        if taken is not None:
            fields[field] = taken
    for field, value in _table(f"{name}.codes", tables.get("codes"), faults).items():
        found = _codes(name, field, value, faults)
        if found:
            codes[field] = found
    return SetMap(dict(sorted(fields.items())), dict(sorted(codes.items())))


def _table(key: str, value: object, faults: list[Fault]) -> Map[str, object]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        faults.append(Fault(key, "it is no table", f"Write it as [{key}]."))
        return {}
    return cast("Map[str, object]", value)


# -- fields ------------------------------------------------------------------------------------------


def _taken(entity_set: str, name: str, value: object, faults: list[Fault]) -> Taken | None:
    key = f"{entity_set}.fields.{name}"
    if name not in mappable()[entity_set]:
        faults.append(Fault(key, "flows read no such field", _near(name, mappable()[entity_set], "fields")))
        return None
    if isinstance(value, str):
        value = {"field": value}
    if not isinstance(value, dict) or not value.keys() <= {"field", "default", "constant"}:
        faults.append(Fault(key, f"{value!r} says no field", 'Write "name", {field, default} or {constant}.'))
        return None
    given = cast("Json", value)
    if ("constant" in given) == ("field" in given):
        faults.append(Fault(key, "it names a field and a constant, or neither", "Give one of the two."))
        return None
    wrong = [each for each in ("default", "constant") if each in given and not _is_plain(given[each])]
    if wrong:
        faults.append(Fault(f"{key}.{wrong[0]}", "it is no text, number or truth value", "Give one plain value."))
        return None
    if "constant" in given:
        if name in _KEYS:
            faults.append(Fault(key, "rows are told apart by this field", "Name the field that holds it."))
            return None
        return Taken(constant=given["constant"])
    path: object = given["field"]
    if not isinstance(path, str) or not all(step and step.strip() == step for step in path.split("/")):
        faults.append(Fault(key, f"{path!r} is no field or path", "Write a name, or a path such as terms/code."))
        return None
    return Taken(field=path, default=given.get("default"))


def _is_plain(value: object) -> bool:
    return isinstance(value, str | bool | int | Decimal)


# -- codes -------------------------------------------------------------------------------------------


def _codes(entity_set: str, name: str, value: object, faults: list[Fault]) -> Codes:
    key = f"{entity_set}.codes.{name}"
    allowed = CODED.get(entity_set, ())
    if name not in allowed:
        if name in mappable()[entity_set]:
            words = f"There are code maps for {', '.join(allowed)}." if allowed else "Map it where it is defined."
            faults.append(Fault(key, "the field is no code, or names another record", words))
        else:
            faults.append(Fault(key, "flows read no such field", _near(name, allowed, "code fields")))
        return {}
    rows = _table(key, value, faults)
    if len(rows) > _MOST:
        faults.append(Fault(key, f"it has {len(rows)} codes", f"At most {_MOST} can be mapped."))
        return {}
    found: dict[str, Sequence[Code]] = {}
    for code, targets in rows.items():
        if folded(code) in found or not folded(code):
            words = "it stands twice, as case and blanks do not count" if folded(code) else "it is blank"
            faults.append(Fault(f"{key}.{code}", words, "Keep one of them."))
            continue
        found[folded(code)] = _targets(entity_set, key, code.strip(), targets, faults)
    if (entity_set, name) in NAMING:
        faults += _collisions(key, found)
    return dict(sorted(found.items()))


def _targets(entity_set: str, place: str, code: str, value: object, faults: list[Fault]) -> Sequence[Code]:
    key = f"{place}.{code}"
    found: list[Code] = []
    for each in cast("list[object]", value) if isinstance(value, list) else [value]:
        given: object = {"to": each} if isinstance(each, str) else each
        if not isinstance(given, dict) or not {"to"} <= given.keys() <= {"to", "from", "until"}:
            faults.append(Fault(key, f"{each!r} is no code", 'Write "code", or {to, from, until}, or a list of these.'))
            continue
        row = cast("Json", given)
        since, until = _day(row.get("from")), _day(row.get("until"))
        if not isinstance(row["to"], str) or not row["to"].strip():
            faults.append(Fault(f"{key}.to", f"{row['to']!r} is no code", "Give the code as text."))
        elif since is None or until is None or (since and until and since > until):
            faults.append(Fault(key, "from and until are no days in order", "Write days such as 2026-07-01."))
        elif (since or until) and _PARENTS.get(entity_set, entity_set) not in DATED:
            faults.append(Fault(key, f"{entity_set} has no day", "Leave out from and until."))
        else:
            found.append(Code(code, row["to"].strip(), since, until))
    found.sort(key=lambda each: each.since)
    for before, after in pairwise(found):
        if not before.until or after.since <= before.until:
            faults.append(Fault(key, f'"{before.to}" and "{after.to}" hold on the same days', "Let one end before."))
    return tuple(found)


def _collisions(key: str, codes: Codes) -> list[Fault]:
    """Codes that would become one, named together (BX-24)."""
    became: dict[str, list[str]] = {}
    for found in codes.values():
        for each in found:
            became.setdefault(folded(each.to), []).append(each.code)
    return [
        Fault(key, f"{' and '.join(sorted(names))} would both become {to.upper()}", "Give each a code of its own.")
        for to, names in became.items()
        if len(names) > 1
    ]


def _day(value: object) -> str | None:
    """A day as ISO text, empty for none, None for what is no day."""
    if value is None or value == "":
        return ""
    try:
        return value.isoformat() if type(value) is date else date.fromisoformat(cast("str", value)).isoformat()
    except (TypeError, ValueError):
        return None


def _near(name: str, known: Sequence[str] | Map[str, object] | frozenset[str], what: str) -> str:
    close = get_close_matches(name, list(known), n=1)
    return f"Did you mean {close[0]}?" if close else f"The {what} are {', '.join(sorted(known)) or 'none'}."
