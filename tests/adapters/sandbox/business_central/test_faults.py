"""A stand-in misbehaves as told, only then, and its log tells everything afterwards, without secrets."""

import asyncio

import aiohttp
import pytest

from adapters.sandbox.faults import Fault, FaultKind
from tests.adapters.sandbox.business_central.conftest import Remote

VENDOR = {"number": "NEW", "displayName": "New"}


def stored(remote: Remote) -> bool:
    return any(it["number"] == "NEW" for it in remote.bc.tables.rows("vendors"))


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("expired_token", 401, "Authentication_InvalidCredentials"),
        ("forbidden", 403, "Authorization_RequestDenied"),
        ("conflict", 409, "Request_EntityChanged"),
        ("status", 503, "Unknown"),
    ],
)
async def test_a_refusal_comes_in_the_vendors_form_and_changes_nothing(
    remote: Remote, kind: FaultKind, status: int, code: str
) -> None:
    remote.bc.faults.add(Fault(kind=kind, path="vendors"))

    answer = await remote.post("vendors", VENDOR)

    assert (answer.status, answer.code) == (status, code)
    assert not stored(remote)
    assert (await remote.post("vendors", VENDOR)).status == 201


async def test_too_many_requests_may_say_when_to_come_back(remote: Remote) -> None:
    remote.bc.faults.add(Fault(kind="status", status=429, retry_after="7"), Fault(kind="status", status=429))

    first, second = await remote.get("vendors"), await remote.get("vendors")

    assert (first.status, first.headers["Retry-After"]) == (429, "7")
    assert second.status == 429
    assert "Retry-After" not in second.headers


async def test_a_lost_reply_is_carried_out(remote: Remote) -> None:
    remote.bc.faults.add(Fault(kind="lost_reply", method="POST"))

    with pytest.raises(aiohttp.ServerDisconnectedError):
        await remote.post("vendors", VENDOR)

    assert stored(remote)
    assert list(remote.bc.log)[-1].fault == "lost_reply"


async def test_a_dropped_request_is_not_carried_out(remote: Remote) -> None:
    remote.bc.faults.add(Fault(kind="drop_before", method="POST"))

    with pytest.raises(aiohttp.ServerDisconnectedError):
        await remote.post("vendors", VENDOR)

    assert not stored(remote)
    assert list(remote.bc.log)[-1].status == 0


async def test_a_gateway_may_time_out_after_the_commit(remote: Remote) -> None:
    remote.bc.faults.add(Fault(kind="status", status=504, handled=True))

    assert (await remote.post("vendors", VENDOR)).status == 504

    assert stored(remote)


async def test_a_gateway_page_is_not_json(remote: Remote) -> None:
    remote.bc.faults.add(Fault(kind="html"))

    answer = await remote.get("vendors")

    assert (answer.status, answer.text[:15]) == (502, "<!DOCTYPE html>")


async def test_a_body_may_be_broken_or_cut(remote: Remote) -> None:
    remote.bc.faults.add(Fault(kind="malformed_json"), Fault(kind="truncated"))

    broken = await remote.call("GET", "vendors", check=False)
    assert broken.status == 200
    with pytest.raises(ValueError, match="truncated"):
        _ = broken.body
    with pytest.raises(aiohttp.ClientPayloadError):
        await remote.get("vendors")


async def test_a_proxy_may_repeat_a_request(remote: Remote) -> None:
    remote.bc.faults.add(Fault(kind="duplicate", method="POST"))

    await remote.post("vendors", {"displayName": "Twice"})

    assert len([it for it in remote.bc.tables.rows("vendors") if it["displayName"] == "Twice"]) == 2


async def test_a_fault_lets_some_requests_pass_and_hits_some(remote: Remote) -> None:
    remote.bc.faults.add(Fault(kind="status", path="vendors", skip=1, times=2))

    statuses = [(await remote.get("vendors")).status for _ in range(4)]

    assert statuses == [200, 503, 503, 200]


async def test_a_fault_may_hit_one_part_of_a_batch(remote: Remote) -> None:
    remote.bc.faults.add(Fault(kind="conflict", path="vendors", parts=True, skip=1))
    parts = [remote.part(str(number), "POST", "vendors", {"displayName": "X"}) for number in range(3)]

    answer = await remote.batch(parts, Prefer="odata.continue-on-error")

    assert [it["status"] for it in answer.body["responses"]] == [201, 409, 201]


async def test_faults_can_be_armed_over_http(remote: Remote) -> None:
    controls = f"{remote.origin}/_sandbox/faults"

    made = await remote.call("POST", controls, {"kind": "status", "status": 500, "times": 3}, check=False)
    assert (made.status, made.body[0]["left"]) == (201, 3)
    assert (await remote.get("vendors")).status == 500
    assert (await remote.call("GET", controls, check=False)).body[0]["left"] == 2
    assert (await remote.call("DELETE", controls, check=False)).status == 204
    assert (await remote.get("vendors")).status == 200
    wrong = await remote.call("POST", controls, {"kind": "explode"}, check=False)
    assert wrong.status == 400


async def test_tokens_can_be_ended_over_http(remote: Remote) -> None:
    await remote.call("POST", f"{remote.origin}/_sandbox/expire-tokens", check=False)

    assert (await remote.get("vendors")).status == 401


async def test_the_log_keeps_requests_and_answers_but_no_secret(remote: Remote) -> None:
    token = remote.headers["Authorization"]
    await remote.post("vendors", VENDOR)

    answer = await remote.call("GET", f"{remote.origin}/_sandbox/log?writes=1", check=False)

    (entry,) = answer.body["entries"]
    assert (entry["method"], entry["status"], entry["body"]) == ("POST", 201, VENDOR)
    everything = (await remote.call("GET", f"{remote.origin}/_sandbox/log", check=False)).text
    assert token not in everything
    assert token.removeprefix("Bearer ") not in everything
    assert "opens-stand-ins-only" not in everything


async def test_a_cleared_log_goes_on_counting(remote: Remote) -> None:
    last = remote.bc.log.last

    await remote.call("DELETE", f"{remote.origin}/_sandbox/log", check=False)
    await remote.get("vendors")

    assert [it.sequence for it in remote.bc.log] == [last + 1]


async def test_a_full_log_forgets_the_oldest(remote: Remote) -> None:
    remote.bc.log.limit = 3

    for _ in range(5):
        await remote.get("vendors")

    assert len(remote.bc.log) == 3


async def test_no_more_than_five_requests_of_a_user_run_at_once(remote: Remote) -> None:
    remote.bc.faults.add(Fault(kind="latency", seconds=0.3, times=12))

    answers = await asyncio.gather(*(remote.get("vendors") for _ in range(12)))

    assert {it.status for it in answers} == {200}
    assert remote.bc.gate.most_running == 5
    assert remote.bc.gate.most_waiting == 7


async def test_the_state_can_be_read_for_comparison(remote: Remote) -> None:
    exported = await remote.call("GET", f"{remote.origin}/_sandbox/export", check=False)

    assert exported.body["projects"][0]["number"] == "P1"
    assert "rowVersion" not in exported.body["projects"][0]
