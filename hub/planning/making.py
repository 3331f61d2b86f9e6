"""Makes a plan: a round on a scratch ledger, with systems that only note what would be sent."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast
from uuid import UUID

from adapters.store import Ledger
from domain.delivery import Delivery, Outcome
from domain.endpoints import ENDPOINTS
from domain.flows import BY_KIND
from domain.record import Record
from domain.values import SYSTEMS, Json, chunks, digest, read_json, text
from hub.app import Hub
from hub.connection import Pair
from hub.gate import Addresses
from hub.groups import single_error
from hub.planning.plan import Plan, Scope, Write
from hub.planning.rehearsal import Notes, Rehearsed, Sent
from hub.planning.scratch import scratch
from hub.records import Records
from hub.report import Progress
from hub.round import Outcome as RoundOutcome
from hub.round import Round

PAGE = 500


class Everything:
    """Orders of a rehearsal: all that is due goes, in order."""

    over = False

    def admitted(self, deliveries: Sequence[Delivery]) -> Collection[UUID]:
        """All of them."""
        return {delivery.id for delivery in deliveries}

    def heard(self, outcome: Outcome) -> None:
        """Nothing comes of it."""


async def make(
    hub: Hub, pair: Pair, scope: Scope, progress: Progress, *, held: bool = False
) -> tuple[Plan, RoundOutcome]:
    """What a round of this scope would write now. Writes nothing, neither to a system nor to the ledger.

    `held` says that the caller holds the connection's lock already.
    Raises  Misconfigured when the pair may not be written to; Halted when the plan is too large, or the connection
            would not stand still.
    """
    notes = Notes()
    targets = {system: Rehearsed(pair.targets[system], notes, pair.procore_company) for system in SYSTEMS}
    rehearsed = replace(pair, targets=targets)
    connection = hub.settings.connections[pair.name]
    addresses = Addresses(connection.business_central.api_url, connection.procore.api_url)
    async with scratch(hub, pair.name, held=held) as (ledger, projector):
        parts = (rehearsed, addresses, ledger, projector, progress)
        with single_error():
            outcome = await Round(*parts, window=scope.window, narrow=scope.narrow, orders=Everything()).run()
        writes = await _writes(hub.ledger, ledger, pair.name, notes.sent)
        later = await ledger.rows(
            "SELECT flow, COUNT(*) FROM record_state WHERE connection = ? AND todo = 1 GROUP BY flow ORDER BY flow",
            (pair.name,),
        )
        settings = await ledger.rows("SELECT content FROM configuration WHERE connection = ?", (pair.name,))
    plan = Plan(
        scope=scope,
        settings=settings[0][0] if settings else digest(None),
        writes=writes,
        reads=outcome.reads,
        calls=notes.writes,
        later=dict(later),
        unknown=list(notes.unknowable),
        troubles=[trouble for trouble in outcome.troubles if trouble not in notes.unknowable],
    )
    return plan, outcome


async def _writes(below: Ledger, here: Ledger, connection: str, sent: Sequence[Sent]) -> list[Write]:
    """The noted rows with their records, and with what the target holds before."""
    records = Records(here, connection)
    made: list[Write] = []
    earlier: dict[tuple[UUID, str], Json] = {}
    for page in chunks(sent, PAGE):
        ids = list(dict.fromkeys(each.delivery.record for each in page))
        found = await records.load(ids)
        sources = await records.sources(found.values())
        confirmed = await _confirmed(below, ids)
        for each in page:
            delivery, record = each.delivery, found[each.delivery.record]
            place = (delivery.record, delivery.target_id or each.given)
            known = earlier.get(place) or confirmed.get(place)
            before = _held(delivery, record, sources.get(record.id)) or known
            earlier[place] = {**(known or {}), **delivery.body}
            made.append(_write(each, record, before))
    return made


def _write(sent: Sent, record: Record, before: Json | None) -> Write:
    delivery = sent.delivery
    return Write(
        call=sent.call,
        system=ENDPOINTS[delivery.endpoint].system,
        flow=delivery.flow,
        record=str(delivery.record),
        number=record.number,
        part=delivery.part,
        endpoint=delivery.endpoint,
        method=sent.method,
        path=sent.path,
        scope=delivery.scope,
        key=delivery.key,
        target_id=delivery.target_id,
        rests_on={side: believed.digest for side, believed in sorted(record.believed.items())},
        before=before,
        body=dict(delivery.body),
        given=sent.given,
    )


def _held(delivery: Delivery, record: Record, source: Json | None) -> Json | None:
    """What goes back to a record's own source is known from what was read there, its lines included."""
    origin = BY_KIND[record.kind].origin
    if source is None or ENDPOINTS[delivery.endpoint].system != origin.system or not delivery.target_id:
        return None
    children = cast("Iterable[Json]", source.get(origin.expand) or ()) if origin.expand else ()
    row = next((each for each in (source, *children) if text(each, "id") == delivery.target_id), None)
    return None if row is None else {name: row.get(name) for name in delivery.body}


_CONFIRMED = """
SELECT record, target_id, body FROM delivery
WHERE state = 'confirmed' AND {records}
ORDER BY position
"""


async def _confirmed(ledger: Ledger, ids: Iterable[UUID]) -> Mapping[tuple[UUID, str], Json]:
    """What our own confirmed writes put into each row of the target, by record and the row's id."""
    condition, parameter = ledger.in_list("record", [str(id_) for id_ in ids])
    rows: list[tuple[Any, ...]] = await ledger.rows(_CONFIRMED.format(records=condition), (parameter,))
    bodies = await ledger.contents([row[2] for row in rows])
    held: dict[tuple[UUID, str], Json] = {}
    for record, target_id, body in rows:
        held.setdefault((UUID(record), target_id), {}).update(read_json(bodies[body]))
    return held
