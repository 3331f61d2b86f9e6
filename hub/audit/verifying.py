"""Verification of a store: seals, events, bodies, keys and heads, in one pass that is as fast as reading."""

from collections.abc import Sequence

from msgspec import Struct

from adapters.store import Reader, Row
from domain.events import ChainVerified
from hub.access.signing import signed, stream_of
from hub.app import Hub
from hub.audit.bodies import Bodies
from hub.audit.findings import Finding, Findings, with_neighbours
from hub.audit.keys import STREAM
from hub.audit.sealing import SealsDamaged, last_seal, seal
from hub.audit.signatures import Signatures
from hub.audit.walking import Walk
from hub.report import Progress, Quiet

WORDS = 10
"""Findings that the event of a verification tells."""

_KEYS = "SELECT notification_id, topic, state FROM stored_events WHERE originator_id = ? ORDER BY originator_version"


class Anchor(Struct, frozen=True):
    """A head that somebody noted outside: the seal that ends at this position had this hash."""

    position: int
    hash: str


class Verified(Struct, frozen=True, kw_only=True):
    """What a verification found. `findings` counts all, `told` are the first hundred.

    Shape   `start` and `position` are the first and the last position; `head` is the last one that is signed, 0 for
            none, `signed_at` its moment; `seal` is the hash of the last seal, hex: note it elsewhere. `sealed` is the
            position where that seal ends.
    """

    start: int
    position: int
    events: int
    seals: int
    contents: int
    heads: int
    head: int
    signed_at: str
    sealed: int
    seal: str
    findings: int
    told: tuple[Finding, ...]

    @property
    def sound(self) -> bool:
        """Nothing was found."""
        return not self.findings


async def verify(
    hub: Hub,
    *,
    actor: str,
    start: int = 1,
    anchors: Sequence[Anchor] = (),
    progress: Progress | None = None,
    also: Sequence[Finding] = (),
    keep: bool = True,
) -> Verified:
    """Seal what is not sealed yet, verify from `start` on, and keep as an event how it ended.

    From the first event on every body is hashed too; from a later one those that its events name. `also` are findings
    of other kinds that belong to the same answer. Nothing but proofs is written; without `keep` nothing but seals.
    Raises  StoreUnavailable.
    """
    told, ledger, findings = progress or Quiet(), hub.ledger, Findings()
    end = await ledger.last_position()
    try:
        await seal(ledger, end)
    except SealsDamaged as error:
        findings.add(Finding(kind="seal", words=str(error)))
    sealed, newest = await last_seal(ledger)
    signatures = Signatures(ledger.events, findings)
    bodies = Bodies(ledger.events, findings, whole=start <= 1)
    walk = Walk(start, end, findings)
    try:
        await ledger.reading(lambda reader: _begin(reader, signatures))
        while bodies.whole and await ledger.reading(bodies.step):
            pass
        told.start("verify", end)
        walk.seen = lambda reader, rows: _seen(reader, rows, walk, bodies, signatures)
        before = 0
        while await ledger.reading(walk.step):
            told.advance("verify", walk.events - before)
            before = walk.events
        await ledger.reading(lambda reader: _anchored(reader, walk, anchors))
        bodies.end()
        told.finish("verify")
    finally:
        bodies.close()
    for finding in also:
        findings.add(finding)
    named = await ledger.reading(lambda reader: with_neighbours(reader, findings.told))
    last = signatures.last
    verified = Verified(
        start=start,
        position=end,
        events=walk.events,
        seals=walk.seals,
        contents=bodies.count,
        heads=signatures.heads,
        head=last.position if last else 0,
        signed_at=last.moment if last else "",
        sealed=sealed,
        seal=newest.hex() if end else "",
        findings=findings.count,
        told=tuple(named),
    )
    if keep:
        await keep_check(hub, verified, actor)
    return verified


def _begin(reader: Reader, signatures: Signatures) -> None:
    stream = STREAM.bytes if reader.dialect.name == "sqlite" else STREAM
    signatures.begin([(row[0], row[1], row[2]) for row in reader.rows(_KEYS, (stream,))])


def _seen(reader: Reader, rows: Sequence[Row], walk: Walk, bodies: Bodies, signatures: Signatures) -> None:
    bodies.events(reader, rows)
    signatures.events(reader, walk, rows)


def _anchored(reader: Reader, walk: Walk, anchors: Sequence[Anchor]) -> None:
    for anchor in anchors:
        found = walk.hash_at(reader, anchor.position)
        if found is None or found.hex() != anchor.hash:
            there = f"the seal there is {found.hex()}" if found else "no seal ends there"
            words = (
                f"the head that was noted for {anchor.position} is not of this ledger, {there}: everything was sealed"
                " anew, or it is another ledger"
            )
            walk.findings.add(Finding(kind="anchor", position=anchor.position, words=words))


async def keep_check(hub: Hub, verified: Verified, actor: str, *, follows: bool = False) -> None:
    """Record how a verification ended. `follows` says that everything before its start had been verified.

    Raises  StoreUnavailable.
    """
    stream = stream_of("audit", f"check {hub.rng.getrandbits(128):032x}")
    event = signed(
        ChainVerified,
        hub.clock,
        actor,
        stream,
        start=verified.start,
        position=verified.position,
        findings=verified.findings,
        words=tuple(_line(finding) for finding in verified.told[:WORDS]),
        sealed=verified.sealed,
        seal=verified.seal if verified.sealed else "",
        follows=follows,
    )
    await hub.ledger.append([event])


def _line(finding: Finding) -> str:
    """A finding with the neighbours of its event: who reads it later may have nothing else."""
    near = f" Before it: {finding.before}; behind it: {finding.after}." if finding.before or finding.after else ""
    return finding.words + near
