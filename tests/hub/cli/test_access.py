"""`users` and `tokens` on the command line: changed by name, listed whole, a token shown once."""

from pathlib import Path

import pytest

from hub.access.secrets import is_token
from hub.report import ExitStatus
from tests.hub.cli.conftest import Call

pytestmark = pytest.mark.usefixtures("sample")


@pytest.mark.requirement("ER-01", "ER-02")
def test_a_user_is_added_changed_and_removed(call: Call) -> None:
    added = call("users", "add", "anna@example.com", "--role", "read", "--role", "main=standard", "--json")
    call("users", "change", "anna@example.com", "--right", "push_to_accounting")

    assert added.document["user"]["roles"] == {"*": "read", "main": "standard"}
    (listed,) = call("users", "list", "--json").document["users"]
    assert (listed["roles"], listed["rights"]) == ({"*": "read", "main": "standard"}, ["push_to_accounting"])

    assert call("users", "change", "anna@example.com", "--no-rights", "--json").document["user"]["rights"] == []
    assert call("users", "remove", "anna@example.com").status is ExitStatus.DONE
    assert call("users", "list", "--json").document["users"] == []


def test_a_token_is_shown_when_it_is_made_and_never_again(call: Call, sample: Path) -> None:
    made = call("tokens", "create", "reports", "--connection", "main", "--days", "7", "--json").document
    listed = call("tokens", "list", "--json")

    assert is_token(made["secret"])
    assert made["secret"] not in listed.out + listed.err
    (token,) = listed.document["tokens"]
    assert (token["name"], token["role"], token["connections"]) == ("reports", "read", ["main"])
    stored = b"".join(file.read_bytes() for file in sample.parent.glob("siteledger.db*"))
    assert made["secret"].encode() not in stored
    assert b"reports" in stored


def test_a_token_that_is_revoked_stays_listed_with_its_end(call: Call) -> None:
    call("tokens", "create", "reports")
    assert [call("tokens", "revoke", "reports").status for _ in range(2)] == [ExitStatus.DONE] * 2

    assert "revoked" in call("tokens", "list").out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("users add anna --role boss", 'role: "boss" is no role. Write one of none, read, standard, admin.'),
        ("users add anna --role nroth=read", 'there is no connection "nroth". There are: main'),
        ("users add anna --role read --right all", 'right: "all" is no right'),
        ("users change nobody --role read", 'There is no user "nobody"'),
        ("users remove nobody", 'There is no user "nobody"'),
        ("tokens create reports --owner nobody", 'There is no user "nobody"'),
        ("tokens revoke reports", 'There is no token "reports"'),
    ],
)
def test_a_mistake_is_named_and_changes_nothing(call: Call, arguments: str, says: str) -> None:
    ended = call(*arguments.split())

    assert ended.status is ExitStatus.WRONG_USE
    assert says in ended.err
    assert call("users", "list", "--json").document["users"] == []


def test_who_is_there_already_is_not_added_again(call: Call) -> None:
    call("users", "add", "anna", "--role", "read")

    ended = call("users", "add", "anna", "--role", "admin")

    assert ended.status is ExitStatus.WRONG_USE
    assert call("users", "list", "--json").document["users"][0]["roles"] == {"*": "read"}
