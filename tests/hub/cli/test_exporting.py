"""export: a table as a file, whole or not at all, in the format that its name says."""

import csv
import json
import stat
from pathlib import Path

import anyio
import pytest

from hub.operations.exports import format_of
from hub.report import ExitStatus
from tests.hub.cli.conftest import Call
from tests.hub.failing import fill, hub_on


@pytest.fixture
def filled(sample: Path) -> Path:
    """The configured ledger, with ten failures; its folder."""

    async def made() -> None:
        async with hub_on(f"sqlite:///{sample.parent / 'siteledger.db'}") as hub:
            await fill(hub.ledger, 10)

    anyio.run(made)
    return sample.parent


@pytest.mark.requirement("BX-25")
def test_a_table_becomes_a_file_and_the_report_says_what_is_in_it(call: Call, filled: Path) -> None:
    ended = call("export", "failures", "--out", "failing.csv", "--json")
    assert ended.status is ExitStatus.DONE
    assert (ended.document["view"], ended.document["rows"], ended.document["format"]) == ("failure", 10, "csv")
    file = filled / "failing.csv"
    with file.open(newline="") as lines:
        assert len(list(csv.DictReader(lines))) == 10
    assert ended.document["bytes"] == file.stat().st_size
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("format", "name", "found"),
    [
        ("", "rows.XLSX", "xlsx"),
        ("", "rows.parquet", "parquet"),
        ("", "", "csv"),
        ("", "rows", "csv"),
        ("jsonl", "rows.txt", "jsonl"),
    ],
)
def test_the_format_is_the_one_that_is_named_else_the_one_of_the_file(format: str, name: str, found: str) -> None:
    assert format_of(format, Path(name) if name else None) == found


def test_a_file_that_is_there_is_kept_unless_it_is_to_be_replaced(call: Call, filled: Path) -> None:
    file = filled / "record_state.jsonl"
    file.write_text("mine")
    refused = call("export", "records", "--format", "jsonl")
    assert (refused.status, file.read_text()) == (ExitStatus.WRONG_USE, "mine")
    assert call("export", "records", "--format", "jsonl", "--force").status is ExitStatus.DONE
    assert {json.loads(line)["kind"] for line in file.read_text().splitlines()} == {"commitment"}


def test_what_can_not_be_exported_is_wrong_use_and_leaves_no_file(call: Call, filled: Path) -> None:
    before = sorted(path.name for path in filled.iterdir())
    for arguments, words in (
        (("nothing",), "There is no view 'nothing'"),
        (("records", "--out", "file.pdf"), "csv, xlsx, parquet, jsonl"),
        (("records", "--role", "X"), "can't be narrowed by it"),
        (("records", "--asof", "soon"), "asof"),
        (("records", "--since", "soon"), "since"),
    ):
        ended = call("export", *arguments)
        assert ended.status is ExitStatus.WRONG_USE, arguments
        assert words in ended.err
    assert sorted(path.name for path in filled.iterdir()) == before
