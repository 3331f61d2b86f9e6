"""Hearing: what both systems announce by themselves, from the request to the round that it begins."""
