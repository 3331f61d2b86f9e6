"""Plans: what a round would write now, found out without writing, and carried out exactly as it was reviewed.

A plan is a real round on an overlay of the ledger, with systems that answer reads and only note writes. `making` runs
it, `carrying` executes it: it plans again, compares, and lets nothing go that the plan does not name.
"""
