"""Runs of a reconciliation: all of them stay, the lines of the newest and of signed ones stay in the read schema."""

from typing import Any
from uuid import UUID

import pytest

from domain.events import Event, ReconciledLine, ReconciliationMade, ReconciliationSignedOff, ReconciliationTold
from domain.values import Digest
from projections.reconciliation import RECONCILIATIONS
from tests.ledger_story import CONNECTION, START
from tests.projections.folded import Tables

LINE = ReconciledLine(
    "committed", "JOB1", "01-100", "M", "SITE", "USD", "20.00", "15.00", "5.00", "1.00", ("parked", "unexplained")
)


def common(run: int, version: int) -> dict[str, Any]:
    return {
        "originator_id": UUID(int=run),
        "originator_version": version,
        "at": START,
        "connection": CONNECTION,
        "correlation_id": "story",
        "causation_id": "story",
        "actor": "cli:anna",
        "run": f"run {run}",
    }


def made(run: int, *replaces: str) -> list[Event]:
    """A run of two pages with a line each."""
    told = [
        ReconciliationTold(**common(run, place + 1), content=Digest(f"{run}/{place}"), first=place, lines=(LINE,))
        for place in range(2)
    ]
    end = ReconciliationMade(
        **common(run, 3),
        content=Digest(str(run)),
        result="unexplained",
        asked=(),
        read_from=7,
        projects=1,
        lines=2,
        differing=2,
        open=2,
        unexplained={"USD": "2.00"},
        kinds={"parked": 2, "unexplained": 2},
        calls={"business_central": 9, "procore": 7},
        replaces=replaces,
    )
    return [*told, end]


@pytest.mark.requirement("BX-01", "BX-25")
@pytest.mark.parametrize("page", [1, 100])
def test_lines_of_a_run_that_was_replaced_leave_and_the_run_stays(page: int) -> None:
    tables = Tables(RECONCILIATIONS).take([*made(1), *made(2, "run 1")], page)

    assert [(row["run"], row["result"], row["signed_by"]) for row in tables.rows()] == [
        ("run 1", "unexplained", ""),
        ("run 2", "unexplained", ""),
    ]
    assert [(row["run"], row["line"]) for row in tables.rows("reconciliation_line")] == [("run 2", 0), ("run 2", 1)]
    line = tables.rows("reconciliation_line")[0]
    assert (line["difference"], line["unexplained"], line["kinds"]) == ("5.00", "1.00", " parked  unexplained ")


@pytest.mark.requirement("BX-01")
def test_a_signature_says_who_why_and_when() -> None:
    signed = ReconciliationSignedOff(**common(1, 4), reason="2.00 is asked about", unexplained={"USD": "2.00"})

    row = Tables(RECONCILIATIONS).take([*made(1), signed]).row()

    assert (row["signed_by"], row["reason"], row["signed_at"]) == (
        "cli:anna",
        "2.00 is asked about",
        START.isoformat(),
    )
    assert row["version"] == 4
