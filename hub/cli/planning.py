"""Commands that look before they leap: plan, apply."""

from pathlib import Path

from hub.cli.shell import Given, Switch, known, one_of
from hub.cli.working import day_or_moment
from hub.report import ExitStatus, Halted, Report


async def plan(
    *,
    connection: str | None = None,
    flow: str | None = None,
    project: str | None = None,
    since: str | None = None,
    until: str | None = None,
    full: Switch = False,
    out: Path | None = None,
    shell: Given,
) -> Report:
    """What sync would write now, with before and after for each field. Writes nothing to either system.

    Parameters
    ----------
    connection
        Which connection, where there are several.
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
    out
        Write the plan to this file, for review and for apply.
    """
    from hub.settings import FLOW_NAMES

    begin, end = day_or_moment("--since", since), day_or_moment("--until", until)
    if begin and end and begin >= end:
        message = "--since must be before --until."
        raise Halted(message, ExitStatus.WRONG_USE)
    settings = shell.settings()
    only = one_of(settings, connection)
    chosen = None if flow is None else known(flow, FLOW_NAMES, "flow")
    from hub.operations.plan import plan as operation

    return await operation(
        settings,
        connection=only,
        flow=chosen,
        project=project,
        since=begin,
        until=end,
        full=full,
        out=out,
        actor=shell.actor,
        progress=shell.progress,
    )


async def apply(plan: str, *, shell: Given) -> Report:
    """Carry out exactly what a plan says; refuse when the world moved since it was made.

    Parameters
    ----------
    plan
        File that plan --out wrote, or the hash of the plan, eight characters of it at least.
    """
    settings = shell.settings()
    from hub.operations.apply import apply as operation

    return await operation(settings, plan=plan, actor=shell.actor, progress=shell.progress)
