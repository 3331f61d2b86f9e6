"""The parts of the audit, made from an open hub."""

from hub.app import Hub
from hub.audit.heads import Heads
from hub.audit.keys import SigningKeys
from hub.audit.sealing import Sealer


def signing_keys(hub: Hub) -> SigningKeys:
    """The keys that sign heads."""
    return SigningKeys(hub.ledger, hub.vault, hub.clock, hub.rng)


def sealer_of(hub: Hub) -> Sealer:
    """What seals and signs."""
    heads = Heads(hub.ledger, signing_keys(hub), hub.clock)
    return Sealer(hub.ledger, heads, hub.settings.server.sign_heads_every)
