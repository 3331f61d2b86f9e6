"""Commands that compare both companies: reconcile, sign-off, complete."""

from typing import Annotated

from cyclopts import Parameter

from hub.cli.shell import Given, Switch, one_of
from hub.report import Report


async def reconcile(
    *,
    connection: str | None = None,
    project: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    shell: Given,
) -> Report:
    """Read both companies afresh, compare them to the cent, and say what explains every difference. Writes to neither.

    Parameters
    ----------
    connection
        Which connection, where there are several.
    project
        Only the project with this number; may be given several times.
    """
    settings = shell.settings()
    only = one_of(settings, connection)
    from hub.operations.reconcile import reconcile_all

    return await reconcile_all(settings, connection=only, projects=project, actor=shell.actor, progress=shell.progress)


async def sign_off(run: str, /, *, reason: str, shell: Given) -> Report:
    """Sign a run of reconcile off, as it was found.

    Parameters
    ----------
    run
        Id of the run.
    reason
        Why it may be signed. Where something is unexplained, it has to say the amount.
    """
    settings = shell.settings()
    from hub.operations.reconcile import sign

    return await sign(settings, run=run, reason=reason, actor=shell.actor)


async def complete(*, connection: str | None = None, take_in: Switch = False, shell: Given) -> Report:
    """Count afresh what is flagged or approved in both systems: each record has one state, or is listed as missed.

    Parameters
    ----------
    connection
        Which connection, where there are several.
    take_in
        Take in what nobody announced, so that the next round carries it.
    """
    settings = shell.settings()
    only = one_of(settings, connection)
    from hub.operations.completeness import complete_all

    return await complete_all(settings, connection=only, take_in=take_in, actor=shell.actor, progress=shell.progress)
