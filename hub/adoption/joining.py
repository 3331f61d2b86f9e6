"""Joins the pairs of a proposal, and holds back what is not clear: page by page, each in one transaction."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from uuid import UUID

from domain import events
from domain.flows import BY_NAME
from domain.linking import LINKABLE
from domain.record import Moment, Record
from domain.values import Json, chunks, text
from hub.adoption.proposal import Joining, Unclear
from hub.connection import Pair
from hub.records import Contents, Records
from hub.report import ExitStatus, Halted
from hub.sight import seen

PAGE = 500


@dataclass
class Joiner:
    """Acts for one person. `documents` are records of Procore that the ledger may not know yet."""

    pair: Pair
    records: Records
    documents: Mapping[UUID, Json]
    moment: Moment

    async def join(self, chosen: Sequence[Joining], reason: str) -> Counter[str]:
        """How many were joined, by flow. A record that began to move since is refused, and its whole page with it.

        Raises  Halted (7).
        """
        joined: Counter[str] = Counter()
        for flow, some in groupby(sorted(chosen, key=lambda each: _ORDER[each.flow]), lambda each: each.flow):
            of_record: dict[UUID, list[Joining]] = {}
            for each in some:
                of_record.setdefault(UUID(each.record), []).append(each)
            for page in chunks(of_record, PAGE):

                def act(
                    found: Mapping[UUID, Record],
                    contents: Contents,
                    flow: str = flow,
                    of_record: Mapping[UUID, Sequence[Joining]] = of_record,
                ) -> Sequence[events.Event]:
                    for id_, record in found.items():
                        self._see(flow, record, contents)
                        self._join(flow, record, of_record[id_], reason)
                    return ()

                await self.records.change(page, act, BY_NAME[flow].kind)
                joined[flow] += sum(len(of_record[id_]) for id_ in page)
        return joined

    def _join(self, flow: str, record: Record, wanted: Sequence[Joining], reason: str) -> None:
        believed, memory = record.believed.get(BY_NAME[flow].origin.system), record.flow(flow)
        is_same = believed is not None and all(believed.digest == each.rests_on for each in wanted)
        is_done = all(memory.adopted.get(each.part) == each.link.procore_id for each in wanted)
        pairs = [(each.part, each.link) for each in wanted]
        if not is_same or not (is_done or record.adopt_all(flow, pairs, reason, self.moment)):
            words = f"{record.number or wanted[0].number} began to move; look at `siteledger adopt` again"
            raise Halted(words, ExitStatus.CHANGED)

    async def hold(self, unclear: Sequence[Unclear | Joining]) -> int:
        """What could be something that is there is not sent as new; a link or a retry lets it go."""
        held = 0
        for flow, some in groupby(sorted(unclear, key=lambda each: _ORDER[each.flow]), lambda each: each.flow):
            named = {UUID(each.record): _in_words(each) for each in some}
            for page in chunks(named, PAGE):
                done = [0]

                def act(
                    found: Mapping[UUID, Record],
                    contents: Contents,
                    flow: str = flow,
                    named: Mapping[UUID, str] = named,
                    done: list[int] = done,
                ) -> Sequence[events.Event]:
                    done[0] = 0
                    for id_, record in found.items():
                        self._see(flow, record, contents)
                        done[0] += record.skip(flow, "adoption", named[id_], self.moment)
                    return ()

                await self.records.change(page, act, BY_NAME[flow].kind)
                held += done[0]
        return held

    def _see(self, flow: str, record: Record, contents: Contents) -> None:
        """A record of a project that was never read is read for the first time."""
        document = self.documents.get(record.id)
        if document is not None:
            scratch = Contents()
            if record.observe(seen(self.pair, BY_NAME[flow], document, text(document, "id"), scratch), self.moment):
                contents.new.update(scratch.new)


_ORDER = {name: place for place, name in enumerate(BY_NAME)}


def _in_words(each: Unclear | Joining) -> str:
    found = each.candidates if isinstance(each, Unclear) else (each.candidate,)
    named = " or ".join(f"{it.procore_id} {it.number} {it.name}".strip() for it in found)
    act = "link it" if each.flow in LINKABLE else "confirm an adoption that takes one of them"
    return f"it could be {named}; {act}, or retry it to have it sent as new"
