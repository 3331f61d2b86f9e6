"""The tables that are no projection, in numbered upgrades. A released number never changes; new shapes get new ones."""

from dataclasses import dataclass
from typing import Protocol

from adapters.store.errors import StoreUnavailable
from adapters.store.statements import Columns, Dialect

EVENTS = "stored_events"

VERSIONS = "CREATE TABLE IF NOT EXISTS schema_version (number BIGINT PRIMARY KEY, why TEXT NOT NULL, at TEXT NOT NULL)"
FOUND = "SELECT coalesce(max(number), 0) FROM schema_version"


@dataclass(frozen=True)
class Upgrade:
    """One step of the schema, run in one transaction together with all others that are due.

    An `additive` one makes tables and indexes that older versions do not look at, and is applied by any start.
    """

    number: int
    why: str
    statements: tuple[str, ...]
    additive: bool = True


class Session(Protocol):
    """A transaction that holds the lock for upgrades."""

    def fetch(self, sql: str) -> list[tuple[int]]:
        """Rows of a query."""
        ...

    def run(self, sql: str, values: tuple[str | int, ...] = ()) -> None:
        """Run a statement."""
        ...


@dataclass(frozen=True)
class Kept:
    """A table that a backup holds, because nothing else can make it again.

    Shape   `columns` name their types: `text`, `bigint`, `bytea`, or `uuid`, which is 16 bytes on SQLite. `since` is
            the number of the upgrade that made it.
    """

    name: str
    columns: Columns
    key: tuple[str, ...]
    since: int

    def statement(self, dialect: Dialect) -> str:
        """What creates it."""
        return dialect.table(self.name, self.columns, self.key)


def _texts(*names: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, "text") for name in names)


KEPT_EVENTS = Kept(
    EVENTS,
    (
        ("notification_id", "bigint"),
        ("originator_id", "uuid"),
        ("originator_version", "bigint"),
        ("topic", "text"),
        ("state", "bytea"),
    ),
    ("notification_id",),
    since=1,
)
CONTENTS = Kept("contents", (("sha256", "bytea"), ("zipped", "bigint"), ("body", "bytea")), ("sha256",), since=1)
SNAPSHOTS = Kept(
    "snapshots",
    (("stream", "text"), ("version", "bigint"), ("topic", "text"), ("state", "bytea")),
    ("stream",),
    since=1,
)
SECRETS = Kept(
    "secret",
    (*_texts("name", "key_id"), ("ciphertext", "bytea"), ("changed_at", "text")),
    ("name",),
    since=3,
)
USERS = Kept(
    "access_user",
    (*_texts("name", "source", "roles", "rights"), ("active", "bigint"), ("version", "bigint"), ("changed_at", "text")),
    ("name",),
    since=3,
)
TOKENS = Kept(
    "access_token",
    (
        ("name", "text"),
        ("sha256", "bytea"),
        *_texts("owner", "role", "connections"),
        ("approve", "bigint"),
        *_texts("created_at", "expires_at", "used_at", "revoked_at"),
    ),
    ("name",),
    since=3,
)
SESSIONS = Kept(
    "access_session", (("sha256", "bytea"), *_texts("user_name", "created_at", "seen_at")), ("sha256",), since=3
)
SEALS = Kept(
    "audit_seal",
    (
        ("first_position", "bigint"),
        ("last_position", "bigint"),
        *((name, "bytea") for name in ("previous", "hash", "leaves")),
    ),
    ("first_position",),
    since=4,
)
SESSION_ENDS = Kept("access_session_end", (("sha256", "bytea"), ("ends_at", "text")), ("sha256",), since=5)
"""When a session ends whatever is done in it, for those whose roles an identity provider gave."""
SIGN_IN_LINKS = Kept("sign_in_link", (("sha256", "bytea"), *_texts("user_name", "ends_at")), ("sha256",), since=6)
"""Addresses that sign somebody in once."""
KEPT = (KEPT_EVENTS, CONTENTS, SNAPSHOTS, SECRETS, USERS, TOKENS, SESSIONS, SEALS, SESSION_ENDS, SIGN_IN_LINKS)
"""In the order of a backup."""

_CHECKPOINTS = (
    *_texts("name"),
    ("version", "bigint"),
    ("generation", "bigint"),
    ("position", "bigint"),
    ("tables", "text"),
)
_ERRORS = (("projection", "text"), ("position", "bigint"), *_texts("topic", "error"))


def upgrades(dialect: Dialect, event_tables: tuple[str, ...]) -> tuple[Upgrade, ...]:
    """All upgrades in order. `event_tables` are the statements of the library's recorder."""
    contents, snapshots = CONTENTS.statement(dialect), SNAPSHOTS.statement(dialect)
    checkpoints = dialect.table("projection_checkpoint", _CHECKPOINTS, ("name",))
    errors = dialect.table("projection_errors", _ERRORS, ("projection", "position"))
    return (
        Upgrade(1, "events, contents, snapshots", (*event_tables, contents, snapshots)),
        Upgrade(2, "checkpoints of projections, and the events that they could not read", (checkpoints, errors)),
        Upgrade(
            3,
            "secrets at rest, users, tokens and sessions; a redacted body comes back with its record",
            (
                *event_tables,  # again, for their function: each of them may be run twice
                *(table.statement(dialect) for table in (SECRETS, USERS, TOKENS, SESSIONS)),
                "CREATE UNIQUE INDEX access_token_sha256 ON access_token (sha256)",
                "CREATE INDEX access_session_user ON access_session (user_name)",
            ),
        ),
        Upgrade(4, "seals over the events", (SEALS.statement(dialect),)),
        Upgrade(5, "ends of sessions whose roles come from elsewhere", (SESSION_ENDS.statement(dialect),)),
        Upgrade(6, "links that sign in once", (SIGN_IN_LINKS.statement(dialect),)),
    )


def apply(session: Session, known: tuple[Upgrade, ...], at: str, *, everything: bool = True) -> tuple[int, int]:
    """Brings the schema up to date and says from which number to which.

    Without `everything` only what adds to the schema: the rest waits for `siteledger upgrade`.
    Units   `at` is ISO 8601, UTC.
    Raises  StoreUnavailable when a newer version of SiteLedger was here, or an upgrade waits for a person.
    """
    session.run(VERSIONS)
    found = session.fetch(FOUND)[0][0]
    refuse_newer(found, known)
    due = known[found:]
    if found and not everything and (waiting := [upgrade for upgrade in due if not upgrade.additive]):
        message = (
            f"The ledger has schema {found}, and this version needs {known[-1].number} ({waiting[0].why}). Stop what"
            " runs, make a backup (siteledger backup FILE), then run `siteledger upgrade`."
        )
        raise StoreUnavailable(message)
    for upgrade in due:
        for statement in upgrade.statements:
            session.run(statement)
        session.run("INSERT INTO schema_version VALUES (?, ?, ?)", (upgrade.number, upgrade.why, at))
    return found, known[-1].number


def refuse_newer(found: int, known: tuple[Upgrade, ...]) -> None:
    """Nobody writes into a shape that he does not know.

    Raises  StoreUnavailable.
    """
    newest = known[-1].number
    if found > newest:
        message = (
            f"The ledger has schema {found}; this version of SiteLedger knows up to {newest}."
            " Install the version that wrote it, or a newer one."
        )
        raise StoreUnavailable(message)
