"""Commands that tell what accounting asks: report."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from hub.cli.shell import Given, Switch, one_of
from hub.report import Report


async def report(
    name: str,
    /,
    *,
    connection: str | None = None,
    project: str = "",
    month: str = "",
    since: str = "",
    until: str = "",
    asof: str = "",
    format: str = "",
    out: Annotated[Path | None, Parameter(name=["--out", "-o"])] = None,
    bom: Switch = False,
    force: Switch = False,
    cursor: str = "",
    limit: Annotated[int, Parameter(validator=Number(gte=1, lte=1000))] = 100,
    shell: Given,
) -> Report:
    """Tell what accounting asks at month end, on the screen or as a file.

    Parameters
    ----------
    name
        job-costs, unsyncable-direct-costs, sub-jobs, archived-companies, accountants, approvals or approval-times.
    connection
        Only this connection.
    project
        Only the project with this number.
    month
        As 2026-03; otherwise the present one, by the clock of the connection.
    since
        Only what is of this moment or later.
    until
        Only what is before this moment.
    asof
        A position or a moment of the past.
    format
        csv, xlsx, parquet or jsonl: write a file.
    out
        The file; otherwise the name of the report in this folder.
    bom
        Begin CSV with a byte order mark, as Excel needs it.
    force
        Replace the file that is there.
    cursor
        Where the page before ended.
    limit
        Rows of one page.
    """
    settings = shell.settings("store")
    from hub.operations.reports import ReportFilter, report_command, report_to_file

    wanted = ReportFilter(
        connection=one_of(settings, connection) or "",
        project=project,
        month=month,
        since=since,
        until=until,
        asof=asof,
    )
    if not format and out is None:
        return await report_command(
            settings, name=name, wanted=wanted, cursor=cursor, limit=limit, progress=shell.progress
        )
    return await report_to_file(
        settings, name=name, format=format, out=out, wanted=wanted, bom=bom, force=force, progress=shell.progress
    )
