"""A proposal as it is frozen: who is who, what is not clear, and what both systems come to. Its hash is its name."""

import msgspec
from msgspec import Struct

from domain.adoption import Evidence, Total
from domain.events import LinkRow
from domain.values import Digest, canonical, sha256_of


class Candidate(Struct, frozen=True, kw_only=True):
    """A counterpart that could be the record's, explained field by field.

    `procore_id` is its id in the other system: in Business Central for what comes from Procore.
    """

    procore_id: str
    number: str
    name: str
    score: int
    evidence: tuple[Evidence, ...]


class Joining(Struct, frozen=True, kw_only=True):
    """A clear pair. `rests_on` is the digest of the record as it was compared; `part` is the part that it takes."""

    flow: str
    record: str
    number: str
    name: str
    project: str
    part: str
    link: LinkRow
    rests_on: str
    candidate: Candidate


class Unclear(Struct, frozen=True, kw_only=True):
    """A record that could be several, or is not like enough to one; a person takes one, or has it sent as new.

    Shape   `links` are the pairs that it would become, in the order of the candidates; none in proposals of old
    """

    flow: str
    record: str
    number: str
    name: str
    project: str
    candidates: tuple[Candidate, ...]
    part: str = ""
    links: tuple[LinkRow, ...] = ()
    rests_on: str = ""


class Proposal(Struct, frozen=True, kw_only=True):
    """All of it. `alone` counts, by flow, the records of Business Central that have no candidate: they are sent as new.

    Shape   `project` empty for all; equal states of both systems give equal proposals
    """

    connection: str
    project: str
    pairs: tuple[Joining, ...]
    unclear: tuple[Unclear, ...]
    alone: dict[str, int]
    totals: tuple[Total, ...]

    @property
    def differences(self) -> list[Total]:
        """Totals that are not equal."""
        return [each for each in self.totals if not each.equal]


def bytes_of(proposal: Proposal) -> bytes:
    """The one spelling of a proposal."""
    return canonical(msgspec.to_builtins(proposal))


def hash_of(proposal: Proposal) -> Digest:
    """Its name in the contents."""
    return sha256_of(bytes_of(proposal))


def read(data: bytes) -> Proposal:
    """A proposal from its bytes.

    Raises  msgspec.MsgspecError when the bytes are none.
    """
    return msgspec.json.decode(data, type=Proposal, strict=False)
