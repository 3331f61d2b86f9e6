"""Whether an answer of the connector API fits the metadata document; knows nothing of the stand-in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

REFERENCE = Path(__file__).parents[5] / "shared" / "reference" / "business_central" / "connector-api.metadata.xml"
_EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
_NAV = "Microsoft.NAV."
_CONTEXT = re.compile(
    r"/\$metadata#(?:companies\([0-9a-f-]{36}\)/(?P<set>\w+)|(?P<top>companies|subscriptions))"
    r"(?:\([\w,]*\))?(?P<one>/\$entity)?\Z"
)
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,3})?Z\Z")
_ERROR_END = re.compile(r"  CorrelationId:  [0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.\Z")


@dataclass(frozen=True)
class _Model:
    types: Mapping[str, ET.Element]
    enums: Mapping[str, frozenset[str]]
    sets: Mapping[str, str]


@cache
def _model(path: Path) -> _Model:
    root = ET.fromstring(path.read_bytes())  # noqa: S314 - our own document
    types = {it.attrib["Name"]: it for it in root.iter(f"{_EDM}EntityType")}
    enums = {
        it.attrib["Name"]: frozenset(member.attrib["Name"] for member in it.iter(f"{_EDM}Member"))
        for it in root.iter(f"{_EDM}EnumType")
    }
    sets = {it.attrib["Name"]: it.attrib["EntityType"].removeprefix(_NAV) for it in root.iter(f"{_EDM}EntitySet")}
    return _Model(types, enums, sets)


def check_answer(status: int, body: Any, path: Path = REFERENCE) -> None:
    """Assert that a JSON answer is an entity, a collection or an error as documented."""
    if status >= 400:
        assert set(body) == {"error"}
        assert set(body["error"]) == {"code", "message"}
        assert _ERROR_END.search(body["error"]["message"]), body
        return
    if "responses" in body:
        for part in body["responses"]:
            if isinstance(part.get("body"), dict):
                check_answer(part["status"], part["body"], path)
        return
    model = _model(path)
    match = _CONTEXT.search(body["@odata.context"])
    if match is None:
        assert body["@odata.context"].endswith(("$metadata", "#entityDefinitions"))
        return
    kind = model.sets[match["set"] or match["top"]]
    if match["one"]:
        _check_entity(model, kind, {name: it for name, it in body.items() if name != "@odata.context"})
        return
    assert set(body) <= {"@odata.context", "@odata.count", "value", "@odata.nextLink"}
    for row in body["value"]:
        _check_entity(model, kind, row)


def _check_entity(model: _Model, kind: str, row: Mapping[str, Any]) -> None:
    properties = {it.attrib["Name"]: it for it in model.types[kind].iter(f"{_EDM}Property")}
    ways = {it.attrib["Name"]: it.attrib["Type"] for it in model.types[kind].iter(f"{_EDM}NavigationProperty")}
    for name, value in row.items():
        if name == "@odata.etag":
            assert re.fullmatch(r'W/"[A-Za-z0-9+/=]+"', value)
        elif name in ways:
            target = ways[name].removeprefix("Collection(").removesuffix(")").removeprefix(_NAV)
            for child in value if isinstance(value, list) else [value] if value else []:
                _check_entity(model, target, child)
        else:
            assert name in properties, f"{kind}.{name} is not in the metadata"
            _check_value(model, f"{kind}.{name}", properties[name], value)


def _check_value(model: _Model, where: str, declared: ET.Element, value: Any) -> None:
    kind = declared.attrib["Type"]
    fits = {
        "Edm.String": lambda: isinstance(value, str) and len(value) <= int(declared.attrib.get("MaxLength", "1000000")),
        "Edm.Boolean": lambda: isinstance(value, bool),
        "Edm.Int32": lambda: _is_int(value) and -(2**31) <= value < 2**31,
        "Edm.Int64": lambda: _is_int(value),
        "Edm.Decimal": lambda: _is_int(value) or isinstance(value, Decimal),
        "Edm.Guid": lambda: isinstance(value, str) and bool(_GUID.match(value)),
        "Edm.Date": lambda: isinstance(value, str) and bool(_DATE.match(value)),
        "Edm.DateTimeOffset": lambda: bool(_MOMENT.match(value)) and bool(datetime.fromisoformat(value)),
    }.get(kind, lambda: value in model.enums[kind.removeprefix(_NAV)])
    assert fits(), f"{where}: {value!r} is no {kind}"


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
