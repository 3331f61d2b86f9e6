"""Commands about the configuration: init writes one, config show prints what counts."""

import os
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter
from cyclopts.validators import Number

from hub.cli.shell import Given, Switch
from hub.report import ExitStatus, Halted, Report

if TYPE_CHECKING:
    from rich.console import Console


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Answers:
    """What only the person who sets up can know. An answer that is not given is asked for, or gets a placeholder."""

    connection: str | None = None
    """Name of the connection; it becomes part of every id. [main]"""

    kind: Literal["production", "test"] | None = None
    """Both sides must be of this kind. [test]"""

    tenant: str | None = None
    """Business Central: tenant, a domain or an id."""

    environment: str | None = None
    """Business Central: environment, such as Production."""

    bc_company: str | None = None
    """Business Central: id of the company, a GUID."""

    bc_client_id: str | None = None
    """Business Central: id of the application in Microsoft Entra."""

    procore_company: Annotated[int | None, Parameter(validator=Number(gte=1))] = None
    """Procore: number of the company."""

    procore_client_id: str | None = None
    """Procore: id of the application."""


def init(*, answers: Answers | None = None, yes: Switch = False, force: Switch = False, shell: Given) -> Report:
    """Write a commented configuration, by asking; refuses to replace one.

    Parameters
    ----------
    yes
        Ask nothing: what is not given gets its default, or a placeholder to be filled in.
    force
        Replace the file that is there. The key beside it is kept, because it opens what is in the store.
    """
    from hub.settings import new_place

    place = new_place(shell.config)
    if place.exists() and not force:
        message = f"{place} exists already. Name another file with --config FILE, or replace it with --force."
        raise Halted(message, ExitStatus.WRONG_USE)
    given = answers or Answers()
    if not yes:
        from hub.cli.questions import asked

        given = asked(given)
    return _written(place, _completed(given))


def _completed(given: Answers) -> Answers:
    from hub.settings.values import NO_GUID

    defaults = Answers(
        connection="main",
        kind="test",
        tenant="TENANT",
        environment="ENVIRONMENT",
        bc_company=NO_GUID,
        bc_client_id="CLIENT-ID",
        procore_company=0,
        procore_client_id="CLIENT-ID",
    )
    names = (field.name for field in fields(Answers))
    return replace(defaults, **{name: value for name in names if (value := getattr(given, name)) is not None})


def _written(place: Path, answers: Answers) -> Report:
    from hub.settings import InvalidConfiguration, load
    from hub.settings.template import checked_file

    key_file, admin_file = place.with_suffix(".key"), place.with_suffix(".admin-token")
    text = checked_file(_values(answers, key_file, admin_file), str(answers.connection), place.parent)
    try:
        made = _make(key_file, _new_key)
        _make(admin_file, _new_admin_token)
        _replace(place, text)
    except OSError as error:
        message = f"{error.filename} cannot be written ({error.strerror}). Choose another place with --config FILE."
        raise Halted(message, ExitStatus.CONFIGURATION) from error
    try:
        load(place)
        problems = ()
    except InvalidConfiguration as error:
        problems = error.problems
    document = {
        "file": str(place),
        "key_file": str(key_file),
        "key_made": made,
        "admin_token_file": str(admin_file),
        "open": [{"key": problem.key, "problem": problem.says, "mend": problem.mend} for problem in problems],
        "next": "siteledger check",
    }

    def render(console: "Console") -> None:
        say = _plain(console)
        say(f"Wrote {place}.")
        say(f"{'Made' if made else 'Kept'} {key_file}: keep a copy apart from the store.")
        say(f"The first administrator signs in with what stands in {admin_file}.")
        if problems:
            say("Still to do:")
        for problem in problems:
            say(f"  {problem}")
        say("Then run: siteledger check" if problems else "Next: siteledger check")

    return Report(document, ExitStatus.DONE, render)


def _values(answers: Answers, key_file: Path, admin_file: Path) -> dict[str, Any]:
    """What differs from the defaults, by key."""
    from adapters.ports import SystemClock
    from hub.settings.template import cloud

    above = f"connections.{answers.connection}"
    api_url, token_url = cloud(str(answers.tenant), str(answers.environment))
    return {
        "server.secret_key": f"file:{key_file.name}",
        "server.admin_token": f"file:{admin_file.name}",
        f"{above}.kind": answers.kind,
        f"{above}.start_date": SystemClock().now().date(),
        f"{above}.business_central.api_url": api_url,
        f"{above}.business_central.token_url": token_url,
        f"{above}.business_central.company_id": answers.bc_company,
        f"{above}.business_central.client_id": answers.bc_client_id,
        f"{above}.business_central.client_secret": "env:BC_CLIENT_SECRET",
        f"{above}.procore.company_id": answers.procore_company,
        f"{above}.procore.client_id": answers.procore_client_id,
        f"{above}.procore.client_secret": "env:PROCORE_CLIENT_SECRET",
    }


def _make(path: Path, new: Callable[[], str]) -> bool:
    """Make a secret, readable for its owner alone; an existing one is never touched."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w") as file:
        file.write(f"{new()}\n")
    return True


def _new_key() -> str:
    from adapters.ports import system_rng
    from hub.keyring import new_key

    return new_key(system_rng())


def _new_admin_token() -> str:
    from adapters.ports import system_rng
    from hub.access.secrets import new_token

    return new_token(system_rng())


def _replace(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    draft = path.with_name(f".{path.name}.new")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def show(*, shell: Given) -> Report:
    """Print every key with its value and where it came from; secrets by their reference alone."""
    from hub.settings import read
    from hub.settings.show import shown

    configuration = read(shell.config, need="nothing")
    rows = shown(configuration)
    document = {
        "file": str(configuration.file) if configuration.file else None,
        "values": [
            {"key": row.key, "value": row.value, "origin": row.origin}
            | ({} if row.at_hand is None else {"at_hand": row.at_hand})
            for row in rows
        ],
    }

    def render(console: "Console") -> None:
        from hub.settings.template import written

        say = _plain(console)
        say(f"# {configuration.file or 'no file, environment only'}")
        for row in rows:
            missing = " (not at hand)" if row.at_hand is False else ""
            value = "# not set" if row.value is None else written(row.value)
            say(f"{row.key} = {value}{missing}" + ("" if row.origin == "default" else f"  # {row.origin}"))

    return Report(document, ExitStatus.DONE, render)


def _plain(console: "Console") -> Callable[[str], None]:
    """Print lines as they are: no wrapping, no colours guessed from their content."""
    return lambda text: console.print(text, markup=False, highlight=False, soft_wrap=True)
