"""A new configuration file: every key with its meaning and its default, written from the model itself."""

import re
import textwrap
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import tomlkit
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from tomlkit.items import Table as TomlTable

from hub.settings.model import Settings
from hub.settings.problems import InvalidConfiguration, dotted, entry_table, known_keys, problems_of, table_of
from hub.settings.values import Surroundings, duration_text

EXAMPLES: Mapping[str, str] = {
    "client_id": '"00000000-0000-0000-0000-000000000000"',
    "client_secret": '"env:SITELEDGER_OIDC_SECRET"',
    "issuer": '"https://login.microsoftonline.com/TENANT/v2.0"',
    "admin_token": '"env:SITELEDGER_ADMIN_TOKEN"',
    "mapping": '"mapping.toml"',
    "public_url": '"https://siteledger.example.com"',
    "retention_days": "730",
    "secret_key": '"env:SITELEDGER_SECRET_KEY"',
    "start_date": "2026-01-01",
    "traces_to": '"http://127.0.0.1:4318/v1/traces"',
}
"""What stands behind the # of a key that is left out."""

HEAD = """Configuration of SiteLedger. Every key can be overridden by an environment variable:
server.port by SITELEDGER__SERVER__PORT. A secret is "env:NAME" or "file:PATH", never the secret itself.
`siteledger config show` prints what counts and where it came from."""


def cloud(tenant: str, environment: str) -> tuple[str, str]:
    """Addresses of the API and of the tokens of an environment in Microsoft's cloud."""
    of_tenant, named = quote(tenant), quote(environment)
    return (
        f"https://api.businesscentral.dynamics.com/v2.0/{of_tenant}/{named}/api",
        f"https://login.microsoftonline.com/{of_tenant}/oauth2/v2.0/token",
    )


def new_file(values: Mapping[str, Any], connection: str) -> str:
    """The text of a configuration file with one connection.

    Shape   `values` holds what differs from the defaults, by dotted key: `connections.main.kind`.
    """
    document = tomlkit.document()
    for line in HEAD.splitlines():
        document.add(tomlkit.comment(line))
    writer = _Writer(values, connection)
    for name, field in Settings.model_fields.items():
        document.add(tomlkit.nl())
        document.add(name, writer.section(field, (name,)))
    return re.sub(r"\n{3,}", "\n\n", tomlkit.dumps(document)).rstrip() + "\n"  # pyright: ignore[reportUnknownMemberType] - untyped parameter


def checked_file(values: Mapping[str, Any], connection: str, folder: Path) -> str:
    """As `new_file`, proved to be a configuration that this version reads, apart from what is still to be filled in.

    Raises  InvalidConfiguration.
    """
    text = new_file(values, connection)
    try:
        Settings.model_validate(tomllib.loads(text), context=Surroundings(folder=folder, need="nothing"))
    except ValidationError as error:
        raise InvalidConfiguration(problems_of(error, Settings, {})) from None
    return text


def written(value: Any) -> str:
    """A value as TOML writes it."""
    return str(tomlkit.item(as_toml(value)).as_string())  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] - untyped


def description(field: FieldInfo) -> str:
    """What a key means, in one paragraph, without the numbers of requirements."""
    text = " ".join((field.description or "").split())
    return re.sub(r" \((?:[A-Z]{1,2}-\d+(?:, )?)+\)", "", text)


class _Writer:
    """Writes tables; a meaning that several tables share is told once."""

    def __init__(self, values: Mapping[str, Any], connection: str) -> None:
        self._values = values
        self._connection = connection
        self._told: set[str] = set()

    def section(self, field: FieldInfo, path: tuple[str, ...]) -> TomlTable:
        entry = entry_table(field)
        if entry is not None:
            outer = tomlkit.table(is_super_table=True)
            outer.add(self._connection, self._table(entry, (*path, self._connection)))
            return outer
        return self._table(table_of(field) or BaseModel, path)

    def _table(self, model: type[BaseModel], path: tuple[str, ...]) -> TomlTable:
        fields = known_keys(model)
        inner = {key: field for key, field in fields.items() if table_of(field) or entry_table(field)}
        table = tomlkit.table(is_super_table=len(inner) == len(fields))
        for key, field in fields.items():
            if key not in inner:
                self._key(table, field, (*path, key))
        for key, field in inner.items():
            if len(inner) < len(fields):
                table.add(tomlkit.nl())
            table.add(key, self.section(field, (*path, key)))
        return table

    def _key(self, table: TomlTable, field: FieldInfo, path: tuple[str, ...]) -> None:
        meaning = description(field)
        if meaning not in self._told:
            self._told.add(meaning)
            for line in textwrap.wrap(meaning, 110):
                table.add(tomlkit.comment(line))
        value = self._values.get(dotted(path), field.get_default(call_default_factory=False))
        if value is PydanticUndefined or value is None:
            table.add(tomlkit.comment(f"{path[-1]} = {EXAMPLES[path[-1]]}"))
        else:
            table.add(path[-1], tomlkit.item(as_toml(value)))  # pyright: ignore[reportUnknownMemberType] - untyped parameter


def as_toml(value: Any) -> Any:
    """A value as it is written in the file."""
    match value:
        case timedelta():
            return duration_text(value)
        case Decimal():
            return str(value)
        case tuple():
            return [as_toml(item) for item in value]  # pyright: ignore[reportUnknownVariableType] - any list
        case dict():
            table = tomlkit.inline_table()
            table.update(value)  # pyright: ignore[reportUnknownMemberType] - any table
            return table
        case _:
            return value
