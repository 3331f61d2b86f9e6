"""A small configuration that is right, and ways to bend it."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from hub.settings import Configuration, InvalidConfiguration, load, read

PLANTED = "planted-Zq8-secret"

MAIN = """
[connections.main]
kind = "test"

[connections.main.business_central]
api_url = "https://api.businesscentral.dynamics.com/v2.0/contoso/Sandbox/api"
token_url = "https://login.microsoftonline.com/contoso/oauth2/v2.0/token"
company_id = "6F0B5A52-1D0C-4A0E-9A57-51EDC0DE0002"
client_id = "central-app"
client_secret = "env:BC_CLIENT_SECRET"

[connections.main.procore]
company_id = 4711
client_id = "procore-app"
client_secret = "env:PROCORE_CLIENT_SECRET"
"""

SECRETS = {"BC_CLIENT_SECRET": PLANTED + "-bc", "PROCORE_CLIENT_SECRET": PLANTED + "-pc"}


def configured(folder: Path, text: str = MAIN, **environ: str) -> Configuration:
    file = folder / "siteledger.toml"
    file.write_text(text)
    return read(file, environ={**SECRETS, **environ})


def refused(folder: Path, text: str = MAIN, environ: Mapping[str, str] = SECRETS) -> InvalidConfiguration:
    file = folder / "siteledger.toml"
    file.write_text(text)
    with pytest.raises(InvalidConfiguration) as caught:
        load(file, environ=environ)
    return caught.value


def with_line(table: str, line: str) -> str:
    """The sample with a line put into one of its tables, in place of the line with the same key."""
    key = line.partition("=")[0].strip()
    head, mark, tail = MAIN.partition(f"[{table}]\n")
    if not mark:
        return f"{MAIN}\n[{table}]\n{line}\n"
    body, *rest = re.split(r"(?m)^(?=\[)", tail, maxsplit=1)
    kept = "".join(f"{old}\n" for old in body.splitlines() if not old.startswith(f"{key} ="))
    return f"{head}{mark}{line}\n{kept}{''.join(rest)}"


BC = "connections.main.business_central"
PC = "connections.main.procore"
FLOWS = "connections.main.flows"
