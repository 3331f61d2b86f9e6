"""What the documentation says of flows and tables is what they are."""

from pathlib import Path

import pytest

from domain.flows import FLOWS
from hub.reference_pages import PAGES, flows_page, read_schema_page
from projections.registry import PROJECTIONS

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_written_from_the_registry(name: str) -> None:
    """Written anew by `python -m hub.reference_pages`."""
    assert (DOCS / name).read_text() == PAGES[name]()


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
def test_every_flow_says_why_who_owns_by_which_rules_and_from_which_source(flow: object) -> None:
    _, _, section = flows_page().partition(f"## `{flow.name}`")  # type: ignore[attr-defined]
    told = section.partition("\n## ")[0]

    assert all(f"| {label} |" in told for label in ("Why", "Owner", "Rules", "Source", "Reads", "After"))
    assert " -> " in told.splitlines()[2]


def test_every_column_of_every_table_is_listed() -> None:
    page = read_schema_page()

    for projection in PROJECTIONS:
        for table in projection.tables:
            assert f"## `{table.name}`\n" in page
            assert all(f"| `{name}` |" in page for name in table.names)
