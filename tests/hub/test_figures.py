"""Read models with figures read the documents that events name; what the ledger lacks is set aside, all at once."""

from pathlib import Path

import pytest

from hub import folding
from tests.hub.harness import bench
from tests.projections.documents import Documents
from tests.projections.test_job_cost import entry


async def test_documents_that_the_ledger_lacks_are_set_aside_together_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folds: list[int] = []
    fold_all = folding._fold_all
    monkeypatch.setattr(folding, "_fold_all", lambda *given: (folds.append(1), fold_all(*given))[1])
    documents = Documents()
    for number in range(300):
        documents.seen("journal_entry", str(number), entry("1.25", id=f"entry-{number}", description=str(number)))
    kept = dict(list(documents.bodies.items())[::100])
    async with bench(tmp_path) as it:
        await it.ledger.append(documents.events, kept)
        rows = await it.rows("SELECT document, amount FROM job_cost ORDER BY document")
        errors = await it.rows("SELECT position, error FROM projection_errors WHERE projection = 'job_cost'")
        assert rows == [("0", "1.25"), ("100", "1.25"), ("200", "1.25")]
        assert len(errors) == 297
        assert {error for _, error in errors if "does not hold 297 contents" in error} == {error for _, error in errors}
        del folds[:]
        await it.projector.rebuild("job_cost")
        assert len(folds) == 2  # once to learn what is missing, once without it
        assert await it.rows("SELECT document, amount FROM job_cost ORDER BY document") == rows
