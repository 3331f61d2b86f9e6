"""Commands for trying things without an account: sandbox, demo."""

from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from hub.cli.shell import Given, Switch
from hub.report import ExitStatus

Port = Annotated[int, Parameter(validator=Number(gte=0, lte=65535))]

ServedPort = Annotated[int, Parameter(validator=Number(gte=1, lte=65535))]


async def sandbox(
    *, host: str = "127.0.0.1", bc_port: Port = 8101, procore_port: Port = 8102, seed: int = 1, shell: Given
) -> ExitStatus:
    """Serve stand-ins of both systems with a sample company, for trying and for rehearsal.

    Parameters
    ----------
    host
        Address to listen on.
    bc_port
        Port of the stand-in of Business Central; 0 takes a free one.
    procore_port
        Port of the stand-in of Procore; 0 takes a free one.
    seed
        The same seed gives the same answers.
    """
    from hub.operations.sandbox import sandbox as operation

    return await operation(
        host=host,
        bc_port=bc_port,
        procore_port=procore_port,
        seed=seed,
        announce=shell.announce,
        progress=shell.progress,
    )


async def demo(*, headless: Switch = False, port: ServedPort = 8080, shell: Given) -> ExitStatus:
    """Play a month of construction business through stand-ins, hub and ledger; no account needed.

    Parameters
    ----------
    headless
        End after the proof instead of serving the dashboard.
    port
        Port of the dashboard.
    """
    from hub.operations.demo import demo as operation

    return await operation(headless=headless, port=port, announce=shell.announce, progress=shell.progress)
