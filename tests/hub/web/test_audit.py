"""Proofs over HTTP: who did what, heads, verification in the background, and evidence that proves itself."""

import json
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import anyio
import pytest
from pypdf import PdfReader

from hub.access import EVERY, Principal, Right, Role
from hub.audit.verify import verify
from tests.hub.audit.harness import change
from tests.hub.web.harness import Filled, Web, served, settings
from tests.hub.web.test_contract import fits, schema_of

pytestmark = pytest.mark.requirement("BX-08", "DC-06")


ROOT = Principal("user:root", {EVERY: Role.ADMIN}, frozenset(Right), "root")


async def verified(it: Web) -> dict[str, object]:
    """How a verification that was asked for here ended."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(it.service.works.run)
        started = await it.ask("/api/v1/audit/verify", "POST", status=202, json={})
        with anyio.fail_after(20):
            while (found := await it.ask("/api/v1/audit/verify"))["running"] or found["last"] is None:
                await it.hub.projector.catch_up()
                await anyio.sleep(0.02)
        tasks.cancel_scope.cancel()
    assert started == {"running": True}
    fits(found, schema_of("/api/v1/audit/verify"))
    return found["last"]


async def test_a_ledger_in_which_both_connections_worked_is_verified_on_request_and_measured(
    ledger: Filled, tmp_path: Path
) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        assert (await it.ask("/api/v1/audit/verify"))["last"] is None

        last = await verified(it)

        assert (last["valid"], last["findings"], last["start"]) == (True, 0, 1)
        async with it.request("/metrics") as answer:
            text = await answer.text()
        assert "siteledger_audit_chain_valid 1.0" in text
        assert "siteledger_audit_last_verified_timestamp_seconds 1" in text


async def test_how_the_proofs_stand_is_told_to_all_who_ask_and_makes_nothing_unready(
    ledger: Filled, tmp_path: Path
) -> None:
    store = ledger.copy(tmp_path)
    async with served(settings(store, ledger.tables)) as it:
        before = await it.ask("/readyz?verbose", token=None)
        assert before["checks"]["audit"] == {"valid": None, "verified_at": None, "verified_to": 0}
        assert "audit" not in (await it.ask("/readyz", token=None))["checks"]
        await it.service.verifying.turn()
        change(store, "UPDATE contents SET body = CAST(body || ' ' AS BLOB) WHERE 1 = 1")
        it.clock.at += timedelta(days=8)
        found = await it.service.verifying.turn()

        assert found is not None
        assert not found.sound
        told = await it.ask("/readyz?verbose", token=None)
        assert (told["ready"], told["checks"]["audit"]["valid"]) == (True, False)
        assert told["checks"]["audit"]["verified_at"] == it.clock.at.isoformat()
        now = await it.ask("/api/v1/audit/verify")
        fits(now, schema_of("/api/v1/audit/verify"))
        assert (now["valid"], now["last"]["findings"]) == (False, found.findings)
        page = await it.ask("/api/v1/audit/checks")
        fits(page, schema_of("/api/v1/audit/checks"))
        assert [each["valid"] for each in page["items"]] == [False, True]
        async with it.request("/metrics") as answer:
            assert "siteledger_audit_chain_valid 0.0" in await answer.text()


async def test_who_did_what_is_told_with_before_and_after_and_by_whoever_may_see_it(
    ledger: Filled, tmp_path: Path
) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        for role in ("read", "standard"):
            await it.hub.access.put_user(ROOT, "anna", roles={"main": Role.named(role)})
        await it.hub.projector.catch_up()
        narrow = await it.token("north-only", Role.READ, connections=("north",))

        page = await it.ask("/api/v1/audit?object=user%20anna")
        fits(page, schema_of("/api/v1/audit"))
        newest, first = page["items"]
        assert json.loads(newest["before"])["roles"] == {"main": "read"}
        assert json.loads(newest["after"])["roles"] == {"main": "standard"}
        assert (first["before"], newest["actor"], newest["action"]) == ("", "user:root", "access.user-put.1")
        assert (await it.ask("/api/v1/audit?actor=user:nobody"))["items"] == []
        assert len((await it.ask("/api/v1/audit?action=access.&limit=1"))["items"]) == 1
        assert (await it.ask("/api/v1/audit", token=narrow))["items"] == []


async def test_heads_are_listed_with_the_keys_that_signed_them(ledger: Filled, tmp_path: Path) -> None:
    the = settings(ledger.copy(tmp_path), ledger.tables, secret_key="env:ADMIN")
    async with served(the) as it:
        await it.service.sealer.turn()
        await it.hub.projector.catch_up()

        page = await it.ask("/api/v1/audit/heads")

        fits(page, schema_of("/api/v1/audit/heads"))
        (head,), (key,) = page["items"], page["keys"]
        assert head["key"] == key["key"]
        assert (await it.ask("/api/v1/audit/heads?asof=1"))["items"] == []


async def test_evidence_comes_as_pdf_or_as_a_zip_that_proves_itself_and_takes_the_role_standard(
    ledger: Filled, tmp_path: Path
) -> None:
    the = settings(ledger.copy(tmp_path), ledger.tables, secret_key="env:ADMIN")
    async with served(the) as it:
        [order] = (await it.ask("/api/v1/records?connection=main&flow=purchase-order-to-commitment&q=PO1"))["items"]
        path = f"/api/v1/records/{order['record']}/evidence"
        reader = await it.token("reader", Role.READ)
        await it.ask(path, token=reader, status=403)
        await it.ask(f"{path}?format=docx", status=422)
        async with it.request(path) as answer:
            assert (answer.status, answer.content_type) == (200, "application/pdf")
            pages = PdfReader(BytesIO(await answer.read())).pages
        async with it.request(f"{path}?format=zip") as answer:
            assert (answer.status, answer.content_type) == (200, "application/zip")
            ZipFile(BytesIO(await answer.read())).extractall(tmp_path / "zip")

    assert "PO1" in pages[0].extract_text()
    assert verify(tmp_path / "zip" / f"evidence-{order['record']}").findings == []
