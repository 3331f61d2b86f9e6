"""What every command is given: the configuration, the two outputs, and the way to hand over its result."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter
from rich.console import Console

from hub.report import ExitStatus, Halted, Report

if TYPE_CHECKING:
    from hub.cli.progress import Bars, Lines
    from hub.settings import Need, Settings


class Output(Console):
    """One of the two outputs."""

    def on_broken_pipe(self) -> None:
        """Let the launcher decide how it ends when nobody reads any more."""
        raise BrokenPipeError


@dataclass
class Shell:
    """One call of the command line.

    `out` takes the result and nothing else, `err` takes progress and prose.
    """

    config: Path | None = None
    json: bool = False
    debug: bool = False
    out: Console = field(default_factory=Output)
    err: Console = field(default_factory=lambda: Output(stderr=True))
    announced: bool = False

    def settings(self, need: "Need" = "everything") -> "Settings":
        """The checked configuration. `need` says which secrets must be at hand.

        Raises  InvalidConfiguration.
        """
        from hub.settings import load

        return load(self.config, need=need)

    @cached_property
    def actor(self) -> str:
        """Who acts, as events are signed: the user of this computer."""
        from getpass import getuser

        try:
            return f"cli:{getuser()}"
        except (KeyError, OSError):  # a user without a name, as in some containers
            return "cli:unknown"

    @cached_property
    def progress(self) -> "Lines | Bars":
        """Progress on standard error."""
        from hub.cli.progress import progress_on

        return progress_on(self.err)

    def close(self) -> None:
        """Leave the terminal as it was."""
        if "progress" in self.__dict__:
            self.progress.close()

    def announce(self, report: Report) -> None:
        """Print a result: its document for programs, or its text for people."""
        self.announced = True
        if self.json:
            self._document(report.document)
        else:
            report.render(self.out)
        self.out.file.flush()

    def refuse(self, message: str, status: ExitStatus, problems: Iterable[dict[str, str]] = ()) -> ExitStatus:
        """Say why there is no result. A program that asked for JSON gets a document all the same, and only one."""
        self.close()
        self.err.print(f"siteledger: {message}", markup=False, highlight=False, soft_wrap=True)
        if self.json and not self.announced:
            self._document({"error": {"status": int(status), "message": message, "problems": list(problems)}})
        return status

    def _document(self, document: dict[str, Any]) -> None:
        import orjson

        options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS
        # Amounts are text in every document of SiteLedger; other values that JSON lacks are written as text too.
        sys.stdout.write(orjson.dumps(document, default=str, option=options).decode())


Switch = Annotated[bool, Parameter(negative="")]
"""An option that is either there or not."""

Given = Annotated[Shell, Parameter(parse=False)]
"""A parameter that the launcher fills in."""


def known(name: str, names: Iterable[str], word: str) -> str:
    """The name, if there is such a thing.

    Raises  Halted (wrong use) with the nearest known name.
    """
    choices = tuple(names)
    if name in choices:
        return name
    near = get_close_matches(name, choices, n=1, cutoff=0.5)
    hint = f'Did you mean "{near[0]}"?' if near else f"There are: {', '.join(choices)}."
    message = f'There is no {word} "{name}". {hint}'
    raise Halted(message, ExitStatus.WRONG_USE)


def one_of(settings: "Settings", connection: str | None) -> str | None:
    """The connection that was asked for, None for all.

    Raises  Halted (wrong use) when it is not configured.
    """
    return None if connection is None else known(connection, settings.connections, "connection")
