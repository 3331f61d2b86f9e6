"""Measures the store, the projections and the inner pipeline against their limits and their peers."""
