"""Commands for the maps of a connection: its own field names and codes, as versions. They work on the ledger alone."""

from pathlib import Path

from cyclopts import App

from hub.cli.shell import Given, one_of
from hub.report import Report


async def show(*, connection: str | None = None, shell: Given) -> Report:
    """The maps in force, and the drafts that wait.

    Parameters
    ----------
    connection
        The connection, where there are several.
    """
    settings = shell.settings("store")
    from hub.operations.mapping_commands import show as operation

    return await operation(settings, connection=one_of(settings, connection))


async def versions(*, connection: str | None = None, shell: Given) -> Report:
    """Every published version, the newest first.

    Parameters
    ----------
    connection
        The connection, where there are several.
    """
    settings = shell.settings("store")
    from hub.operations.mapping_commands import versions as operation

    return await operation(settings, connection=one_of(settings, connection))


async def draft(file: Path, /, *, connection: str | None = None, note: str = "", shell: Given) -> Report:
    """Keep maps as a draft; nothing works by them yet.

    Parameters
    ----------
    file
        TOML as in `mapping.toml`, or the same in JSON.
    connection
        The connection, where there are several.
    note
        Why, for the record of what was done.
    """
    settings = shell.settings("store")
    from hub.operations.mapping_commands import draft as operation

    return await operation(settings, file=file, connection=one_of(settings, connection), note=note, actor=shell.actor)


async def try_out(draft: str, /, *, last: int = 50, shell: Given) -> Report:
    """What a draft would change, by the code that decides. Writes nothing and calls no system.

    Parameters
    ----------
    draft
        Its id, eight characters of it at least.
    last
        The last records of each set that it touches, and all open ones; 0 for every record.
    """
    settings = shell.settings("store")
    from hub.operations.mapping_commands import try_out as operation

    return await operation(settings, draft=draft, last=last)


async def publish(draft: str, /, *, connection: str | None = None, note: str = "", shell: Given) -> Report:
    """Make a draft the newest version; the next round takes it.

    Parameters
    ----------
    draft
        Its id, eight characters of it at least.
    connection
        The connection, where there are several.
    note
        Why; that of the draft unless given.
    """
    settings = shell.settings("store")
    from hub.operations.mapping_commands import publish as operation

    return await operation(settings, draft=draft, connection=one_of(settings, connection), note=note, actor=shell.actor)


async def revert(version: int, /, *, connection: str | None = None, note: str = "", shell: Given) -> Report:
    """Publish the maps of an earlier version once more; 0 for none at all.

    Parameters
    ----------
    version
        Its number.
    connection
        The connection, where there are several.
    note
        Why, for the record of what was done.
    """
    settings = shell.settings("store")
    from hub.operations.mapping_commands import revert as operation

    return await operation(settings, to=version, connection=one_of(settings, connection), note=note, actor=shell.actor)


async def diff(before: int, now: int, /, *, connection: str | None = None, shell: Given) -> Report:
    """What two versions differ in.

    Parameters
    ----------
    before
        Number of the one; 0 has no maps.
    now
        Number of the other.
    connection
        The connection, where there are several.
    """
    settings = shell.settings("store")
    from hub.operations.mapping_commands import diff as operation

    return await operation(settings, before=before, now=now, connection=one_of(settings, connection))


def mappings() -> App:
    """`mappings`."""
    app = App(name="mappings", help="Own field names and codes of a company, as versions.")
    for command in (show, versions, draft, publish, revert, diff):
        app.command(command)
    app.command(try_out, name="test")
    app.default(show)
    return app
