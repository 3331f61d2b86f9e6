"""Answers what proves the ledger: the keys and heads that were signed, and how verifications ended."""

from domain import events
from domain.events import Event
from projections.projection import Column, Keys, Projection, Rows, Table

AUDIT_KEY = Table(
    name="audit_key",
    doc="Keys that sign heads of the ledger, each signed by the one before.",
    columns=(
        Column("key", "text", "name of the key: the first 16 digits of the SHA-256 of its public half"),
        Column("public", "text", "its public half, Ed25519, hex"),
        Column("predecessor", "text", "the key that signed this one, empty for the first"),
        Column("signature", "text", "what the predecessor signed it with, hex"),
        Column("since", "text", "when it was made, UTC"),
        Column("position", "bigint", "position of the event that made it"),
    ),
    key=("key",),
    indexes=(("position",),),
)

AUDIT_HEAD = Table(
    name="audit_head",
    doc="Signed heads: everything up to the position was what the hash says, at this moment.",
    columns=(
        Column("position", "bigint", "last position that the head covers"),
        Column("hash", "text", "hash of the seal that ends there, hex"),
        Column("moment", "text", "when it was signed, UTC"),
        Column("key", "text", "key that signed it"),
        Column("signature", "text", "Ed25519, hex"),
        Column("event_position", "bigint", "position of the event that holds the head"),
    ),
    key=("position",),
    indexes=(("event_position",),),
)

AUDIT_CHECK = Table(
    name="audit_check",
    doc="Verifications of the ledger, and how they ended.",
    columns=(
        Column("position", "bigint", "position of the event that tells of it"),
        Column("at", "text", "when it ended, UTC"),
        Column("actor", "text", "who asked for it"),
        Column("start", "bigint", "first position that was verified"),
        Column("through", "bigint", "last position that was verified"),
        Column("findings", "bigint", "what was found to be changed; 0 for a sound ledger"),
        Column("words", "text", "the first of the findings, in words"),
        Column("sealed", "bigint", "end of the last seal then, 0 where it was not kept"),
        Column("seal", "text", "hash of that seal, hex, empty where it was not kept"),
        Column("follows", "bigint", "1 when it began where everything before had been verified"),
    ),
    key=("position",),
)


def keys(_event: Event) -> Keys:
    """Every row is new."""
    return ()


def fold(rows: Rows, event: Event, position: int) -> None:
    """Assigns what an event says."""
    match event:
        case events.SigningKeyMade():
            rows.put(
                AUDIT_KEY,
                {
                    "key": event.key,
                    "public": event.public,
                    "predecessor": event.predecessor,
                    "signature": event.signature,
                    "since": event.at,
                    "position": position,
                },
            )
        case events.HeadSigned():
            rows.put(
                AUDIT_HEAD,
                {
                    "position": event.position,
                    "hash": event.hash,
                    "moment": event.moment,
                    "key": event.key,
                    "signature": event.signature,
                    "event_position": position,
                },
            )
        case events.ChainVerified():
            rows.put(
                AUDIT_CHECK,
                {
                    "position": position,
                    "at": event.at,
                    "actor": event.actor,
                    "start": event.start,
                    "through": event.position,
                    "findings": event.findings,
                    "words": "\n".join(event.words),
                    "sealed": event.sealed,
                    "seal": event.seal,
                    "follows": int(event.follows),
                },
            )
        case _:
            return


AUDITS = Projection(
    name="audit",
    version=2,
    tables=(AUDIT_KEY, AUDIT_HEAD, AUDIT_CHECK),
    topics=tuple(event.TOPIC for event in (events.SigningKeyMade, events.HeadSigned, events.ChainVerified)),
    keys=keys,
    fold=fold,
)
