"""Values come from one file and from the environment, which wins, and every value can say where it came from."""

from pathlib import Path

import pytest

from hub.settings import InvalidConfiguration, load, read
from tests.hub.settings.sample import MAIN, SECRETS, configured, refused, with_line


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[server]\nport = \n", "line 2, column 8"),
        ("[server\n", "line 1, column 8"),
        ("[server]\nport = 1\nport = 2\n", "line 3"),
        ('[server]\nhost = "x', "end of document"),
    ],
)
def test_bad_toml_is_refused_with_file_line_and_column(tmp_path: Path, text: str, place: str) -> None:
    error = refused(tmp_path, text)

    assert f"{tmp_path / 'siteledger.toml'} is not valid TOML" in str(error)
    assert place in str(error)


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "siteledger.toml").write_bytes(b"\xff\xfe[\x00")

    with pytest.raises(InvalidConfiguration, match="is not UTF-8 text"):
        load(tmp_path / "siteledger.toml", environ={})


def test_a_named_file_that_does_not_exist_is_refused_even_with_overrides(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfiguration, match=r"there is no configuration file .*absent\.toml"):
        read(Path("absent.toml"), environ={"SITELEDGER__SERVER__PORT": "1"}, folder=tmp_path)


def test_without_file_and_overrides_the_way_to_a_file_is_shown(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfiguration, match="Run `siteledger init`"):
        read(environ={}, folder=tmp_path)


def test_the_file_is_the_named_one_then_that_of_the_variable_then_the_one_in_the_folder(tmp_path: Path) -> None:
    for name, port in (("siteledger.toml", 1), ("variable.toml", 2), ("named.toml", 3)):
        (tmp_path / name).write_text(f"[server]\nport = {port}\n{MAIN}")
    variable = {**SECRETS, "SITELEDGER_CONFIG": str(tmp_path / "variable.toml")}

    ports = [
        read(named, environ=environ, folder=tmp_path).settings.server.port
        for named, environ in ((None, SECRETS), (None, variable), (Path("named.toml"), variable))
    ]

    assert ports == [1, 2, 3]


def test_everything_can_come_from_the_environment_alone(tmp_path: Path) -> None:
    environ = {
        **SECRETS,
        "SITELEDGER__STORE__URL": "postgresql://hub@db/ledger",
        "SITELEDGER__CONNECTIONS__EAST_COAST__KIND": "production",
        "SITELEDGER__CONNECTIONS__EAST_COAST__EXCLUDE_TAGS": '["A", "B"]',
        "SITELEDGER__CONNECTIONS__EAST_COAST__BUSINESS_CENTRAL__API_URL": "https://bc.example.com/api/",
        "SITELEDGER__CONNECTIONS__EAST_COAST__BUSINESS_CENTRAL__TOKEN_URL": "https://login.example.com/token",
        "SITELEDGER__CONNECTIONS__EAST_COAST__BUSINESS_CENTRAL__COMPANY_ID": "6f0b5a52-1d0c-4a0e-9a57-51edc0de0002",
        "SITELEDGER__CONNECTIONS__EAST_COAST__BUSINESS_CENTRAL__CLIENT_ID": "a",
        "SITELEDGER__CONNECTIONS__EAST_COAST__BUSINESS_CENTRAL__CLIENT_SECRET": "env:BC_CLIENT_SECRET",
        "SITELEDGER__CONNECTIONS__EAST_COAST__PROCORE__COMPANY_ID": "4711",
        "SITELEDGER__CONNECTIONS__EAST_COAST__PROCORE__CLIENT_ID": "b",
        "SITELEDGER__CONNECTIONS__EAST_COAST__PROCORE__CLIENT_SECRET": "env:PROCORE_CLIENT_SECRET",
        "SITELEDGER__CONNECTIONS__EAST_COAST__FLOWS__VENDOR_TO_COMPANY__CREATE": "true",
    }

    settings = read(environ=environ, folder=tmp_path).settings

    connection = settings.connections["east-coast"]
    assert settings.store.url.get_secret_value() == "postgresql://hub@db/ledger"
    assert connection.exclude_tags == ("A", "B")
    assert connection.procore.company_id == 4711
    assert connection.flows.vendor_to_company.create is True


def test_a_variable_wins_over_the_file_and_leaves_its_neighbours_alone(tmp_path: Path) -> None:
    text = f'[server]\nhost = "0.0.0.0"\nport = 1\n{MAIN}'

    found = configured(tmp_path, text, SITELEDGER__SERVER__PORT="9000")

    assert (found.settings.server.host, found.settings.server.port) == ("0.0.0.0", 9000)  # noqa: S104 - a value, not bound
    assert found.origins["server.port"] == "SITELEDGER__SERVER__PORT"
    assert found.origins["server.host"] == "file"
    assert found.settings.origins == found.origins  # for whoever looks while the hub runs


def test_a_wrong_variable_is_named(tmp_path: Path) -> None:
    error = refused(tmp_path, environ={**SECRETS, "SITELEDGER__SERVER__PROT": "1"})

    assert str(error) == 'server.prot (set by SITELEDGER__SERVER__PROT): unknown key. Did you mean "port"?'


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({"SITELEDGER__CONNECTIONS__MAIN__EXCLUDE_TAGS": "[A"}, "not a list or table in TOML"),
        ({"SITELEDGER__SERVER": "x", "SITELEDGER__SERVER__PORT": "1"}, "set as a value too"),
        ({"SITELEDGER__SERVER": "x"}, "must be a table"),
    ],
)
def test_a_variable_that_cannot_be_read_is_refused(tmp_path: Path, environ: dict[str, str], says: str) -> None:
    error = refused(tmp_path, environ={**SECRETS, **environ})

    assert says in str(error)
    assert "SITELEDGER__" in str(error)


def test_files_are_found_beside_the_configuration_wherever_the_hub_was_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mapping.toml").write_text("")
    (tmp_path / "hub.key").write_text("the-key\n")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    text = '[server]\nsecret_key = "file:hub.key"\n' + with_line("connections.main", 'mapping = "mapping.toml"')

    settings = configured(tmp_path, text).settings

    assert settings.store.url.get_secret_value() == f"sqlite:///{tmp_path}/siteledger.db"
    assert settings.connections["main"].mapping == tmp_path / "mapping.toml"
    assert settings.server.secret_key is not None
    assert settings.server.secret_key.get_secret_value() == "the-key"
