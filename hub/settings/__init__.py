"""File and environment become one frozen `Settings`, checked at the start. The only reader of the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from pydantic import ValidationError

from hub.settings.flows import FLOW_NAMES, Flows, FlowTable
from hub.settings.model import BusinessCentral, Connection, Procore, Server, Settings, Store
from hub.settings.problems import InvalidConfiguration, Problem, dotted, problems_of
from hub.settings.sources import (
    CONFIG,
    DEFAULT_FILE,
    PREFIX,
    Document,
    chosen_file,
    merged,
    read_environment,
    read_file,
)
from hub.settings.values import Need, Secret, Surroundings

__all__ = [
    "CONFIG",
    "DEFAULT_FILE",
    "FLOW_NAMES",
    "PREFIX",
    "BusinessCentral",
    "Configuration",
    "Connection",
    "FlowTable",
    "Flows",
    "InvalidConfiguration",
    "Need",
    "Problem",
    "Procore",
    "Secret",
    "Server",
    "Settings",
    "Store",
    "Surroundings",
    "load",
    "new_place",
    "read",
]


@dataclass(frozen=True)
class Configuration:
    """Settings together with where each value came from.

    Shape   `origins` names for each key that was set `file` or the environment variable; all others are defaults.
    """

    settings: Settings
    file: Path | None
    origins: Mapping[str, str]


def new_place(named: Path | None, environ: Mapping[str, str] | None = None) -> Path:
    """Where a new configuration file belongs: as named, by `SITELEDGER_CONFIG`, or in this folder."""
    around = os.environ if environ is None else environ
    return (named or Path(around.get(CONFIG) or DEFAULT_FILE)).absolute()


def load(named: Path | None = None, *, environ: Mapping[str, str] | None = None, need: Need = "everything") -> Settings:
    """The settings of the hub. `need` says which secrets must be at hand; others raise when they are used.

    Raises  InvalidConfiguration with every problem at once.
    """
    return read(named, environ=environ, need=need).settings


def read(
    named: Path | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
    need: Need = "everything",
) -> Configuration:
    """As `load`, and says where each value came from.

    `named` is the file of the command line, `folder` where to look for one that is not named.
    Raises  InvalidConfiguration with every problem at once.
    """
    around = dict(os.environ if environ is None else environ)
    here = folder or Path.cwd()
    file = chosen_file(named, around, here)
    written = read_file(file) if file else {}
    overrides, variables = read_environment(around)
    surroundings = Surroundings(environ=around, folder=file.parent if file else here, need=need)
    try:
        settings = Settings.model_validate(merged(overrides, written), context=surroundings)
    except ValidationError as error:
        # The validation error repeats keys only, yet it must not travel on: its details hold the input.
        raise InvalidConfiguration(problems_of(error, Settings, variables)) from None
    origins = {**dict.fromkeys(_keys(written), "file"), **variables}
    return Configuration(settings.came_from(origins), file, origins)


def _keys(document: Document, above: tuple[str, ...] = ()) -> list[str]:
    """Keys of all values of a document, dotted; a list is one value."""
    keys: list[str] = []
    for name, value in document.items():
        path = (*above, name)
        keys.extend(_keys(cast("Document", value), path) if isinstance(value, dict) and value else [dotted(path)])
    return keys
