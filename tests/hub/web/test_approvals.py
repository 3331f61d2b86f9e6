"""The accounting gate over HTTP: approvers of a connection decide on it, and nobody else does."""

from pathlib import Path

import pytest

from hub.access import Role
from hub.access.rules import Right
from tests.hub.web.harness import Filled, served, settings

NOBODY = "00000000-0000-4000-8000-000000000000"
HASH = "0" * 64


@pytest.mark.requirement("ER-02", "ER-10")
async def test_what_is_not_asked_is_not_there_and_a_body_names_the_content(ledger: Filled, tmp_path: Path) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        token = await it.token("ann", Role.STANDARD, Right.PUSH_TO_ACCOUNTING)
        page = await it.ask("/api/v1/approvals?state=ready,resent&waiting_on=me", token=token)
        assert (page["items"], page["next_cursor"], page["counts"]) == ([], None, {})
        for path, document in (
            (f"/api/v1/approvals/{NOBODY}/approve", {"hash": HASH}),
            (f"/api/v1/approvals/{NOBODY}~purchase-order-to-commitment/approve", {"hash": HASH}),
            (f"/api/v1/approvals/{NOBODY}/decline", {"hash": HASH, "comment": "no"}),
            (f"/api/v1/approvals/{NOBODY}/retrieve", {}),
            (f"/api/v1/approvals/{NOBODY}/resend", {}),
            ("/api/v1/approvals/approve", {"items": [{"id": NOBODY, "hash": HASH}]}),
        ):
            await it.ask(path, "POST", token, 404, json=document)
        for path, document in (
            (f"/api/v1/approvals/{NOBODY}/approve", {}),
            (f"/api/v1/approvals/{NOBODY}/decline", {"hash": HASH, "comment": " "}),
            ("/api/v1/approvals/approve", {"items": [{"id": NOBODY}]}),
        ):
            await it.ask(path, "POST", token, 422, json=document)
        await it.ask("/api/v1/approvals/approve", token=token, status=405)


async def test_who_may_only_read_sees_the_list_and_not_the_document(ledger: Filled, tmp_path: Path) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        token = await it.token("auditor", Role.READ)
        await it.ask("/api/v1/approvals", token=token)
        problem = await it.ask(f"/api/v1/approvals/{NOBODY}", token=token, status=403)
        assert "see_bodies" in problem["detail"]
