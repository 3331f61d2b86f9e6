"""Taking a run back over HTTP: for those who may reset, of connections that they may see, never without a reason."""

from pathlib import Path

import pytest

from domain.linking import COMMITMENTS
from hub.access import Role
from tests.hub.web.harness import Filled, served, settings
from tests.hub.web.test_contract import fits, schema_of


@pytest.mark.requirement("BX-12", "ER-01")
async def test_a_run_is_previewed_and_taken_back_as_a_batch(ledger: Filled, tmp_path: Path) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        runs = (await it.ask("/api/v1/runs"))["items"]
        run = next(row["run"] for row in runs if row["connection"] == "main" and row["delivered"].get("procore"))
        path, word = f"/api/v1/runs/{run}/undo", {"reason": "sent too early"}
        shown = await it.ask(path, "POST", json={"dry_run": True})
        fits(shown, schema_of("/api/v1/runs/{run}/undo", "200", "post"))
        assert shown["run"] == run
        assert shown["total"] == sum(shown["undone"].values()) + sum(shown["left"].values())

        standard = await it.token("standard", Role.STANDARD)
        north = await it.token("north-only", Role.ADMIN, connections=("north",))
        await it.ask(path, "POST", standard, 403, json=word)
        await it.ask(path, "POST", north, 404, json=word)
        await it.ask(path, "POST", status=422, json={"reason": " "})
        await it.ask("/api/v1/runs/6f0b5a52-1d0c-5a0e-9a57-51edc0de0001/undo", "POST", status=404, json=word)

        async with it.request(path, "POST", json=word) as answer:
            batch = await answer.json()
            assert (answer.status, answer.headers["Location"]) == (201, f"/api/v1/batches/{batch['batch']}")
        fits(batch, schema_of("/api/v1/runs/{run}/undo", "201", "post"))
        assert (batch["action"], batch["total"], batch["filter"]) == ("undo", shown["total"], {"run": run})
        assert COMMITMENTS in {**shown["undone"], **shown["left"]}
