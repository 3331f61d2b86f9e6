"""`Project`: a job of Business Central and its Procore project, with the rules of its kind."""

from collections.abc import Sequence
from typing import ClassVar

from domain.record import Record
from domain.values import Json, enum_text, text

NPC_CLASS = "NPC Change Order"
CHILD = "child"
"""Mark of a job that stands below another one: no root of change orders (C-01)."""


class Project(Record):
    """One project. Several jobs of Business Central may share one Procore project (C-03)."""

    KIND: ClassVar[str] = "project"


def is_npc_child(source: Json) -> bool:
    """The job was made from an NPC change order: it lives in its parent's Procore project (C-03, J8)."""
    by_class = enum_text(text(source, "projectClass")) == NPC_CLASS
    by_order = str(source.get("procoreChangeOrderId") or "0") != "0"
    return bool(text(source, "parentProjectNumber")) and (by_class or by_order)


def is_root(source: Json, root_classes: Sequence[str]) -> bool:
    """The project takes change orders: no parent, and a class that stands for a whole job (C-01)."""
    label = enum_text(text(source, "projectClass")).strip()
    return not text(source, "parentProjectNumber") and label in root_classes
