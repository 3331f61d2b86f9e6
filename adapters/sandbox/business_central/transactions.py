"""A long transaction of another session: its rows are stamped early and seen late (BC 7.2)."""

from typing import Any, Literal

from adapters.sandbox.business_central.records import Records


class OpenTransaction:
    """Work that another session has begun and not committed.

    While it is open, `connectorSetups.minimumActiveRowVersion` stays at or below its rows' versions (BC 7.4).
    """

    def __init__(self, records: Records) -> None:
        self._records = records
        self._first = records.database.hold()
        self._versions = iter(range(self._first, self._first + 1000))
        self._work: list[tuple[Literal["insert", "update"], str, str, dict[str, Any], str]] = []

    def insert(self, entity_set: str, /, **fields: Any) -> None:
        """Create a record at the commit, stamped now."""
        self._work.append(("insert", entity_set, "", fields, self._records.database.moment()))

    def update(self, entity_set: str, record_id: str, /, **fields: Any) -> None:
        """Change a record at the commit, stamped now."""
        self._work.append(("update", entity_set, record_id, fields, self._records.database.moment()))

    def commit(self) -> None:
        """Let the others see the rows, with their old stamps and versions.

        Raises  Refusal (then nothing is stored)
        """
        try:
            with self._records.database.transaction():
                for verb, entity_set, record_id, fields, moment in self._work:
                    with self._records.database.stamped(self._versions, moment):
                        if verb == "insert":
                            self._records.insert(entity_set, **fields)
                        else:
                            self._records.update(entity_set, record_id, **fields)
        finally:
            self._records.database.let_go(self._first)

    def roll_back(self) -> None:
        """Give the work up."""
        self._records.database.let_go(self._first)
