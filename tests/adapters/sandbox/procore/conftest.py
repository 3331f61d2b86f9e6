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
