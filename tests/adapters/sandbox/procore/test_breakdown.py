"""Segments, sub jobs, cost codes and budget codes."""

from typing import Any

import pytest

from adapters.sandbox.procore import Invalid, Procore
from tests.adapters.sandbox.procore.harness import Api, Reply

Row = dict[str, Any]


def root(project: int) -> str:
    return f"/rest/v1.0/projects/{project}/work_breakdown_structure"


@pytest.fixture
def project(procore: Procore) -> int:
    """A project with division 01, code 01-100 and cost types L and M."""
    procore.add_cost_type("L", "Labor")
    procore.add_cost_type("M", "Material")
    id: int = procore.add_project("Bridge")["id"]
    division = procore.add_cost_code(id, "01", "General")
    procore.add_cost_code(id, "100", "Survey", division["id"])
    return id


async def pair(api: Api, project: int, segment_type: str, path_code: str) -> dict[str, int]:
    segment = api.procore.segments[segment_type]["id"]
    items = await api.get(f"{root(project)}/segments/{segment}/segment_items")
    found = next(item["id"] for item in items if item["path_code"] == path_code)
    return {"segment_id": segment, "segment_item_id": found}


async def combine(api: Api, project: int, *pairs: dict[str, int], **fields: str) -> Reply:
    return await api.call("POST", f"{root(project)}/wbs_codes", None, {"segment_items": list(pairs)} | fields)


@pytest.mark.requirement("PP-05")
async def test_a_sub_job_waits_for_its_segment_in_the_pattern(api: Api, procore: Procore, project: int) -> None:
    rows = [{"code": "SJ1", "name": "Tower", "origin_id": "s1"}]
    path, ids = "/rest/v1.0/sub_jobs/sync", {"project_id": project, "body_project_id": project}
    _, refused = await api.sync(path, rows, **ids)
    body = {"segment_id": procore.segments["sub_job"]["id"]}
    for _ in range(2):
        added = await api.call("PUT", f"{root(project)}/patterns/add_segment", None, body)
        assert (added.status, added.body) == (204, None)
    made, errors = await api.sync(path, rows, **ids)
    items = await api.get(
        f"{root(project)}/segments/{body['segment_id']}/segment_items", legacy_sub_job_id=made[0]["id"]
    )

    assert list(refused[0]["errors"]) == ["base"]
    assert (errors, made[0]["origin_id"]) == ([], "s1")
    assert [item["code"] for item in items] == ["SJ1"]
    assert items[0]["id"] != made[0]["id"]


async def test_a_project_keeps_the_pattern_that_it_was_made_with(api: Api, procore: Procore, project: int) -> None:
    sub_job = procore.segments["sub_job"]["id"]
    pattern = await api.get(f"{root(project)}/patterns")
    segments = await api.get(f"{root(project)}/segments")

    assert [segment["type"] for segment in pattern["segments"]] == ["cost_code", "line_item_type"]
    assert [row["is_included_in_project_pattern"] for row in segments if row["id"] == sub_job] == [False]


@pytest.mark.requirement("PP-16")
async def test_a_cost_code_shows_its_last_tier_and_its_path(api: Api, procore: Procore, project: int) -> None:
    division = procore.find("cost_codes", code="01")["id"]
    row = {"code": "200", "name": "Layout", "parent_id": division, "origin_id": "t2"}
    await api.sync("/rest/v1.0/cost_codes/sync", [row], project_id=project)
    found = await api.get("/rest/v1.0/cost_codes", project_id=project, **{"filters[origin_id]": "t2"})

    assert (found[0]["code"], found[0]["full_code"], found[0]["sortable_code"]) == ("200", "01-200", "01-200")
    assert (found[0]["parent"], found[0]["biller_type"]) == ({"id": division}, "Project")


async def test_a_parent_comes_in_an_earlier_call(api: Api, project: int) -> None:
    rows = [{"code": "300", "name": "Roof", "parent_id": 5, "origin_id": "r"}]
    _, errors = await api.sync("/rest/v1.0/cost_codes/sync", rows, project_id=project)

    assert list(errors[0]["errors"]) == ["parent_id"]


async def test_the_cost_codes_of_a_sub_job_are_listed_apart(api: Api, procore: Procore, project: int) -> None:
    procore.add_segment_to_project(project, "sub_job")
    job = procore.add_sub_job(project, "SJ1", "Tower")["id"]
    await api.sync("/rest/v1.0/cost_codes/sync", [{"code": "09", "name": "Glass"}], project_id=project, sub_job_id=job)
    own = await api.get("/rest/v1.0/cost_codes", project_id=project)
    apart = await api.get("/rest/v1.0/cost_codes", project_id=project, sub_job_id=job)

    assert [code["full_code"] for code in own] == ["01", "01-100"]
    assert [(code["full_code"], code["biller_type"]) for code in apart] == [("09", "SubJob")]


@pytest.mark.requirement("PP-14")
async def test_the_code_joins_the_items_in_the_order_of_the_pattern(api: Api, procore: Procore, project: int) -> None:
    code, kind = await pair(api, project, "cost_code", "01-100"), await pair(api, project, "line_item_type", "L")
    short = await combine(api, project, kind, code)
    procore.add_segment_to_project(project, "sub_job")
    procore.add_sub_job(project, "SJ1", "Tower")
    long = await combine(api, project, kind, code, await pair(api, project, "sub_job", "SJ1"))

    assert (short.body["flat_code"], long.body["flat_code"]) == ("01-100.L", "SJ1.01-100.L")
    assert [item["segment"]["type"] for item in long.body["segment_items"]] == [
        "sub_job",
        "cost_code",
        "line_item_type",
    ]


