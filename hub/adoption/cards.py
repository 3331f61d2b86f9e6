"""A record and all that may be its counterpart: what is compared, and the pair that the two would become."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from domain.adoption import Card, Match
from domain.events import LinkRow
from domain.record import Record
from domain.values import BUSINESS_CENTRAL
from hub.adoption.proposal import Candidate, Joining, Unclear


@dataclass(frozen=True)
class Here:
    """One thing to be joined: a record, or the share of it that one counterpart stands for.

    part     the part of the flow's plan that the counterpart takes; empty where joining is all there is
    link     id of a counterpart, with its resource before a stroke where there are several -> the pair
    rests_on digest of the record as it is compared
    """

    record: UUID
    number: str
    rests_on: str
    card: Card
    link: Callable[[str], LinkRow]
    part: str = ""
    project: str = ""


@dataclass
class Sides:
    """What one flow has on both sides."""

    flow: str
    here: list[Here] = field(default_factory=list[Here])
    there: list[Card] = field(default_factory=list[Card])


def key(resource: str, id_: object) -> str:
    """Key of a card whose id alone does not tell what it is."""
    return f"{resource}/{id_}"


def plain_id(name: str) -> str:
    """The id in the key of a card."""
    return name.rpartition("/")[2]


def digest_of(record: Record) -> str:
    """What a record of Business Central is believed to hold."""
    return record.believed[BUSINESS_CENTRAL].digest


def joining(flow: str, here: Here, match: Match, cards: Mapping[str, Card]) -> Joining:
    """The pair that a match would become."""
    return Joining(
        flow=flow,
        record=str(here.record),
        number=here.number,
        name=here.card.name,
        project=here.project,
        part=here.part,
        link=here.link(match.there),
        rests_on=here.rests_on,
        candidate=_candidate(match, cards),
    )


def unclear(flow: str, here: Here, matches: tuple[Match, ...], cards: Mapping[str, Card]) -> Unclear:
    """A record that could be several, with the pair that each would be."""
    return Unclear(
        flow=flow,
        record=str(here.record),
        number=here.number,
        name=here.card.name,
        project=here.project,
        candidates=tuple(_candidate(match, cards) for match in matches),
        part=here.part,
        links=tuple(here.link(match.there) for match in matches),
        rests_on=here.rests_on,
    )


def _candidate(match: Match, cards: Mapping[str, Card]) -> Candidate:
    card = cards[match.there]
    return Candidate(
        procore_id=plain_id(match.there),
        number=card.number,
        name=card.name,
        score=match.score,
        evidence=match.evidence,
    )
