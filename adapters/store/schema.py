"""The tables that are no projection, in numbered upgrades. A released number never changes; new shapes get new ones."""

from dataclasses import dataclass
from typing import Protocol

from adapters.store.errors import StoreUnavailable
from adapters.store.statements import Dialect

EVENTS = "stored_events"


@dataclass(frozen=True)
class Upgrade:
    """One step of the schema, run in one transaction together with all others that are due."""

    number: int
    why: str
    statements: tuple[str, ...]


class Session(Protocol):
    """A transaction that holds the lock for upgrades."""

    def fetch(self, sql: str) -> list[tuple[int]]:
        """Rows of a query."""
        ...

    def run(self, sql: str, values: tuple[str | int, ...] = ()) -> None:
        """Run a statement."""
        ...


def upgrades(dialect: Dialect, event_tables: tuple[str, ...]) -> tuple[Upgrade, ...]:
    """All upgrades in order. `event_tables` are the statements of the library's recorder."""
    contents = dialect.table("contents", (("sha256", "bytea"), ("zipped", "bigint"), ("body", "bytea")), ("sha256",))
    snapshots = dialect.table(
        "snapshots",
        (("stream", "text"), ("version", "bigint"), ("topic", "text"), ("state", "bytea")),
        ("stream",),
    )
    checkpoints = dialect.table(
        "projection_checkpoint",
        (
            ("name", "text"),
            ("version", "bigint"),
            ("generation", "bigint"),
            ("position", "bigint"),
            ("tables", "text"),
        ),
        ("name",),
    )
    errors = dialect.table(
        "projection_errors",
        (("projection", "text"), ("position", "bigint"), ("topic", "text"), ("error", "text")),
        ("projection", "position"),
    )
    secrets = dialect.table(
        "secret", (("name", "text"), ("key_id", "text"), ("ciphertext", "bytea"), ("changed_at", "text")), ("name",)
    )
    users = dialect.table(
        "access_user",
        (
            ("name", "text"),
            ("source", "text"),
            ("roles", "text"),
            ("rights", "text"),
            ("active", "bigint"),
            ("version", "bigint"),
            ("changed_at", "text"),
        ),
        ("name",),
    )
    tokens = dialect.table(
        "access_token",
        (
            ("name", "text"),
            ("sha256", "bytea"),
            ("owner", "text"),
            ("role", "text"),
            ("connections", "text"),
            ("approve", "bigint"),
            ("created_at", "text"),
            ("expires_at", "text"),
            ("used_at", "text"),
            ("revoked_at", "text"),
        ),
        ("name",),
    )
    sessions = dialect.table(
        "access_session",
        (("sha256", "bytea"), ("user_name", "text"), ("created_at", "text"), ("seen_at", "text")),
        ("sha256",),
    )
    redactions = dialect.table("redaction", (("sha256", "bytea"), ("at", "text"), ("fields", "text")), ("sha256",))
    return (
        Upgrade(1, "events, contents, snapshots", (*event_tables, contents, snapshots)),
        Upgrade(2, "checkpoints of projections, and the events that they could not read", (checkpoints, errors)),
        Upgrade(
            3,
            "secrets at rest, users, tokens and sessions, and which contents were redacted",
            (
                secrets,
                users,
                tokens,
                "CREATE UNIQUE INDEX access_token_sha256 ON access_token (sha256)",
                sessions,
                "CREATE INDEX access_session_user ON access_session (user_name)",
                redactions,
            ),
        ),
    )


def apply(session: Session, due: tuple[Upgrade, ...], at: str) -> tuple[int, int]:
    """Brings the schema up to date and says from which number to which.

    Units   `at` is ISO 8601, UTC.
    Raises  StoreUnavailable when a newer version of SiteLedger was here.
    """
    session.run(
        "CREATE TABLE IF NOT EXISTS schema_version (number BIGINT PRIMARY KEY, why TEXT NOT NULL, at TEXT NOT NULL)"
    )
    found = session.fetch("SELECT coalesce(max(number), 0) FROM schema_version")[0][0]
    newest = due[-1].number
    if found > newest:
        message = (
            f"The ledger has schema {found}; this version of SiteLedger knows up to {newest}."
            " Install the version that wrote it, or a newer one."
        )
        raise StoreUnavailable(message)
    for upgrade in due[found:]:
        for statement in upgrade.statements:
            session.run(statement)
        session.run("INSERT INTO schema_version VALUES (?, ?, ?)", (upgrade.number, upgrade.why, at))
    return found, newest
