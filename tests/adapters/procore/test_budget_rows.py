"""Budget lines have no origin id: their answers are recognised by the budget code, and a repeat needs no look."""

from decimal import Decimal

import httpx
import pytest

from domain.delivery import Absent, Accepted
from domain.endpoints import ENDPOINTS
from tests.adapters.outbound.world import Network, delivery, says, sent, virtual
from tests.adapters.procore.known import carried, client_on

LINES, CHANGES = ENDPOINTS["budget_line_items"], ENDPOINTS["budget_changes"]
NEW = delivery("801", {"wbs_code_id": 801, "original_budget_amount": Decimal("7.00")}, scope={"project_id": "5"})
KNOWN = delivery(
    "802", {"wbs_code_id": 802, "original_budget_amount": Decimal(9)}, scope={"project_id": "5"}, target_id="92"
)


def answered(request: httpx.Request) -> httpx.Response:
    """A bare list, in another order than the rows were sent."""
    rows = sent(request)["budget_line_items"]
    return says([{"id": row.get("id", 91), "wbs_code": {"id": row["wbs_code_id"]}} for row in rows][::-1])


@pytest.mark.requirement("PF-10", "PP-14")
@virtual
async def test_rows_of_a_bare_list_are_told_apart_by_id_and_by_budget_code() -> None:
    outcomes, network = await carried(answered, LINES, NEW, KNOWN)

    assert [it.target_id for it in outcomes if isinstance(it, Accepted)] == ["91", "92"]
    assert sent(network.seen[0]) == {
        "project_id": 5,
        "budget_line_items": [
            {"wbs_code_id": 801, "original_budget_amount": Decimal("7.00")},
            {"id": 92, "wbs_code_id": 802, "original_budget_amount": 9},
        ],
    }


@virtual
async def test_after_a_lost_reply_the_row_is_sent_again_without_a_look() -> None:
    network = Network(says([]))
    sights = await client_on(network).look(LINES, [NEW, KNOWN])

    assert [type(sight) for sight in sights] == [Absent, Absent]
    assert network.seen == []


@virtual
async def test_a_budget_change_answers_under_data_although_it_is_v1() -> None:
    change = delivery("title", {"title": "title"}, scope={"project_id": "5"})
    outcomes, _ = await carried(says({"data": {"id": 160586, "title": "title"}}, 201), CHANGES, change)

    assert [it.target_id for it in outcomes if isinstance(it, Accepted)] == ["160586"]
