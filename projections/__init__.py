"""Read models: pure folds of the ledger into tables, each answering one question."""
