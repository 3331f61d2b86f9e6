"""Everything that touches the outside: the ledger's databases, the two remote systems, and their stand-ins."""
