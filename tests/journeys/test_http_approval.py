"""A document is accepted over HTTP exactly as it was looked at, and stands in Procore without waiting for a poll."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.hub.web.test_contract import fits, schema_of
from tests.journeys.harness import sqlite, world
from tests.journeys.quick import quick
from tests.journeys.serving import Served, served
from tests.journeys.test_approval import FLOW, FOUR_EYES, GATE, made_for_orders
from tests.journeys.test_validate import company

pytestmark = [pytest.mark.journey]

RARELY = {"poll_every": "1d"}
SOON = timedelta(minutes=5)


async def waiting(service: Served) -> list[dict[str, Any]]:
    return (await service.get("/api/v1/approvals?state=ready,resent"))["items"]


async def approver(service: Served) -> str:
    """The token of somebody who may push to accounting."""
    from hub.access import EVERY, Principal, Right, Role  # noqa: PLC0415 - this one needs people

    access, name = service.service.hub.access, "ann@example.com"
    root = Principal("user:root", {EVERY: Role.ADMIN}, frozenset(Right), "root")
    await access.put_user(root, name, roles={EVERY: Role.ADMIN}, rights=frozenset({Right.PUSH_TO_ACCOUNTING}))
    ann = Principal(f"user:{name}", {EVERY: Role.ADMIN}, frozenset({Right.PUSH_TO_ACCOUNTING}), name)
    token, _ = await access.create_token(ann, "ann", role=Role.STANDARD, approve=True, lifetime=timedelta(days=1))
    return token


@pytest.mark.requirement("ER-02", "ER-10", "ER-29")
@quick
async def test_what_is_accepted_over_http_is_sent_at_once_and_exactly_so(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), flows=GATE, **RARELY) as it:
        it.typical()
        async with served(it) as service:
            token = await approver(service)
            [request] = await service.until(lambda: waiting(service), SOON)
            path = f"/api/v1/approvals/{request['id']}"
            fits(await service.get("/api/v1/approvals"), schema_of("/api/v1/approvals"))
            review = await service.get(path)
            fits(review, schema_of("/api/v1/approvals/{id}"))
            assert Decimal(review["document"]["total"]) == Decimal(request["amount"])
            assert made_for_orders(it) == []

            status, problem = await service.post(f"{path}/approve", {"hash": request["hash"]})
            assert (status, "push_to_accounting" in problem["detail"]) == (403, True)
            status, problem = await service.post(f"{path}/approve", {"hash": "0" * 64}, token=token)
            assert (status, "changed since it was reviewed" in problem["detail"]) == (409, True)
            wish = {"hash": request["hash"], "comment": "fine"}
            status, answer = await service.post(f"{path}/approve", wish, token=token)
            assert (status, answer["done"], answer["outcome"]) == (200, True, "accepted")

            await service.until(it.contracts, SOON)
            status, problem = await service.post(f"{path}/decline", {**wish, "comment": "late"}, token=token)
            assert status == 409
            assert await waiting(service) == []


@pytest.mark.requirement("ER-10")
@quick
async def test_requests_are_taken_back_sent_again_declined_and_accepted_many_at_once(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), flows=FOUR_EYES, **RARELY) as it:
        it.typical()
        async with served(it) as service:
            token = await approver(service)
            [request] = await service.until(lambda: waiting(service), SOON)
            path, one = f"/api/v1/approvals/{request['record']}", {"id": request["id"], "hash": request["hash"]}
            for deed, document in (("retrieve", {}), ("resend", {"comment": "now"})):
                status, answer = await service.post(f"{path}/{deed}", document, token=token)
                assert (status, answer["done"]) == (200, True)

            status, problem = await service.post(f"{path}/approve", {"hash": request["hash"]}, token=token)
            assert (status, "four eyes" in problem["detail"]) == (403, True)
            refused = await service.ask_ledger("SELECT actor FROM event_log WHERE event = 'access.refused.1'")
            assert ("token:ann",) in refused
            status, answers = await service.post("/api/v1/approvals/approve", {"items": [one]}, token=token)
            assert (status, [each["outcome"] for each in answers["items"]]) == (200, ["own"])
            fits(answers, schema_of("/api/v1/approvals/approve", "200", "post"))

            status, _ = await service.post("/api/v1/approvals/decline", {"items": [one]}, token=token)
            assert status == 422
            many = {"items": [one], "comment": "wrong job"}
            status, answers = await service.post("/api/v1/approvals/decline", many, token=token)
            assert [each["outcome"] for each in answers["items"]] == ["declined"]
            assert (await service.get("/api/v1/approvals"))["counts"] == {FLOW: {"declined": 1}}
            assert it.contracts() == []


@pytest.mark.requirement("BX-14", "C-07")
@quick
async def test_business_central_hears_before_it_posts_what_would_stand_in_the_way(tmp_path: Path) -> None:
    async with company(tmp_path, **RARELY) as it, served(it) as service:
        await service.until(lambda: service.service.beats["main"].rounds)
        at = f"/api/v1/validate/{FLOW}"
        order = {"number": "PO7", "jobNumber": "JOB1", "vendorNumber": "", "purchaseOrderLines": []}
        for sent in (order, {"items": [order]}):
            status, answer = await service.post(at, sent)
            assert (status, answer["valid"]) == (200, False)
            fits(answer, schema_of("/api/v1/validate/{flow}", "200", "post"))
            assert {each["item"] for each in answer["failures"]} == {0}
            assert all(each["message"] for each in answer["failures"])
