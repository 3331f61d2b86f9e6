"""A batch runs its parts in order, and says of each what happened to it."""

from tests.adapters.sandbox.business_central.conftest import Remote


def vendor(remote: Remote, part_id: str, **body: object) -> dict[str, object]:
    return remote.part(part_id, "POST", "vendors", {"displayName": part_id, **body})


async def test_each_part_is_answered_under_its_id(remote: Remote) -> None:
    project = remote.bc.tables.find("projects", number="P1")
    answer = await remote.batch(
        [
            remote.part("read", "GET", "projects?$filter=number eq 'P1'&$select=number"),
            remote.part("write", "PATCH", f"projects({project['id']})", {"displayName": "New"}, If_Match="*"),
        ]
    )

    read, write = answer.body["responses"]
    assert (read["id"], read["status"], read["body"]["value"][0]["number"]) == ("read", 200, "P1")
    assert (write["id"], write["status"], write["body"]["displayName"]) == ("write", 200, "New")


async def test_a_batch_stops_at_the_first_error(remote: Remote) -> None:
    parts = [vendor(remote, "a"), vendor(remote, "b", nope=1), vendor(remote, "c")]

    answer = await remote.batch(parts)

    assert answer.status == 200
    assert [(it["id"], it["status"]) for it in answer.body["responses"]] == [("a", 201), ("b", 400)]


async def test_a_batch_goes_on_when_asked_to(remote: Remote) -> None:
    parts = [vendor(remote, "a"), vendor(remote, "b", nope=1), vendor(remote, "c")]

    answer = await remote.batch(parts, Prefer="odata.continue-on-error")

    assert [it["status"] for it in answer.body["responses"]] == [201, 400, 201]


async def test_a_snapshot_undoes_everything_but_still_reports_what_came_before(remote: Remote) -> None:
    answer = await remote.batch([vendor(remote, "a"), vendor(remote, "b", nope=1)], Isolation="snapshot")

    first, second = answer.body["responses"]
    assert (first["status"], second["status"]) == (201, 400)
    assert (await remote.get(f"vendors({first['body']['id']})")).status == 404


async def test_a_snapshot_without_error_stays(remote: Remote) -> None:
    answer = await remote.batch([vendor(remote, "a"), vendor(remote, "b")], Isolation="snapshot")

    for it in answer.body["responses"]:
        assert (await remote.get(f"vendors({it['body']['id']})")).status == 200


async def test_more_than_a_hundred_parts_are_refused(remote: Remote) -> None:
    parts = [remote.part(str(number), "GET", "vendors") for number in range(101)]

    assert len((await remote.batch(parts[:100])).body["responses"]) == 100
    answer = await remote.batch(parts)
    assert (answer.status, answer.code) == (500, "Unknown")


async def test_a_patch_in_a_batch_needs_its_own_etag_and_content_type(remote: Remote) -> None:
    project = remote.bc.tables.find("projects", number="P1")
    path = f"projects({project['id']})"
    parts = [
        remote.part("no etag", "PATCH", path, {"displayName": "New"}),
        remote.part("no type", "PATCH", path, {"displayName": "New"}, If_Match="*", Content_Type=""),
    ]

    answer = await remote.batch(parts, Prefer="odata.continue-on-error")

    assert [it["status"] for it in answer.body["responses"]] == [400, 415]


async def test_a_part_that_depends_on_a_failed_one_is_not_tried(remote: Remote) -> None:
    parts = [vendor(remote, "a", nope=1), {**vendor(remote, "b"), "dependsOn": ["a"]}, vendor(remote, "c")]

    answer = await remote.batch(parts, Prefer="odata.continue-on-error")

    assert [it["status"] for it in answer.body["responses"]] == [400, 424, 201]


async def test_an_atomicity_group_is_one_transaction(remote: Remote) -> None:
    group = {"atomicityGroup": "g"}
    parts = [vendor(remote, "alone"), {**vendor(remote, "a"), **group}, {**vendor(remote, "b", nope=1), **group}]

    await remote.batch(parts, Prefer="odata.continue-on-error")

    names = {it["displayName"] for it in remote.bc.tables.rows("vendors")}
    assert "alone" in names
    assert "a" not in names


async def test_a_company_may_be_named_in_a_header(remote: Remote) -> None:
    part = {"id": "1", "method": "GET", "url": "vendors", "headers": {"Company": remote.bc.service.company.name}}

    assert (await remote.batch([part])).body["responses"][0]["status"] == 200


async def test_without_accept_the_answer_is_not_json(remote: Remote) -> None:
    body = {"requests": [remote.part("1", "GET", "vendors")]}

    answer = await remote.call("POST", f"{remote.root}/$batch", body, Accept="*/*")

    assert answer.headers["Content-Type"].startswith("multipart/mixed")


async def test_an_unreadable_batch_is_a_bad_request(remote: Remote) -> None:
    for body in (b"{", {"requests": 5}, {"requests": [{"id": "1"}]}):
        answer = await remote.call("POST", f"{remote.root}/$batch", body, Accept="application/json")
        assert (answer.status, answer.code) == (400, "BadRequest")


async def test_the_log_counts_a_batch_as_one_request_and_each_part_as_a_write(remote: Remote) -> None:
    since = remote.bc.log.last

    await remote.batch([vendor(remote, "a"), vendor(remote, "b"), remote.part("c", "GET", "vendors")])

    (wrapper,) = remote.bc.log.requests(since)
    assert wrapper.batch
    assert [(it.part_of, it.status) for it in remote.bc.log.writes(since)] == [(wrapper.sequence, 201)] * 2
