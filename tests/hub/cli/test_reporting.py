"""report: what accounting asks, on the screen or as a file."""

import csv
from pathlib import Path

import anyio
import pytest

from hub.report import ExitStatus
from hub.reports import REPORTS
from tests.hub.cli.conftest import Call
from tests.hub.failing import hub_on
from tests.projections.documents import Documents
from tests.projections.test_job_cost import entry, order, order_line


@pytest.fixture
def posted(sample: Path) -> Path:
    """The configured ledger, in which an order and an entry were seen; its folder."""
    documents = Documents()
    documents.seen("commitment", "PO1", order(order_line(1, "300.00", costTypeCode="E")))
    documents.seen("journal_entry", "7", entry("-5.00"))
    documents.rejected("journal_entry", "7", "=Amount is -5.00")

    async def made() -> None:
        async with hub_on(f"sqlite:///{sample.parent / 'siteledger.db'}") as hub:
            await hub.ledger.append(documents.events, documents.bodies)

    anyio.run(made)
    return sample.parent


@pytest.mark.requirement("ER-40")
@pytest.mark.usefixtures("posted")
def test_a_report_is_told_on_the_screen_and_as_a_document(call: Call) -> None:
    ended = call("report", "job-costs", "--month", "2026-03", "--json")
    assert ended.status is ExitStatus.DONE
    [row] = ended.document["items"]
    assert (row["commitments"], row["job_to_date"], row["month_to_date"]) == ("300.00", "-5.00", "-5.00")
    assert ended.document["next_cursor"] is None
    assert "-5.00" in call("report", "job-costs", "--month", "2026-03").out
    for name in REPORTS:
        assert call("report", name).status is ExitStatus.DONE, name


@pytest.mark.requirement("ER-41")
def test_a_report_is_a_file_and_its_words_run_nowhere(call: Call, posted: Path) -> None:
    ended = call("report", "unsyncable-direct-costs", "-o", "unsent.csv", "--json")
    assert (ended.status, ended.document["rows"]) == (ExitStatus.DONE, 1)
    with (posted / "unsent.csv").open(newline="") as lines:
        [row] = csv.DictReader(lines)
    assert (row["amount"], row["reason"]) == ("-5.00", "'=Amount is -5.00")


@pytest.mark.usefixtures("sample")
def test_a_report_that_is_not_there_or_asked_for_what_it_does_not_know_is_wrong_use(call: Call) -> None:
    for arguments, words in (
        (("nothing",), "job-costs, unsyncable-direct-costs"),
        (("sub-jobs", "--month", "2026-03"), "can't be narrowed by it"),
        (("job-costs", "--month", "March"), "Give 2026-03."),
        (("job-costs", "--cursor", "x"), "cursor"),
    ):
        ended = call("report", *arguments)
        assert ended.status is ExitStatus.WRONG_USE, arguments
        assert words in ended.err
