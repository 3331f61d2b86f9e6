"""Procore behind the port `Target`."""
