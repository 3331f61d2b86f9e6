"""Renaming a record: its key changes, its id does not, and what refers to it follows (BC 6.17, 7.5)."""

from adapters.sandbox.business_central.catalogue import RELATIONS, TASK_RELATIONS
from adapters.sandbox.business_central.errors import rule
from adapters.sandbox.business_central.schema import Entity
from adapters.sandbox.business_central.storage import Database, Row

_FIXED = frozenset({"purchaseOrders", "purchaseInvoices", "projectPlanningLines"})
"""Their rename is refused (tables.md)."""


def key_changed(entity: Entity, before: Row, row: Row) -> bool:
    """Whether a change renames the record."""
    return any(before[name] != row[name] for name in entity.facts.key)


def need_renameable(entity: Entity) -> None:
    """Refuse where the table cannot be renamed.

    Raises  Refusal
    """
    if entity.set in _FIXED:
        raise rule(f"You cannot rename a record of table {entity.facts.table}.")


def carry_on(database: Database, entity: Entity, before: Row, row: Row) -> None:
    """Let all references follow the new key."""
    for entity_set, relations in RELATIONS.items():
        for name, (target, key) in relations.items():
            if target == entity.set and before[key] != row[key]:
                for it in database.find(entity_set, **{name: before[key]}):
                    database.put(entity_set, {**it, name: row[key]})
    if entity.set == "projectTasks":
        old, new = before["taskNumber"], row["taskNumber"]
        for entity_set, (project, task) in TASK_RELATIONS.items():
            for it in database.find(entity_set, **{project: row["projectNumber"], task: old}):
                database.put(entity_set, {**it, task: new})
