"""Commands for what does not go on: failures, retry, skip, replay, batches. They work on the ledger and call nobody."""

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cyclopts import App, Parameter

from hub.cli.shell import Given, Switch, known, one_of
from hub.cli.working import day_or_moment
from hub.report import ExitStatus, Halted, Report

if TYPE_CHECKING:
    from datetime import datetime

    from hub.operations.choosing import Action
    from hub.operations.failures import FailureFilter
    from hub.operations.mending import Agree

BY_HAND = "by hand"
"""The reason of a retry or replay where nobody gave one."""


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Which:
    """Which failures are meant, where no ids say it."""

    flow: str | None = None
    """Only this flow."""

    cause: str | None = None
    """Only this cause, as `failures` names it."""

    since: str | None = None
    """Only what fails since this day or moment."""

    connection: str | None = None
    """Only this connection."""


ALL = Which()


async def show_failures(
    *,
    connection: str | None = None,
    flow: str | None = None,
    cause: str | None = None,
    state: str | None = None,
    project: str | None = None,
    since: str | None = None,
    unreadable: Switch = False,
    asof: str = "",
    shell: Given,
) -> Report:
    """What goes wrong, grouped by cause: what was said, whether a retry helps, what to do, who does it.

    Parameters
    ----------
    connection
        Only this connection.
    flow
        Only this flow.
    cause
        Only this cause, with every record that it hits.
    state
        Only this state: dead, rejected, conflict, failed or parked. The parked are left out otherwise.
    project
        Only what belongs to the project with this number.
    since
        Only what fails since this day or moment.
    unreadable
        List what could not be read at all instead.
    asof
        As it was: a position of the ledger, or an instant such as 2026-01-31T08:00:00Z.
    """
    settings = shell.settings("store")
    wanted = _filter(one_of(settings, connection), flow, cause, since, state=state, project=project)
    if asof:
        from hub.operations.failures_then import failures_as_of

        return await failures_as_of(settings, wanted=wanted, unreadable=unreadable, asof=asof, progress=shell.progress)
    from hub.operations.failures import failures as operation

    return await operation(settings, wanted=wanted, unreadable=unreadable, progress=shell.progress)


async def mute(cause: str, /, *, until: str, reason: str, connection: str | None = None, shell: Given) -> Report:
    """Have a cause that you know of raise no alarm until a moment; it stays in the list, and everything goes on.

    Parameters
    ----------
    cause
        The cause, as `failures` names it.
    until
        A day or a moment, at most 90 days ahead.
    reason
        Why; everybody who looks at the failures reads it.
    connection
        The connection, where there are several.
    """
    return await _muted(shell, connection, cause, day_or_moment("--until", until), reason)


async def unmute(cause: str, /, *, reason: str = "", connection: str | None = None, shell: Given) -> Report:
    """Have a cause raise alarms again before the time.

    Parameters
    ----------
    cause
        The cause, as `failures` names it.
    reason
        Why.
    connection
        The connection, where there are several.
    """
    return await _muted(shell, connection, cause, None, reason)


async def _muted(shell: Given, connection: str | None, cause: str, until: "datetime | None", reason: str) -> Report:
    settings = shell.settings("store")
    chosen = one_of(settings, connection)
    from hub.operations.muting import mute_cause as operation

    return await operation(settings, connection=chosen, cause=cause, until=until, reason=reason, actor=shell.actor)


def failures() -> App:
    """`failures`."""
    app = App(name="failures", help="What goes wrong, grouped by cause; and causes that raise no alarm for a while.")
    app.default(show_failures)
    app.command(mute)
    app.command(unmute)
    return app


async def retry(
    *ids: str,
    which: Which = ALL,
    reason: str | None = None,
    yes: Switch = False,
    shell: Given,
) -> Report:
    """Decide records again from their freshest source and send what is then right, in the next round.

    Parameters
    ----------
    ids
        Any id or number of either system.
    reason
        Why, for the record of what was done.
    yes
        Do not ask.
    """
    return await _act(shell, "retry", ids, which, reason or BY_HAND, yes=yes)


