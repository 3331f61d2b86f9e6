"""The names that hearing uses on both sides: addresses, and where the secrets of a connection are kept."""

from domain.values import BUSINESS_CENTRAL, PROCORE, System

PATHS: dict[System, str] = {PROCORE: "/webhooks/procore", BUSINESS_CENTRAL: "/webhooks/business-central"}
NAMESPACE = "siteledger"
"""Of our hooks in Procore: one for each application, over all companies (Procore N6)."""


def address(public_url: str, system: System, connection: str) -> str:
    """What a system is told to call."""
    return f"{public_url.rstrip('/')}{PATHS[system]}/{connection}"


def secret_name(system: System, connection: str) -> str:
    """Name of the secret that a system must show, in the vault."""
    return f"webhook/{system}/{connection}"
