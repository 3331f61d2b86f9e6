"""Where values come from: the file and the environment, merged, with the origin of each value."""

import tomllib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn, cast

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from hub.settings.problems import InvalidConfiguration, Problem, dotted

PREFIX = "SITELEDGER__"
CONFIG = "SITELEDGER_CONFIG"
DEFAULT_FILE = "siteledger.toml"

Document = dict[str, Any]

_FLOW = 3  # place of the flow's name in connections.NAME.flows.FLOW


def chosen_file(named: Path | None, environ: Mapping[str, str], folder: Path) -> Path | None:
    """The configuration file: named on the command line, by `SITELEDGER_CONFIG`, or the one in this folder.

    Raises  InvalidConfiguration when a named file does not exist, or when there is neither file nor override.
    """
    name = named or (Path(environ[CONFIG]) if environ.get(CONFIG) else None)
    path = folder / (name or DEFAULT_FILE)
    if path.is_file():
        return path
    if name is None and any(variable.startswith(PREFIX) for variable in environ):
        return None
    raise InvalidConfiguration(
        [
            Problem(
                key="",
                says=f"there is no configuration file {path}",
                mend=f"Run `siteledger init`, or name the file with --config FILE or {CONFIG}.",
            )
        ]
    )


def read_file(path: Path) -> Document:
    """The file as it is, numbers with a point as `Decimal`.

    Raises  InvalidConfiguration with line and column where it is not TOML.
    """
    try:
        return tomllib.loads(path.read_bytes().decode(), parse_float=Decimal)
    except OSError as error:
        says, mend = f"{path} cannot be read ({error.strerror})", "Give this user the right to read it."
    except UnicodeDecodeError as error:
        says, mend = f"{path} is not UTF-8 text (byte {error.start})", "Save it as UTF-8."
    except tomllib.TOMLDecodeError as error:
        says, mend = f"{path} is not valid TOML: {_place(error)}", "Mend the line; values of text stand in quotes."
    raise InvalidConfiguration([Problem(key="", says=says, mend=mend)])


def _place(error: tomllib.TOMLDecodeError) -> str:
    """Where and what. The parser quotes single characters and names of keys, never a value."""
    what, _, where = str(error).rpartition(" (at ")
    return f"{where.rstrip(')')}: {what}"


def read_environment(environ: Mapping[str, str]) -> tuple[Document, dict[str, str]]:
    """Values of variables `SITELEDGER__A__B`, and the variable behind each key.

    Shape   Names are read without regard to case; in names of connections and flows `_` stands for `-`.
            A value that begins with `[` or `{` is read as TOML, all others are text.
    Raises  InvalidConfiguration for a list or table that is not TOML.
    """
    document: Document = {}
    variables: dict[str, str] = {}
    for variable in sorted(name for name in environ if name.startswith(PREFIX)):
        path = tuple(_parts(variable))
        variables[dotted(path)] = variable
        table = document
        for part in path[:-1]:
            inner = table.setdefault(part, {})
            if not isinstance(inner, dict):
                _refuse(variable, "one of its tables is set as a value too", "Keep one of the two variables.")
            table = cast("Document", inner)
        table[path[-1]] = _value(variable, environ[variable])
    return document, variables


def _parts(variable: str) -> Iterator[str]:
    parts = variable.removeprefix(PREFIX).lower().split("__")
    for index, part in enumerate(parts):
        named = parts[0] == "connections" and (index == 1 or (index == _FLOW and parts[2] == "flows"))
        yield part.replace("_", "-") if named else part


def _value(variable: str, text: str) -> object:
    if not text.lstrip().startswith(("[", "{")):
        return text
    try:
        return tomllib.loads(f"value = {text}", parse_float=Decimal)["value"]
    except tomllib.TOMLDecodeError:
        mend = 'Write it such as ["A", "B"] or { Released = "Approved" }.'
        _refuse(variable, "this is not a list or table in TOML", mend)


def _refuse(variable: str, says: str, mend: str) -> NoReturn:
    raise InvalidConfiguration([Problem(key=variable, says=says, mend=mend)])


class _Layer(PydanticBaseSettingsSource):
    """One source whose values are at hand already."""

    def __init__(self, document: Document) -> None:
        super().__init__(_Layers)
        self._document = document

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002 - inherited
        """Not asked for: the layer is handed over as a whole."""
        return self._document.get(field_name), field_name, False

    def __call__(self) -> Document:
        """The whole layer."""
        return self._document


class _Layers(BaseSettings):
    """Merges layers, the first one winning, down to single keys."""

    model_config = SettingsConfigDict(extra="allow")


def merged(*layers: Document) -> Document:
    """One document of several; of two values for a key the earlier layer's counts."""

    class Merged(_Layers):
        @classmethod
        def settings_customise_sources(
            cls,
            *_args: Any,
            **_kwargs: Any,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return tuple(_Layer(layer) for layer in layers)

    return dict(Merged().model_extra or {})
