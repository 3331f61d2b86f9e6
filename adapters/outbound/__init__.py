"""Outbound HTTP: one policy for all calls of one system and credential."""