async def skip(
    *ids: str,
    which: Which = ALL,
    reason: str | None = None,
    yes: Switch = False,
    shell: Given,
) -> Report:
    """Leave records out until their source changes.

    Parameters
    ----------
    ids
        Any id or number of either system.
    reason
        Why; it stands in the rule by which they are left out.
    yes
        Do not ask.
    """
    if not (reason or "").strip():
        message = "skip needs --reason: it stands in the rule by which the records are left out."
        raise Halted(message, ExitStatus.WRONG_USE)
    return await _act(shell, "skip", ids, which, reason or "", yes=yes)


async def replay(
    *ids: str,
    which: Which = ALL,
    reason: str | None = None,
    yes: Switch = False,
    shell: Given,
) -> Report:
    """Settle stored deliveries by looking, and send the same rows again if they had no effect, in the next round.

    Parameters
    ----------
    ids
        Any id or number of either system.
    reason
        Why, for the record of what was done.
    yes
        Do not ask.
    """
    return await _act(shell, "replay", ids, which, reason or BY_HAND, yes=yes)


async def batches(
    batch: str | None = None,
    /,
    *,
    connection: str | None = None,
    resume: Switch = False,
    cancel: Switch = False,
    asof: str = "",
    shell: Given,
) -> Report:
    """What was retried, skipped and replayed, how far that is, and what came of it.

    Parameters
    ----------
    batch
        Only this batch.
    connection
        Only this connection.
    resume
        Go on with a batch whose process died, or that was frozen and not begun.
    cancel
        Call off its members that had no turn yet.
    asof
        As it was: a position of the ledger, or an instant such as 2026-01-31T08:00:00Z.
    """
    if (resume or cancel) and (batch is None or (resume and cancel)):
        message = "Name one batch, and either --resume or --cancel."
        raise Halted(message, ExitStatus.WRONG_USE)
    if asof and (resume or cancel):
        message = "What was is over: leave out --asof to act on a batch."
        raise Halted(message, ExitStatus.WRONG_USE)
    settings = shell.settings("store")
    only = one_of(settings, connection)
    if asof:
        from hub.operations.mending import look_back

        return await look_back(settings, batch=batch, connection=only, asof=asof, progress=shell.progress)
    then = "resume" if resume else "cancel" if cancel else ""
    from hub.operations.mending import look

    return await look(settings, batch=batch, connection=only, then=then, actor=shell.actor, progress=shell.progress)


async def _act(
    shell: Given,
    action: "Action",
    ids: tuple[str, ...],
    which: Which,
    reason: str,
    *,
    yes: bool,
) -> Report:
    settings = shell.settings("store")
    wanted = _filter(one_of(settings, which.connection), which.flow, which.cause, which.since)
    from hub.operations.choosing import Choice
    from hub.operations.mending import act

    agree = _agree(yes=yes)
    choice = Choice(ids=ids, where=wanted)
    return await act(settings, action, choice, reason=reason, actor=shell.actor, agree=agree, progress=shell.progress)


def _agree(*, yes: bool) -> "Agree | None":
    """Whoever gives consent: the option, a person at a terminal, or nobody."""
    if yes:
        from hub.cli.questions import always

        return always
    if sys.stdin.isatty():
        from hub.cli.questions import agreed

        return agreed
    return None


def _filter(
    connection: str | None,
    flow: str | None,
    cause: str | None,
    since: str | None,
    *,
    state: str | None = None,
    project: str | None = None,
) -> "FailureFilter":
    from domain.causes import FAILING
    from domain.flows import BY_NAME
    from hub.operations.failures import FailureFilter

    return FailureFilter(
        connection=connection or "",
        flow="" if flow is None else known(flow, BY_NAME, "flow"),
        cause=cause or "",
        state="" if state is None else known(state, sorted(FAILING), "state of a failure"),
        project=project or "",
        since=day_or_moment("--since", since),
    )
