"""Commands that do work on the ledger or with the two systems: check, sync, rebuild.

Each imports its operation when its arguments and the configuration are known to be right, so that a mistake is
answered at once.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from hub.cli.shell import Given, Switch, known, one_of
from hub.report import ExitStatus, Halted, Report


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Round:
    """What a round is to read and to carry."""

    flow: str | None = None
    """Only this flow, such as purchase-order-to-commitment."""

    project: str | None = None
    """Only what belongs to the project with this number."""

    since: str | None = None
    """Read again what changed from this day or moment on; UTC unless it names an offset."""

    until: str | None = None
    """Leave alone what changed at this day or moment or later."""

    full: Switch = False
    """Read everything again, not only what changed."""

    def span(self) -> tuple[datetime | None, datetime | None]:
        """From when and until when.

        Raises  Halted (wrong use).
        """
        begin, end = day_or_moment("--since", self.since), day_or_moment("--until", self.until)
        if begin and end and begin >= end:
            message = "--since must be before --until."
            raise Halted(message, ExitStatus.WRONG_USE)
        return begin, end

    def flow_named(self) -> str | None:
        """The flow, where one is named.

        Raises  Halted (wrong use) where there is none of this name.
        """
        from hub.settings import FLOW_NAMES

        return None if self.flow is None else known(self.flow, FLOW_NAMES, "flow")


WHOLE = Round()


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
    which: Round = WHOLE,
    wait: Annotated[int, Parameter(validator=Number(gte=0))] = 60,
    shell: Given,
) -> Report:
    """One round: read what changed on both sides, work until nothing more can be done, report, stop.

    Parameters
    ----------
    connection
        Only this connection.
    wait
        Seconds to wait for next attempts that fall due.
    """
    begin, end = which.span()
    settings = shell.settings()
    only, flow = one_of(settings, connection), which.flow_named()
    from hub.operations.sync import sync as operation

    return await operation(
        settings,
        connection=only,
        flow=flow,
        project=which.project,
        since=begin,
        until=end,
        full=which.full,
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
