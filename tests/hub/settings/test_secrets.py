"""Secrets are referred to, never written down and never printed."""

from pathlib import Path
from typing import Any

import pytest

from domain.errors import Misconfigured
from hub.settings import InvalidConfiguration, load
from tests.hub.settings.sample import BC, MAIN, PLANTED, SECRETS, configured, refused, with_line


def test_secrets_come_from_variables_and_files(tmp_path: Path) -> None:
    (tmp_path / "bc.secret").write_text(f"{PLANTED}-file\n")

    settings = configured(tmp_path, with_line(BC, 'client_secret = "file:bc.secret"')).settings

    connection = settings.connections["main"]
    assert connection.business_central.client_secret.get_secret_value() == f"{PLANTED}-file"
    assert connection.procore.client_secret.get_secret_value() == f"{PLANTED}-pc"


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe"])
def test_a_secret_file_without_a_secret_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bc.secret").write_bytes(content)

    error = refused(tmp_path, with_line(BC, 'client_secret = "file:bc.secret"'))

    assert error.problems[0].key == f"{BC}.client_secret"


def test_the_address_of_the_store_may_stand_in_a_variable(tmp_path: Path) -> None:
    text = with_line("store", 'url = "env:LEDGER"')

    found = configured(tmp_path, text, LEDGER=f"postgresql://hub:{PLANTED}@db/ledger")

    assert found.settings.store.url.get_secret_value() == f"postgresql://hub:{PLANTED}@db/ledger"
    assert PLANTED not in f"{found!r}{found.settings.store.url.shown}"


def test_a_command_that_only_reads_the_ledger_needs_the_secret_of_the_store_alone(tmp_path: Path) -> None:
    file = tmp_path / "siteledger.toml"
    file.write_text(with_line("store", 'url = "env:LEDGER"'))

    settings = load(file, environ={"LEDGER": "postgresql://db/ledger"}, need="store")

    assert settings.store.url.get_secret_value() == "postgresql://db/ledger"
    with pytest.raises(Misconfigured, match="env:PROCORE_CLIENT_SECRET is not at hand"):
        settings.connections["main"].procore.client_secret.get_secret_value()
    with pytest.raises(InvalidConfiguration, match="LEDGER is not set"):
        load(file, environ={}, need="store")


def nested(value: Any) -> str:
    """All that a careless log line could print of a value."""
    return f"{value!s}{value!r}"


@pytest.mark.requirement("PP-01")
def test_no_secret_is_printed_by_settings_or_their_errors(tmp_path: Path) -> None:
    (tmp_path / "siteledger.key").write_text(f"{PLANTED}-key")
    text = (
        f'[store]\nurl = "postgresql://hub:{PLANTED}-db@db/ledger?sslpassword={PLANTED}-ssl"\n'
        f'[server]\nsecret_key = "file:siteledger.key"\n{MAIN}'
    )
    found = configured(tmp_path, text)
    errors = [
        refused(tmp_path, text.replace("file:siteledger.key", f"{PLANTED}-plain")),
        refused(tmp_path, text.replace("postgresql", "mysql")),
        refused(tmp_path, text.replace('"central-app"', f'["{PLANTED}"]')),
        refused(tmp_path, text.replace('kind = "test"', f'kind = "{PLANTED}"')),
        refused(tmp_path, text.replace('kind = "test"', f'kind = {PLANTED}"')),
        refused(tmp_path, text, environ={**SECRETS, "SITELEDGER__SERVER__SECRET_KEY": PLANTED}),
        refused(tmp_path, text, environ={**SECRETS, "SITELEDGER__CONNECTIONS__MAIN__FLOWS": f"{{ {PLANTED}"}),
    ]

    printed = nested(found) + found.settings.store.url.shown
    printed += "".join(nested(error) + nested(error.problems) + nested(error.__cause__) for error in errors)

    assert "hub:***@db/ledger" in printed
    assert PLANTED not in printed
