"""Bugs to be caught: real mistakes of such programs, put into the running product for the length of a simulation.

Each replaces one small part of the product. Nothing of this exists outside of these files: the product has no switch.
"""
# pyright: reportPrivateUsage=false

import itertools
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from unittest.mock import patch

import msgspec

from adapters import courier
from adapters.business_central import reading
from adapters.business_central import sending as bc_sending
from adapters.procore import rows as procore_rows
from adapters.procore import sending as procore_sending
from domain import commitment, decide
from domain.delivery import Absent, Accepted, Busy, Refused
from domain.errors import Changed
from domain.flow import NOBODY
from domain.flows import commitment_parts, purchase_order_to_commitment
from domain.flows.common import given
from domain.memory import FlowMemory
from domain.record import Record
from domain.values import money_text, text
from hub import decider, dispatch, intake, projector, schedule
from hub import round as rounds
from hub.hearing import listening

Patch = tuple[Any, str, Any]


@dataclass(frozen=True)
class Bug:
    """A mistake, in words, and what it puts in whose place."""

    name: str
    patches: Callable[[], Sequence[Patch]]


BUGS: dict[str, Bug] = {}


def bug(name: str) -> Callable[[Callable[[], Sequence[Patch]]], None]:
    """Register a mistake."""

    def keep(patches: Callable[[], Sequence[Patch]]) -> None:
        assert name not in BUGS, name
        BUGS[name] = Bug(name, patches)

    return keep


@contextmanager
def planted(name: str) -> Generator[None]:
    """The product with this mistake in it; without any for an empty name."""
    if not name:
        yield
        return
    undo = [patch.object(*change) for change in BUGS[name].patches()]
    for each in undo:
        each.start()
    try:
        yield
    finally:
        for each in reversed(undo):
            each.stop()


# -- deliveries -------------------------------------------------------------------------------------


@bug("send again after an unknown outcome, without looking")
def _() -> Sequence[Patch]:
    return [(courier, "_is_doubtful", lambda _endpoint, _delivery: False)]


@bug("take a lost answer for success")
def _() -> Sequence[Patch]:
    plain = procore_sending.outcome_of

    def outcome_of(delivery: Any, error: Any, *more: Any) -> Any:
        outcome = plain(delivery, error, *more)
        lost = isinstance(outcome, Busy) and outcome.unknown
        return Accepted(delivery, delivery.target_id or "2147583660") if lost else outcome

    return [(procore_sending, "outcome_of", outcome_of)]


@bug("take what a look did not find for done")
def _() -> Sequence[Patch]:
    def settle(_self: Any, _endpoint: Any, sight: Absent, _to_send: Any, outcomes: list[Any]) -> None:
        outcomes.append(Accepted(sight.delivery, sight.target_id or sight.delivery.target_id, sight.etag))

    return [(courier.Courier, "_settle_absent", settle)]


@bug("forget after a crash what was under way")
def _() -> Sequence[Patch]:
    return [(dispatch, "_DUE", dispatch._DUE.replace("'requested', 'attempted', 'delayed'", "'requested', 'delayed'"))]


@bug("call first, store the attempt afterwards")
def _() -> Sequence[Patch]:
    async def claim(self: Any, rows: Any) -> Any:
        bodies = await self._ledger.contents([row[dispatch._BODY] for row in rows])
        return [
            dispatch._delivery(self.pair.name, row, dispatch.read_json(bodies[row[dispatch._BODY]])) for row in rows
        ]

    return [(dispatch.Dispatch, "_claim", claim)]


@bug("drop one row error in a batch")
def _() -> Sequence[Patch]:
    plain = procore_sending._settle_rows

    def settle(endpoint: Any, deliveries: Any, sent: Any, answer: Any) -> Any:
        outcomes = plain(endpoint, deliveries, sent, answer)
        for at, outcome in enumerate(outcomes):
            if isinstance(outcome, Refused):
                outcomes[at] = Accepted(outcome.delivery, outcome.delivery.target_id)
                break
        return outcomes

    return [(procore_sending, "_settle_rows", settle)]


@bug("drop one failed part of a batch to Business Central")
def _() -> Sequence[Patch]:
    plain = bc_sending.Sender._settle

    def settle(self: Any, endpoint: Any, delivery: Any, part: Any, answer: Any) -> Any:
        outcome = plain(self, endpoint, delivery, part, answer)
        return outcome if answer.ok or answer.status != 503 else Accepted(delivery, delivery.target_id)

    return [(bc_sending.Sender, "_settle", settle)]


@bug("lose an update on a stale ETag")
def _() -> Sequence[Patch]:
    plain = bc_sending.outcome_of

    def outcome_of(delivery: Any, error: Any, *more: Any) -> Any:
        return Accepted(delivery, delivery.target_id) if isinstance(error, Changed) else plain(delivery, error, *more)

    return [(bc_sending, "outcome_of", outcome_of)]


@bug("match the rows of an answer by their place")
def _() -> Sequence[Patch]:
    def find(self: Any, _row: Any) -> Any:
        self.place = getattr(self, "place", -1) + 1
        return self._sent[self.place][0] if self.place < len(self._sent) else None

    return [(procore_rows.Matcher, "find", find)]


