"""One browser for all tests of a worker."""

from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.hub.web.pages.browser import chromium
from tests.hub.web.pages.deciding import Deciding, deciding


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncGenerator[Browser]:
    """Chromium, without a screen."""
    async with chromium() as found:
        yield found


@pytest.fixture(scope="session")
def decisions(tmp_path_factory: pytest.TempPathFactory) -> Deciding:
    """One ledger in which people have to decide; each test works on a copy."""
    return deciding(tmp_path_factory.mktemp("decisions"))
