"""A record is joined by hand with what stands in Procore already: it is updated from then on, and nothing is made."""

import functools
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from adapters.outbound.settings import Outbound
from adapters.outbound.wire import _network
from adapters.store import Locked
from domain.values import PROCORE
from hub.report import ExitStatus, Halted
from tests.journeys.cli import called, written
from tests.journeys.death import PHASES, Fate, Phase
from tests.journeys.hands import (
    COMMITMENTS,
    PERSON,
    PROJECTS,
    VENDORS,
    linked,
    order_of,
    pairs,
    proposed,
    said,
    staged,
    theirs,
)
from tests.journeys.harness import kinds, line, sqlite, world
from tests.journeys.quick import quick, run
from tests.journeys.test_killed import died

pytestmark = pytest.mark.journey


@pytest.mark.requirement("C-55", "ER-26", "ER-63")
@quick
async def test_a_project_that_was_there_is_joined_and_gets_everything_that_one_made_by_the_hub_has(
    tmp_path: Path,
) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.basics()
        other = it.procore.add_project("Somebody's", project_number="JOB1")
        it.procore.add_cost_code(other["id"], "01-100", "Their concrete")
        it.project("JOB1")
        await it.sync()
        places = it.places()
        done = await linked(it, PROJECTS, "job1", other["id"], reason="same site")

        assert done.done, done.message
        assert it.written(places) == 0
        assert [pair.role for pair in await pairs(it, query="JOB1")] == ["adopted"]

        report = await it.sync()
        project = it.procore.find("projects", project_number="JOB1")

        assert report.status == ExitStatus.DONE, report.document["problems"]
        assert it.procore.count("projects") == 1
        assert project["id"] == other["id"]
        assert project["name"] == "Project JOB1"
        assert project["origin_id"] == f"bc:{it.bc.company_id}:projects:{it.row('projects', number='JOB1')['id']}"
        assert it.row("projects", number="JOB1")["procoreProjectId"] == other["id"]
        assert [row["name"] for row in it.procore.rows("cost_codes", project_id=other["id"])] == ["Task 01-100"]
        assert [row["code"] for row in it.procore.rows("sub_jobs", project_id=other["id"])] == ["SITE"]
        (pair,) = await pairs(it, flow=PROJECTS)
        assert (pair.role, pair.how, pair.by, pair.state) == ("primary", "by hand", PERSON, "synced")
        assert said_words(await said(it, "JOB1")) == [f"linked by hand: JOB1 = projects {other['id']} (same site)"]

        places = it.places()
        await it.sync(full=True)

        assert it.written(places) == 0


def said_words(told: list[tuple[str, str]]) -> list[str]:
    assert {who for who, _ in told} <= {PERSON}
    return [words for _, words in told]


@pytest.mark.requirement("C-55", "PP-32", "PP-33")
@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_a_commitment_that_was_there_is_joined_line_by_line_and_no_line_is_made(
    tmp_path: Path, request: pytest.FixtureRequest, database: str
) -> None:
    store = sqlite(tmp_path) if database == "sqlite" else request.getfixturevalue("postgres_url")
    run(functools.partial(_a_commitment_is_joined, store))


async def _a_commitment_is_joined(store: str) -> None:
    async with world(store) as it:
        project = await staged(it)
        contract = theirs(it, project, "20.00", "41.00")
        order = order_of(it, "10.00", "20.50")
        await it.sync()

        assert await it.state("PO1") == "parked"
        lines = {Decimal(row["amount"]): row["id"] for row in it.lines(contract_id=contract["id"])}
        place = it.last()
        assert (await linked(it, COMMITMENTS, "PO1", contract["id"])).done
        report = await it.sync()

        assert report.status == ExitStatus.DONE, report.document["problems"]
        assert it.procore.count("contracts") == 1
        assert {row["id"] for row in it.lines()} == set(lines.values())
        row = it.contracts()[0]
        assert (row["status"], row["origin_id"]) == ("Approved", f"bc:{it.bc.company_id}:purchaseOrders:{order['id']}")
        assert it.row("purchaseOrders", number="PO1")["procoreCommitmentId"] == contract["id"]
        mine = {row["description"]: row["procoreCommitmentLineId"] for row in it.bc.tables.rows("purchaseOrderLines")}
        assert mine == {"Item 10.00": lines[Decimal(20)], "Item 20.50": lines[Decimal(41)]}
        posts = {kind: count for kind, count in kinds(it.writes(since=place)).items() if kind.startswith("POST")}
        assert posts == {}
        assert {pair.role for pair in await pairs(it, flow=COMMITMENTS)} == {"primary"}

        places = it.places()
        await it.sync(full=True)

        assert it.written(places) == 0

        it.reopen("PO1")
        it.update("purchaseOrderLines", {"description": "Item 10.00"}, directUnitCost=11)
        it.release("PO1")
        await it.sync()

        assert sorted(Decimal(row["amount"]) for row in it.lines()) == [22, 41]
        assert {row["id"] for row in it.lines()} == set(lines.values())


