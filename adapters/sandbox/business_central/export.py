"""The state of the company in business terms, for comparing two runs."""

from decimal import Decimal
from typing import Any

from adapters.sandbox.business_central.attachments import SET as ATTACHMENTS
from adapters.sandbox.business_central.records import Records
from adapters.sandbox.business_central.schema import Entity, connector
from adapters.sandbox.wire import dump_json

_LEFT_OUT = frozenset(
    {
        "id",
        "rowVersion",
        "lastModifiedDateTime",
        "procoreLastSyncedAt",
        "minimumActiveRowVersion",
        "recordId",
        "invoiceId",
        "draftInvoiceId",
        "messageId",
        "occurredAt",
        "deletedAt",
    }
)
"""Versions, stamps and ids: two equal runs may differ in them."""
_FILE_FIELDS = ("fileName", "byteSize", "parentType")


def export(records: Records, *, procore_ids: bool = False) -> dict[str, list[dict[str, Any]]]:
    """All rows of all sets, in an order that depends on their content alone.

    Shape   decimals as text; a Procore id is "linked" unless `procore_ids` keeps the numbers, which depend on the
            order in which Procore gave them.
    """
    found = {
        name: sorted((_plain(entity, row, procore_ids=procore_ids) for row in records.rows(name)), key=dump_json)
        for name, entity in connector().items()
    }
    files = ({name: row[name] for name in _FILE_FIELDS} for row in records.database.all(ATTACHMENTS))
    return {**found, ATTACHMENTS: sorted(files, key=dump_json)}


def _plain(entity: Entity, row: dict[str, Any], *, procore_ids: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in row.items():
        if name in _LEFT_OUT or (entity.set, name) == ("syncLogEntries", "entryNumber"):
            continue
        is_procore_id = entity.properties[name].type == "Edm.Int64" and not procore_ids and value != 0
        found[name] = "linked" if is_procore_id else format(value, "f") if isinstance(value, Decimal) else value
    return found
