"""`config show` prints what counts and where it came from, and no secret."""

from pathlib import Path

import pytest

from hub.report import ExitStatus
from tests.hub.cli.conftest import Call
from tests.hub.settings.sample import MAIN, PLANTED


def test_every_key_is_shown_with_its_origin(call: Call, sample: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SITELEDGER__SERVER__PORT", "9000")

    document = call("config", "show", "--json").document

    rows = {row["key"]: row for row in document["values"]}
    assert document["file"] == str(sample)
    assert rows["server.port"] == {"key": "server.port", "value": 9000, "origin": "SITELEDGER__SERVER__PORT"}
    assert rows["connections.main.kind"] == {"key": "connections.main.kind", "value": "test", "origin": "file"}
    assert rows["server.host"]["origin"] == "default"
    assert rows["connections.main.flows.project-to-job.enabled"]["value"] is False
    assert len(rows) == len(document["values"])


def test_the_text_for_people_says_the_same(call: Call, sample: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SITELEDGER__SERVER__PORT", "9000")

    lines = call("config", "show").out.splitlines()

    assert lines[0] == f"# {sample}"
    assert "server.port = 9000  # SITELEDGER__SERVER__PORT" in lines
    assert 'server.host = "127.0.0.1"' in lines
    assert "server.public_url = # not set" in lines
    assert 'connections.main.kind = "test"  # file' in lines


@pytest.mark.usefixtures("sample")
def test_a_secret_that_is_not_at_hand_is_marked_and_no_mistake(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BC_CLIENT_SECRET")

    ended = call("config", "show", "--json")

    assert ended.status is ExitStatus.DONE
    rows = {row["key"]: row for row in ended.document["values"]}
    assert rows["connections.main.business_central.client_secret"]["value"] == "env:BC_CLIENT_SECRET"
    assert rows["connections.main.business_central.client_secret"]["at_hand"] is False
    assert rows["connections.main.procore.client_secret"]["at_hand"] is True
    assert '= "env:BC_CLIENT_SECRET" (not at hand)' in call("config", "show").out


@pytest.mark.requirement("PP-01")
@pytest.mark.parametrize("arguments", ["config show", "config show --json", "check", "--debug check"])
def test_no_command_prints_a_secret(call: Call, sample: Path, monkeypatch: pytest.MonkeyPatch, arguments: str) -> None:
    sample.with_name("planted.key").write_text(f"{PLANTED}-key")
    head = f'[store]\nurl = "postgresql://hub:{PLANTED}-db@db/ledger"\n[server]\nsecret_key = "file:planted.key"\n'
    sample.write_text(head + MAIN)
    # The command is to fail on a key that has nothing to do with the secrets around it.
    if "check" in arguments:
        monkeypatch.setenv("SITELEDGER__SERVER__PROT", f"{PLANTED}-variable")

    ended = call(*arguments.split())

    assert ended.out + ended.err
    assert PLANTED not in ended.out + ended.err


def test_a_wrong_configuration_is_refused_with_every_problem(call: Call, sample: Path) -> None:
    sample.write_text(MAIN.replace('kind = "test"', 'kind = "live"').replace("4711", "0.5"))

    ended = call("config", "show", "--json")

    assert ended.status is ExitStatus.CONFIGURATION
    assert [problem["key"] for problem in ended.document["error"]["problems"]] == [
        "connections.main.kind",
        "connections.main.procore.company_id",
    ]
    assert ended.document["error"]["status"] == 3
    assert "connections.main.kind: is not one of the choices" in ended.err
