"""Sending to Procore: rows in one call or records one by one, and what came of each.

Source  Procore guide, sections 7, 10 and 12.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import cast

from adapters.outbound.answers import Answer, Call, UnreadableAnswer, address, fill, read_document, write_json
from adapters.outbound.caller import Caller
from adapters.outbound.meaning import field_messages, procore_problem
from adapters.outbound.outcomes import outcome_of
from adapters.procore.rows import Matcher, api_version, beside, record_of, row_of
from adapters.procore.settings import ProcoreSettings
from domain.delivery import Accepted, Busy, Delivery, Endpoint, Outcome, Refused
from domain.errors import SiteLedgerError
from domain.values import Json

# Statuses that refuse a call as a whole before any row is tried (guide S4, Z4): smaller calls find the row at fault.
DIVIDED = frozenset({400, 413, 422})
# Calls that one delivery of many rows may spend on finding rows at fault.
DIVISIONS = 40
NOT_SAID = timedelta(seconds=1)


class Sender:
    """Writes for one company."""

    def __init__(self, settings: ProcoreSettings, caller: Caller) -> None:
        self._settings = settings
        self._caller = caller

    async def send(self, endpoint: Endpoint, deliveries: Sequence[Delivery]) -> list[Outcome]:
        """Send rows that fit into one call; more calls are made only to find out which row is at fault."""
        return await self._send(endpoint, deliveries, [DIVISIONS])

    async def _send(self, endpoint: Endpoint, deliveries: Sequence[Delivery], left: list[int]) -> list[Outcome]:
        """One call, and smaller ones where the call as a whole is refused; `left` counts those down."""
        try:
            call, sent = self._write(endpoint, deliveries)
        except KeyError as error:
            return [Refused(delivery, f"no value for {error.args[0]}") for delivery in deliveries]
        try:
            answer = await self._caller.call(call)
        except SiteLedgerError as error:
            return [outcome_of(delivery, error) for delivery in deliveries]
        if answer.status in DIVIDED and len(deliveries) > 1 and left[0] > 0:
            left[0] -= 2
            half = len(deliveries) // 2
            first = await self._send(endpoint, deliveries[:half], left)
            return first + await self._send(endpoint, deliveries[half:], left)
        if not answer.ok:
            error, words = self._caller.error(call, answer), procore_problem(answer).message
            return [outcome_of(delivery, error, answer.exchange, words) for delivery in deliveries]
        try:
            if endpoint.rows:
                return _settle_rows(endpoint, deliveries, sent, answer)
            return [_settle_record(endpoint, deliveries[0], answer)]
        except UnreadableAnswer as error:
            return [outcome_of(delivery, error) for delivery in deliveries]

    def _write(self, endpoint: Endpoint, deliveries: Sequence[Delivery]) -> tuple[Call, list[Json]]:
        first = deliveries[0]
        company = self._settings.company_id
        names = {"company_id": company, **first.scope, "id": first.target_id}
        sent = [row_of(endpoint, delivery) for delivery in deliveries] if endpoint.rows else []
        if endpoint.rows:
            body: Json | None = {**beside(endpoint, first.scope, company), endpoint.rows: sent}
        else:
            body = record_of(endpoint, first, company) or None
        query = [(name, names[name]) for name in endpoint.query]
        url = address(self._settings.api_url, fill(endpoint.path, names), query)
        payload = None if body is None or endpoint.method == "DELETE" else write_json(body)
        headers = self._settings.headers()
        if payload is not None:
            headers["Content-Type"] = "application/json"
        kind = f"{endpoint.method} {endpoint.path}"
        return Call(method=endpoint.method, url=url, kind=kind, headers=headers, body=payload, write=True), sent


def _settle_rows(
    endpoint: Endpoint, deliveries: Sequence[Delivery], sent: Sequence[Json], answer: Answer
) -> list[Outcome]:
    """The outcome of each row: HTTP 200 says nothing, the rows do (guide S3, S5, S6).

    Raises  UnreadableAnswer when the answer has neither rows nor errors.
    """
    document = read_document(answer)
    if isinstance(document, list):
        entities, errors = (
            _rows(cast("list[object]", document)),
            list[Json](),
        )  # the budget's sync answers a bare list (guide 10)
    elif isinstance(document, dict) and {"entities", "errors"} & cast("Json", document).keys():
        fields = cast("Json", document)
        entities, errors = _rows(fields.get("entities")), _rows(fields.get("errors"))
    else:
        message = f"{answer.exchange.url} answered neither entities nor errors"
        raise UnreadableAnswer(message, answer.exchange)
    matcher = Matcher(endpoint, deliveries, sent)
    outcomes: dict[str, Outcome] = {}
    for entity in entities:
        delivery = matcher.find(entity)
        if delivery is not None and entity.get("id") is not None:
            outcomes[str(delivery.id)] = Accepted(delivery, str(entity["id"]), answer=entity, exchange=answer.exchange)
    for echo in errors:
        told = field_messages(echo.get("errors")) or field_messages(echo.get("error") or echo.get("message"))
        row = {name: value for name, value in echo.items() if name not in {"errors", "error", "message"}}
        if (delivery := matcher.find_echo(row)) is not None:
            outcomes[str(delivery.id)] = Refused(
                delivery, told or "refused without a reason", answer.status, exchange=answer.exchange
            )
    why = "the answer names this row neither as written nor as refused"
    return [
        outcomes.get(str(delivery.id)) or Busy(delivery, why, NOT_SAID, unknown=True, exchange=answer.exchange)
        for delivery in deliveries
    ]


def _settle_record(endpoint: Endpoint, delivery: Delivery, answer: Answer) -> Outcome:
    """The outcome of a call for one record; an empty body is success too (guide Z5).

    Raises  UnreadableAnswer when the body is not JSON.
    """
    document = None if endpoint.verb in {"delete", "attach"} else read_document(answer)
    if isinstance(document, dict) and "data" in document:
        fields = cast("Json", document)
        # Budget changes answer in this envelope although they are v1 (catalogue).
        if api_version(endpoint.path) == 2 or "id" not in fields:  # noqa: PLR2004
            document = fields["data"]
    entity: Json = cast("Json", document) if isinstance(document, dict) else {}
    name = entity.get("id")
    target_id = delivery.target_id if name is None or endpoint.verb != "create" else str(name)
    if not target_id and endpoint.verb == "create":
        return Busy(
            delivery, "the answer does not name the new record", NOT_SAID, unknown=True, exchange=answer.exchange
        )
    return Accepted(delivery, target_id, answer=entity, exchange=answer.exchange)


def _rows(value: object) -> list[Json]:
    rows = cast("list[object]", value) if isinstance(value, list) else []
    return [cast("Json", row) for row in rows if isinstance(row, dict)]
