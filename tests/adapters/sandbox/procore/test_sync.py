"""The truth table of sync actions: which record a row hits, and what comes of it."""

import pytest

from adapters.sandbox.faults import Fault
from adapters.sandbox.procore import Procore
from tests.adapters.sandbox.procore.harness import Api, Clock

VENDORS = "/rest/v1.0/vendors/sync"


@pytest.fixture
def company(procore: Procore) -> int:
    return procore.state.company_id


async def test_a_row_without_ids_is_created_each_time(api: Api, procore: Procore, company: int) -> None:
    for _ in range(2):
        await api.sync(VENDORS, [{"name": "Acme"}], company_id=company)

    assert procore.count("vendors", name="Acme") == 2


async def test_a_row_with_an_origin_id_is_created_once(api: Api, procore: Procore, company: int) -> None:
    for name in ("Acme", "Acme Steel"):
        entities, errors = await api.sync(VENDORS, [{"name": name, "origin_id": "v1"}], company_id=company)
        assert (entities[0]["origin_id"], errors) == ("v1", [])

    assert [vendor["name"] for vendor in procore.rows("vendors")] == ["Acme Steel"]


async def test_an_unknown_id_is_an_error_even_if_the_origin_id_exists(api: Api, procore: Procore, company: int) -> None:
    procore.add_vendor("Acme", origin_id="v1")
    entities, errors = await api.sync(VENDORS, [{"id": 5, "origin_id": "v1", "name": "B"}], company_id=company)

    assert entities == []
    assert errors[0]["errors"] == {"id": ["Entity with this ID not found"]}
    assert (errors[0]["origin_id"], procore.find("vendors")["name"]) == ("v1", "Acme")


async def test_only_a_row_with_an_id_changes_an_origin_id(api: Api, procore: Procore, company: int) -> None:
    id = procore.add_vendor("Acme", origin_id="old")["id"]
    await api.sync(VENDORS, [{"id": id, "origin_id": "new"}], company_id=company)
    entities, errors = await api.sync(VENDORS, [{"origin_id": "old", "name": "Other"}], company_id=company)

    assert procore.find("vendors", id=id)["origin_id"] == "new"
    assert (len(entities), errors, procore.count("vendors")) == (1, [], 2)


async def test_an_origin_id_is_taken_once_in_a_company(api: Api, procore: Procore, company: int) -> None:
    procore.add_vendor("Acme", origin_id="x")
    row = {"name": "Labor", "csv_import_code": "L", "origin_id": "x"}
    _, errors = await api.sync("/rest/v1.0/line_item_types/sync", [row], company_id=company)

    assert errors == [row | {"errors": {"origin_id": ["has already been taken"]}}]


async def test_an_origin_id_may_be_taken_once_per_type(api: Api, procore: Procore, company: int) -> None:
    procore.settings.origin_scope = "type"
    procore.add_vendor("Acme", origin_id="x")
    row = {"name": "Labor", "csv_import_code": "L", "origin_id": "x"}
    entities, _ = await api.sync("/rest/v1.0/line_item_types/sync", [row], company_id=company)

    assert entities[0]["code"] == "L"


async def test_a_bad_row_leaves_the_others_alone(api: Api, procore: Procore, company: int) -> None:
    rows = [{"name": "A", "origin_id": "a"}, {"origin_id": "b"}, {"name": "C", "origin_id": "c", "country_code": "XX"}]
    entities, errors = await api.sync(VENDORS, rows, company_id=company)

    assert [row["origin_id"] for row in entities] == ["a"]
    assert {row["origin_id"]: list(row["errors"]) for row in errors} == {"b": ["name"], "c": ["country_code"]}
    assert procore.count("vendors") == 1


async def test_the_order_of_the_answer_says_nothing(api: Api, company: int) -> None:
    rows = [{"name": f"V{number}", "origin_id": f"v{number}"} for number in range(20)]
    entities, _ = await api.sync(VENDORS, rows, company_id=company)
    order = [row["origin_id"] for row in entities]

    assert sorted(order) == sorted(row["origin_id"] for row in rows)
    assert order != [row["origin_id"] for row in rows]


async def test_one_origin_id_twice_in_a_call_is_not_written_twice(api: Api, procore: Procore, company: int) -> None:
    rows = [{"name": "A", "origin_id": "x"}, {"name": "B", "origin_id": "x"}]
    entities, errors = await api.sync(VENDORS, rows, company_id=company)

    assert (len(entities), len(errors), procore.count("vendors")) == (1, 1, 1)


@pytest.mark.parametrize("status", [413, 400])
async def test_more_than_a_thousand_rows_are_refused_as_a_whole(
    api: Api, procore: Procore, company: int, status: int
) -> None:
    procore.settings.too_many_rows_status = status
    rows = [{"name": f"V{number}"} for number in range(1001)]
    reply = await api.call("PATCH", VENDORS, None, {"company_id": company, "updates": rows})

    assert reply.status == status
    assert procore.count("vendors") == 0


async def test_an_unknown_status_is_an_error_of_its_row(api: Api, procore: Procore) -> None:
    project = procore.add_project("Bridge")["id"]
    body = {"project_id": project, "updates": [{"title": "A", "status": "approved"}, {"title": "B", "status": "Draft"}]}
    reply = await api.call("PATCH", "/rest/v1.0/purchase_order_contracts/sync", None, body, strict=False)

    assert [row["title"] for row in reply.body["entities"]] == ["B"]
    assert reply.body["errors"][0]["errors"] == {"status": ["is not included in the list"]}


async def test_an_unchanged_row_does_not_move_its_time(api: Api, procore: Procore, company: int, clock: Clock) -> None:
    before = procore.add_vendor("Acme", origin_id="a")["updated_at"]
    clock.passes(hours=1)
    entities, _ = await api.sync(VENDORS, [{"name": "Acme", "origin_id": "a"}], company_id=company)

    assert entities[0]["updated_at"] == before


async def test_a_stored_unit_is_not_doubled(api: Api, procore: Procore, company: int) -> None:
    unit = procore.add_unit("ea")
    row = {"name": "ea", "uom_category_id": unit["uom_category_id"]}
    _, errors = await api.sync(f"/rest/v1.0/companies/{company}/uoms/sync", [row])

    assert errors[0]["errors"] == {"name": ["has already been taken"]}


async def test_a_row_fails_on_request_inside_a_200_and_the_others_pass(
    api: Api, procore: Procore, company: int
) -> None:
    procore.faults.add(Fault(kind="status", status=503, path="vendors/sync", parts=True, skip=1))
    rows = [{"name": name, "origin_id": name} for name in ("a", "b", "c")]
    entities, errors = await api.sync(VENDORS, rows, company_id=company)

    assert sorted(row["name"] for row in entities) == ["a", "c"]
    assert [(row["origin_id"], row["errors"]) for row in errors] == [("b", {"base": ["Something went wrong (503)"]})]
    assert {row["name"] for row in procore.rows("vendors")} == {"a", "c"}


async def test_a_row_is_carried_out_on_request_without_a_word_about_it(
    api: Api, procore: Procore, company: int
) -> None:
    procore.faults.add(Fault(kind="status", path="vendors/sync", parts=True, handled=True))
    entities, errors = await api.sync(VENDORS, [{"name": "a", "origin_id": "a"}], company_id=company)

    assert (entities, errors) == ([], [])
    assert procore.count("vendors", name="a") == 1
