"""What a write does, what it refuses, and what its answer says."""

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.adapters.sandbox.business_central.conftest import Clock, Remote


async def path_of(remote: Remote, entity_set: str = "projects", **equals: object) -> str:
    row = remote.bc.tables.find(entity_set, **equals) if equals else remote.bc.tables.rows(entity_set)[0]
    return f"{entity_set}({row['id']})"


async def test_a_post_answers_the_entity_as_it_is_stored(remote: Remote) -> None:
    answer = await remote.post("vendors", {"number": " v-9 ", "displayName": "Nine", "blocked": "_x0020_"})

    assert answer.status == 201
    assert answer.body["number"] == "V-9"
    assert answer.body["@odata.etag"].startswith('W/"')
    assert (await remote.get(answer.headers["Location"])).body["id"] == answer.body["id"]


async def test_a_blank_number_comes_from_the_series(remote: Remote) -> None:
    numbers = [(await remote.post("vendors", {"displayName": "X"})).body["number"] for _ in range(2)]

    assert numbers == ["V00001", "V00002"]


async def test_a_manual_number_is_refused_where_the_series_does_not_take_one(remote: Remote) -> None:
    setup = remote.bc.tables.rows("connectorSetups")[0]
    remote.bc.tables.update("connectorSetups", setup["id"], projectNumberSeriesAllowsManual=False)

    answer = await remote.post("projects", {"number": "MINE", "displayName": "X", "customerNumber": "C1"})

    assert (answer.status, answer.code) == (400, "Application_DialogException")


async def test_the_client_may_choose_the_id_and_a_second_post_with_it_fails(remote: Remote) -> None:
    body = {"id": "7b0f3a52-1d0c-4a0e-9a57-51edc0de0001", "displayName": "Chosen"}

    assert (await remote.post("vendors", body)).body["id"] == body["id"]
    again = await remote.post("vendors", body)

    assert (again.status, again.code) == (400, "Internal_EntityWithSameKeyExists")


async def test_a_business_key_and_a_procore_id_are_unique(remote: Remote) -> None:
    await remote.post("vendors", {"number": "A", "displayName": "A", "procoreVendorId": 77})

    assert (
        await remote.post("vendors", {"number": "a", "displayName": "B"})
    ).code == "Internal_EntityWithSameKeyExists"
    second = await remote.post("vendors", {"number": "B", "displayName": "B", "procoreVendorId": 77})
    assert second.code == "Internal_EntityWithSameKeyExists"
    assert (await remote.post("vendors", {"number": "B", "displayName": "B", "procoreVendorId": 0})).status == 201


async def test_a_procore_project_id_may_be_shared(remote: Remote) -> None:
    for number in ("P2", "P3"):
        body = {"number": number, "displayName": number, "customerNumber": "C1", "procoreProjectId": 5}
        assert (await remote.post("projects", body)).status == 201


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"displayName": "X", "colour": "red"}, 400, "BadRequest"),
        ({"displayName": "X", "balance": 1}, 400, "BadRequest_InvalidOperation"),
        ({"displayName": "X", "rowVersion": 1}, 400, "BadRequest_InvalidOperation"),
        ({"displayName": "x" * 101}, 400, "Application_StringExceededLength"),
        ({"displayName": "X", "blocked": "Sometimes"}, 400, "BadRequest"),
        ({"displayName": 5}, 400, "BadRequest"),
        ({"displayName": "X", "taxLiable": "true"}, 400, "BadRequest"),
        ({"displayName": "X", "procoreVendorId": 1.5}, 400, "BadRequest"),
        ({"displayName": None}, 400, "BadRequest_RequiredParamNotProvided"),
        ({"number": "X"}, 400, "Application_FieldValidationException"),
        ({"displayName": "  "}, 400, "Application_FieldValidationException"),
        ({"displayName": "X", "id": "not-a-guid"}, 400, "Application_InvalidGUID"),
        ({"displayName": "X", "procoreLastSyncedAt": "yesterday"}, 400, "BadRequest"),
        (b"{broken", 400, "BadRequest"),
        ([1], 400, "BadRequest"),
    ],
)
async def test_a_wrong_body_is_refused_and_nothing_is_stored(
    remote: Remote, body: object, status: int, code: str
) -> None:
    before = len(remote.bc.tables.rows("vendors"))

    answer = await remote.post("vendors", body)

    assert (answer.status, answer.code) == (status, code)
    assert len(remote.bc.tables.rows("vendors")) == before


