"""One Procore company behind HTTP for each test."""

from collections.abc import AsyncIterator

import pytest
from aiohttp.test_utils import TestClient, TestServer

from adapters.sandbox.procore import Procore
from tests.adapters.sandbox.procore.harness import Api, Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def procore(clock: Clock) -> Procore:
    return Procore(now=clock, seed=7)


@pytest.fixture
async def api(procore: Procore) -> AsyncIterator[Api]:
    async with TestClient(TestServer(procore.app())) as client:
        caller = Api(procore, client)
        await caller.sign_in()
        yield caller


@pytest.fixture
def project(procore: Procore) -> int:
    """A project with budget code 01.L, unit `ea` and vendor Acme in its directory."""
    procore.add_cost_type("L", "Labor")
    procore.add_unit("ea")
    id: int = procore.add_project("Bridge", origin_id="p")["id"]
    procore.add_cost_code(id, "01", "General")
    procore.add_wbs_code(id, "01", "L")
    procore.add_project_vendor(id, procore.add_vendor("Acme")["id"])
    return id
