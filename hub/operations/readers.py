"""`readers`: roles of PostgreSQL that may read the tables of the read schema, and nothing else of the ledger.

The role itself is made by whoever runs the database, with its password; here it is granted what it may read. Tables of
read models are replaced at a rebuild, and a grant ends with its table, so every new table is granted anew to those who
were granted the checkpoints.
"""

import re
from typing import TYPE_CHECKING

from adapters.store import Statement, StreamMoved
from adapters.store.postgres import SCHEMA
from adapters.store.schema import KEPT
from adapters.store.statements import READERS
from domain.errors import WrongInput
from domain.events import ReaderGranted, ReaderRevoked
from hub.access.signing import signed, stream_of
from hub.app import Hub, open_hub
from hub.report import ExitStatus, Halted, Report
from hub.settings import Settings
from projections.registry import PROJECTIONS

if TYPE_CHECKING:
    from rich.console import Console

_ROLE = re.compile(r"[a-z_][a-z0-9_-]{0,62}")
CHECKPOINTS = "projection_checkpoint"
TABLES = (CHECKPOINTS, *(table.name for projection in PROJECTIONS for table in projection.tables))
"""What a reader may read. Being granted the first is what makes a reader."""


async def readers(hub: Hub) -> list[str]:
    """Roles that may read.

    Raises  Halted where the store is no PostgreSQL.
    """
    _refuse_sqlite(hub)
    return [row[0] for row in await hub.ledger.rows(READERS)]


async def grant(hub: Hub, name: str, *, actor: str) -> None:
    """Let a role read every table of the read schema, now and after each rebuild. Twice is once.

    Raises  WrongInput; Halted where the store is no PostgreSQL, the role is not there or may do more than read.
    """
    _refuse_sqlite(hub)
    await _check(hub, name)
    statements = [
        Statement(f'GRANT USAGE ON SCHEMA {SCHEMA} TO "{name}"'),
        Statement(f'GRANT SELECT ON {", ".join(TABLES)} TO "{name}"'),
    ]
    if name in await readers(hub):
        await hub.ledger.change(statements)
        return
    await _signed(hub, ReaderGranted, name, actor, statements)
    if readable := await _kept_that_it_reads(hub, name):
        await revoke(hub, name, actor=actor)
        message = f"The role {name} reads {', '.join(readable)} by other grants, so it was given none. Take those away."
        raise Halted(message, ExitStatus.NEEDS_PERSON)


async def revoke(hub: Hub, name: str, *, actor: str) -> None:
    """Take everything back that was granted. Twice is once.

    Raises  WrongInput; Halted where the store is no PostgreSQL.
    """
    _refuse_sqlite(hub)
    _checked(name)
    if name not in await readers(hub):
        return
    statements = [
        Statement(f'REVOKE ALL ON {", ".join(TABLES)} FROM "{name}"'),
        Statement(f'REVOKE ALL ON SCHEMA {SCHEMA} FROM "{name}"'),
    ]
    await _signed(hub, ReaderRevoked, name, actor, statements)


async def _signed(
    hub: Hub, kind: type[ReaderGranted] | type[ReaderRevoked], name: str, actor: str, statements: list[Statement]
) -> None:
    """The grant and the event of it, in one transaction."""
    stream = stream_of("reader", name)
    version = len((await hub.ledger.load([stream]))[stream]) + 1
    event = signed(kind, hub.clock, actor, stream, version, name=name)
    try:
        await hub.ledger.append([event], also=statements)
    except StreamMoved as error:
        message = f"Somebody else granted or revoked {name} at this moment. Look with `siteledger readers list`."
        raise Halted(message, ExitStatus.CHANGED) from error


async def _check(hub: Hub, name: str) -> None:
    """A role that could do more than read what it is granted is no reader."""
    _checked(name)
    rows = await hub.ledger.rows(
        "SELECT rolsuper, pg_has_role(rolname, current_user, 'MEMBER') FROM pg_roles WHERE rolname = ?", (name,)
    )
    if not rows:
        sql = f'CREATE ROLE "{name}" LOGIN PASSWORD \'…\'; ALTER ROLE "{name}" SET search_path = {SCHEMA};'
        message = f"There is no role {name}. Have it made by whoever runs the database: {sql}"
        raise Halted(message, ExitStatus.WRONG_USE)
    if rows[0][0] or rows[0][1]:
        message = f"The role {name} may do all that SiteLedger's own role may. Name one that may nothing yet."
        raise Halted(message, ExitStatus.WRONG_USE)


async def _kept_that_it_reads(hub: Hub, name: str) -> list[str]:
    """Tables beside the read schema that the role reads, such as by a grant to everybody."""
    asked = ", ".join(f"has_table_privilege(?, '{table.name}', 'SELECT')" for table in KEPT)
    [row] = await hub.ledger.rows(f"SELECT {asked}", (name,) * len(KEPT))
    return [table.name for table, reads in zip(KEPT, row, strict=True) if reads]


def _checked(name: str) -> None:
    if not _ROLE.fullmatch(name):
        raise WrongInput("name", f"'{name[:63]}' is no role", "Use small letters, digits, _ and -.")


def _refuse_sqlite(hub: Hub) -> None:
    if hub.ledger.dialect.name != "postgresql":
        message = "A SQLite file has no roles: whoever may read the file reads all of it. Use `siteledger export`."
        raise Halted(message, ExitStatus.WRONG_USE)


# -- commands --------------------------------------------------------------------------------------


async def list_readers(settings: Settings) -> Report:
    """Who may read."""
    async with open_hub(settings) as hub:
        found = await readers(hub)
    return _report(found, found or ["No role of the database may read."])


async def grant_reader(settings: Settings, *, name: str, actor: str) -> Report:
    """The command `readers grant`."""
    async with open_hub(settings) as hub:
        await grant(hub, name, actor=actor)
        found = await readers(hub)
    return _report(found, [f"{name} may read the {len(TABLES)} tables of the read schema, and nothing else."])


async def revoke_reader(settings: Settings, *, name: str, actor: str) -> Report:
    """The command `readers revoke`."""
    async with open_hub(settings) as hub:
        await revoke(hub, name, actor=actor)
        found = await readers(hub)
    return _report(found, [f"{name} may read nothing any more."])


def _report(found: list[str], lines: list[str]) -> Report:
    def render(console: "Console") -> None:
        for line in lines:
            console.print(line, markup=False, soft_wrap=True)

    return Report({"readers": found}, ExitStatus.DONE, render)
