"""`backup`, `restore`, `upgrade`, `keys rotate` on the command line."""

import stat
from pathlib import Path

import pytest

from adapters.store.schema import upgrades
from adapters.store.statements import SqliteDialect
from hub.keyring import Keyring
from hub.report import ExitStatus
from tests.hub.cli.conftest import Call
from tests.hub.settings.sample import MAIN

KEY = "k" * 40


@pytest.fixture
def keyed(tmp_path: Path) -> Path:
    """The sample with a key in a file."""
    (tmp_path / "siteledger.toml").write_text(f'{MAIN}\n[server]\nsecret_key = "file:hub.key"\n')
    key = tmp_path / "hub.key"
    key.write_text(f"{KEY}\n")
    key.chmod(0o600)
    return key


@pytest.mark.usefixtures("sample")
def test_a_store_that_is_lost_comes_back_with_its_users_and_its_tables(call: Call, tmp_path: Path) -> None:
    call("users", "add", "anna", "--role", "read")
    made = call("backup", "b.siteledger", "--json").document
    for file in tmp_path.glob("siteledger.db*"):
        file.unlink()

    back = call("restore", "b.siteledger", "--json")

    assert back.status is ExitStatus.DONE
    assert (made["position"], back.document["position"], back.document["missing_keys"]) == (1, 1, [])
    assert stat.S_IMODE((tmp_path / "b.siteledger").stat().st_mode) == 0o600
    assert call("users", "list", "--json").document["users"][0]["name"] == "anna"
    assert call("status").status is ExitStatus.DONE
    assert sorted(file.name for file in tmp_path.iterdir() if file.name.startswith(".")) == []


@pytest.mark.usefixtures("sample")
def test_a_backup_replaces_no_file_and_a_restore_no_store(call: Call, tmp_path: Path) -> None:
    call("users", "add", "anna", "--role", "read")
    (tmp_path / "b").write_text("mine")

    assert call("backup", "b").status is ExitStatus.WRONG_USE
    assert (tmp_path / "b").read_text() == "mine"
    assert call("backup", "b", "--force").status is ExitStatus.DONE
    refused = call("restore", "b")
    assert refused.status is ExitStatus.WRONG_USE
    assert "not empty" in refused.err


@pytest.mark.usefixtures("sample")
def test_a_damaged_backup_is_a_matter_of_integrity(call: Call, tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"PK nothing")

    assert call("restore", "b").status is ExitStatus.INTEGRITY
    assert call("restore", "absent").status is ExitStatus.WRONG_USE
    assert not (tmp_path / "siteledger.db").exists()


@pytest.mark.usefixtures("sample")
def test_an_upgrade_says_from_where_to_where_and_twice_is_once(call: Call) -> None:
    newest = upgrades(SqliteDialect(), ())[-1].number
    assert call("upgrade", "--json").document == {"from": 0, "to": newest, "position": 0}
    assert call("upgrade", "--json").document == {"from": newest, "to": newest, "position": 0}
    assert "already" in call("upgrade").out


def test_a_rotation_makes_a_key_keeps_the_old_one_and_prints_neither(call: Call, keyed: Path) -> None:
    ended = call("keys", "rotate", "--json")

    new, old = keyed.read_text().split()
    assert (ended.document["made"], old) == (True, KEY)
    assert (ended.document["key"], ended.document["old_keys"]) == (Keyring(new).ids[0], [Keyring(KEY).ids[0]])
    assert stat.S_IMODE(keyed.stat().st_mode) == 0o600
    assert new not in ended.out + ended.err
    assert KEY not in ended.out + ended.err


def test_old_keys_are_dropped_when_that_is_asked_for(call: Call, keyed: Path) -> None:
    call("keys", "rotate")
    newest = keyed.read_text().split()[0]

    ended = call("keys", "rotate", "--drop-old", "--json")

    (only,) = keyed.read_text().split()
    assert only != newest
    assert ended.document["old_keys"] == []


def test_a_key_of_the_environment_is_changed_by_whoever_set_it(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "siteledger.toml").write_text(f'{MAIN}\n[server]\nsecret_key = "env:HUB_KEY"\n')
    monkeypatch.setenv("HUB_KEY", KEY)

    ended = call("keys", "rotate")

    assert ended.status is ExitStatus.CONFIGURATION
    assert "env:HUB_KEY" in ended.err
    assert "before the old one, separated by a comma" in ended.err


@pytest.mark.usefixtures("sample")
def test_without_a_key_there_is_nothing_to_rotate(call: Call) -> None:
    ended = call("keys", "rotate")

    assert ended.status is ExitStatus.CONFIGURATION
    assert "server.secret_key is not set" in ended.err
