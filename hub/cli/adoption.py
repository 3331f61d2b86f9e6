"""Commands for projects that were in progress on both sides before the hub came."""

from typing import Annotated

from cyclopts import App, Parameter
from cyclopts.validators import Number

from hub.cli.shell import Given, one_of
from hub.report import ExitStatus, Halted, Report


async def propose(*, connection: str | None = None, project: str = "", shell: Given) -> Report:
    """Compare what nobody joined yet in both systems, and propose who is who. Joins and sends nothing.

    Parameters
    ----------
    connection
        The connection, where there are several.
    project
        Only the project with this number.
    """
    settings = shell.settings()
    chosen = one_of(settings, connection)
    from hub.operations.adoption import propose_adoption as operation

    return await operation(settings, connection=chosen, project=project, actor=shell.actor, progress=shell.progress)


async def confirm(
    hash: str,
    /,
    *,
    min_score: Annotated[int, Parameter(validator=Number(gte=40, lte=100))] = 60,
    leave: Annotated[tuple[str, ...], Parameter(name="--except")] = (),
    take: tuple[str, ...] = (),
    accept_differences: str = "",
    reason: str = "",
    shell: Given,
) -> Report:
    """Join the pairs of a proposal; the next round carries them as updates. What is not clear is held back.

    Parameters
    ----------
    hash
        The whole hash of the proposal.
    min_score
        Join no pair of a lower score.
    leave
        A record, by number or id, that is not joined; may be repeated.
    take
        RECORD=ID: a record that is not clear, by number or id, and the candidate that it is; may be repeated.
    accept_differences
        Why projects go live although both systems do not come to the same.
    reason
        Kept in the audit log.
    """
    settings = shell.settings()
    from hub.operations.adoption import confirm_adoption as operation

    return await operation(
        settings,
        hash=hash.strip().lower(),
        least=min_score,
        leave=leave,
        take=_taken(take),
        accept_differences=accept_differences,
        reason=reason,
        actor=shell.actor,
        progress=shell.progress,
    )


def _taken(given: tuple[str, ...]) -> dict[str, str]:
    """Record -> id of its counterpart.

    Raises  Halted (2) for anything else.
    """
    found: dict[str, str] = {}
    for each in given:
        record, mark, there = each.rpartition("=")
        if not mark or not record.strip() or not there.strip():
            words = f"--take {each} names no record and counterpart; write --take RECORD=ID"
            raise Halted(words, ExitStatus.WRONG_USE)
        found[record.strip()] = there.strip()
    return found


def adopt() -> App:
    """`adopt`."""
    app = App(name="adopt", help="Join projects that were in progress on both sides, with no duplicates.")
    app.default(propose)
    app.command(confirm)
    return app
