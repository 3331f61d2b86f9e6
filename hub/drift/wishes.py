"""What the flows would write now for records that are not settled: their source moved on, and waits for something.

Also for rows that a flow follows, as nothing that was sent says how such a row should be.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from domain import decide
from domain.flow import Flow, Known, Plan
from domain.flows import BY_NAME
from domain.record import Record
from domain.values import Json
from hub.connection import Pair
from hub.drift.reading import Standing
from hub.due import Due
from hub.link_book import LinkBook

PASSES = 12
"""As of a decision: lists whose address stands in other lists, records named by pairs."""

Bodies = Mapping[str, Mapping[str, object]]
"""Part -> the body that the flow would send; of a row that it follows, every field."""


async def wishes(
    pair: Pair,
    links: LinkBook,
    standing: Standing,
    due: Sequence[Due],
    records: Mapping[UUID, Record],
    sources: Mapping[UUID, Json],
) -> dict[Due, Bodies]:
    """The bodies of the plan of each record; a record whose plan can't be told now is missing."""
    now = pair.clock.now()
    left = [item for item in due if item.record in sources and not records[item.record].vanished]
    asked = [
        (each.kind, each.key)
        for item in left
        for each in BY_NAME[item.flow].references(sources[item.record], pair.context(BY_NAME[item.flow], now))
    ]
    known: dict[tuple[str, str], Known] = dict(await links.known(asked))
    found: dict[Due, Bodies] = {}
    for _ in range(PASSES):
        again: list[Due] = []
        pairs: list[tuple[str, str]] = []
        facts = standing.facts
        for item in left:
            flow, record = BY_NAME[item.flow], records[item.record]
            told = decide.wished(flow, record, sources[item.record], known, facts, pair.context(flow, now))
            match told:
                case Plan():
                    bodies = {part.name: part.body for part in told.parts if not part.absent}
                    found[item] = {**bodies, **_followed(BY_NAME[item.flow], told)}
                case decide.NeedsFacts() if not any(each in standing.unread for each in told.listings):
                    await standing.read(told.listings)
                    again.append(item)
                case decide.NeedsKnown():
                    pairs += [(each.kind, each.key) for each in told.references]
                    again.append(item)
                case _:
                    continue
        known.update(await links.looked_up(each for each in dict.fromkeys(pairs) if each not in known))
        left = again
        if not left:
            break
    return found


def _followed(flow: Flow, plan: Plan) -> Bodies:
    return {} if flow.follows is None or plan.followed is None else {flow.follows.part: plan.followed}
