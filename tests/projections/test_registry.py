"""All read models together: no two share a table, and every event finds its way into at least one."""

from pathlib import Path

import pytest

from domain.events import EVENTS
from projections.registry import PROJECTIONS

CHANGELOG = Path(__file__).parents[2] / "CHANGELOG.md"


def test_a_table_belongs_to_one_projection() -> None:
    names = [table.name for projection in PROJECTIONS for table in projection.tables]

    assert len(names) == len(set(names))


@pytest.mark.requirement("DC-06")
def test_every_event_is_read_by_a_projection() -> None:
    assert set(EVENTS) == {topic for projection in PROJECTIONS for topic in projection.topics}


def test_every_column_says_what_it_holds() -> None:
    silent = [
        f"{table.name}.{column.name}"
        for projection in PROJECTIONS
        for table in projection.tables
        for column in table.columns
        if not column.doc
    ]

    assert silent == []


def test_the_changelog_names_every_read_model_with_its_version_and_tables() -> None:
    table = CHANGELOG.read_text().partition("### Projections\n")[2].partition("\n### ")[0]
    rows = [
        tuple(cell.strip().replace("`", "") for cell in line.split("|")[1:-1]) for line in table.splitlines() if line
    ]

    assert rows[2:] == [
        (each.name, str(each.version), ", ".join(table.name for table in each.tables)) for each in PROJECTIONS
    ]
