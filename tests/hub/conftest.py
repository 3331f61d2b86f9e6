"""What tests of the hub have in common."""

import pytest


@pytest.fixture
def blank() -> bool:
    """Stores have the tables of a ledger already."""
    return True
