"""Commands that look into the ledger and call nobody: status, explain, changes, provenance."""

from hub.cli.shell import Given, one_of
from hub.report import ExitStatus, Halted, Report


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


async def explain(identifier: str, /, *, asof: str = "", shell: Given) -> Report:
    """Tell the whole story of one record: its state, why, what it waits for, and what happens next.

    Parameters
    ----------
    identifier
        Any id or number of either system.
    asof
        As it was: a position of the ledger, or an instant such as 2026-01-31T08:00:00Z.
    """
    settings = shell.settings("store")
    if asof:
        from hub.operations.past import explain_then

        return await explain_then(settings, identifier=identifier, asof=asof, progress=shell.progress)
    from hub.operations.explain import explain as operation

    return await operation(settings, identifier=identifier, progress=shell.progress)


async def changes(
    identifier: str = "",
    /,
    *,
    project: str = "",
    since: str = "",
    until: str = "",
    connection: str | None = None,
    cursor: str | None = None,
    shell: Given,
) -> Report:
    """Tell what became different, field by field: from what to what, on which side, when, by whom, in which event.

    Parameters
    ----------
    identifier
        Any id or number of either system; nothing with --project.
    project
        Everything that belongs to the project of this number, or once did.
    since
        Position or instant after which; from the beginning otherwise.
    until
        Position or instant up to which; until now otherwise.
    connection
        Only this connection.
    cursor
        Where the page before ended.
    """
    settings = shell.settings("store")
    if bool(identifier) == bool(project):
        message = "Say which record, or with --project which project."
        raise Halted(message, ExitStatus.WRONG_USE)
    chosen = one_of(settings, connection)
    from hub.operations.changes import Wanted, show_changes

    wanted = Wanted(project=project, connections=(chosen,) if chosen else (), since=since, until=until)
    return await show_changes(settings, identifier=identifier, wanted=wanted, cursor=cursor, progress=shell.progress)


async def provenance(
    identifier: str,
    field: str = "",
    /,
    *,
    part: str = "",
    asof: str = "",
    cursor: str | None = None,
    shell: Given,
) -> Report:
    """Tell where every field comes from that was written for a record, and by which event, outcome and approval.

    Parameters
    ----------
    identifier
        Any id or number of either system.
    field
        Only this field of the rows that were written, such as vendor_id.
    part
        Only this part of the record, such as header.
    asof
        As it was: a position of the ledger, or an instant such as 2026-01-31T08:00:00Z.
    cursor
        Where the page before ended.
    """
    settings = shell.settings("store")
    from hub.operations.provenance import show_provenance

    return await show_provenance(
        settings,
        identifier=identifier,
        field=field,
        part=part,
        asof=asof,
        cursor=cursor,
        progress=shell.progress,
    )
