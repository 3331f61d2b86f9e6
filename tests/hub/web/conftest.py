"""One filled ledger for all tests of this folder; each works on a copy."""

import pytest

from tests.hub.web.harness import Filled, filled
from tests.journeys.harness import sqlite
from tests.paces import unhurried

__all__ = ["unhurried"]


@pytest.fixture(scope="session")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Filled:
    """A ledger in which both connections worked once."""
    folder = tmp_path_factory.mktemp("filled")
    return Filled(folder / "ledger.db", filled(sqlite(folder)))
