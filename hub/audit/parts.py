"""The parts of the audit, made from an open hub."""

from hub.app import Hub
from hub.audit.heads import Heads
from hub.audit.keys import SigningKeys
from hub.audit.sealing import Sealer


def signing_keys(hub: Hub) -> SigningKeys:
    """The keys that sign heads."""
    return SigningKeys(hub.ledger, hub.vault, hub.clock, hub.rng)


def heads_of(hub: Hub) -> Heads:
    """What signs heads."""
    return Heads(hub.ledger, signing_keys(hub), hub.clock)


def sealer_of(hub: Hub) -> Sealer:
    """What seals and signs."""
    return Sealer(hub.ledger, heads_of(hub), hub.settings.server.sign_heads_every)
