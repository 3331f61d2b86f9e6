"""The commands that prove the ledger, as an administrator calls them."""

import sqlite3
from pathlib import Path

import pytest

from hub.report import ExitStatus
from tests.hub.cli.conftest import Call

pytestmark = pytest.mark.requirement("BX-08")


def test_a_changed_event_ends_the_verification_with_5_and_its_place(call: Call, sample: Path) -> None:
    call("users", "add", "anna", "--role", "read")
    sound = call("audit", "verify", "--json")
    (file,) = sample.parent.rglob("*.db")
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE stored_events SET state = CAST(replace(state, 'anna', 'otto') AS BLOB)")

    broken = call("audit", "verify")

    assert (sound.status, sound.document["valid"], sound.document["findings"]) == (ExitStatus.DONE, True, 0)
    assert broken.status == ExitStatus.INTEGRITY
    assert "event 1 (access.user-put.1, stream" in broken.out
    assert "behind: 2 " in broken.out
    assert "Restore the newest backup" in broken.out


def test_a_head_that_is_none_is_wrong_use(call: Call, sample: Path) -> None:
    ended = call("audit", "verify", "--head", "12")

    assert ended.status == ExitStatus.WRONG_USE
    assert "POSITION:HASH" in ended.err
