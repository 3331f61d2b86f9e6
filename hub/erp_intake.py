"""Requests of Procore's ERP desk become observations: each that a notice told of is read, once (ER-55).

The notice tells nothing but an id (Procore guide E3), and there is no list of requests to poll: the place of this feed
is the position of the last notice whose request was read.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from uuid import UUID

from domain import events
from domain.concerns import ERP_REQUESTS
from domain.endpoints.erp import request
from domain.errors import NeedsDecision
from domain.flows.erp_request_to_close_out import FLOW
from domain.record import Moment, Record
from domain.values import PROCORE, Json, text
from hub.connection import Pair
from hub.feed_log import FeedLog
from hub.records import Contents, Records
from hub.sight import seen
from hub.window import Window

FEED = "procore/erp_request"
PAGE = 50
"""Notices whose requests are stored together."""

_HEARD = """
SELECT n.position, n.resource_id, CASE WHEN r.record IS NULL THEN 0 ELSE 1 END
FROM notice n
LEFT JOIN record r ON r.connection = n.connection AND r.source_id = n.resource_id AND r.kind = ?
WHERE n.connection = ? AND n.resource = ? AND n.position > ? AND n.reason = 'create' AND n.ignored = ''
ORDER BY n.position LIMIT ?
"""


class ErpIntake:
    """Reads the requests of one connection. `catch_up` brings the read models up to date."""

    def __init__(self, pair: Pair, records: Records, window: Window, catch_up: Callable[[], Awaitable[object]]) -> None:
        self.pair = pair
        self._records = records
        self._ledger = records.ledger
        self._window = window
        self._catch_up = catch_up
        self._log = FeedLog(records.ledger, pair)
        self.observed = 0
        self.unreadable = 0

    async def round(self) -> None:
        """Reads what was told of since the last time.

        Raises  RetryLater, Misconfigured, NeedsDecision, Unreadable; what was read before is stored.
        """
        if not self.pair.enabled(FLOW) or not self._window.reads(FLOW.kind):
            return
        await self._catch_up()
        await self._log.load()
        while rows := await self._heard():
            fresh = list(dict.fromkeys(id_ for _, id_, known in rows if not known))
            found = {id_: await self._fetched(id_) for id_ in fresh}
            await self._store([row for row in found.values() if row is not None], rows[-1][0])
            await self._catch_up()

    async def _heard(self) -> list[tuple[int, str, int]]:
        values = (FLOW.kind, self.pair.name, ERP_REQUESTS, self._log.read_to(FEED), PAGE)
        return [(row[0], row[1], row[2]) for row in await self._ledger.rows(_HEARD, values)]

    async def _fetched(self, id_: str) -> Json | None:
        """A request; none for one that Procore does not show, which is kept as a dead letter."""
        try:
            rows = await self.pair.targets[PROCORE].list(request(id_))
        except NeedsDecision as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            reason = f"Procore does not show this request: {error}"
            moment = self.pair.moment()
            self.unreadable += await self._log.dead_letter("erp_requests", {"id": id_}, reason, moment, PROCORE)
            return None
        return {**(rows[0] if rows else {}), "id": id_}

    async def _store(self, rows: Sequence[Json], position: int) -> None:
        """The requests, and the place behind the last notice, together."""
        moment = self.pair.moment()
        sources = {Record.id_for(self.pair.name, FLOW.kind, text(row, "id")): row for row in rows}
        place = self._log.advanced(FEED, position, moment)

        def act(found: Mapping[UUID, Record], contents: Contents) -> Sequence[events.Event]:
            self.observed += sum(self._observe(record, sources[id_], contents, moment) for id_, record in found.items())
            return (place,)

        await self._records.change(list(sources), act, FLOW.kind)
        self._log.stored()

    def _observe(self, record: Record, row: Json, contents: Contents, moment: Moment) -> bool:
        return bool(record.observe(seen(self.pair, FLOW, row, text(row, "id"), contents), moment))
