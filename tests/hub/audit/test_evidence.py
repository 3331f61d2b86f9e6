"""Evidence for one document tells its whole story to people, and its folder proves it to anybody."""

import json
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader

from hub.audit.evidence import gather, write_folder
from hub.audit.evidence_pdf import as_pdf
from hub.audit.sections import MOST_ROWS, Section, as_text, shortened
from hub.audit.verify import verify
from hub.operations.audit import one_record
from hub.report import Halted
from tests.hub.audit.harness import fill, opened
from tests.journeys.harness import line, sqlite, world
from tests.journeys.quick import quick

SECRETS = {"KEY": "k" * 43}
FLOWS = {"purchase-order-to-commitment": {"approval": "approver"}}


def text_of(pdf: bytes) -> str:
    """Everything that a reader of the PDF sees, without line ends."""
    return "".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages).replace("\n", "")


@pytest.mark.journey
@pytest.mark.requirement("BX-08", "DC-04", "DC-06")
@quick
async def test_an_order_is_told_from_the_first_sight_to_the_last_answer_and_the_folder_proves_it(
    tmp_path: Path,
) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.server, it.environ = {"secret_key": "env:KEY"}, SECRETS
        it.basics()
        it.project("JOB1", tasks=("01-100",), segments=("SITE",))
        it.order("PO1", "JOB1", [line("01-100", "SITE", "M", "2", "10.50", description="Бетон 水 <b>")], release=True)
        await it.settle()
        async with it.hub() as hub:
            record = await one_record(hub, "PO1")
            evidence = await gather(hub, record, "cli:olga")
            await write_folder(hub, evidence, tmp_path / "out")
            with pytest.raises(Halted, match="Nothing in the ledger"):
                await one_record(hub, "PO404")
            bare = await hub.ledger.contents([])
        contract = it.contracts()[0]["id"]

    assert bare == {}
    proof = verify(tmp_path / "out")
    assert (proof.findings, proof.notes, proof.events) == ([], [], len(evidence.steps))
    told = (tmp_path / "out" / "evidence.txt").read_text()
    read = text_of((tmp_path / "out" / "evidence.pdf").read_bytes())
    for words in (str(contract), "purchase_order_contracts", "HTTP 200", "cli:olga", "JOB1", "Nobody was asked to"):
        assert words in told
        assert words.replace(" ", "") in read.replace(" ", "")
    assert "Бетон 水 <b>" in told
    assert "Бетон[U+6C34]<b>" in read.replace(" ", "")
    for step in evidence.steps:
        assert step.leaf in read
        assert step.head >= step.row[0]
    document = json.loads((tmp_path / "out" / "evidence.json").read_text())
    assert [each["position"] for each in document["events"]] == [step.row[0] for step in evidence.steps]
    assert SECRETS["KEY"] not in told + json.dumps(document)


@pytest.mark.requirement("BX-08")
async def test_evidence_is_the_same_on_either_database_and_says_what_was_redacted_or_is_under_no_head(
    store_url: str, tmp_path: Path
) -> None:
    async with opened(store_url, key="") as hub:
        await fill(hub, 3)
        await hub.projector.catch_up()
        record = await one_record(hub, "PO-1")

        evidence = await gather(hub, record, "cli:olga")

        await write_folder(hub, evidence, tmp_path / "out")
    assert [step.row[0] for step in evidence.steps] == [4, 5, 6]
    proof = verify(tmp_path / "out")
    assert (proof.findings, len(proof.notes)) == ([], 1)
    told = (tmp_path / "out" / "evidence.txt").read_text()
    assert "server.secret_key" in told
    assert "under no signed head" in told


def test_a_table_too_long_for_people_says_where_the_rest_is() -> None:
    rows = shortened([(str(at), "x") for at in range(MOST_ROWS + 3)], "contents.jsonl")

    assert len(rows) == MOST_ROWS + 1
    assert rows[-1] == ("and 3 more, in contents.jsonl", "")


@pytest.mark.parametrize(
    "text",
    [
        "العربية שלום",
        "日本語",
        "\x00\x07",
        "😀" * 30,
        "W" * 9000,
        "\n" * 500,
        "<para>&amp;</b>",
        "",
        "\U0010ffff",
        "e\u0301\u200d",
        "\t\r\n",
    ],
)
def test_no_text_is_too_strange_for_the_pdf_and_the_same_text_makes_the_same_bytes(text: str) -> None:
    section = Section(
        title=text, lines=(text,), facts=((text, text),), columns=("a", "b"), rows=((text, text),) * 3, widths=(1, 2)
    )

    drawn = as_pdf(text or "Evidence", [section])

    assert drawn == as_pdf(text or "Evidence", [section])
    assert drawn.startswith(b"%PDF")
    assert as_text(text, [section])
