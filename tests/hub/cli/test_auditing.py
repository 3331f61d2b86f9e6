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


def test_an_export_is_proved_by_the_command_too_and_a_changed_one_ends_with_5(call: Call, sample: Path) -> None:
    call("users", "add", "anna", "--role", "read")
    out = sample.parent / "proofs"
    made = call("audit", "export", "--out", str(out), "--json")
    sound = call("audit", "verify", str(out))
    events = out / "events.jsonl"
    events.write_bytes(events.read_bytes().replace(b"anna", b"otto"))

    broken = call("audit", "verify", str(out), "--json")

    assert (made.status, made.document["events"]) == (ExitStatus.DONE, 1)
    assert sound.status == ExitStatus.DONE
    assert broken.status == ExitStatus.INTEGRITY
    assert {each["position"] for each in broken.document["told"]} == {0, 1}
    assert call("audit", "export", "--out", str(out)).status == ExitStatus.WRONG_USE
    assert call("audit", "verify", str(sample.parent)).status == ExitStatus.WRONG_USE


def test_a_changed_read_model_is_named_when_read_models_are_asked_about(call: Call, sample: Path) -> None:
    call("users", "add", "anna", "--role", "read")
    call("audit", "verify")
    (file,) = sample.parent.rglob("*.db")
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE event_log SET actor = 'user:nobody' WHERE position = 1")

    assert call("audit", "verify").status == ExitStatus.DONE
    found = call("audit", "verify", "--projections", "--json")

    assert found.status == ExitStatus.INTEGRITY
    assert [each["kind"] for each in found.document["told"]] == ["table"]
    assert "event_log holds" in found.document["told"][0]["words"]
