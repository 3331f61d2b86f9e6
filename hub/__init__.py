"""The hub: command line, web server and the actors that keep both systems in step through the ledger."""
