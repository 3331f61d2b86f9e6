"""Billing periods: open and closed months of a project that requisitions name."""

from datetime import date
from typing import Any

import pytest

from adapters.sandbox.procore import Invalid, Procore
from tests.adapters.sandbox.procore.harness import Api, Clock, Reply

MARCH = {"start_date": "2026-03-01", "end_date": "2026-03-31", "due_date": "2026-03-25", "status": "open"}


@pytest.fixture
def project(procore: Procore) -> int:
    id: int = procore.add_project("Bridge")["id"]
    return id


async def post(api: Api, project: int, *, strict: bool = True, **fields: Any) -> Reply:
    path = f"/rest/v1.0/projects/{project}/billing_periods"
    return await api.call("POST", path, None, {"billing_period": MARCH | fields}, strict=strict)


async def test_a_period_is_made_listed_and_shown(api: Api, project: int) -> None:
    made = await post(api, project)
    path = f"/rest/v1.0/projects/{project}/billing_periods"
    listed, shown = await api.get(path), await api.get(f"{path}/{made.body['id']}")

    assert made.status == 201
    assert {name: shown[name] for name in MARCH} == MARCH
    assert (shown["position"], shown["project_id"], [row["id"] for row in listed]) == (1, project, [shown["id"]])


@pytest.mark.parametrize("missing", ["start_date", "end_date", "due_date", "status"])
async def test_all_four_fields_are_required(api: Api, project: int, missing: str) -> None:
    reply = await post(api, project, strict=False, **{missing: None})

    assert reply.status == 400


async def test_a_date_that_cannot_be_read_counts_as_missing(api: Api, project: int) -> None:
    assert (await post(api, project, due_date="25.03.2026")).status == 400


async def test_an_end_before_the_start_is_refused(api: Api, project: int) -> None:
    reply = await post(api, project, end_date="2026-02-28")

    assert (reply.status, list(reply.body["errors"])) == (422, ["end_date"])


async def test_a_status_that_is_none_is_refused(api: Api, project: int) -> None:
    reply = await post(api, project, strict=False, status="locked")

    assert (reply.status, list(reply.body["errors"])) == (422, ["status"])


async def test_periods_are_found_by_status_id_and_time(api: Api, procore: Procore, project: int, clock: Clock) -> None:
    march, april = [
        procore.billing.add_period(project, date(2026, month, 1), date(2026, month, 28), date(2026, month, 25))["id"]
        for month in (3, 4)
    ]
    clock.passes(days=1)
    await api.sign_in()
    procore.billing.close(march)
    path = f"/rest/v1.0/projects/{project}/billing_periods"
    by = {
        "closed": await api.get(path, **{"filters[status]": "closed"}),
        "open": await api.get(path, **{"filters[status]": "open"}),
        "id": await api.get(path, **{"filters[id]": april}),
        "changed": await api.get(path, **{"filters[updated_at]": "2026-03-03...2026-03-04"}),
    }

    assert {name: [row["id"] for row in rows] for name, rows in by.items()} == {
        "closed": [march],
        "open": [april],
        "id": [april],
        "changed": [march],
    }


async def test_a_period_of_another_project_is_not_found(api: Api, procore: Procore, project: int) -> None:
    other = procore.add_project("Tunnel")["id"]
    id = (await post(api, other)).body["id"]
    reply = await api.call("GET", f"/rest/v1.0/projects/{project}/billing_periods/{id}")

    assert reply.status == 404


def test_a_user_of_procore_is_held_to_the_same_rules(procore: Procore, project: int) -> None:
    with pytest.raises(Invalid):
        procore.billing.add_period(project, date(2026, 3, 2), date(2026, 3, 1), date(2026, 3, 1))