async def test_a_combination_exists_once_and_takes_the_last_description(
    api: Api, procore: Procore, project: int
) -> None:
    pairs = [await pair(api, project, "cost_code", "01-100"), await pair(api, project, "line_item_type", "L")]
    first = await combine(api, project, *pairs, description="one")
    path = f"{root(project)}/wbs_codes"
    row = {"segment_items": pairs[::-1], "description": "two"}
    reply = await api.call("PATCH", f"{path}/bulk_create", None, {"bulk": [row]})

    assert reply.status == 201
    assert [(code["id"], code["description"]) for code in reply.body["entities"]] == [(first.body["id"], "two")]
    assert procore.count("wbs_codes") == 1


async def test_a_bad_combination_is_an_error_of_its_row(api: Api, procore: Procore, project: int) -> None:
    code, kind = await pair(api, project, "cost_code", "01-100"), await pair(api, project, "line_item_type", "L")
    foreign = {"segment_id": procore.segments["sub_job"]["id"], "segment_item_id": 5}
    unknown = {"segment_id": code["segment_id"], "segment_item_id": 5}
    bulk = [{"segment_items": each} for each in ([code], [code, kind, foreign], [unknown, kind], [code, kind])]
    reply = await api.call("PATCH", f"{root(project)}/wbs_codes/bulk_create", None, {"bulk": bulk})

    assert [row["segment_items"] for row in reply.body["errors"]] == [row["segment_items"] for row in bulk[:3]]
    assert [row["flat_code"] for row in reply.body["entities"]] == ["01-100.L"]


async def test_an_inactive_item_is_not_combined(api: Api, procore: Procore, project: int) -> None:
    code, kind = await pair(api, project, "cost_code", "01"), await pair(api, project, "line_item_type", "L")
    path = f"{root(project)}/segments/{code['segment_id']}/segment_items"
    body = {"ids": [code["segment_item_id"]], "attributes": {"status": "inactive"}}
    assert (await api.call("PATCH", f"{path}/update_all", None, body)).status == 204
    active = await api.get(path, only_active_items="true")

    assert active == []  # the codes below are inactive as well
    assert (await combine(api, project, code, kind)).status == 422


async def test_divisions_can_be_left_out_of_the_list(api: Api, procore: Procore, project: int) -> None:
    for full in ("01", "01-100"):
        procore.add_wbs_code(project, full, "L")
    leaves = await api.get(f"{root(project)}/wbs_codes", can_select_divisions="false")

    assert [code["flat_code"] for code in leaves] == ["01-100.L"]
    procore.settings.disallow_divisions = True
    with pytest.raises(Invalid, match="division"):
        procore.add_wbs_code(project, "01", "M")


async def test_a_changed_item_of_the_company_gets_another_id_in_the_project(
    api: Api, procore: Procore, project: int
) -> None:
    code = procore.add_wbs_code(project, "01-100", "L")
    kind = await pair(api, project, "line_item_type", "L")
    path = f"{root(project)}/segments/{kind['segment_id']}/segment_items"
    reply = await api.call("PATCH", f"{path}/{kind['segment_item_id']}", None, {"name": "Own labor"})
    listed = {item["id"]: item["name"] for item in await api.get(path)}
    codes = await api.get(f"{root(project)}/wbs_codes")

    assert reply.body["id"] != kind["segment_item_id"]
    assert listed == {reply.body["id"]: "Own labor", **{id: "Material" for id in listed if id != reply.body["id"]}}
    assert [(row["id"], row["flat_code"]) for row in codes] == [(code["id"], "01-100.L")]


@pytest.mark.requirement("PP-03", "PP-04")
async def test_custom_items_have_a_path_and_a_code_once_under_a_parent(api: Api, procore: Procore) -> None:
    base = f"/rest/v1.0/companies/{procore.state.company_id}/work_breakdown_structure/segments"
    body = {"segment": {"name": "Location", "structure": "tiered"}}
    segment = (await api.call("POST", base, None, body)).body["id"]
    path = f"{base}/{segment}/segment_items"
    north = (await api.call("POST", path, None, {"code": "N", "name": "North"})).body["id"]
    floor = {"code": "1", "name": "First floor", "parent_id": north}
    statuses = [(await api.call("POST", path, None, floor)).status for _ in range(2)]
    items = await api.get(path)

    assert statuses == [201, 422]
    assert [item["path_code"] for item in items] == ["N", "N-1"]
    assert [item["is_parent"] for item in items] == [True, False]
    assert [item["parent_id"] for item in items] == [None, north]


async def test_custom_segments_are_barred_with_field_productivity(api: Api, procore: Procore) -> None:
    procore.settings.custom_segments_allowed = False
    path = f"/rest/v1.0/companies/{procore.state.company_id}/work_breakdown_structure/segments"
    reply = await api.call("POST", path, None, {"segment": {"name": "Location", "structure": "flat"}})

    assert reply.status == 403


async def test_sub_jobs_are_no_items_of_the_company(api: Api, procore: Procore) -> None:
    segment = procore.segments["sub_job"]["id"]
    path = f"/rest/v1.0/companies/{procore.state.company_id}/work_breakdown_structure/segments/{segment}/segment_items"
    reply = await api.call("POST", path, None, {"code": "S", "name": "South"})

    assert reply.status == 422
