"""`plan` and `apply` on the command line: one document with hash, writes and calls; a file that can be carried out."""

from pathlib import Path

import orjson
import pytest

from hub.due import EVERYTHING
from hub.operations.apply import apply, apply_plan
from hub.operations.plan import make_plan
from hub.report import ExitStatus, Halted, Quiet
from hub.window import Window
from tests.journeys.cli import called, written
from tests.journeys.harness import line, sqlite, world
from tests.journeys.quick import quick, run

pytestmark = [pytest.mark.journey, pytest.mark.requirement("BX-04")]

ACTOR = "cli:ana"


async def test_a_plan_is_written_to_a_file_reviewed_and_carried_out(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.typical()
        config, out = written(it, tmp_path), tmp_path / "plan.json"
        planned = await called("plan", "--json", "--out", str(out), config=config)
        document = planned.document

        assert planned.status == ExitStatus.DONE, planned.err
        assert {"hash", "writes", "calls"} <= document.keys()
        assert document == orjson.loads(out.read_bytes())
        assert document["writes"]
        assert it.written() == 0

        done = await called("apply", str(out), "--json", config=config)
        assert done.status == ExitStatus.DONE, done.err
        assert (done.document["result"], done.document["sent"]) == ("done", len(document["writes"]))
        again = await called("apply", document["hash"][:12], config=config)
        assert (again.status, "nothing to do" in again.out) == (ExitStatus.DONE, True), again.err


async def test_a_world_that_moved_is_told_for_people(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.typical()
        config = written(it, tmp_path)
        planned = await called("plan", "--flow", "vendor-to-company", config=config)
        name = next(row.split()[-1] for row in planned.out.splitlines() if row.strip().startswith("hash "))
        it.vendor("V2")
        places = it.places()
        refused = await called("apply", name, config=config)

        assert "siteledger apply" in planned.out
        assert "procoreVendorId: 0 -> " in planned.out
        assert refused.status == ExitStatus.CHANGED
        assert "vendor-to-company V2" in refused.out
        assert it.written(places) == 0


@quick
async def test_a_file_that_somebody_edited_is_not_carried_out(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.typical()
        async with it.hub() as hub:
            made = await make_plan(hub, "main", actor=ACTOR, progress=Quiet(), window=Window(), narrow=EVERYTHING)
        file = tmp_path / "plan.json"
        document = orjson.loads(orjson.dumps(made.document, default=str))
        file.write_bytes(orjson.dumps({**document, "writes": document["writes"][:-1]}))
        with pytest.raises(Halted, match="was changed since") as refused:
            await apply(it.settings, plan=str(file), actor=ACTOR, progress=Quiet())

        assert (refused.value.status, it.written()) == (ExitStatus.INTEGRITY, 0)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nonsense", "neither a file nor the hash"),
        ("0123456", "neither a file nor the hash"),
        ("0123456789ab", "holds no plan"),
    ],
)
@quick
async def test_what_is_no_plan_is_wrong_use(tmp_path: Path, name: str, words: str) -> None:
    async with world(sqlite(tmp_path)) as it:
        with pytest.raises(Halted, match=words) as refused:
            await apply(it.settings, plan=name, actor=ACTOR, progress=Quiet())

        assert refused.value.status == ExitStatus.WRONG_USE


@pytest.mark.parametrize("text", ["{", "[]", '{"hash": "abc"}'])
@quick
async def test_a_file_that_is_no_plan_is_wrong_use(tmp_path: Path, text: str) -> None:
    async with world(sqlite(tmp_path)) as it:
        file = tmp_path / "some.json"
        file.write_text(text)
        with pytest.raises(Halted, match="is no plan") as refused:
            await apply(it.settings, plan=str(file), actor=ACTOR, progress=Quiet())

        assert refused.value.status == ExitStatus.WRONG_USE


@pytest.mark.postgres
def test_a_plan_on_postgresql_is_the_plan_on_sqlite(tmp_path: Path, postgres_url: str) -> None:
    async def planned(store: str) -> list[tuple[str, str, str]]:
        async with world(store) as it:
            it.typical()
            await it.settle()
            it.order("PO2", "JOB1", [line("01-100", "SITE", "M")], release=True)
            places = it.places()
            async with it.hub() as hub:
                made = await make_plan(hub, "main", actor=ACTOR, progress=Quiet(), window=Window(), narrow=EVERYTHING)
                assert it.written(places) == 0
                assert (await apply_plan(hub, made.hash, actor=ACTOR, progress=Quiet())).result == "done"
            return [(each.endpoint, each.number, each.part.partition(":")[0]) for each in made.plan.writes]

    first, second = run(lambda: planned(sqlite(tmp_path))), run(lambda: planned(postgres_url))

    assert first == second != []
