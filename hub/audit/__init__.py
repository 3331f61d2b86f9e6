"""What proves the ledger: seals over its events, signed heads over the seals, verification, and evidence."""
