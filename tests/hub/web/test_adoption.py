"""Adoption over HTTP: proposals of connections that somebody may see, confirmed by those who may link."""

from pathlib import Path

import pytest

from domain.adoption import Evidence
from domain.events import LinkRow
from hub.access import Role
from hub.adoption.proposal import Candidate, Joining, Proposal, bytes_of, hash_of
from tests.hub.web.harness import Filled, Web, served, settings
from tests.hub.web.test_contract import fits, schema_of
from tests.hub.web.test_drift import done

PAIR = Joining(
    flow="vendor-to-company",
    record="6f0b5a52-1d0c-5a0e-9a57-51edc0de0001",
    number="V7",
    name="North",
    project="",
    part="",
    link=LinkRow("vendors", "v7", "V7", "vendors", "900"),
    rests_on="0" * 64,
    candidate=Candidate(
        procore_id="900", number="V-7", name="North", score=85, evidence=(Evidence("number", 45, "V7", "V-7"),)
    ),
)


async def frozen(it: Web, connection: str) -> str:
    """A proposal as an earlier look left it."""
    proposal = Proposal(connection=connection, project="", pairs=(PAIR,), unclear=(), alone={}, totals=())
    name = hash_of(proposal)
    await it.hub.ledger.append([], {name: bytes_of(proposal)})
    return name


@pytest.mark.requirement("BX-13", "ER-01")
async def test_a_proposal_is_told_where_it_may_be_seen_and_confirmed_by_those_who_link(
    ledger: Filled, tmp_path: Path
) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        path = f"/api/v1/adoptions/{await frozen(it, 'main')}"
        told = await it.ask(path)
        fits(told, schema_of("/api/v1/adoptions/{hash}"))
        assert told["proposal"]["pairs"][0]["candidate"]["score"] == 85

        north = await it.token("north-only", Role.ADMIN, connections=("north",))
        standard = await it.token("standard", Role.STANDARD)
        word = {"reason": "looked at it"}
        await it.ask(path, token=north, status=404)
        await it.ask(f"{path}/confirm", "POST", north, 404, json=word)
        await it.ask(f"{path}/confirm", "POST", standard, 403, json=word)
        await it.ask("/api/v1/adoptions", "POST", standard, 403, json={"connection": "main"})
        await it.ask(f"/api/v1/adoptions/{'0' * 64}", status=404)
        await it.ask(f"/api/v1/adoptions/{'0' * 64}/confirm", "POST", status=404, json=word)
        problem = await it.ask(f"{path}/confirm", "POST", status=422, json={**word, "leave": ["V8"]})
        assert "V8 is in no pair" in problem["detail"]


@pytest.mark.requirement("BX-13")
async def test_a_proposal_that_cannot_be_made_is_a_failed_errand_that_says_why(ledger: Filled, tmp_path: Path) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        sent = await it.ask("/api/v1/adoptions", "POST", status=202, json={"connection": "main", "project": "JOB1"})
        fits(sent, schema_of("/api/v1/adoptions", "202", "post"))
        ended = await done(it, sent)

    assert (ended["sort"], ended["asked_for"]) == ("adoption", {"project": "JOB1"})
    assert (ended["state"], ended["location"]) == ("failed", None)
    assert ended["why"]
