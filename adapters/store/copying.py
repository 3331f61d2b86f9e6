"""What both databases do before a store is filled from a backup."""
# ruff: noqa: S608 - only names from our own constants stand in the SQL

from adapters.store import schema
from adapters.store.errors import WrongStore

CHUNK = 500
"""Rows that are in memory at a time."""

NOT_EMPTY = (
    "The store is not empty, and a backup never mixes with what is there. Name an empty store in store.url: another"
    " file, another database."
)


def begin(session: schema.Session, known: tuple[schema.Upgrade, ...], number: int, at: str) -> None:
    """Makes the tables as they were when the backup was made.

    Raises  WrongStore when anything is in the store, or its tables are of another number.
    """
    schema.refuse_newer(number, known)
    session.run(schema.VERSIONS)
    found = session.fetch(schema.FOUND)[0][0]
    schema.refuse_newer(found, known)
    for table in schema.KEPT:
        if table.since <= found and session.fetch(f"SELECT 1 FROM {table.name} LIMIT 1"):
            raise WrongStore(NOT_EMPTY)
    if found not in (0, number):
        message = (
            f"The store is empty, but its tables are of schema {found}, and the backup is of schema {number}. Name a"
            " store in store.url that was never used."
        )
        raise WrongStore(message)
    schema.apply(session, known[:number], at)
