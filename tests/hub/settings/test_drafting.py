"""A new connection, answer by answer: what is wrong is told by its answer, what is right is a configuration."""

import tomllib
from datetime import date

import pytest
from msgspec.structs import replace

from hub.settings import Connection, Settings
from hub.settings.drafting import STEPS, Answers, as_toml, faults, offered
from hub.settings.values import Surroundings

GUID = "3f6d2c1e-8a47-4d0b-9c35-7e1f5a2b6d90"
RIGHT = Answers(
    name="east",
    kind="test",
    tenant="contoso.onmicrosoft.com",
    environment="Sandbox 1",
    procore_url="https://sandbox.procore.com",
    bc_client_id="bc-app",
    procore_client_id="procore-app",
    bc_company=GUID,
    procore_company="4711",
    flows=tuple(str(flow["name"]) for flow in offered() if flow["name"] != "project-journal-to-direct-cost"),
    approve=("purchase-order-to-commitment",),
    start_date="2026-01-31",
    exclude_tags="NOTPROCORE, LEGACY",
)


def read(text: str) -> Connection:
    return Settings.model_validate(tomllib.loads(text), context=Surroundings(need="nothing")).connections["east"]


def test_right_answers_are_a_configuration_that_says_them_all() -> None:
    assert faults(RIGHT, {}) == {}

    made = read(as_toml(RIGHT))

    assert made.business_central.api_url.endswith("/contoso.onmicrosoft.com/Sandbox%201/api")
    assert made.procore.token_url == "https://login-sandbox.procore.com/oauth/token"
    assert (made.procore.company_id, made.start_date) == (4711, date(2026, 1, 31))
    assert made.exclude_tags == ("NOTPROCORE", "LEGACY")
    assert not made.flows.project_journal_to_direct_cost.enabled
    assert made.flows.purchase_order_to_commitment.approval == "approver"
    assert made.business_central.client_secret.shown == "env:BC_CLIENT_SECRET"


@pytest.mark.requirement("MA-05")
@pytest.mark.parametrize(
    ("answer", "value", "at", "says"),
    [
        ("name", "", "name", ""),
        ("name", "Ostkreuz!", "name", ""),
        ("kind", "", "kind", "is missing"),
        ("tenant", "", "tenant", "is missing"),
        ("environment", "", "environment", "is missing"),
        ("procore_url", "http://sandbox.procore.com", "procore_url", "http"),
        ("bc_secret", "s3cr3t-Value", "bc_secret", "must not stand in the configuration"),
        ("bc_company", "contoso", "bc_company", ""),
        ("procore_company", "many", "procore_company", "whole number"),
        ("poll_every", "2d", "poll_every", ""),
        ("time_zone", "Mars/Olympus", "time_zone", ""),
        ("start_date", "31.01.2026", "start_date", "day"),
        ("kind", "production", "whole", "a production connection names a test environment"),
    ],
)
def test_a_wrong_answer_is_told_beside_it(answer: str, value: str, at: str, says: str) -> None:
    found = faults(replace(RIGHT, **{answer: value}), {})

    assert list(found) == [at]
    assert says in found[at].says
    assert found[at].mend
    assert not value or value not in found[at].says or answer != "bc_secret"


def test_neither_a_name_nor_a_pair_is_given_twice() -> None:
    known = {"east": read(as_toml(RIGHT))}

    assert list(faults(RIGHT, known)) == ["name", "whole"]
    assert "east joins these two companies" in faults(replace(RIGHT, name="west"), known)["whole"].says


def test_every_answer_is_asked_for_once() -> None:
    asked = [name for _, names in STEPS for name in names]

    assert sorted(asked) == sorted(Answers.__struct_fields__)
