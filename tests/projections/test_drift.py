"""The inbox of drift: a row for each field, open until both agree or somebody said what stands."""

import pytest

from projections.drift import DRIFTS
from tests.ledger_story import agreed, cut_off, delivered, drifted, observed, resolved
from tests.projections.folded import folded


@pytest.mark.requirement("BX-06")
def test_what_others_changed_is_open_with_its_values() -> None:
    row = folded(DRIFTS, observed(), *delivered(), drifted()).row()

    shown = {name: row[name] for name in ("number", "project", "part", "field", "verdict", "state", "base", "target")}
    assert shown == {
        "number": "PO-1",
        "project": "J1",
        "part": "header",
        "field": "title",
        "verdict": "target",
        "state": "open",
        "base": "Concrete",
        "target": "Cement",
    }


@pytest.mark.requirement("BX-06")
def test_what_agrees_again_is_mended_by_nobody() -> None:
    row = folded(DRIFTS, observed(), *delivered(), drifted(), agreed()).row()

    assert (row["state"], row["choice"], row["actor"]) == ("mended", "", "")
    assert row["settled_at"] > row["found_at"]


@pytest.mark.requirement("BX-06")
@pytest.mark.parametrize(("choice", "state"), [("keep-source", "mended"), ("keep-target", "accepted")])
def test_what_somebody_said_stands_with_their_name_and_reason(choice: str, state: str) -> None:
    row = folded(DRIFTS, observed(), *delivered(), drifted(), resolved(choice)).row()

    assert (row["state"], row["choice"], row["actor"], row["reason"]) == (state, choice, "user:ann", "as agreed")


@pytest.mark.requirement("BX-06")
def test_what_was_cut_has_nothing_left_to_compare() -> None:
    assert folded(DRIFTS, observed(), *delivered(), drifted(), cut_off()).rows() == []