@pytest.mark.requirement("C-55")
@quick
async def test_lines_of_one_budget_code_that_leave_a_choice_are_put_before_a_person(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        project = await staged(it)
        contract = theirs(it, project, "21.00", "43.00")
        order_of(it, "10.00", "20.00")
        await it.sync()
        place = it.last()
        assert (await linked(it, COMMITMENTS, "PO1", contract["id"])).done
        await it.sync()

        assert it.writes(since=place) == []
        assert await it.state("PO1") == "parked"
        assert "has lines that can't be told to be lines of order PO1: Theirs 21.00" in await it.reasons("PO1")

        for row, amount in zip(it.lines(contract_id=contract["id"]), ("20.00", "40.00"), strict=True):
            it.procore.set_line(row["id"], amount=amount, unit_cost=f"{amount[:2]}", quantity="1")
        report = await it.sync()

        assert report.status == ExitStatus.DONE, report.document["problems"]
        assert it.procore.count("line_items") == 2


@pytest.mark.requirement("C-55", "PP-34", "ER-64")
@quick
async def test_an_approved_commitment_is_not_touched_before_it_is_set_to_draft(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        project = await staged(it)
        contract = theirs(it, project, "20.00", status="Approved")
        order_of(it, "10.00")
        await it.sync()
        place = it.last()
        assert (await linked(it, COMMITMENTS, "PO1", contract["id"])).done
        await it.sync()

        assert it.writes(since=place) == []
        assert "the commitment is Approved in Procore; set it to Draft there" in await it.reasons("PO1")

        it.procore.set_status(contract["id"], "Draft")
        await it.sync()

        assert await it.state("PO1") == "synced"
        assert [row["status"] for row in it.contracts()] == ["Approved"]
        assert it.procore.count("line_items") == 1


@pytest.mark.requirement("C-55", "ER-63")
@quick
async def test_what_belongs_to_another_integration_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        project = await staged(it)
        contract = theirs(it, project, "20.00", origin_id="sage:9")
        order_of(it, "10.00")
        await it.sync()
        places = it.places()
        refused = await linked(it, COMMITMENTS, "PO1", contract["id"])
        await it.sync()

        assert not refused.done
        assert "belongs to another integration (origin id sage:9)" in refused.message
        assert it.written(places) == 0
        assert await it.state("PO1") == "conflict"
        assert await said(it, "PO1") == [(PERSON, f"link refused: {refused.message}")]


@pytest.mark.requirement("ER-63")
@quick
async def test_what_another_integration_takes_between_the_link_and_the_round_is_left_to_it(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        project = await staged(it)
        contract = theirs(it, project, "20.00")
        order_of(it, "10.00")
        await it.sync()
        assert (await linked(it, COMMITMENTS, "PO1", contract["id"])).done
        it.procore.set_fields(contract["id"], origin_id="sage:9")
        place = it.last()
        await it.sync()

        assert it.writes(since=place) == []
        assert await it.state("PO1") == "conflict"
        assert "sage:9" in await it.reasons("PO1")


@pytest.mark.requirement("ER-26")
@quick
async def test_what_is_joined_already_is_refused_with_the_place_where(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        project = await staged(it)
        contract = theirs(it, project, "20.00")
        other = theirs(it, project, "20.00", number="PO2")
        order_of(it, "10.00")
        it.order("PO2", "JOB1", [line("01-100", "SITE", "M", "2", "10.00")])
        await it.sync()

        assert (await linked(it, COMMITMENTS, "PO1", contract["id"])).done
        for round_ in range(2):  # before it is carried, and after
            twice = await linked(it, COMMITMENTS, "PO1", contract["id"])
            elsewhere = await linked(it, COMMITMENTS, "PO1", other["id"])
            taken = await linked(it, COMMITMENTS, "PO2", contract["id"])

            assert (twice.done, "already" in twice.message) == (True, True), round_
            assert elsewhere.message == f"PO1 is linked with {contract['id']}; unlink or reset it first"
            assert f"{contract['id']} is linked with PO1 already (flow {COMMITMENTS}" in taken.message
            assert not any((elsewhere.done, taken.done))
            await it.sync()


@pytest.mark.requirement("C-55", "PP-31", "PP-25")
@quick
async def test_what_does_not_fit_is_refused_with_the_reason(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        project = await staged(it)
        it.vendor("V2")
        vendor = it.procore.find("vendors", origin_code="V2")["id"]
        it.procore.add_project_vendor(project, vendor)
        with_another = theirs(it, project, "20.00", vendor_id=vendor)
        another_kind = theirs(it, project, kind="work_order_contracts", number="WO1")
        order_of(it, "10.00")
        it.project("JOB2", sendToProcore=False)
        it.order("PO2", "JOB2", [line("01-100", "SITE", "M")])
        await it.sync()

        words = [
            (await linked(it, COMMITMENTS, number, id_)).message
            for number, id_ in (
                ("PO1", with_another["id"]),
                ("PO1", another_kind["id"]),
                ("PO1", 999),
                ("PO2", with_another["id"]),
            )
        ]
        assert f"and vendor V1 is company {it.procore.find('vendors', origin_code='V1')['id']}" in words[0]
        assert "it is a work order contract in Procore, and the order asks for a purchase order contract" in words[1]
        assert words[2] == "there is no commitment 999 in the Procore project of the order"
        assert words[3] == "project JOB2 of the order has no project in Procore yet; link or send that first"
        it.delete("purchaseOrders", number="PO1")
        gone = await linked(it, COMMITMENTS, "PO1", with_another["id"])
        assert gone.message == "PO1 is no longer in Business Central"
        assert len(await said(it, "PO1")) == 4

        with pytest.raises(Halted, match="neither in the ledger nor in Business Central"):
            await linked(it, COMMITMENTS, "PO9", 1)
        it.order("PO3", "JOB1", [line("01-100", "SITE", "M")], sendToProcore=False)
        with pytest.raises(Halted, match="set Send to Procore there"):
            await linked(it, COMMITMENTS, "PO3", 1)
        with pytest.raises(Halted, match="find their counterpart by themselves"):
            await linked(it, "project-task-to-cost-code", "JOB1|01-100", 1)


@pytest.mark.requirement("ER-26", "C-27")
@quick
async def test_a_vendor_is_joined_with_an_active_company_whose_address_stays(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.basics(vendors=())
        it.vendor("V1", in_procore=False, addressLine1="1 Own Street", city="Chicago")
        company = it.procore.add_vendor("Vendor V1 Inc.", address="9 Their Road", city="Boston")
        asleep = it.procore.add_vendor("Vendor V1 old", is_active=False)
        await it.sync()

        assert await it.state("V1", VENDORS) == "parked"
        (first, *_) = await proposed(it, VENDORS)
        assert (first.number, first.procore_id) == ("V1", str(company["id"]))
        assert first.why == "same name"
        assert await pairs(it, flow=VENDORS) == []

        inactive = await linked(it, VENDORS, "V1", asleep["id"])
        assert "only active companies can be linked" in inactive.message
        place = it.last()
        assert (await linked(it, VENDORS, "V1", company["id"])).done
        report = await it.sync()

        assert report.status == ExitStatus.DONE, report.document["problems"]
        assert it.writes(since=place) == []
        row = it.procore.find("vendors", id=company["id"])
        assert (row["address"], row["city"], row["name"]) == ("9 Their Road", "Boston", "Vendor V1 Inc.")
        assert it.row("vendors", number="V1")["procoreVendorId"] == company["id"]


@pytest.mark.requirement("C-55", "DC-12", "BX-02")
@pytest.mark.parametrize("phase", PHASES)
def test_a_hub_that_dies_while_it_carries_a_joined_commitment_makes_nothing_twice(tmp_path: Path, phase: Phase) -> None:
    async def whole(folder: Path, number: int) -> bool:
        async with world(sqlite(folder)) as it:
            project = await staged(it)
            contract = theirs(it, project, "20.00", "41.00")
            order_of(it, "10.00", "20.50")
            await it.sync()
            assert (await linked(it, COMMITMENTS, "PO1", contract["id"])).done
            ended = await died(it, Fate(number, phase))
            await it.settle()

            assert await it.state("PO1") == "synced", number
            assert (it.procore.count("contracts"), it.procore.count("line_items")) == (1, 2), number
            assert {pair.role for pair in await pairs(it, flow=COMMITMENTS)} == {"primary"}, number
            return ended

    # The phases share the requests among them: each takes every third of those that are chosen.
    number, ended = 1 + 3 * PHASES.index(phase), True
    while ended:
        folder = tmp_path / str(number)
        folder.mkdir()
        ended = run(functools.partial(whole, folder, number))
        number += 9
    assert number > 10


class _Meanwhile(httpx.AsyncBaseTransport):
    """Lets a person act right before the first write that reaches Procore."""

    def __init__(self, act: Callable[[], Awaitable[object]]) -> None:
        self._act = act
        self._inner = _network(Outbound())
        self.acted = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if not self.acted and request.method == "PATCH":
            self.acted = True
            await self._act()
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


@pytest.mark.requirement("C-55", "BX-09")
@quick
async def test_a_link_in_the_middle_of_a_round_is_carried_and_troubles_nobody(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        project = await staged(it)
        contract = theirs(it, project, "20.00")
        order_of(it, "10.00")
        await it.sync()
        it.order("PO2", "JOB1", [line("01-100", "SITE", "M", "2", "10.00")])
        way = _Meanwhile(lambda: linked(it, COMMITMENTS, "PO1", contract["id"]))
        report = await it.sync(networks={PROCORE: way})

        assert way.acted
        assert (report.status, report.document["troubles"]) == (ExitStatus.DONE, [])
        assert await it.state("PO1") == "synced"
        assert it.procore.count("contracts") == 2


@pytest.mark.requirement("ER-26")
@quick
async def test_two_people_do_not_link_at_the_same_moment(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        project = await staged(it)
        contract = theirs(it, project, "20.00")
        order_of(it, "10.00")
        await it.sync()
        async with it.hub() as hub, hub.ledger.exclusive("links main"):
            with pytest.raises(Locked):
                await linked(it, COMMITMENTS, "PO1", contract["id"])

        assert (await linked(it, COMMITMENTS, "PO1", contract["id"])).done


@pytest.mark.requirement("ER-26")
async def test_the_commands_answer_programs_and_end_as_agreed(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        project = await staged(it)
        contract = theirs(it, project, "20.00")
        order_of(it, "10.00")
        await it.sync()
        config = written(it, tmp_path)

        listed = await called("links", "--json", "--flow", PROJECTS, config=config)
        assert (listed.status, [row["bc_number"] for row in listed.document["items"]]) == (0, ["JOB1"])
        suggested = await called("links", "--suggest", "--flow", COMMITMENTS, "--json", config=config)
        assert [(row["procore_id"], row["score"]) for row in suggested.document["items"]] == [
            (str(contract["id"]), 100)
        ]
        refused = await called("link", COMMITMENTS, "PO1", "999", "--json", config=config)
        assert (refused.status, refused.document["done"]) == (1, False)
        done = await called("link", COMMITMENTS, "PO1", str(contract["id"]), "--json", config=config)
        assert (done.status, done.document["done"], done.document["number"]) == (0, True, "PO1")
        still = await called("unlink", "PO1", "--json", config=config)
        assert still.status == 1
        again = await called("reset", "PO1", "--reason", "wrong one", "--json", config=config)
        assert (again.status, again.document["act"]) == (0, "reset")
        assert (await called("unlink", "NOBODY", config=config)).status == 2
        assert (await called("link", "no-such-flow", "PO1", "1", config=config)).status == 2
        assert (await called("links", "--suggest", config=config)).status == 2
        assert (await called("links", "--cursor", "x", config=config)).status == 2
