"""`pause` and `resume`: with a reason, told by `status`, and twice is once."""

import pytest

from hub.report import ExitStatus
from tests.hub.cli.conftest import Call

pytestmark = pytest.mark.usefixtures("sample")


def test_a_connection_is_paused_with_a_reason_shown_and_resumed(call: Call) -> None:
    paused = call("pause", "--reason", "month end", "--json")
    again = call("pause", "--reason", "something else", "--json")
    told = call("status")
    resumed = call("resume", "--json")

    assert (paused.status, paused.document["paused"], paused.document["reason"]) == (0, True, "month end")
    assert again.document == paused.document
    assert "paused by cli:" in told.out
    assert "month end" in told.out
    assert (resumed.status, resumed.document["paused"]) == (0, False)


def test_without_a_reason_nothing_is_paused(call: Call) -> None:
    assert call("pause", "--reason", " ").status == ExitStatus.WRONG_USE
    assert call("status", "--json").document["paused"] is None
