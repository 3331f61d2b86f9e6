"""Keys follow one from another, and every head was signed by one of them over a seal that is still there."""

from collections.abc import Mapping, Sequence

import msgspec

from adapters.store import Reader, Registry, Row
from domain.events import HeadSigned, SigningKeyMade
from hub.audit.findings import Finding, Findings, stream_text
from hub.audit.keys import STREAM, head_message, is_signed, key_id, key_message
from hub.audit.walking import Walk


class Signatures:
    """What was signed, as it comes by in a walk."""

    def __init__(self, registry: Registry, findings: Findings) -> None:
        self.findings = findings
        self.heads = 0
        self.last: HeadSigned | None = None
        self._registry = registry
        self._keys: Mapping[str, str] = {}

    def begin(self, rows: Sequence[tuple[int, str, bytes]]) -> None:
        """Read the keys: position, topic and JSON of every event of their stream, in order."""
        keys: dict[str, str] = {}
        newest = ""
        for position, topic, state in rows:
            try:
                made = self._registry.decode(topic, state)
            except (msgspec.MsgspecError, ValueError, TypeError):
                continue  # named by the walk
            if not isinstance(made, SigningKeyMade):
                continue
            if why := _wrong(made, keys, newest):
                words = f"the key {made.key} of event {position} {why}: what it signs proves nothing"
                self.findings.add(Finding(kind="key", position=position, stream=str(STREAM), topic=topic, words=words))
                continue
            keys[made.key] = made.public
            newest = made.key
        self._keys = keys

    def events(self, reader: Reader, walk: Walk, rows: Sequence[Row]) -> None:
        """Verify the heads among these events."""
        for row in rows:
            if row[3] != HeadSigned.TOPIC:
                continue
            try:
                head = self._registry.decode(row[3], row[4])
            except (msgspec.MsgspecError, ValueError, TypeError):
                continue  # named by the walk
            self._verify(reader, walk, row, head)

    def _verify(self, reader: Reader, walk: Walk, row: Row, head: HeadSigned) -> None:
        self.heads += 1
        self.last = head
        why = ""
        if head.key not in self._keys:
            why = f"is signed by the key {head.key}, which this ledger does not know"
        elif not is_signed(
            self._keys[head.key], head.signature, head_message(head.position, head.hash, head.moment, head.key)
        ):
            why = f"is not signed by the key {head.key}"
        elif (found := walk.hash_at(reader, head.position)) is None:
            why = "names a seal that is not there any more"
        elif found.hex() != head.hash:
            why = "does not fit the seals: something before it was changed and sealed anew"
        if why:
            words = f"the head of {head.moment} over everything up to {head.position} {why}"
            stream = stream_text(row[1])
            self.findings.add(Finding(kind="head", position=row[0], stream=stream, topic=HeadSigned.TOPIC, words=words))


def _wrong(made: SigningKeyMade, keys: Mapping[str, str], newest: str) -> str:
    try:
        public = bytes.fromhex(made.public)
    except ValueError:
        return "is no key"
    if made.key != key_id(public):
        return "has another name than its public half gives it"
    if made.predecessor != newest:
        return f"does not follow the key {newest or 'that began the ledger'}"
    if newest and not is_signed(keys[newest], made.signature, key_message(made.public, newest)):
        return f"was not signed by the key {newest}"
    return ""
