"""The metadata document of the connector API, read once: entity sets, properties, navigation, actions, enums."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Literal
from xml.etree import ElementTree as ET

from adapters.sandbox.business_central.catalogue import FACTS, SetFacts, is_code

Use = Literal["ro", "ins", "rw"]
_EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
_NAV = "Microsoft.NAV."


@dataclass(frozen=True, slots=True)
class Property:
    """One property of an entity.

    Shape   `type` without namespace for enums; `members` are their encoded names in order of value.
    """

    name: str
    type: str
    max_length: int
    use: Use
    code: bool
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Navigation:
    """A way from one entity to another.

    Shape   `links` are pairs (property here, property there).
    """

    name: str
    target_set: str
    many: bool
    links: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Entity:
    """One entity set with its type; there is one object for each, so identity is equality."""

    set: str
    name: str
    facts: SetFacts
    properties: Mapping[str, Property]
    navigations: Mapping[str, Navigation] = field(default_factory=dict[str, Navigation])
    actions: tuple[str, ...] = ()


def metadata() -> bytes:
    """The document as it is served."""
    return files("adapters.sandbox.business_central").joinpath("connector-api.metadata.xml").read_bytes()


@cache
def connector() -> Mapping[str, Entity]:
    """All entity sets that belong to a company, by name."""
    root = ET.fromstring(metadata())  # noqa: S314 - our own document, shipped with the package
    schema = next(root.iter(f"{_EDM}Schema"))
    enums = {
        kind.attrib["Name"]: tuple(member.attrib["Name"] for member in kind.iter(f"{_EDM}Member"))
        for kind in schema.iter(f"{_EDM}EnumType")
    }
    sets = {
        it.attrib["EntityType"].removeprefix(_NAV): it.attrib["Name"]
        for it in schema.iter(f"{_EDM}EntitySet")
        if it.attrib["Name"] in FACTS
    }
    actions: dict[str, tuple[str, ...]] = {}
    for action in schema.iter(f"{_EDM}Action"):
        bound = action.find(f"{_EDM}Parameter")
        if bound is not None:
            kind = bound.attrib["Type"].removeprefix(_NAV)
            actions[kind] = (*actions.get(kind, ()), action.attrib["Name"])
    found: dict[str, Entity] = {}
    for kind in schema.iter(f"{_EDM}EntityType"):
        name = kind.attrib["Name"]
        if name in sets:
            found[sets[name]] = _entity(kind, sets, enums, actions.get(name, ()))
    return found


def _entity(
    kind: ET.Element,
    sets: Mapping[str, str],
    enums: Mapping[str, tuple[str, ...]],
    actions: tuple[str, ...],
) -> Entity:
    name = kind.attrib["Name"]
    properties: dict[str, Property] = {}
    for it in kind.iter(f"{_EDM}Property"):
        terms = {note.attrib["Term"] for note in it.iter(f"{_EDM}Annotation")}
        use: Use = "ro" if "Core.Computed" in terms else "ins" if "Core.Immutable" in terms else "rw"
        type_name = it.attrib["Type"].removeprefix(_NAV)
        properties[it.attrib["Name"]] = Property(
            name=it.attrib["Name"],
            type=type_name,
            max_length=int(it.attrib.get("MaxLength", "0")),
            use=use,
            code=type_name == "Edm.String" and is_code(sets[name], it.attrib["Name"]),
            members=enums.get(type_name, ()),
        )
    navigations: dict[str, Navigation] = {}
    for it in kind.iter(f"{_EDM}NavigationProperty"):
        target = it.attrib["Type"]
        many = target.startswith("Collection(")
        target = target.removeprefix("Collection(").removesuffix(")").removeprefix(_NAV)
        links = tuple(
            (link.attrib["Property"], link.attrib["ReferencedProperty"])
            for link in it.iter(f"{_EDM}ReferentialConstraint")
        )
        navigations[it.attrib["Name"]] = Navigation(it.attrib["Name"], sets[target], many, links)
    return Entity(sets[name], name, FACTS[sets[name]], properties, navigations, actions)