async def test_a_value_outside_an_enum_is_told_the_members(remote: Remote) -> None:
    answer = await remote.post("vendors", {"displayName": "X", "blocked": "Sometimes"})

    assert "Payment" in answer.body["error"]["message"]


async def test_an_enum_is_taken_plain_or_encoded_and_given_encoded(remote: Remote) -> None:
    path = await path_of(remote)

    for sent in ("NPC Change Order", "NPC_x0020_Change_x0020_Order"):
        answer = await remote.patch(path, {"projectClass": sent})
        assert answer.body["projectClass"] == "NPC_x0020_Change_x0020_Order"


async def test_amounts_are_exact_and_rounded_by_kind(remote: Remote) -> None:
    body = b'{"displayName":"Crane","unitCost":12.3456789,"directUnitCost":0.1}'

    answer = await remote.post("resources", body)

    assert answer.body["unitCost"] == Decimal("12.34568")
    assert '"directUnitCost":0.1,' in answer.text


async def test_a_body_that_is_not_json_by_its_header_is_415(remote: Remote) -> None:
    assert (await remote.post("vendors", {"displayName": "X"}, Content_Type="text/plain")).status == 415


async def test_a_patch_needs_an_etag(remote: Remote) -> None:
    path = await path_of(remote)

    for headers in ({}, {"If_Match": "abc"}):
        answer = await remote.call("PATCH", path, {"displayName": "New"}, **headers)
        assert (answer.status, answer.code) == (400, "BadRequest_InvalidToken")


async def test_a_stale_etag_is_a_conflict(remote: Remote) -> None:
    path = await path_of(remote)
    etag = (await remote.get(path)).body["@odata.etag"]

    assert (await remote.patch(path, {"displayName": "First"}, etag)).status == 200
    late = await remote.patch(path, {"displayName": "Second"}, etag)

    assert (late.status, late.code) == (409, "Request_EntityChanged")
    assert (await remote.get(path)).body["displayName"] == "First"


async def test_a_patch_without_effect_moves_nothing(remote: Remote, clock: Clock) -> None:
    path = await path_of(remote)
    before = (await remote.get(path)).body
    clock.advance(timedelta(minutes=5))

    after = (await remote.patch(path, {"displayName": before["displayName"]}, before["@odata.etag"])).body

    assert after == before


async def test_a_real_change_moves_version_stamp_and_etag(remote: Remote, clock: Clock) -> None:
    path = await path_of(remote)
    before = (await remote.get(path)).body
    clock.advance(timedelta(minutes=5))

    after = (await remote.patch(path, {"displayName": "Renamed"}, before["@odata.etag"])).body

    assert after["rowVersion"] > before["rowVersion"]
    assert after["lastModifiedDateTime"] == "2026-03-02T09:35:00.25Z"
    assert after["@odata.etag"] != before["@odata.etag"]


async def test_a_property_fixed_at_insert_cannot_be_patched(remote: Remote) -> None:
    answer = await remote.patch(await path_of(remote), {"number": "P9"})

    assert (answer.status, answer.code) == (400, "BadRequest_InvalidOperation")


async def test_lines_cannot_be_changed_through_their_header(remote: Remote) -> None:
    assert (await remote.patch(await path_of(remote), {"projectTasks": []})).code == "BadRequest"


