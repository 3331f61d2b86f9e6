"""Commands that do work on the ledger or with the two systems: check, sync, rebuild.

Each imports its operation when its arguments and the configuration are known to be right, so that a mistake is
answered at once.
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from hub.cli.shell import Given, Switch, known, one_of
from hub.report import ExitStatus, Halted, Report


async def check(*, connection: str | None = None, shell: Given) -> Report:
    """Reach both systems and say what is wrong and what to do about it.

    Parameters
    ----------
    connection
        Only this connection.
    """
    settings = shell.settings()
    chosen = one_of(settings, connection)
    from hub.operations.check import check as operation

    return await operation(settings, connection=chosen, progress=shell.progress)


async def sync(
    *,
    connection: str | None = None,
    flow: str | None = None,
    project: str | None = None,
    since: str | None = None,
    until: str | None = None,
    full: Switch = False,
    wait: Annotated[int, Parameter(validator=Number(gte=0))] = 60,
    shell: Given,
) -> Report:
    """One round: read what changed on both sides, work until nothing more can be done, report, stop.

    Parameters
    ----------
    connection
        Only this connection.
    flow
        Only this flow, such as purchase-order-to-commitment.
    project
        Only what belongs to the project with this number.
    since
        Read again what changed from this day or moment on; UTC unless it names an offset.
    until
        Leave alone what changed at this day or moment or later.
    full
        Read everything again, not only what changed.
    wait
        Seconds to wait for next attempts that fall due.
    """
    from hub.settings import FLOW_NAMES

    begin, end = day_or_moment("--since", since), day_or_moment("--until", until)
    if begin and end and begin >= end:
        message = "--since must be before --until."
        raise Halted(message, ExitStatus.WRONG_USE)
    settings = shell.settings()
    only = one_of(settings, connection)
    chosen = None if flow is None else known(flow, FLOW_NAMES, "flow")
    from hub.operations.sync import sync as operation

    return await operation(
        settings,
        connection=only,
        flow=chosen,
        project=project,
        since=begin,
        until=end,
        full=full,
        wait=timedelta(seconds=wait),
        progress=shell.progress,
    )


async def rebuild(*names: str, check: Switch = False, shell: Given) -> Report:
    """Fold the ledger from zero into the tables that everybody reads; touches nothing outside.

    Parameters
    ----------
    names
        Only these projections; all without a name.
    check
        Compare them with what the ledger tells, and change nothing.
    """
    settings = shell.settings("store")
    from hub.operations.rebuild import rebuild as operation

    return await operation(settings, names=names, check=check, progress=shell.progress)


def day_or_moment(option: str, text: str | None) -> datetime | None:
    """A day, or a day and a time, as people write it."""
    if text is None:
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        message = f"{option} takes a day such as 2026-01-31, or a moment such as 2026-01-31T08:00+01:00."
        raise Halted(message, ExitStatus.WRONG_USE) from None
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
