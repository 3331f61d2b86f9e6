"""Of the lists that a decision looked at, the rows that it used are kept, and no others."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from domain import consulted
from domain.consulted import Consulted, Remembering, Shown, used
from domain.delivery import Listing
from domain.endpoints.time import people
from domain.events import LinkRow
from domain.flow import Known, Part, Rows
from domain.memory import FlowMemory
from domain.values import PROCORE, Json

pytestmark = pytest.mark.requirement("BX-10")

UNITS = Listing("units", PROCORE, "/rest/v1.0/companies/7/uoms")
PERIODS = Listing("billing_periods", PROCORE, "/rest/v1.0/projects/4711/billing_periods")
NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)


def many(**row: Any) -> Rows:
    """A list that is too long to be kept whole."""
    return Rows([*({"id": at, "name": f"unit {at}"} for at in range(90, 99)), row])


def kept(lists: dict[Listing, Sequence[Json]], *looked_at: Listing, **more: Any) -> dict[str, list[Any]]:
    seen = Consulted(Remembering(lists), Remembering(more.get("others", {})))
    for listing in looked_at:
        _ = seen.lists[listing]
    for other in seen.others:
        _ = seen.others[other]
    part = Part(name="line", endpoint="units", stage=0, body=more.get("body", {}))
    found = used(seen, dict.fromkeys(lists, NOON), more.get("source", {}), [part], FlowMemory())
    assert {each.read_at for each in found} <= {NOON.isoformat()}
    return {each.name: [row["id"] for row in each.rows] for each in found}


def test_a_row_is_kept_that_is_called_as_something_in_what_is_sent_or_read() -> None:
    assert kept({UNITS: many(id=12, name="ea")}, UNITS, body={"uom": "ea"}) == {"units": [12]}
    assert kept({UNITS: many(id=12, name="ea")}, UNITS, source={"lines": [{"unit": "ea"}]}) == {"units": [12]}


def test_a_row_is_kept_that_another_record_is_joined_with() -> None:
    link = LinkRow("purchaseOrderLines", "b1", "PO1|10000", "line_items", "12")
    others = {("commitment/purchaseOrderLines", "PO1|10000"): Known("synced", link)}
    assert kept({UNITS: many(id=12)}, UNITS, others=others) == {"units": [12]}


def test_of_periods_the_one_is_kept_that_holds_the_day() -> None:
    rows = [{"id": at, "start_date": f"2026-{at:02}-01", "end_date": f"2026-{at:02}-28"} for at in range(1, 9)]
    assert kept({PERIODS: rows}, PERIODS, source={"postingDate": "2026-03-20"}) == {"billing_periods": [3]}


def test_a_list_that_nobody_looked_at_is_not_kept_and_one_without_such_a_row_is_told_as_empty() -> None:
    assert kept({UNITS: many(id=12, name="ea")}, body={"uom": "ea"}) == {}
    assert kept({UNITS: many(id=12, name="ea")}, UNITS, body={"uom": "cy"}) == {"units": []}


def test_no_more_rows_are_kept_than_the_limit_and_a_long_row_without_what_it_holds() -> None:
    rows = Rows([{"id": at, "name": "ea"} for at in range(1000)])
    assert len(kept({UNITS: rows}, UNITS, body={"uom": "ea"})["units"]) == consulted.MOST_ROWS
    long = [{"id": 1, "name": "ea", "lines": ["x" * 100] * 1000}]
    seen = Consulted(Remembering({UNITS: long}), Remembering({}))
    _ = seen.lists[UNITS]
    (shown,) = used(seen, {}, {}, [], FlowMemory())
    assert shown.rows == [{"id": 1, "name": "ea"}]


def test_of_people_only_ids_are_kept() -> None:
    listing = people("7")
    seen = Consulted(Remembering({listing: [{"id": 5, "name": "Anna Lund", "employee_id": "E1"}]}), Remembering({}))
    _ = seen.lists[listing]
    (shown,) = used(seen, {}, {}, [], FlowMemory())
    assert shown.rows == [{"id": 5, "employee_id": "E1"}]


def test_what_was_kept_is_read_again_as_it_was() -> None:
    shown = [Shown(name="units", listing=consulted.name_of(UNITS), read_at=NOON.isoformat(), rows=[{"id": 12}])]
    assert consulted.read(msgspec.json.encode(shown)) == shown
