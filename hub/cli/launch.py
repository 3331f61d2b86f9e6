"""The way in: reads the options that all commands share, runs the command, and turns its end into an exit status."""

import os
import sys
from collections.abc import Awaitable, Sequence
from inspect import isawaitable
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, CycloptsError, Parameter

from domain.errors import SiteLedgerError
from hub.cli.accepting import approvals, approve, decline, resend, retrieve
from hub.cli.access import groups as access_groups
from hub.cli.adoption import adopt
from hub.cli.auditing import audit
from hub.cli.caring import backup, keys, redact, restore, upgrade
from hub.cli.comparing import complete, reconcile, sign_off
from hub.cli.drift import drift
from hub.cli.exporting import export
from hub.cli.links import link, links, reset, unlink
from hub.cli.looking import changes, explain, provenance, status
from hub.cli.mapping import mappings
from hub.cli.mending import batches, failures, replay, retry, skip
from hub.cli.pausing import pause, resume
from hub.cli.planning import apply, plan
from hub.cli.reading import readers
from hub.cli.reporting import report
from hub.cli.serving import run as serve
from hub.cli.setting_up import init, show
from hub.cli.shell import Shell, Switch
from hub.cli.status import known_errors, listed, status_of_all
from hub.cli.supposing import whatif
from hub.cli.trying import demo, sandbox
from hub.cli.undoing import undo
from hub.cli.watching import alerts, grafana
from hub.cli.working import check, rebuild, sync
from hub.report import ExitStatus, Report

ABOUT = "Keeps Business Central and Procore in step, and can say of every record what was seen, what was sent, and why."


def application(shell: Shell) -> App:
    """All commands, with help on the output of this shell."""
    app = App(
        name="siteledger",
        help=ABOUT,
        console=shell.out,
        error_console=shell.err,
        help_format="plaintext",
        help_epilogue=listed(),
        version=_version,
        exit_on_error=False,
        print_error=False,
        result_action="return_value",
    )
    everyday = (init, check, serve, sync, pause, resume, plan, apply, whatif, status, link, unlink, reset, links)
    mending = (retry, skip, replay, undo, batches)
    telling = (explain, changes, provenance)
    for command in (*everyday, *telling, *mending, rebuild, sandbox, demo):
        app.command(command)
    for command in (approvals, approve, decline, retrieve, resend):
        app.command(command)
    for command in (export, report, grafana, alerts):
        app.command(command)
    for command in (reconcile, sign_off, complete):
        app.command(command)
    configuration = App(name="config", help="Look at the configuration.")
    configuration.command(show)
    app.command(configuration)
    for command in (upgrade, backup, restore, redact):
        app.command(command)
    for group in (failures(), drift(), keys(), mappings(), audit(), readers(), adopt(), *access_groups()):
        app.command(group)
    return app


def _version() -> str:
    from importlib.metadata import version

    return version("siteledger")


def main() -> None:
    """Run the command line of this process."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> ExitStatus:
    """Run one command line to its end.

    The options that all commands share may stand anywhere among the others.
    """
    shell = Shell()
    app = application(shell)

    def launch(
        *tokens: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
        config: Path | None = None,
        json: Switch = False,
        debug: Switch = False,
    ) -> ExitStatus:
        """Fill in what all commands share, then run the one that is meant.

        Parameters
        ----------
        config
            Configuration file; otherwise SITELEDGER_CONFIG, otherwise siteledger.toml in this folder.
        json
            Print one JSON document on standard output and nothing else there.
        debug
            Show where an internal error happened.
        """
        shell.config, shell.json, shell.debug = config, json, debug
        command, bound, given = app.parse_args(tokens)
        extra = dict.fromkeys(given, shell)
        return _ended(shell, command(*bound.args, **bound.kwargs, **extra))

    app.meta.default(launch)
    app.meta.suppress_keyboard_interrupt = False  # it would end the process without a word
    # Known before anything is read, so that wrong use is answered in JSON too.
    shell.json = "--json" in arguments
    try:
        return app.meta(arguments) or ExitStatus.DONE
    except CycloptsError as error:
        return shell.refuse(f"{error} See `siteledger --help`.", ExitStatus.WRONG_USE)
    except KeyboardInterrupt:
        return shell.refuse("interrupted; what is in the ledger stays there", ExitStatus.INTERRUPTED)
    except BrokenPipeError:
        # Whoever read the output had enough. Python would complain once more when it flushes at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitStatus.DONE
    except Exception as error:  # noqa: BLE001 - the outermost place: nothing is lost, it is told and becomes a status
        return _failed(shell, error)
    finally:
        shell.close()


def _ended(shell: Shell, result: Any) -> ExitStatus:
    """Wait for a command and print its report. A command that serves has printed it already and gives a status."""
    if isawaitable(result):
        import asyncio

        from hub.logs import configure

        configure(debug=shell.debug)
        result = asyncio.run(_waited(result))
    shell.close()
    match result:
        case Report():
            shell.announce(result)
            return result.status
        case ExitStatus():
            return result
        case _:
            return ExitStatus.DONE


async def _waited(result: Awaitable[Any]) -> Any:
    return await result


def _failed(shell: Shell, error: Exception) -> ExitStatus:
    known = known_errors(error)
    if known:
        message = "\n".join(dict.fromkeys(str(each) for each in known))
        return shell.refuse(message, status_of_all(known), [part for each in known for part in _problems(each)])
    import traceback

    # The text of an unforeseen error may hold anything, a secret too; its kind and place may not.
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    if shell.debug:
        traceback.print_exception(error)
    hint = "" if shell.debug else " Run it again with --debug for the details, which may hold data of yours."
    return shell.refuse(f"internal error: {type(error).__name__}{place}.{hint}", ExitStatus.NEEDS_PERSON)


def _problems(error: SiteLedgerError) -> list[dict[str, str]]:
    from hub.settings.problems import InvalidConfiguration

    if not isinstance(error, InvalidConfiguration):
        return []
    return [
        {"key": problem.key, "problem": problem.says, "mend": problem.mend, "origin": problem.origin}
        for problem in error.problems
    ]
