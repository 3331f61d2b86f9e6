"""The command that goes on: run."""

from hub.cli.shell import Given
from hub.report import ExitStatus


async def run(*, shell: Given) -> ExitStatus:
    """The service: reads both systems at their pace and when they announce something, carries, and answers the web.

    Ends cleanly on SIGTERM and Ctrl-C. Address and port are `server.host` and `server.port`.
    """
    settings = shell.settings()
    from hub.logs import configure
    from hub.operations.run import run as operation

    configure(debug=shell.debug, serving=True)
    return await operation(settings, announce=shell.announce, progress=shell.progress)
