"""Reconciliation: both companies read afresh, compared to the cent, and every difference explained from the ledger."""
