"""Commands that look before they leap: plan, apply."""

from pathlib import Path

from hub.cli.shell import Given, one_of
from hub.cli.working import WHOLE, Round
from hub.report import Report


async def plan(
    *,
    connection: str | None = None,
    which: Round = WHOLE,
    out: Path | None = None,
    shell: Given,
) -> Report:
    """What sync would write now, with before and after for each field. Writes nothing to either system.

    Parameters
    ----------
    connection
        Which connection, where there are several.
    out
        Write the plan to this file, for review and for apply.
    """
    begin, end = which.span()
    settings = shell.settings()
    only, flow = one_of(settings, connection), which.flow_named()
    from hub.operations.plan import plan as operation

    return await operation(
        settings,
        connection=only,
        flow=flow,
        project=which.project,
        since=begin,
        until=end,
        full=which.full,
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
