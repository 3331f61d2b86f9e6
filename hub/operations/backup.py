"""`backup` and `restore`: all of a store into one file while it is used, and an empty store out of such a file."""

from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adapters.ports import Clock, SystemClock
from adapters.store import Registry, ThreadPool, open_ledger
from adapters.store import backup as archive
from adapters.store.backup import Manifest
from adapters.store.ledger import database_at
from adapters.store.schema import SEALS
from domain.events import EVENTS, UPCASTERS
from hub.app import open_hub
from hub.audit.sealing import SealsDamaged, seal
from hub.audit.verifying import verify
from hub.files import draft_of
from hub.keyring import keyring_of
from hub.report import ExitStatus, Halted, Progress, Report
from hub.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console


async def backup(settings: Settings, *, file: Path, force: bool, progress: Progress) -> Report:
    """Writes the file whole or not at all; readable for its owner alone. The service may go on writing meanwhile.

    Raises  Halted, BackupRefused, StoreUnavailable.
    """
    progress.start("backup")
    url = settings.store.url.get_secret_value()
    await _sealed(url)
    manifest, size = await ThreadPool().write(lambda: made(url, file, SystemClock(), force=force))
    progress.finish("backup")
    document = {"file": str(file), "bytes": size, **_document(manifest)}
    lines = [f"Wrote {file}: {manifest.position} events, {sum(table.rows for table in manifest.tables)} rows."]
    if manifest.keys:
        lines.append(f"Its secrets take the key {', '.join(manifest.keys)}, which is not in it: keep that apart.")
    return _report(document, lines)


async def _sealed(url: str) -> None:
    """Seals what is not sealed yet, where the store has seals: a backup never waits for an upgrade."""
    threads = ThreadPool()
    if await threads.read(lambda: _number(url)) >= SEALS.since:
        async with open_ledger(url, events=Registry(EVENTS, UPCASTERS), clock=SystemClock(), threads=threads) as ledger:
            with suppress(SealsDamaged):  # that is for `audit verify`, and a backup is needed all the more
                await seal(ledger)


def _number(url: str) -> int:
    """The number of a store's schema, 0 for one that was never used."""
    if url.startswith(_FILE) and not Path(url.removeprefix(_FILE)).exists():
        return 0
    database = database_at(url)
    try:
        with database.snapshot() as snapshot:
            return snapshot.number
    finally:
        database.close()


_FILE = "sqlite:///"


def made(url: str, file: Path, clock: Clock, *, force: bool = False) -> tuple[Manifest, int]:
    """The backup itself, in the thread of the caller; with its bytes.

    Raises  Halted where the file can't be written; BackupRefused, StoreUnavailable.
    """
    with draft_of(file, force=force) as draft:
        database = database_at(url)
        try:
            manifest = archive.write(database, draft, version=version("siteledger"), made_at=clock.now().isoformat())
        finally:
            database.close()
    return manifest, file.stat().st_size


async def restore(settings: Settings, *, file: Path, progress: Progress) -> Report:
    """Verifies the whole file, fills the empty store in one transaction, folds the read models, and proves the ledger.

    Raises  BackupRefused and StoreUnavailable, and then the store is as it was; Halted where the file can't be read.
    """
    progress.start("restore")
    url = settings.store.url.get_secret_value()
    manifest = await ThreadPool().write(lambda: filled(url, file, SystemClock()))
    progress.finish("restore")
    async with open_hub(settings) as hub:
        await hub.projector.catch_up()
        missing = _missing_keys(settings, manifest)
        progress.start("verify")
        verified = await verify(hub, actor="system", keep=False)
        progress.finish("verify")
    lines = [f"Restored {manifest.position} events of {manifest.made_at}; the tables are folded anew."]
    if missing:
        lines.append(f"Its secrets take the key {', '.join(missing)}: put it into server.secret_key.")
    lines += [finding.words for finding in verified.told]
    if not verified.sound:
        lines.append("The backup holds a ledger that was changed before it was made. Restore an older one elsewhere.")
    status = ExitStatus.NEEDS_PERSON if missing else ExitStatus.DONE
    if not verified.sound:
        status = ExitStatus.INTEGRITY
    document = {"file": str(file), **_document(manifest), "missing_keys": missing, "valid": verified.sound}
    return _report(document, lines, status)


def filled(url: str, file: Path, clock: Clock) -> Manifest:
    """The restoring itself, in the thread of the caller.

    Raises  Halted, BackupRefused, StoreUnavailable.
    """
    try:
        with archive.opened(file) as found:
            found.verify()
            database = database_at(url)
            try:
                found.fill(database, at=clock.now().isoformat())
            finally:
                database.close()
    except OSError as error:
        message = f"{file} can't be read ({error.strerror})."
        raise Halted(message, ExitStatus.WRONG_USE) from error
    return found.manifest


def _missing_keys(settings: Settings, manifest: Manifest) -> list[str]:
    secret = settings.server.secret_key
    held = keyring_of(secret).ids if secret is not None and secret.at_hand else ()
    return [key for key in manifest.keys if key not in held]


def _document(manifest: Manifest) -> dict[str, Any]:
    return {
        "made_at": manifest.made_at,
        "version": manifest.version,
        "schema": manifest.schema,
        "position": manifest.position,
        "tables": {table.name: table.rows for table in manifest.tables},
        "keys": list(manifest.keys),
    }


def _report(document: dict[str, Any], lines: list[str], status: ExitStatus = ExitStatus.DONE) -> Report:
    def render(console: "Console") -> None:
        for line in lines:
            console.print(line, markup=False, highlight=False, soft_wrap=True)

    return Report(document, status, render)
