"""Maps that were published are taken by the next round, which touches just what they change."""

from pathlib import Path
from typing import Any

import pytest

from domain.errors import Misconfigured, WrongInput
from hub.app import Hub
from hub.mappings import version_at
from hub.operations.mappings import diff, draft, publish, revert, shown, versions
from hub.operations.trying_maps import try_draft
from hub.report import ExitStatus, Halted
from tests.journeys.harness import World, line, sqlite, world
from tests.journeys.quick import quick, run

pytestmark = [pytest.mark.journey, pytest.mark.requirement("BX-11")]

ACTOR = "cli:ana"


async def published(it: World, document: dict[str, Any]) -> int:
    """Other maps, proposed and published."""
    async with it.hub() as hub:
        proposal = await draft(hub, "main", document, actor=ACTOR, note="as agreed")
        return (await publish(hub, "main", proposal.draft, actor=ACTOR)).mapping


async def observed(it: World) -> int:
    """How often anything was seen to be new."""
    [(count,)] = await it.ask("SELECT COUNT(*) FROM event_log WHERE event = 'record.observed.1'")
    return count


@quick
async def test_a_published_code_changes_what_has_it_and_nothing_else_and_reads_nothing_again(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.basics()
        it.project("JOB1")
        for number, terms in (("PO1", "30D"), ("PO2", "")):
            it.order(number, "JOB1", [line("01-100", "SITE", "M")], paymentTermsCode=terms, release=True)
        assert (await it.settle()).status == ExitStatus.DONE
        before = await observed(it)

        assert await published(it, {"purchaseOrders": {"codes": {"paymentTermsCode": {"30D": "Net 30"}}}}) == 1
        report = await it.settle()

        assert await observed(it) == before + 1
        assert report.document["observed"] == 1
        assert {row["number"]: row.get("payment_terms") for row in it.contracts()} == {"PO1": "Net 30", "PO2": None}
        writes = it.last()
        assert (await it.settle()).document["observed"] == 0
        assert it.writes(since=writes) == []
        async with it.hub() as hub:
            [(taken, changed)] = await hub.ledger.rows("SELECT taken_from, changed FROM mapping_version")
            assert changed == 1
            assert await version_at(hub, "main", taken - 1) == 0
            assert await version_at(hub, "main", taken) == 1


@quick
async def test_a_code_that_is_in_no_map_is_rejected_by_name_until_it_is_mapped(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.basics()
        it.project("JOB1")
        await it.settle()
        await published(it, {"purchaseOrders": {"codes": {"paymentTermsCode": {"30DAYS": "Net 30"}}}})
        it.order("PO1", "JOB1", [line("01-100", "SITE", "M")], paymentTermsCode="30DAY", release=True)
        await it.settle()

        assert await it.state("PO1") == "rejected"
        assert '\\"30DAY\\" has no counterpart' in await it.reasons("PO1")
        assert it.contracts() == []

        both = {"30DAYS": "Net 30", "30DAY": "Net 30"}
        await published(it, {"purchaseOrders": {"codes": {"paymentTermsCode": both}}})
        await it.settle()

        assert await it.state("PO1") == "synced"


@quick
@pytest.mark.requirement("BX-24")
async def test_a_cost_type_has_its_code_of_procore_there_and_keeps_its_own_here(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.basics(cost_types=("LABOR", "M"))
        it.project("JOB1")
        it.order("PO1", "JOB1", [line("01-100", "SITE", "LABOR")], release=True)
        await published(it, {"costTypes": {"codes": {"code": {"LABOR": "L", "M": "M"}}}})
        await it.settle()

        assert await it.state("PO1") == "synced"
        assert {row["code"] for row in it.procore.rows("line_item_types") if row.get("origin_id")} == {"L", "M"}
        assert await it.state("LABOR", "cost-type-to-line-item-type") == "synced"


@quick
async def test_a_field_that_moves_lets_rows_count_that_nobody_knew(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.basics()
        it.project("JOB1", description2="Phase 2")
        it.project("JOB2", sendToProcore=False, description2="Phase 1")
        await it.settle()
        assert await it.state("JOB2", "project-to-project") == ""

        await published(
            it, {"projects": {"fields": {"sendToProcore": {"constant": True}, "displayName": "description2"}}}
        )
        await it.settle()

        assert await it.state("JOB2", "project-to-project") == "synced"
        assert {row["name"] for row in it.procore.rows("projects")} >= {"Phase 1", "Phase 2"}


@quick
async def test_a_file_becomes_a_version_once_for_each_change_of_it(tmp_path: Path) -> None:
    path = tmp_path / "mapping.toml"
    path.write_text('[purchaseOrders.codes.paymentTermsCode]\n"30D" = { to = "Net 30", from = 2020-01-01 }\n')
    async with world(sqlite(tmp_path), mapping=str(path)) as it:
        it.typical()
        await it.settle()
        await it.sync()
        path.write_text('# told apart by what it says\n[purchaseOrders.codes.paymentTermsCode]\n"30D" = "Net 30"\n')
        await it.sync()

        rows = await it.ask("SELECT mapping, source, actor FROM mapping_version ORDER BY mapping")
        assert rows == [(1, "file", "system"), (2, "file", "system")]

        path.write_text('[purchaseOrders.codes.jobNumber]\n"A" = "B"\n')
        with pytest.raises(Misconfigured, match=r"purchaseOrders\.codes\.jobNumber: the field is no code"):
            await it.sync()


@quick
async def test_what_a_draft_would_change_is_what_it_changes_and_trying_it_touches_nothing(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.basics()
        it.project("JOB1")
        for number, terms in (("PO1", "30D"), ("PO2", "60D"), ("PO3", "")):
            it.order(number, "JOB1", [line("01-100", "SITE", "M")], paymentTermsCode=terms, release=True)
        await it.settle()
        maps = {"purchaseOrders": {"codes": {"paymentTermsCode": {"30D": "Net 30", "6OD": "Net 60"}}}}
        async with it.hub() as hub:
            proposal = await draft(hub, "main", maps, actor=ACTOR)
            position, places = await hub.ledger.last_position(), it.places()
            impact = await try_draft(hub, proposal.draft)
            whole = await try_draft(hub, proposal.draft, last=0)
            assert (await hub.ledger.last_position(), it.places()) == (position, places)

        assert {each.number: list(each.fields) for each in impact.readings} == {
            "PO1": [{"field": "paymentTermsCode", "before": "30D", "now": "Net 30"}],
            "PO2": [],
        }
        [words] = [words for each in impact.readings for words in each.unmapped]
        assert '"60D" has no counterpart' in words
        assert 'the nearest is "6OD"' in words
        told = {each.number: (each.before.state, each.after.state, len(each.after.writes)) for each in impact.outcomes}
        assert told == {"PO1": ("synced", "undecided", 0), "PO2": ("synced", "rejected", 0)}
        assert any("purchase_order_contracts" in words for words in impact.unread)
        assert (impact.examined, impact.changed, impact.reread) == (3, 2, [])
        assert whole == impact

        [(before,)] = await it.ask("SELECT MAX(position) FROM event_log")
        async with it.hub() as hub:
            await publish(hub, "main", proposal.draft, actor=ACTOR)
        await it.settle()
        rows = await it.ask("SELECT record FROM event_log WHERE event = 'record.observed.1' AND position > ?", before)
        assert sorted(row[0] for row in rows) == sorted(each.record for each in impact.readings)
        assert (await it.state("PO1"), await it.state("PO2"), await it.state("PO3")) == ("synced", "rejected", "synced")


def test_a_draft_is_refused_after_another_version_and_a_version_can_be_brought_back(store_url: str) -> None:
    async def story() -> None:
        async with world(store_url) as it, it.hub() as hub:
            await _drafted(hub)

    run(story)


async def _drafted(hub: Hub) -> None:
    first = await draft(hub, "main", {"vendors": {"fields": {"email": "eMail"}}}, actor=ACTOR)
    second = await draft(hub, "main", {"vendors": {"fields": {"email": "mail"}}}, actor=ACTOR)
    published = await publish(hub, "main", first.draft, actor=ACTOR, note="as agreed")

    assert await publish(hub, "main", first.draft[:8], actor=ACTOR) == published
    with pytest.raises(Halted, match="version 1 was published since"):
        await publish(hub, "main", second.draft, actor=ACTOR)
    with pytest.raises(WrongInput, match=r"vendors\.fields\.emial"):
        await draft(hub, "main", {"vendors": {"fields": {"emial": "x"}}}, actor=ACTOR)
    assert (await revert(hub, "main", 0, actor=ACTOR, note="too early")).mapping == 2
    with pytest.raises(WrongInput, match="the newest already"):
        await revert(hub, "main", 2, actor=ACTOR)

    told = [(each.path, each.before, each.now) for each in await diff(hub, "main", 1, 2)]
    assert told == [("vendors.fields.email", "eMail", None)]
    page = await versions(hub, "main", limit=1)
    rest = await versions(hub, "main", cursor=int(page.next_cursor or 0))
    assert [(each.mapping, each.reverts_to, each.note) for each in (*page.items, *rest.items)] == [
        (2, 0, "too early"),
        (1, 0, "as agreed"),
    ]
    assert (await shown(hub, "main")).drafts == [second]
