"""All read models together: no two share a table, and every event finds its way into at least one."""

import pytest

from domain.events import EVENTS
from projections.registry import PROJECTIONS


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
