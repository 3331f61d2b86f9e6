"""The command that takes a run back."""

import sys

from hub.cli.shell import Given, Switch
from hub.report import ExitStatus, Halted, Report


async def undo(run: str, /, *, reason: str = "", yes: Switch = False, shell: Given) -> Report:
    """Take back what one run sent: its records are un-synced, and what is locked is told with the way that is left.

    Nothing is deleted in either system. It works on the ledger and calls nobody.

    Parameters
    ----------
    run
        The run, as `runs` of the API names it, or `last`.
    reason
        Why; it is kept with the batch, and stands in the rule by which the records are left out.
    yes
        Do not ask.
    """
    if not reason.strip():
        message = "undo needs --reason: it is kept with what is taken back."
        raise Halted(message, ExitStatus.WRONG_USE)
    settings = shell.settings("store")
    from hub.operations.undo import undo_run as operation

    agree = None
    if yes:
        from hub.cli.questions import always as agree
    elif sys.stdin.isatty():
        from hub.cli.questions import agreed_to_undo as agree
    return await operation(settings, run=run, reason=reason, actor=shell.actor, agree=agree, progress=shell.progress)
