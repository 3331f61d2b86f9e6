"""Adoption: projects that were in progress on both sides are joined, not made twice (BX-13)."""
