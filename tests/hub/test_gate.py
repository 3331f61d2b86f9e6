"""Before the first write: the two environments belong together, and are the same as ever."""

from pathlib import Path
from typing import Any

import pytest

from domain.errors import Misconfigured
from domain.events import LinkRow
from domain.record import Record
from domain.values import BUSINESS_CENTRAL, PROCORE
from hub.connection import Pair
from hub.gate import Addresses, SetUp, check_pair, disagreement, read_set_up, record_settings, set_up_of
from hub.records import Contents
from tests.hub.harness import Bench, bench
from tests.ledger_story import CONNECTION, moment, observed

ADDRESSES = Addresses("https://bc.example/api", "https://api.procore.example")
TEST = SetUp(horizon=100, environment="sandbox", currency="USD", procore_company=4711)


def set_up(environment: str = "sandbox", company: int = 4711) -> SetUp:
    return SetUp(horizon=100, environment=environment, currency="USD", procore_company=company)


async def link_a_project(it: Bench, procore_id: str = "701") -> None:
    record = Record(Record.id_for(CONNECTION, "project", "j1"), CONNECTION)
    observed()(record, moment())
    record.link("project-to-project", [LinkRow("projects", "j1", "J1", "projects", procore_id)], moment())
    await it.records.save([record], Contents())
    await it.projector.catch_up()


async def contact(it: Bench, pair: Pair, addresses: Addresses = ADDRESSES, says: SetUp = TEST) -> None:
    await check_pair(it.ledger, pair, addresses, says)
    await it.projector.catch_up()


# -- what Business Central says of itself ----------------------------------------------------------


def test_the_set_up_is_read_from_its_one_record() -> None:
    row = {
        "minimumActiveRowVersion": 4321,
        "procoreEnvironment": " Sandbox ",
        "localCurrencyCode": "USD",
        "procoreCompanyId": 4711,
    }

    assert set_up_of(row) == SetUp(horizon=4321, environment="sandbox", currency="USD", procore_company=4711)
    assert set_up_of({}) == SetUp(horizon=0, environment="", currency="", procore_company=0)


async def test_a_company_without_set_up_is_told_to_open_its_page(tmp_path: Path) -> None:
    async with bench(tmp_path) as it:
        pair = it.pair(lists={"connectorSetups": []})
        with pytest.raises(Misconfigured, match="open the connector's set-up page once"):
            await read_set_up(pair.targets[BUSINESS_CENTRAL])


# -- do they belong together -----------------------------------------------------------------------

KINDS = [("test", "sandbox"), ("test", "monthly"), ("production", "production")]


@pytest.mark.requirement("MA-05", "BX-15", "MA-07")
@pytest.mark.parametrize(("kind", "environment"), KINDS)
async def test_test_belongs_to_test_and_production_to_production(kind: str, environment: str, tmp_path: Path) -> None:
    async with bench(tmp_path) as it:
        assert disagreement(it.pair(kind), set_up(environment)) == ""


@pytest.mark.requirement("MA-05", "BX-15")
@pytest.mark.parametrize(
    ("kind", "says", "words"),
    [
        ("production", set_up("sandbox"), 'the connection is of kind "production", but Business Central says'),
        ("test", set_up("production"), 'the connection is of kind "test", but Business Central says'),
        ("test", set_up("elsewhere"), 'it belongs to "elsewhere" of Procore'),
        ("test", set_up(""), "connectorSetups.procoreEnvironment is blank"),
        ("test", set_up(company=9), "paired with Procore company 9, the configuration names 4711"),
    ],
)
async def test_what_does_not_belong_together_is_refused_before_anything_is_asked(
    kind: str, says: SetUp, words: str, tmp_path: Path
) -> None:
    async with bench(tmp_path) as it:
        pair = it.pair(kind)
        with pytest.raises(Misconfigured, match=words):
            await contact(it, pair, says=says)

        assert pair.targets[PROCORE].asked == []  # type: ignore[attr-defined]
        assert await it.events() == []


