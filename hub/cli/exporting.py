"""Commands that write files of the read schema: export."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from hub.cli.shell import Given, Switch, one_of
from hub.report import Report


async def export(
    view: str,
    /,
    *,
    format: str = "",
    out: Annotated[Path | None, Parameter(name=["--out", "-o"])] = None,
    connection: str | None = None,
    flow: str = "",
    state: str = "",
    kind: str = "",
    project: str = "",
    cause: str = "",
    role: str = "",
    record: str = "",
    number: str = "",
    actor: str = "",
    action: str = "",
    object: str = "",
    q: str = "",
    since: str = "",
    until: str = "",
    asof: str = "",
    bom: Switch = False,
    force: Switch = False,
    shell: Given,
) -> Report:
    """Write a table of the read schema to a file, as CSV, XLSX, Parquet or JSON lines.

    Parameters
    ----------
    view
        A table of the read schema, such as record_state, or a list of the API, such as records.
    format
        csv, xlsx, parquet or jsonl; otherwise by the name of the file, otherwise csv.
    out
        The file; otherwise the name of the view in this folder.
    connection
        Only this connection.
    flow
        Only this flow.
    state
        Only this state, or several with commas between.
    kind
        Only this kind.
    project
        Only the project with this number.
    cause
        Only failures of this cause.
    role
        Only pairs of this role.
    record
        Only the record with this UUID.
    number
        Only this number.
    actor
        Only what this user or program did, such as user:anna@example.com.
    action
        Only acts whose name is this or begins so, such as access.
    object
        Only acts on this, such as "user anna@example.com".
    q
        Number begins so or title holds this; of pairs, a whole id or number.
    since
        Only what is of this moment or later.
    until
        Only what is before this moment.
    asof
        A position or a moment; what changed later is left out.
    bom
        Begin CSV with a byte order mark, as Excel needs it.
    force
        Replace the file that is there.
    """
    settings = shell.settings("store")
    from hub.operations.exports import export_file
    from hub.queries.views import ViewFilter

    wanted = ViewFilter(
        connection=one_of(settings, connection) or "",
        flow=flow,
        state=state,
        kind=kind,
        project=project,
        cause=cause,
        role=role,
        record=record,
        number=number,
        actor=actor,
        action=action,
        object=object,
        q=q,
        since=since,
        until=until,
        asof=asof,
    )
    return await export_file(
        settings, view=view, format=format, out=out, wanted=wanted, bom=bom, force=force, progress=shell.progress
    )
