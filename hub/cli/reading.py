"""Commands about roles of the database that read the read schema: readers."""

from cyclopts import App

from hub.cli.shell import Given
from hub.report import Report


async def list_readers(*, shell: Given) -> Report:
    """Roles of PostgreSQL that may read the tables of the read schema."""
    from hub.operations.readers import list_readers as operation

    return await operation(shell.settings("store"))


async def grant(name: str, /, *, shell: Given) -> Report:
    """Let a role of PostgreSQL read the tables of the read schema and nothing else, after a rebuild too.

    Parameters
    ----------
    name
        The role, made before by whoever runs the database.
    """
    from hub.operations.readers import grant_reader as operation

    return await operation(shell.settings("store"), name=name, actor=shell.actor)


async def revoke(name: str, /, *, shell: Given) -> Report:
    """Take from a role of PostgreSQL what it was granted.

    Parameters
    ----------
    name
        The role.
    """
    from hub.operations.readers import revoke_reader as operation

    return await operation(shell.settings("store"), name=name, actor=shell.actor)


def readers() -> App:
    """The group."""
    group = App(name="readers", help="Roles of PostgreSQL that may read the read schema.")
    group.command(list_readers, name="list")
    group.command(grant)
    group.command(revoke)
    return group
