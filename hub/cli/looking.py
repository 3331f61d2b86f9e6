"""Commands that look into the ledger and call nobody: status, explain."""

from hub.cli.shell import Given, one_of
from hub.report import Report


async def status(*, connection: str | None = None, shell: Given) -> Report:
    """Counts for each flow and state, lag, quota, and what needs a person.

    Parameters
    ----------
    connection
        Only this connection.
    """
    settings = shell.settings("store")
    chosen = one_of(settings, connection)
    from hub.operations.status import status as operation

    return await operation(settings, connection=chosen, progress=shell.progress)


async def explain(identifier: str, /, *, shell: Given) -> Report:
    """Tell the whole story of one record: its state, why, what it waits for, and what happens next.

    Parameters
    ----------
    identifier
        Any id or number of either system.
    """
    settings = shell.settings("store")
    from hub.operations.explain import explain as operation

    return await operation(settings, identifier=identifier, progress=shell.progress)
