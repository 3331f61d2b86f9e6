"""What all journeys have in common."""

import pytest

from tests.paces import unhurried

__all__ = ["unhurried"]


@pytest.fixture
def blank() -> bool:
    """Stores have the tables of a ledger already."""
    return True
