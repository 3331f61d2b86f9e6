"""The command that supposes: whatif."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from hub.cli.shell import Given, Switch, one_of
from hub.cli.working import day_or_moment
from hub.report import ExitStatus, Halted, Report


async def whatif(
    *,
    connection: str | None = None,
    mapping: Path | None = None,
    set: Annotated[tuple[str, ...], Parameter(consume_multiple=False, negative="")] = (),
    project: str | None = None,
    since: str | None = None,
    ask: Switch = False,
    shell: Given,
) -> Report:
    """What the records would come to under other maps or settings. Writes nothing anywhere.

    Parameters
    ----------
    connection
        Which connection, where there are several.
    mapping
        File with other maps, TOML or JSON.
    set
        Another setting, such as flows.purchase-order-to-commitment.split_by_job=true. May be given several times.
    project
        Only what belongs to the project with this number, or to none.
    since
        Only what changed from this day or moment on.
    ask
        Ask both systems for the lists that decisions rest on; without it nobody is called.
    """
    settings = shell.settings()
    pairs = [each.partition("=") for each in set]
    if wrong := [key for key, sign, _ in pairs if not sign]:
        raise Halted(f"--set takes KEY=VALUE; {wrong[0]} has no value.", ExitStatus.WRONG_USE)
    moment = day_or_moment("--since", since)
    from hub.operations.mapping_commands import suppose as operation

    return await operation(
        settings,
        connection=one_of(settings, connection),
        mapping=mapping,
        given={key: value for key, _, value in pairs},
        project=project or "",
        since=moment,
        asks=ask,
    )
