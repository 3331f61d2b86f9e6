"""Commands that care for the store and its secrets: upgrade, backup, restore, keys rotate, redact."""

from pathlib import Path

from cyclopts import App

from hub.cli.shell import Given, Switch
from hub.report import Report


async def rotate(*, drop_old: Switch = False, shell: Given) -> Report:
    """Encrypt what is secret at rest under a new key; old keys are kept for backups.

    Parameters
    ----------
    drop_old
        Forget old keys afterwards, where they stand in a file. Backups made before can no longer be opened with it.
    """
    from hub.operations.keys import rotate as operation

    return await operation(shell.settings("store"), actor=shell.actor, drop_old=drop_old)


async def upgrade(*, shell: Given) -> Report:
    """Bring the store and its read models to the shape of this version."""
    from hub.operations.upgrade import upgrade as operation

    return await operation(shell.settings("store"), progress=shell.progress)


async def backup(file: Path, /, *, force: Switch = False, shell: Given) -> Report:
    """Write everything in the store into one file, while the service runs.

    Parameters
    ----------
    force
        Replace the file that is there.
    """
    from hub.operations.backup import backup as operation

    return await operation(shell.settings("store"), file=file, force=force, progress=shell.progress)


async def restore(file: Path, /, *, shell: Given) -> Report:
    """Fill an empty store from a backup, of either database, and fold the tables anew."""
    from hub.operations.backup import restore as operation

    return await operation(shell.settings("store"), file=file, progress=shell.progress)


async def redact(*, dry_run: Switch = False, shell: Given) -> Report:
    """Take personal fields out of bodies that are older than server.retention_days.

    Parameters
    ----------
    dry_run
        Only count them.
    """
    from hub.operations.redact import redact as operation

    return await operation(shell.settings("store"), actor=shell.actor, dry_run=dry_run, progress=shell.progress)


def keys() -> App:
    """`keys`."""
    app = App(name="keys", help="The keys of what is secret at rest.")
    app.command(rotate)
    return app
