"""The maps of a connection in the ledger: versions, the one in force, and the file that may bring a new one.

A version is published at any time and taken at the beginning of a round, so that everything of one round is read
through the same maps. From the event that says so on, it is in force.
"""

import tomllib
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import anyio
from msgspec import Struct

from adapters.store import Ledger, StreamMoved
from domain import events
from domain.errors import Misconfigured
from domain.mapping import AS_IT_IS, Mapping
from domain.mapping_rules import Fault, parsed
from domain.record import Record
from domain.values import Json, read_json
from hub.records import Contents

if TYPE_CHECKING:
    from hub.app import Hub

ATTEMPTS = 5
"""Times that a change of the maps is decided again because somebody else wrote first."""
MOST_TOLD = 20


class Standing(Struct, frozen=True):
    """Where the maps of a connection stand: a row of `mapping`. Versions are 0 for none."""

    newest: int = 0
    in_force: int = 0
    file: str = ""
    version: int = 0


def stream_of(connection: str) -> UUID:
    """The stream of a connection's maps."""
    return Record.id_for(connection, "mapping", connection)


async def standing(ledger: Ledger, connection: str) -> Standing:
    """As far as the read models are."""
    rows = await ledger.rows("SELECT newest, in_force, file, version FROM mapping WHERE connection = ?", (connection,))
    return Standing(*rows[0]) if rows else Standing()


async def version_at(hub: "Hub", connection: str, position: int) -> int:
    """The version through which everything was read at this position of the ledger; 0 when it was none."""
    rows = await hub.ledger.rows(
        "SELECT mapping FROM mapping_version WHERE connection = ? AND taken_from > 0 AND taken_from <= ?"
        " ORDER BY taken_from DESC LIMIT 1",
        (connection, position),
    )
    return rows[0][0] if rows else 0


async def current(hub: "Hub", connection: str) -> Mapping:
    """The maps in force."""
    return await in_force(hub.ledger, connection)


async def in_force(ledger: Ledger, connection: str) -> Mapping:
    """The maps that everything is read through, as far as the read models are."""
    return await maps_of(ledger, connection, (await standing(ledger, connection)).in_force)


async def maps_of(ledger: Ledger, connection: str, version: int) -> Mapping:
    """The maps of a version; of none, every document as it is."""
    return parsed(await document_of(ledger, connection, version))[0] if version else AS_IT_IS


async def document_of(ledger: Ledger, connection: str, version: int) -> Json:
    """The maps of a version as they were written; of version 0 none.

    Raises  KeyError when there is no such version.
    """
    if not version:
        return {}
    rows = await ledger.rows(
        "SELECT content FROM mapping_version WHERE connection = ? AND mapping = ?", (connection, version)
    )
    if not rows:
        raise KeyError(version)
    return await content_of(ledger, rows[0][0])


async def content_of(ledger: Ledger, content: str) -> Json:
    """Maps by the SHA-256 that names them."""
    return read_json((await ledger.contents([content]))[content])


async def said(
    ledger: Ledger,
    connection: str,
    catch_up: Callable[[], Awaitable[object]],
    make: Callable[[Standing, Contents], Sequence[events.Event]],
) -> None:
    """Stores the next event of a connection's maps; `make` decides again when somebody else wrote first.

    Shape   the first event has the version behind the one that stands; none stores nothing.
    """
    for attempt in range(ATTEMPTS):
        await catch_up()
        contents = Contents()
        new = make(await standing(ledger, connection), contents)
        if not new:
            return
        try:
            await ledger.append(new, contents.new)
        except StreamMoved:
            if attempt == ATTEMPTS - 1:
                raise
            continue
        await catch_up()
        return


async def read_file(path: Path) -> Json:
    """The maps that a file holds.

    Raises  Misconfigured with every fault of it, each by its key and with its mend.
    """
    try:
        document = tomllib.loads((await anyio.Path(path).read_bytes()).decode(), parse_float=Decimal)
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}; put the file back, or leave `mapping` out"
        raise Misconfigured(message) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{path} is no TOML: {error}") from error
    if faults := parsed(document)[1]:
        raise Misconfigured(f"{path}: {told(faults)}")
    return document


def told(faults: list[Fault]) -> str:
    """Faults in words."""
    words = [fault.words for fault in faults[:MOST_TOLD]]
    return "\n".join([*words, f"and {len(faults) - MOST_TOLD} more"] if len(faults) > MOST_TOLD else words)


def plain(document: Json) -> Any:
    """Maps as the ledger gives them back: days as text, so that a file and the ledger compare."""
    contents = Contents()
    return read_json(contents.new[contents.add_json(document)])
