"""Commands that stop the rounds of a connection and let them go on: pause, resume."""

from hub.cli.shell import Given, one_of
from hub.report import Report


async def pause(*, reason: str, connection: str | None = None, shell: Given) -> Report:
    """Stop a connection: no round reads or carries anything until it is resumed. Notices are kept meanwhile.

    Parameters
    ----------
    reason
        Why; everybody who looks at the connection reads it, and it stays in the audit log.
    connection
        The connection, where there are several.
    """
    return await _changed(shell, connection, reason, to_pause=True)


async def resume(*, reason: str = "", connection: str | None = None, shell: Given) -> Report:
    """Let a paused connection work again; the next poll makes up for what was missed.

    Parameters
    ----------
    reason
        Kept in the audit log.
    connection
        The connection, where there are several.
    """
    return await _changed(shell, connection, reason, to_pause=False)


async def _changed(shell: Given, connection: str | None, reason: str, *, to_pause: bool) -> Report:
    settings = shell.settings("store")
    chosen = one_of(settings, connection)
    from hub.operations.pausing import pause_connection as operation

    return await operation(settings, connection=chosen, to_pause=to_pause, reason=reason, actor=shell.actor)
