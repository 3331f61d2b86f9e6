"""What all journeys have in common."""

from tests.paces import unhurried

__all__ = ["unhurried"]
