"""Custom fields: defined by the company, read where the view has them, written by id."""

from typing import Any

import pytest

from adapters.sandbox.procore import Procore
from adapters.sandbox.procore.state import Invalid
from tests.adapters.sandbox.procore.harness import Api

DEFINITIONS = "/rest/v1.0/custom_field_definitions"


@pytest.fixture
def project(procore: Procore) -> int:
    id: int = procore.add_project("Bridge")["id"]
    procore.changes.add_prime_contract(id)
    return id


def add(procore: Procore, project: int, **fields: Any) -> dict[str, Any]:
    return procore.changes.add(project, contract_id=procore.find("prime_contracts")["id"], **fields)


@pytest.mark.requirement("PP-67")
async def test_a_field_is_found_by_its_label(api: Api, procore: Procore) -> None:
    npc = procore.changes.define_field("NPC", "boolean")
    procore.changes.define_field("Change Order Type", "lov_entry", ["Regular", "NPC Change Order"])
    company = procore.state.company_id
    found = await api.get(DEFINITIONS, company_id=company, **{"filters[with_label]": "npc"})
    listed = await api.get(DEFINITIONS, company_id=company, view="with_lov_entries", sort="label")
    one = await api.get(f"{DEFINITIONS}/{npc['id']}", company_id=company)

    assert [(row["id"], row["label"], row["data_type"]) for row in found] == [(npc["id"], "NPC", "boolean")]
    assert "custom_field_lov_entries" not in found[0]
    assert [entry["label"] for entry in listed[0]["custom_field_lov_entries"]] == ["Regular", "NPC Change Order"]
    assert one["label"] == "NPC"


@pytest.mark.requirement("PP-67")
async def test_values_are_shown_in_the_extended_view_alone(api: Api, procore: Procore, project: int) -> None:
    procore.changes.define_field("Change Order Type", "lov_entry", ["Regular", "NPC Change Order"])
    package = add(procore, project, npc=True, kind="NPC Change Order")
    path = f"/rest/v1.0/projects/{project}/prime_change_orders"
    short, long = await api.get(path), await api.get(path, view="extended")
    behind = await api.get(f"/rest/v1.0/change_order_packages/{package['id']}", project_id=project)
    ids = {row["label"]: f"custom_field_{row['id']}" for row in procore.rows("custom_field_definitions")}
    fields = long[0]["custom_fields"]

    assert short[0]["custom_fields"] == {}
    assert fields[ids["NPC"]] == {"data_type": "boolean", "value": True}
    assert fields[ids["Change Order Type"]]["value"]["label"] == "NPC Change Order"
    assert behind["custom_fields"] == fields


async def test_a_field_that_was_never_filled_is_null(api: Api, procore: Procore, project: int) -> None:
    field = procore.changes.define_field("NPC", "boolean")
    add(procore, project)
    rows = await api.get(f"/rest/v1.0/projects/{project}/prime_change_orders", view="extended")

    assert rows[0]["custom_fields"] == {f"custom_field_{field['id']}": {"data_type": "boolean", "value": None}}


@pytest.mark.requirement("PP-70")
async def test_a_flag_is_flipped_by_its_id(api: Api, procore: Procore, project: int) -> None:
    package = add(procore, project, npc=False, status="approved")
    name = f"custom_field_{procore.find('custom_field_definitions')['id']}"
    path = f"/rest/v1.0/projects/{project}/prime_change_orders/{package['change_order_id']}"
    reply = await api.call("PATCH", path, {"view": "extended"}, {"change_order": {name: True}})

    assert reply.body["custom_fields"][name]["value"] is True


@pytest.mark.parametrize(
    ("data_type", "value"), [("boolean", "true"), ("boolean", 1), ("string", 5), ("lov_entry", 5), ("integer", "5")]
)
async def test_a_value_of_another_type_is_refused(
    api: Api, procore: Procore, project: int, data_type: str, value: object
) -> None:
    name = f"custom_field_{procore.changes.define_field('Field', data_type)['id']}"
    path = f"/rest/v1.0/projects/{project}/prime_change_orders/{add(procore, project)['change_order_id']}"
    reply = await api.call("PATCH", path, None, {"change_order": {name: value}})

    assert (reply.status, list(reply.body["errors"])) == (422, [name])


async def test_an_unknown_field_is_refused(api: Api, procore: Procore, project: int) -> None:
    path = f"/rest/v1.0/projects/{project}/prime_change_orders/{add(procore, project)['change_order_id']}"
    reply = await api.call("PATCH", path, None, {"change_order": {"custom_field_5": True}})
    with pytest.raises(Invalid):
        procore.changes.define_field("Field", "guess")

    assert (reply.status, list(reply.body["errors"])) == (422, ["custom_field_5"])
