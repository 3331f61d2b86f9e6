"""`init` writes a configuration that the hub can read, explains every key in it, and destroys nothing."""

import io
import re
import stat
import tomllib
from pathlib import Path
from typing import Any

import pytest

from hub.access.secrets import is_token
from hub.cli import questions, setting_up
from hub.report import ExitStatus
from hub.settings import FLOW_NAMES, read
from hub.settings.template import EXAMPLES
from tests.hub.cli.conftest import Call

KNOWN = (
    "--connection", "east", "--kind", "test", "--tenant", "contoso.com", "--environment", "Sand Box",
    "--bc-company", "6F0B5A52-1D0C-4A0E-9A57-51EDC0DE0002", "--bc-client-id", "central-app",
    "--procore-company", "4711", "--procore-client-id", "procore-app",
)  # fmt: skip


def test_what_init_writes_is_what_config_show_prints(call: Call, tmp_path: Path) -> None:
    assert call("init", "--yes").status is ExitStatus.DONE

    shown = call("config", "show", "--json")

    assert shown.status is ExitStatus.DONE
    values = {row["key"]: row["value"] for row in shown.document["values"]}
    assert values["connections.main.kind"] == "test"
    assert values["connections.main.poll_every"] == "1m"
    assert values["connections.main.flows.purchase-order-to-commitment.status"] == {
        "Released": "Approved",
        "default": "Draft",
    }
    assert values["server.secret_key"] == "file:siteledger.key"
    assert values["server.admin_token"] == "file:siteledger.admin-token"
    assert values["store.url"] == f"sqlite:///{tmp_path}/siteledger.db"
    assert {row["origin"] for row in shown.document["values"] if row["value"] is not None} == {"file"}


def test_every_default_stands_in_the_file_with_its_meaning(call: Call, tmp_path: Path) -> None:
    call("init", "--yes")

    text = (tmp_path / "siteledger.toml").read_text()
    document = tomllib.loads(text)
    assert list(document["connections"]["main"]["flows"]) == list(FLOW_NAMES)
    assert all(re.search(rf"^(# )?{key} = ", text, re.MULTILINE) for key in EXAMPLES)
    assert "# Port to listen on.\nport = 8080" in text
    assert "# Whether an order with lines of several jobs becomes one commitment per job" in text


def test_with_all_answers_nothing_is_left_to_do(call: Call, tmp_path: Path) -> None:
    ended = call("init", "--yes", "--json", *KNOWN)

    assert ended.status is ExitStatus.DONE
    assert ended.document["open"] == []
    assert ended.document["next"] == "siteledger check"
    connection = read(tmp_path / "siteledger.toml").settings.connections["east"]
    assert connection.business_central.api_url == (
        "https://api.businesscentral.dynamics.com/v2.0/contoso.com/Sand%20Box/api"
    )
    assert connection.business_central.token_url == "https://login.microsoftonline.com/contoso.com/oauth2/v2.0/token"
    assert connection.business_central.company_id == "6f0b5a52-1d0c-4a0e-9a57-51edc0de0002"
    assert connection.start_date is not None


def test_what_is_still_to_be_filled_in_is_told_and_refused_later(call: Call) -> None:
    ended = call("init", "--yes", "--json")

    assert [problem["key"] for problem in ended.document["open"]] == [
        "connections.main.business_central.api_url",
        "connections.main.business_central.token_url",
        "connections.main.business_central.company_id",
        "connections.main.business_central.client_id",
        "connections.main.procore.company_id",
        "connections.main.procore.client_id",
    ]
    assert call("check").status is ExitStatus.CONFIGURATION


def test_a_file_that_is_there_is_kept(call: Call, sample: Path) -> None:
    before = sample.read_text()

    ended = call("init", "--yes")

    assert ended.status is ExitStatus.WRONG_USE
    assert "exists already" in ended.err
    assert sample.read_text() == before
    assert list(sample.parent.iterdir()) == [sample]


def test_force_replaces_the_file_and_keeps_the_key(call: Call, tmp_path: Path) -> None:
    call("init", "--yes")
    key = (tmp_path / "siteledger.key").read_bytes()

    ended = call("init", "--yes", "--force", "--json", *KNOWN)

    assert ended.status is ExitStatus.DONE
    assert ended.document["key_made"] is False
    assert (tmp_path / "siteledger.key").read_bytes() == key
    assert "connections.east" in (tmp_path / "siteledger.toml").read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "siteledger.admin-token",
        "siteledger.key",
        "siteledger.toml",
    ]


def test_the_key_is_new_each_time_readable_for_its_owner_alone_and_never_printed(call: Call, tmp_path: Path) -> None:
    printed = [
        call("--config", f"{name}.toml", "init", "--yes", *more) for name, more in (("a", ()), ("b", ("--json",)))
    ]

    files = [tmp_path / f"{name}.{kind}" for kind in ("key", "admin-token") for name in "ab"]
    keys = [file.read_text().strip() for file in files]
    assert len(set(keys)) == 4
    assert {len(key) for key in keys[:2]} == {44}
    assert all(is_token(key) for key in keys[2:])
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert not any(key in ended.out + ended.err for key in keys for ended in printed)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--bc-company", "CRONUS"), "business_central.company_id: this is not a GUID"),
        (("--connection", "Main"), "1 to 40 small letters"),
    ],
)
def test_a_wrong_answer_writes_nothing(call: Call, tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    ended = call("init", "--yes", *arguments)

    assert ended.status is ExitStatus.CONFIGURATION
    assert says in ended.err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_does_not_exist_is_named(call: Call) -> None:
    ended = call("init", "--yes", "--config", "absent/siteledger.toml")

    assert ended.status is ExitStatus.CONFIGURATION
    assert "absent/siteledger.key cannot be written" in ended.err


def test_the_file_is_written_where_the_variable_says(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SITELEDGER_CONFIG", "hub.toml")

    assert call("init", "--yes").status is ExitStatus.DONE
    assert (tmp_path / "hub.toml").exists()


def test_without_a_terminal_questions_are_refused(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())

    ended = call("init")

    assert ended.status is ExitStatus.WRONG_USE
    assert "needs a terminal" in ended.err
    assert list(tmp_path.iterdir()) == []


class Prompt:
    """A question that is answered at once."""

    def __init__(self, answer: str) -> None:
        self._answer = answer

    def unsafe_ask(self) -> str:
        return self._answer


def test_only_what_is_not_known_is_asked(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    answers = {"environment": "Production", "number of the company": "4711"}

    def text(question: str, **_: Any) -> Prompt:
        asked.append(question)
        return Prompt(next(answer for part, answer in answers.items() if part in question))

    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdin", terminal)
    monkeypatch.setattr(questions.questionary, "text", text)
    known = [part for part in KNOWN if part not in {"--environment", "Sand Box", "--procore-company", "4711"}]

    ended = call("init", "--json", *known)

    assert ended.document["open"] == []
    assert len(asked) == 2
    assert read(tmp_path / "siteledger.toml").settings.connections["east"].procore.company_id == 4711


def test_each_question_belongs_to_an_answer() -> None:
    names = {name for name, *_ in questions.QUESTIONS} | {"kind"}

    assert names == set(setting_up.Answers.__dataclass_fields__)