@pytest.mark.requirement("BX-15")
async def test_a_set_up_that_names_no_procore_company_does_not_object(tmp_path: Path) -> None:
    async with bench(tmp_path) as it:
        assert disagreement(it.pair(), set_up(company=0)) == ""


# -- the fingerprint -------------------------------------------------------------------------------


@pytest.mark.requirement("BX-15", "PP-01")
async def test_the_first_contact_decides_which_pair_it_is_and_is_recorded_once(tmp_path: Path) -> None:
    async with bench(tmp_path) as it:
        for _ in range(3):
            await contact(it, it.pair())

        assert await it.events() == ["connection.fingerprinted.1"]


@pytest.mark.requirement("PP-01", "BX-15")
async def test_a_company_that_the_account_cannot_see_is_refused(tmp_path: Path) -> None:
    async with bench(tmp_path) as it:
        with pytest.raises(Misconfigured, match="4711 is not among those that this account can see"):
            await contact(it, it.pair(lists={"companies": [{"id": 1}]}))

        assert await it.events() == []


@pytest.mark.requirement("MA-06", "BX-15")
@pytest.mark.parametrize(
    ("addresses", "more", "says", "words"),
    [
        (Addresses("https://other", ADDRESSES.procore), {}, TEST, "business_central.api_url was"),
        (Addresses(ADDRESSES.business_central, "https://other"), {}, TEST, "procore.api_url was"),
        (ADDRESSES, {"bc_company": "other"}, TEST, "business_central.company_id was"),
        (ADDRESSES, {"procore_company": "9"}, set_up(company=9), "procore.company_id was '4711' and is '9'"),
        (ADDRESSES, {"kind": "production"}, set_up("production"), "kind was 'test' and is 'production'"),
    ],
    ids=["Business Central", "Procore", "company", "Procore company", "kind"],
)
async def test_a_pair_is_never_pointed_elsewhere(
    addresses: Addresses, more: dict[str, Any], says: SetUp, words: str, tmp_path: Path
) -> None:
    async with bench(tmp_path) as it:
        await contact(it, it.pair())
        with pytest.raises(Misconfigured, match=words):
            await contact(it, it.pair(**more), addresses, says)

        assert await it.events() == ["connection.fingerprinted.1"]


@pytest.mark.requirement("MA-06")
async def test_a_new_pair_opens_beside_the_old_one_under_a_name_of_its_own(tmp_path: Path) -> None:
    async with bench(tmp_path) as it:
        await contact(it, it.pair())
        await contact(it, it.pair(name="other"), Addresses("https://other", "https://other"))

        assert await it.events() == ["connection.fingerprinted.1"] * 2


@pytest.mark.requirement("MA-07", "BX-15")
async def test_a_refreshed_test_environment_is_noticed_before_anything_is_written(tmp_path: Path) -> None:
    async with bench(tmp_path) as it:
        await contact(it, it.pair())
        await link_a_project(it)

        await contact(it, it.pair(lists={"projects": [{"id": 701}]}))
        with pytest.raises(Misconfigured, match=r"project 701, .* the test environment was refreshed"):
            await contact(it, it.pair(lists={"projects": []}))


@pytest.mark.requirement("MA-07")
async def test_a_production_company_is_not_taken_for_refreshed(tmp_path: Path) -> None:
    async with bench(tmp_path) as it:
        await contact(it, it.pair("production"), says=set_up("production"))
        await link_a_project(it)
        pair = it.pair("production")
        await contact(it, pair, says=set_up("production"))

        assert pair.targets[PROCORE].asked == []  # type: ignore[attr-defined]


# -- settings --------------------------------------------------------------------------------------


@pytest.mark.requirement("PP-01")
async def test_settings_are_recorded_only_when_they_change(tmp_path: Path) -> None:
    async with bench(tmp_path) as it:
        for create in (False, False, True, True):
            await record_settings(it.ledger, it.pair(flow_settings={"vendor-to-company": {"create": create}}))
            await it.projector.catch_up()

        assert await it.events() == ["connection.configured.1"] * 2
        assert await it.rows("SELECT version FROM configuration") == [(2,)]
