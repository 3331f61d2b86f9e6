"""Commands of the accounting gate refuse what is no clear answer before anything is stored."""

import pytest

from hub.report import ExitStatus
from tests.hub.cli.conftest import Call

FLOW = "purchase-order-to-commitment"


@pytest.mark.usefixtures("sample")
@pytest.mark.requirement("ER-29")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("approve",), "Name the requests by their ids"),
        (("approve", "PO1"), "is called PO1"),
        (("approve", "--all"), "--all needs --flow"),
        (("approve", "--all", "PO1", "--flow", FLOW), "Name the requests by their ids, or take --all"),
        (("approve", "PO1", "--flow", FLOW), "go with --all"),
        (("approve", "PO1", "PO2", "--hash", "a"), "once for each ID"),
        (("approve", "--all", "--flow", "purchase-order"), "There is no flow"),
        (("decline", "PO1"), "--comment"),
        (("decline", "--all", "--flow", FLOW, "--comment", " "), "needs a comment"),
        (("retrieve",), "Name the requests by their ids"),
        (("approvals", "PO1"), "is called PO1"),
        (("approvals", "--state", "open"), "Invalid value"),
        (("approvals", "--cursor", "yesterday"), "not given out by this list"),
        (("approvals", "--connection", "mian"), 'Did you mean "main"?'),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_is_not_clear_is_wrong_use(call: Call, arguments: tuple[str, ...], words: str) -> None:
    ended = call(*arguments)

    assert ended.status is ExitStatus.WRONG_USE
    assert words in ended.err


@pytest.mark.usefixtures("sample")
def test_where_nothing_waits_the_list_is_empty_and_says_so(call: Call) -> None:
    assert call("approvals", "--json").document == {"items": [], "next_cursor": None}
    assert "nothing waits" in call("approvals").out
