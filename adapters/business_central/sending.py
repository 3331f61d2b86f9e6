"""Sending to Business Central, with the ETag of what we decided upon.

Source  Business Central guide, parts 6, 8 and 13.
"""

from collections.abc import Sequence

from adapters.business_central.desk import Desk, Part, entity_in
from adapters.business_central.looking import Looker, record_missing
from adapters.business_central.parts import Unaddressed, reading, target_of, writing
from adapters.outbound.answers import Answer, Call, UnreadableAnswer
from adapters.outbound.caller import Caller
from adapters.outbound.meaning import DUPLICATE, business_central_problem
from adapters.outbound.outcomes import in_order, outcome_of
from domain.delivery import Absent, Accepted, Busy, Delivery, Endpoint, Outcome, Refused
from domain.errors import SiteLedgerError


class Sender:
    """Writes for one company."""

    def __init__(self, caller: Caller, desk: Desk, looker: Looker) -> None:
        self._caller = caller
        self._desk = desk
        self._looker = looker

    async def send(self, endpoint: Endpoint, deliveries: Sequence[Delivery]) -> list[Outcome]:
        """Send deliveries to different records in one call, a `$batch` when there are several."""
        done: list[Outcome] = []
        tags = await self._tags(endpoint, deliveries, done)
        parts: list[tuple[Delivery, Part]] = []
        for delivery in deliveries:
            if delivery.id not in tags:
                continue
            try:
                parts.append((delivery, writing(endpoint, delivery, tags[delivery.id])))
            except Unaddressed as error:
                done.append(Refused(delivery, str(error)))
        if parts:
            done += await self._write(endpoint, parts)
        return in_order(deliveries, done)

    async def _write(self, endpoint: Endpoint, parts: Sequence[tuple[Delivery, Part]]) -> list[Outcome]:
        try:
            answers = await self._desk.ask([part for _, part in parts])
        except SiteLedgerError as error:
            return [outcome_of(delivery, error) for delivery, _ in parts]
        done: list[Outcome] = []
        duplicates: list[tuple[Delivery, Outcome]] = []
        for (delivery, part), answer in zip(parts, answers, strict=True):
            outcome = self._settle(endpoint, delivery, part, answer)
            if endpoint.verb == "create" and isinstance(outcome, Refused) and outcome.code == DUPLICATE:
                duplicates.append((delivery, outcome))
            else:
                done.append(outcome)
        return done + await self._settle_duplicates(endpoint, duplicates)

    def _settle(self, endpoint: Endpoint, delivery: Delivery, part: Part, answer: Answer) -> Outcome:
        if answer.ok:
            try:
                entity = entity_in(answer)
            except UnreadableAnswer as error:
                return outcome_of(delivery, error)
            etag = str(entity.get("@odata.etag") or answer.headers.get("etag", ""))
            target_id = str(entity.get("id") or target_of(delivery))
            return Accepted(delivery, target_id, etag, entity, answer.exchange)
        error, problem = self._error(part, answer), business_central_problem(answer)
        if endpoint.verb == "delete" and record_missing(answer.status, problem.code):
            return Accepted(delivery, delivery.target_id, exchange=answer.exchange, found=True)
        return outcome_of(delivery, error, answer.exchange, problem.message)

    async def _settle_duplicates(
        self, endpoint: Endpoint, duplicates: Sequence[tuple[Delivery, Outcome]]
    ) -> list[Outcome]:
        """A record under the id that the hub chose is our own, from a call whose answer was lost (guide 6.10).

        It need not look as it would if it were made now: the hub may have sent it before its ledger was restored.
        """
        if not duplicates:
            return []
        sights = await self._looker.look(endpoint, [delivery for delivery, _ in duplicates])
        done: list[Outcome] = []
        for sight, (delivery, refused) in zip(sights, duplicates, strict=True):
            match sight:
                case Accepted() | Busy():
                    done.append(sight)
                case Absent() if sight.target_id:
                    done.append(Accepted(delivery, sight.target_id, sight.etag, exchange=sight.exchange, found=True))
                case _:
                    done.append(refused)
        return done

    async def _tags(self, endpoint: Endpoint, deliveries: Sequence[Delivery], done: list[Outcome]) -> dict[object, str]:
        """ETags by delivery; a change without one reads it first (guide 6.4). What cannot go on is put into `done`."""
        tags: dict[object, str] = {}
        unknown: list[tuple[Delivery, Part]] = []
        for delivery in deliveries:
            if delivery.if_match or endpoint.verb != "update":
                # A deletion is asked to send one always (guide 19); `*` stands for whatever is there.
                tags[delivery.id] = delivery.if_match or ("*" if endpoint.verb == "delete" else "")
                continue
            try:
                unknown.append((delivery, reading(endpoint, delivery)))
            except Unaddressed as error:
                done.append(Refused(delivery, str(error)))
        if not unknown:
            return tags
        try:
            answers = await self._desk.ask([part for _, part in unknown])
        except SiteLedgerError as error:
            done += [outcome_of(delivery, error) for delivery, _ in unknown]
            return tags
        for (delivery, part), answer in zip(unknown, answers, strict=True):
            try:
                tag = str(entity_in(answer).get("@odata.etag") or "") if answer.ok else ""
            except UnreadableAnswer:
                tag = ""
            if tag:
                tags[delivery.id] = tag
            else:
                words = business_central_problem(answer).message if not answer.ok else ""
                done.append(_untagged(delivery, self._error(part, answer), answer, words))
        return tags

    def _error(self, part: Part, answer: Answer) -> SiteLedgerError:
        call = Call(method=part.method, url="", kind=f"{part.method} {part.path}", write=part.write)
        return self._caller.error(call, answer)


def _untagged(delivery: Delivery, error: SiteLedgerError, answer: Answer, words: str) -> Busy | Refused:
    """Reading the ETag failed: nothing was written, whatever the reason."""
    outcome = outcome_of(delivery, error, answer.exchange, words)
    if isinstance(outcome, Refused):
        return outcome
    return Busy(delivery, outcome.reason, outcome.after, exchange=answer.exchange)
