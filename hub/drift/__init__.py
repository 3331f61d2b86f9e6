"""Drift: reads what the hub wrote as it stands now, and compares (BX-06)."""
