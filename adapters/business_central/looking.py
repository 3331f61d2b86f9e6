"""Settling by looking: whether a record stands in Business Central and shows what was sent."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import cast

from adapters.business_central.desk import Desk, Part, entity_in
from adapters.business_central.parts import Unaddressed, reading
from adapters.outbound.answers import Answer, Call, UnreadableAnswer
from adapters.outbound.caller import Caller
from adapters.outbound.meaning import business_central_problem
from adapters.outbound.outcomes import in_order, sight_of
from domain.delivery import Absent, Accepted, Delivery, Endpoint, Refused, Sight
from domain.errors import SiteLedgerError
from domain.shown import shows
from domain.values import Json

# Set by every write of ours; it says when, not what.
NOT_COMPARED = frozenset({"procoreLastSyncedAt"})


class Looker:
    """Looks for deliveries of one company."""

    def __init__(self, caller: Caller, desk: Desk) -> None:
        self._caller = caller
        self._desk = desk

    async def look(self, endpoint: Endpoint, deliveries: Sequence[Delivery]) -> list[Sight]:
        """One sight for each delivery, in order; many are gathered into `$batch`.

        An action without a look-up shows nothing and can be sent again: `Absent`.
        """
        seen: list[Sight] = []
        parts: list[tuple[Delivery, Part]] = []
        for delivery in deliveries:
            if endpoint.verb == "attach" and endpoint.lookup is None:
                seen.append(Absent(delivery))
                continue
            try:
                parts.append((delivery, reading(endpoint, delivery)))
            except Unaddressed as error:
                seen.append(Refused(delivery, str(error)))
        if parts:
            try:
                answers = await self._desk.ask([part for _, part in parts])
            except SiteLedgerError as error:
                seen += [sight_of(delivery, error) for delivery, _ in parts]
            else:
                seen += [
                    self._sight(endpoint, delivery, part, answer)
                    for (delivery, part), answer in zip(parts, answers, strict=True)
                ]
        return in_order(deliveries, seen)

    def _sight(self, endpoint: Endpoint, delivery: Delivery, part: Part, answer: Answer) -> Sight:
        problem = business_central_problem(answer) if not answer.ok else None
        if problem is not None:
            if record_missing(answer.status, problem.code):
                return _compare(endpoint, delivery, None, answer)
            call = Call(method="GET", url="", kind=f"GET {part.path}")
            return sight_of(delivery, self._caller.error(call, answer), answer.exchange, problem.message)
        try:
            return _compare(endpoint, delivery, _row(answer), answer)
        except UnreadableAnswer as error:
            return sight_of(delivery, error)


def record_missing(status: int, code: str) -> bool:
    """The record is not there, as opposed to a wrong address or company (guide 13)."""
    return status == HTTPStatus.NOT_FOUND and code not in {"BadRequest_ResourceNotFound", "Internal_CompanyNotFound"}


def _row(answer: Answer) -> Json | None:
    document = entity_in(answer)
    if "value" not in document:
        return document
    rows = document["value"]
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in cast("list[object]", rows)):
        raise UnreadableAnswer(f"{answer.exchange.url} did not answer a list of entities", answer.exchange)
    found = cast("list[Json]", rows)
    return found[0] if found else None


def _compare(endpoint: Endpoint, delivery: Delivery, row: Json | None, answer: Answer) -> Sight:
    """What a look says. For a deletion the missing record is the success."""
    if row is None:
        if endpoint.verb == "delete":
            return Accepted(delivery, delivery.target_id, exchange=answer.exchange, found=True)
        return Absent(delivery, exchange=answer.exchange)
    target_id = str(row.get("id") or delivery.target_id)
    etag = str(row.get("@odata.etag") or "")
    same = shows(row, delivery.body, endpoint.shown, ignore=NOT_COMPARED, lenient=False)
    if endpoint.verb == "delete" or not same:
        return Absent(delivery, target_id, etag, answer.exchange)
    return Accepted(delivery, target_id, etag, row, answer.exchange, found=True)