@pytest.mark.parametrize(
    ("method", "entity_set", "status"),
    [
        ("POST", "accountingPeriods", 405),
        ("PATCH", "accountingPeriods", 405),
        ("DELETE", "accountingPeriods", 400),
        ("DELETE", "connectorSetups", 400),
        ("PUT", "connectorSetups", 405),
    ],
)
async def test_a_verb_that_a_set_does_not_offer_is_refused(
    remote: Remote, method: str, entity_set: str, status: int
) -> None:
    path = entity_set if method == "POST" else await path_of(remote, entity_set)

    assert (await remote.call(method, path, {}, If_Match="*")).status == status


async def test_a_deletion_leaves_a_tombstone(remote: Remote) -> None:
    vendor = remote.bc.tables.insert("vendors", number="GONE", displayName="X")

    assert (await remote.call("DELETE", f"vendors({vendor['id']})")).status == 204

    assert (await remote.get(f"vendors({vendor['id']})")).status == 404
    (tombstone,) = (await remote.get("deletedRecords?$filter=entryNumber gt 0&$orderby=entryNumber")).value
    assert (tombstone["entitySetName"], tombstone["recordId"]) == ("vendors", vendor["id"])
    assert tombstone["recordNumber"] == "GONE"


async def test_a_deletion_compares_the_etag_only_when_it_is_sent(remote: Remote) -> None:
    vendor = remote.bc.tables.insert("vendors", number="GONE", displayName="X")
    etag = (await remote.get(f"vendors({vendor['id']})")).body["@odata.etag"]
    remote.bc.tables.update("vendors", vendor["id"], displayName="Y")

    assert (await remote.call("DELETE", f"vendors({vendor['id']})", If_Match=etag)).code == "Request_EntityChanged"
    assert (await remote.call("DELETE", f"vendors({vendor['id']})")).status == 204


async def test_a_deep_insert_is_all_or_nothing(remote: Remote) -> None:
    task = {"taskNumber": "05", "description": "Steel"}
    body = {"displayName": "X", "customerNumber": "C1", "projectTasks": [task, {"taskNumber": "05"}]}

    assert (await remote.post("projects", body)).code == "Internal_EntityWithSameKeyExists"
    assert len(remote.bc.tables.rows("projects")) == 1

    body["projectTasks"] = [task]
    answer = await remote.post("projects", body)
    assert answer.status == 201
    assert "projectTasks" not in answer.body


async def test_a_deep_insert_shows_its_lines_when_they_are_expanded(remote: Remote) -> None:
    body = {"displayName": "X", "customerNumber": "C1", "projectTasks": [{"taskNumber": "05"}]}

    answer = await remote.post("projects?$expand=projectTasks", body)

    assert [it["taskNumber"] for it in answer.body["projectTasks"]] == ["05"]


async def test_a_child_may_be_posted_below_its_parent(remote: Remote) -> None:
    answer = await remote.post(f"{await path_of(remote)}/projectTasks", {"taskNumber": "07-100"})

    assert (answer.status, answer.body["projectNumber"]) == (201, "P1")


async def test_a_value_without_a_related_record_is_refused(remote: Remote) -> None:
    answer = await remote.post("projects", {"displayName": "X", "customerNumber": "NOBODY"})

    assert (answer.status, answer.code) == (400, "Internal_InvalidTableRelation")


async def test_an_unknown_action_is_not_implemented(remote: Remote) -> None:
    answer = await remote.post(f"{await path_of(remote)}/Microsoft.NAV.explode", {})

    assert (answer.status, answer.code) == (501, "BadRequest_MethodNotImplemented")


async def test_a_sync_log_entry_is_written_once(remote: Remote) -> None:
    body = {
        "messageId": "7b0f3a52-1d0c-4a0e-9a57-51edc0de00aa",
        "direction": "To Procore",
        "entitySetName": "projects",
        "status": "Synced",
        "occurredAt": "2026-03-02T09:00:00Z",
    }

    first = await remote.post("syncLogEntries", body)
    assert (first.status, first.body["entryNumber"]) == (201, 1)
    assert (await remote.post("syncLogEntries", body)).code == "Internal_EntityWithSameKeyExists"