@bug("make the key of a row from its content")
def _() -> Sequence[Patch]:
    plain = commitment_parts._line_body

    def line_parts(
        subject: Any, share: Any, resource: str, project_id: str, contract_id: str, units: dict[str, str]
    ) -> Any:
        parts = honest(subject, share, resource, project_id, contract_id, units)
        bodies = [plain(subject, share, line, units) for line in share.lines]
        return [
            msgspec.structs.replace(part, key=f"{part.key}/{body['quantity']}")
            for part, body in zip(parts, bodies, strict=True)
        ]

    honest = commitment_parts.line_parts
    return [(purchase_order_to_commitment, "line_parts", line_parts)]


# -- decisions --------------------------------------------------------------------------------------


@bug("release a parked record too early")
def _() -> Sequence[Patch]:
    plain = decide._is_met

    def is_met(reference: Any, known: Any, **more: Any) -> bool:
        return (reference.kind == "project_vendor" and known is not NOBODY) or plain(reference, known, **more)

    return [(decide, "_is_met", is_met)]


@bug("never release a parked record")
def _() -> Sequence[Patch]:
    async def woken(_self: Any, _position: int) -> list[Any]:
        return []

    async def look_again(_self: Any) -> None:
        return

    return [(decider.Decider, "woken", woken), (rounds.Round, "_look_again", look_again)]


@bug("round with floats")
def _() -> Sequence[Patch]:
    plain = commitment.figures

    def figures(order: Any, line: Any) -> dict[str, str]:
        amount = (
            float(line["quantity"]) * float(line["directUnitCost"]) * (1 - float(line["lineDiscountPercent"]) / 100)
        )
        return {**plain(order, line), "amount": money_text(Decimal(str(round(amount, 2)))), "extended_type": "manual"}

    return [(commitment_parts, "figures", figures)]


@bug("approve before the lines are there")
def _() -> Sequence[Patch]:
    plain = commitment_parts.status_part

    def status_part(*parts: Any, stage: int) -> Any:
        return plain(*parts, stage=0 if stage == 2 else stage)

    return [(purchase_order_to_commitment, "status_part", status_part)]


@bug("leave removed lines where they are")
def _() -> Sequence[Patch]:
    return [(purchase_order_to_commitment, "gone_parts", lambda *_parts: [])]


@bug("answer the own echo")
def _() -> Sequence[Patch]:
    plain = FlowMemory.holds

    def holds(self: Any, part: str, wanted: str) -> bool:
        return False if part.startswith("bc:purchaseOrders:") else plain(self, part, wanted)

    return [(FlowMemory, "holds", holds)]


@bug("send a field that is empty by mistake")
def _() -> Sequence[Patch]:
    plain = commitment_parts._line_body

    def line_body(subject: Any, share: Any, line: Any, units: Any) -> dict[str, object]:
        body = plain(subject, share, line, units)
        return given({**body, "unit_cost": "0"}) if text(line.source, "unitOfMeasureCode") == "CY" else body

    return [(commitment_parts, "_line_body", line_body)]


# -- reading ----------------------------------------------------------------------------------------


@bug("forget the overlap of the cursor")
def _() -> Sequence[Patch]:
    async def feed(self: Any, flow: Any) -> None:
        origin, position = flow.origin, self._place(flow.origin.entity_set)
        if not position:
            await honest(self, flow)
            return
        rows = await self._list(flow, f"rowVersion gt {position}")
        newest = max((int(row["rowVersion"]) for row in rows), default=position)
        if rows:
            await self._observe(flow, rows, lambda moment: [self._log.advanced(origin.entity_set, newest, moment)])

    honest = intake.Intake._feed
    return [(intake.Intake, "_feed", feed)]


@bug("move the checkpoint before the rows are stored")
def _() -> Sequence[Patch]:
    plain = intake.Intake._observe

    async def observe(self: Any, flow: Any, rows: Any, place: Any = None, **more: Any) -> None:
        if place is not None:
            await self._log.append(place(self.pair.moment()))
            self._log.stored()
        await plain(self, flow, rows, None, **more)

    return [(intake.Intake, "_observe", observe)]


@bug("read the first page only")
def _() -> Sequence[Patch]:
    plain = reading._page

    def page(answer: Any, key: str) -> Any:
        return plain(answer, key)[0], ""

    return [(reading, "_page", page)]


@bug("overlook deletions")
def _() -> Sequence[Patch]:
    return [(Record, "vanish", lambda *_parts: False)]


@bug("overlook that a line moved")
def _() -> Sequence[Patch]:
    async def children(_self: Any, _flow: Any, _refetch: Any) -> list[Any]:
        return []

    return [(intake.Intake, "_children", children)]


# -- hearing ----------------------------------------------------------------------------------------


@bug("a hint loses what it is about")
def _() -> Sequence[Patch]:
    def hint(self: Any, connection: str, _kinds: Any = ()) -> None:
        self._hints[connection].set()

    return [(schedule.Schedule, "hint", hint)]


@bug("take the repeat of a notice for news")
def _() -> Sequence[Patch]:
    plain = listening._stream
    counted = itertools.count()

    def stream(connection: str, system: Any, notice: str) -> Any:
        return plain(connection, system, f"{notice}/{next(counted)}")

    return [(listening, "_stream", stream)]


# -- the ledger -------------------------------------------------------------------------------------


@bug("keep rows of a read model without their checkpoint")
def _() -> Sequence[Patch]:
    """The checkpoint is a transaction of its own, before the rows: a crash in between loses a page."""
    plain = projector.Projector._write

    async def write(self: Any, statements: Any, after: Any) -> Any:
        marks = [each for each in statements if each.sql.startswith("UPDATE projection_checkpoint")]
        await self._ledger.change(marks)
        return await plain(self, [each for each in statements if each not in marks], after)

    return [(projector.Projector, "_write", write)]
