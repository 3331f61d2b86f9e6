"""Both companies compared to the cent: what is equal, each way to explain a difference, and what nobody explains."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from adapters.sandbox.faults import Fault
from domain.errors import WrongInput
from domain.reconcile import KINDS
from hub.app import Hub
from hub.operations.completeness import completeness
from hub.operations.reconcile import reconcile
from hub.operations.reconciliation import lines, runs, sign_off, told
from hub.reconciling.stored import LineFilter, LineRow, RunRow
from hub.report import ExitStatus, Quiet
from tests.hub.web.test_contract import fits, schema_of
from tests.journeys import changes, journals, posting
from tests.journeys.cli import called, written
from tests.journeys.harness import World, kinds, line, sqlite, world
from tests.journeys.quick import quick, run
from tests.journeys.serving import Served, served
from tests.journeys.test_approval_everywhere import accept_all
from tests.journeys.test_budget import planned

pytestmark = pytest.mark.journey

TASKS = tuple(f"{place:02}-100" for place in range(1, 16))
ACTOR = "cli:anna"
GATE = {"posted-invoice-to-commitment-invoice": {"approval": "approver"}}


async def compared(hub: Hub, *projects: str) -> tuple[RunRow, list[LineRow]]:
    """A run, and its lines that differ."""
    row = await reconcile(hub, "main", projects=projects, actor=ACTOR, progress=Quiet())
    page = await lines(hub, row.run, LineFilter(differing=True), limit=1000)
    return row, list(page.items)


def why(rows: Sequence[LineRow]) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """Measure and cost code -> what explains the line, and by how much. Nothing may be left unexplained."""
    assert [row for row in rows if row.unexplained != "0.00"] == []
    return {(row.measure, row.cost_code): [(each["kind"], each["amount"]) for each in row.explanations] for row in rows}


def a_month(it: World) -> None:
    """One project with a budget, orders and journals: equal as soon as it is carried."""
    it.basics()
    it.vendor("V9", in_procore=False)
    it.project("JOB1", tasks=TASKS, segments=("SITE",))
    for cost in ("100", "50.25"):
        planned(it, "JOB1", cost=cost)
    it.order("PO1", "JOB1", [line("01-100", "SITE", "M", "2", "10.00"), line("02-100", "SITE", "M", "1", "33.33")])
    it.order("PO2", "JOB1", [line("14-100", "SITE", "M", "3", "7")], release=True)
    it.order("THIRDS", "JOB1", [line("12-100", "SITE", "M", "3", "3.33333")], release=True)
    for number, task in (("DRAFT", "03-100"), ("GONE", "04-100"), ("LOST", "05-100")):
        it.order(number, "JOB1", [line(task, "SITE", "M", "1", "200")])
    it.order("CODE", "JOB1", [line("06-100", "SITE", "M", "1", "1")])
    journals.post(it, journals.journal_line("80"), journals.journal_line("19.99", jobTaskNumber="02-100"))


def before_a_round(it: World) -> None:
    """Differences that the next round finds, each at a cost code of its own."""
    it.order("PARKED", "JOB1", [line("07-100", "SITE", "M", "1", "110")], vendor="V9")
    it.order("WRONG", "JOB1", [line("08-100", "", "M", "1", "120")], older=True)
    it.release("PO1")
    posting.post(it, "PO1", to_invoice={10000: "1"})
    it.order("RETRY", "JOB1", [line("09-100", "SITE", "M", "1", "140")], commitmentType="Subcontract")
    it.procore.faults.add(Fault(kind="status", status=503, method="PATCH", path="work_order_contracts", times=0))
    bar(it, "inactive")
    it.order("DEAD", "JOB1", [line("06-100", "SITE", "M", "1", "150")])
    it.procore.add_commitment(changes.project_id(it), number="CLASH", title="Theirs", origin_id="sage:77")
    it.order("CLASH", "JOB1", [line("10-100", "SITE", "M", "1", "160")])
    it.order("PLAIN", "JOB1", [line("11-100", "SITE", "M", "1", "170")], sendToProcore=False)
    journals.entered(it, journals.journal_line("-7.77", jobTaskNumber="11-100", documentNumber="J3"))
    for _ in range(3):
        posting.post(it, "THIRDS", to_invoice={10000: "1"})
    it.delete("purchaseOrders", number="GONE")


def after_the_round(it: World) -> None:
    """A source that changed since, and a target that somebody changed, made or deleted."""
    it.clock.skip(timedelta(minutes=5))
    it.procore.set_line(line_of(it, "DRAFT"), amount="180.00", extended_type="manual")
    it.procore.remove("purchase_order_contracts", it.contracts(number="LOST")[0]["id"])
    rows = [{"wbs_code_id": changes.code(it, "SITE.13-100.M"), "manual_amount": "210.00"}]
    it.procore.costs.add(changes.project_id(it), lines=rows)
    it.reopen("PO2")
    it.update("purchaseOrderLines", {"documentNumber": "PO2"}, quantity=Decimal(4))
    set_budget(it, "140.25")


async def mend(it: World) -> None:
    """Each of them is put right where it came from."""
    it.procore.faults.clear()
    it.procore.add_vendor("Somebody", origin_code="V9")
    it.update("purchaseOrderLines", {"documentNumber": "WRONG"}, segmentCode="SITE")
    it.update("purchaseOrders", {"number": "PLAIN"}, sendToProcore=True)
    bar(it, "active")
    for number in ("CLASH", "GONE"):
        it.procore.remove("purchase_order_contracts", it.contracts(number=number)[0]["id"])
    it.delete("purchaseOrders", number="LOST")
    it.procore.set_line(line_of(it, "DRAFT"), amount="200.00")
    it.procore.costs.remove(next(row["id"] for row in journals.costs(it) if not row["origin_id"]))
    it.procore.budget.set_line(
        changes.project_id(it), changes.code(it, "SITE.01-100.M"), original_budget_amount="150.25"
    )
    await accept_all(it)


def bar(it: World, status: str) -> None:
    """A person in Procore switches a budget code off, or on again."""
    it.procore.set_any("wbs_codes", changes.code(it, "SITE.06-100.M"), status=status)


def set_budget(it: World, amount: str) -> None:
    """A person in Procore changes the budget of a code."""
    code, fields = changes.code(it, "SITE.01-100.M"), {"calculation_strategy": "manual"}
    it.procore.budget.set_line(changes.project_id(it), code, original_budget_amount=amount, **fields)


def line_of(it: World, number: str) -> int:
    """The one line of a commitment in Procore."""
    (row,) = it.lines(contract_id=it.contracts(number=number)[0]["id"])
    found: int = row["id"]
    return found


INJECTED = {
    ("original_budget", "01-100"): [("changed-there", "10.00")],
    ("committed", "03-100"): [("changed-there", "20.00")],
    ("committed", "04-100"): [("deleted", "-200.00")],
    ("committed", "05-100"): [("deleted", "200.00")],
    ("committed", "06-100"): [("dead", "150.00")],
    ("committed", "07-100"): [("parked", "110.00")],
    ("committed", "08-100"): [("rejected", "120.00")],
    ("committed", "09-100"): [("in-flight", "140.00")],
    ("committed", "10-100"): [("conflict", "160.00")],
    ("committed", "11-100"): [("not-sent", "170.00")],
    ("committed", "12-100"): [("rounding", "-0.01")],
    ("committed", "14-100"): [("changed-since", "7.00")],
    ("invoiced", "01-100"): [("awaiting-approval", "10.00")],
    ("invoiced", "12-100"): [("awaiting-approval", "3.33")] * 3,
    ("direct_cost", "11-100"): [("not-sent", "-7.77")],
    ("direct_cost", "13-100"): [("made-there", "-210.00")],
}
FOR_GOOD = {key: INJECTED[key] for key in (("committed", "12-100"), ("direct_cost", "11-100"))}
"""Cents of rounding, and a reversal that the rules never send: explained, and nothing to be mended."""


async def all_kinds(it: World) -> None:
    """A month that is equal and signed, and then each kind of difference, named with its amount."""
    a_month(it)
    await it.sync()
    async with it.hub() as hub:
        row, rows = await compared(hub)
        assert (row.result, row.differing, row.open, rows) == ("equal", 0, 0, [])
        measures = {each.measure: each for each in (await told(hub, row.run)).summary.totals}
        assert (measures["committed"].business_central, measures["committed"].procore) == ("685.33", "685.33")
        assert (measures["paid"].carried, measures["paid"].difference) == (False, "")
        signed = await sign_off(hub, row.run, actor="user:ann", reason="March")

    before_a_round(it)
    await it.sync(wait=timedelta(0))
    after_the_round(it)
    places = it.places()
    async with it.hub() as hub:
        row, rows = await compared(hub)
        assert {key: sorted(found) for key, found in why(rows).items()} == INJECTED
        assert {kind for found in INJECTED.values() for kind, _ in found} == set(KINDS)
        assert row.result == "explained"
        moved = {each.measure: each for each in (await told(hub, row.run)).moved}
        assert (moved["direct_cost"].difference_then, moved["direct_cost"].difference_now) == ("0.00", "-217.77")
        assert (await told(hub, row.run)).signed == signed
    assert it.written(places) == 0


@pytest.mark.requirement("BX-01", "C-10", "C-62")
@quick
async def test_each_kind_of_difference_is_named_with_its_amount_and_gone_once_it_is_mended(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), flows=GATE) as it:
        await all_kinds(it)

        await mend(it)
        it.clock.skip(timedelta(hours=1))
        await it.sync(full=True)
        await accept_all(it)
        await it.sync()
        async with it.hub() as hub:
            row, rows = await compared(hub)
            assert why(rows) == FOR_GOOD

            it.procore.state.table("line_items")[line_of(it, "PO2")]["amount"] = "29.50"
            row, rows = await compared(hub)
            (found,) = [each for each in rows if each.cost_code == "14-100"]
            assert (row.result, row.unexplained, found.unexplained) == ("unexplained", {"USD": "1.50"}, "-1.50")
            with pytest.raises(WrongInput, match=r"1\.50 USD is unexplained"):
                await sign_off(hub, row.run, actor="user:ann", reason="looks fine")
            done = await sign_off(hub, row.run, actor="user:ann", reason="1.50 is being asked about")
            assert (done.signed_by, done.reason) == ("user:ann", "1.50 is being asked about")
            page = await runs(hub, limit=2)
            assert [each.result for each in page.items] == ["unexplained", "explained"]


@pytest.mark.postgres
@pytest.mark.requirement("BX-01")
def test_a_ledger_on_postgresql_names_each_kind_of_difference_too_and_pages_its_lines(postgres_url: str) -> None:
    async def story() -> None:
        async with world(postgres_url, flows=GATE) as it:
            await all_kinds(it)
            async with it.hub() as hub:
                newest, before = (await runs(hub, limit=2)).items
                whole = (await lines(hub, newest.run, LineFilter(), limit=1000)).items
                found: list[LineRow] = []
                cursor: str | None = ""
                while cursor is not None:
                    page = await lines(hub, newest.run, LineFilter(), cursor=cursor, limit=7)
                    found, cursor = [*found, *page.items], page.next_cursor
                assert (found, len(found)) == (list(whole), newest.lines)
                (only,) = (await lines(hub, newest.run, LineFilter(kind="made-there"))).items
                assert (only.cost_code, only.procore) == ("13-100", "210.00")
                assert (await told(hub, before.run)).row.result == "equal"

    run(story)


async def compared_over_http(service: Served, first: str) -> None:
    """A run that is asked for, read, refused to be signed, and signed; `first` is an earlier one."""
    status, refused = await service.post("/api/v1/reconciliation", {"projects": ["JOB1", "J0B1", "JOB-7"]})
    assert (status, "main has no project J0B1, JOB-7" in refused["detail"]) == (422, True), refused
    status, sent = await service.post("/api/v1/reconciliation", {})
    assert (status, sent["state"]) == (202, "running")
    fits(sent, schema_of("/api/v1/reconciliation", "202", "post"))
    ended = await service.ended(sent)
    figures = ended["figures"]
    assert (ended["state"], ended["outcome"], figures["open"]) == ("done", "unexplained", 1)
    path = ended["location"]
    made = await service.get(path)
    assert (made["result"], made["run"], made["lines"]) == ("unexplained", ended["result"], figures["lines"])
    page = await service.get(f"{path}/lines?limit=1")
    rest = await service.get(f"{path}/lines?cursor={page['next_cursor']}")
    assert len(page["items"]) + len(rest["items"]) == made["lines"]
    fits(rest, schema_of("/api/v1/reconciliation/{id}/lines"))
    (one,) = (await service.get(f"{path}/lines?kind=unexplained"))["items"]
    assert (one["unexplained"], one["cost_code"]) == ("19.99", "01-100")
    assert (await service.get(f"{path}/lines?differing=true&project=NONE"))["items"] == []
    assert (await service.get("/api/v1/reconciliation/latest"))["run"] == made["run"]
    before = (await service.get("/api/v1/reconciliation"))["items"][-1]
    assert (before["run"], before["result"]) == (first, "explained")
    then = await service.get(f"/api/v1/reconciliation/latest?asof={before['position']}")
    assert then["run"] == before["run"]
    fits(then, schema_of("/api/v1/reconciliation/{id}"))

    status, refused = await service.post(f"{path}/sign-off", {"reason": "fine"})
    assert (status, "19.99 USD is unexplained" in refused["detail"]) == (422, True), refused
    unexplained = 'siteledger_reconcile_differences{connection="main",kind="unexplained"}'
    assert f"{unexplained} 1.0" in (await service.ask("GET", "/metrics"))[1]
    status, done = await service.post(f"{path}/sign-off", {"reason": "19.99 is asked about"})
    assert (status, done["reason"]) == (200, "19.99 is asked about")
    assert f"{unexplained} 0.0" in (await service.ask("GET", "/metrics"))[1]


@pytest.mark.requirement("BX-01", "C-62")
async def test_the_command_line_and_http_tell_the_same_and_who_may_not_sign_is_refused(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), poll_every="1d") as it:
        it.typical()
        it.order("PLAIN", "JOB1", [line("03-300", "SITE", "L", "1", "170")], sendToProcore=False)
        config = written(it, tmp_path)
        assert (await called("sync", config=config)).status == ExitStatus.DONE
        places = it.places()
        equal = await called("reconcile", "--json", config=config)
        seen = {
            "business_central": [each for each in it.bc.log if each.sequence > places[0] and not each.token],
            "procore": [each for each in it.procore.log if each.sequence > places[1] and not each.token],
        }
        assert (equal.status, equal.document["result"]) == (ExitStatus.DONE, "explained"), equal.err
        (row,) = equal.document["lines"]
        assert [(each["kind"], each["amount"]) for each in row["explanations"]] == [("not-sent", "170.00")]
        assert equal.document["calls"] == {system: len(entries) for system, entries in seen.items()}
        assert set(kinds(seen["procore"]).values()) == {1}  # no list twice
        assert {each.method for entries in seen.values() for each in entries} == {"GET"}

        contract = it.contracts(number="PO1")[0]
        it.procore.state.table("line_items")[it.lines(contract_id=contract["id"])[0]["id"]]["amount"] = "0.01"
        found = await called("reconcile", "--project", "JOB1", config=config)
        assert found.status == ExitStatus.NEEDS_PERSON
        assert "it shows another amount than it confirmed, and nobody changed it since" in found.out
        assert (await called("reconcile", "--project", "NONE", config=config)).status == ExitStatus.WRONG_USE

        async with served(it) as service:
            await compared_over_http(service, equal.document["run"])
        counted = await called("complete", config=config)
        assert (counted.status, "commitment: 1 (synced 1), missed 0" in counted.out) == (ExitStatus.DONE, True)
        exported = await called("export", "reconciliation_line", "--out", str(tmp_path / "lines.csv"), config=config)
        assert exported.status == ExitStatus.DONE, exported.err
        assert (
            "committed,JOB1,03-300,L,SITE,USD,170.00,0.00,170.00,0.00, not-sent "
            in (tmp_path / "lines.csv").read_text()
        )


@pytest.mark.requirement("BX-03", "DC-09")
@quick
async def test_every_record_that_counts_has_one_state_and_what_nobody_announced_is_taken_in(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path), poll_every="1d") as it:
        it.typical()
        it.order("WRONG", "JOB1", [line("01-100", "", "M")], older=True)
        await it.sync()
        async with it.hub() as hub:
            whole = await completeness(hub, "main", take_in=False, actor=ACTOR)
        orders = next(each for each in whole.counts if each.kind == "commitment")
        assert (orders.source, orders.states, whole.status) == (2, {"rejected": 1, "synced": 1}, ExitStatus.DONE)
        assert all(each.source == sum(each.states.values()) + each.missed for each in whole.counts)
        assert whole.missed == []

        # Rows under a version that was read already, as a restored company leaves them: no feed ever tells of them.
        order = it.order("LATE", "JOB1", [line("03-300", "SITE", "M", "1", "7")], release=True)
        for entity_set in ("purchaseOrders", "purchaseOrderLines"):
            for row in it.bc.tables.database.all(entity_set):
                row["rowVersion"] = 1
        await it.sync()
        places = it.places()
        async with it.hub() as hub:
            found = await completeness(hub, "main", take_in=False, actor=ACTOR)
            assert [(each.number, each.source_id, each.late) for each in found.missed] == [("LATE", order["id"], False)]
            assert (found.status, found.unannounced, found.taken_in) == (ExitStatus.NEEDS_PERSON, 1, 0)
            _, rows = await compared(hub)
            (open_,) = [each for each in rows if each.cost_code == "03-300"]
            assert (open_.unexplained, open_.explanations[0]["number"]) == ("7.00", "LATE")
        assert it.written(places) == 0

        async with served(it) as service:
            await service.until(lambda: service.service.beats["main"].rounds)
            status, sent = await service.post("/api/v1/completeness", {"take_in": True})
            assert (status, sent["sort"], sent["asked_for"]) == (202, "completeness", {"take_in": "true"})
            fits(sent, schema_of("/api/v1/completeness", "202", "post"))
            ended = await service.ended(sent)
            assert (ended["state"], ended["outcome"], ended["figures"]["taken_in"]) == ("done", "complete", 1)
            taken = await service.get(ended["location"])
            fits(taken, schema_of("/api/v1/completeness/{id}"))
            assert (taken["unannounced"], [each["number"] for each in taken["missed"]]) == (1, ["LATE"])
            await service.until(lambda: it.contracts(number="LATE"))
            _, again = await service.post("/api/v1/completeness", {})
            after = await service.get((await service.ended(again))["location"])
            assert after["missed"] == []
            assert sum(each["source"] for each in after["counts"]) == ended["figures"]["counted"]
