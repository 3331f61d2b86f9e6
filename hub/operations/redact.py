"""`redact`: personal fields out of stored bodies that are old enough, without a change of any event.

Events name the digest of the body as it was; what is kept under it from then on says `[redacted]` where a personal
text stood. Never touched: bodies of deliveries that may still be sent, plans that may still be applied, and what the
source of an unfinished record holds. Of what a finished record's source holds only the words go that no decision rests
on, as it may be decided again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from adapters.store import Ledger, RowsRefused, Statement, redacted_form
from domain.events import ContentsRedacted, DeadLettered, DeliveryEvent, Event, Observed, PlanMade, Requested
from domain.values import Digest, read_json, sha256_of
from hub.access.signing import signed, stream_of
from hub.app import Hub, open_hub
from hub.masking import REDACTED, WORDS_ONLY, masked
from hub.report import ExitStatus, Halted, Progress, Quiet, Report
from hub.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console

PAGE = 200
"""Events of one step: their bodies are in memory together."""

TRIES = 20
"""Times that a step is tried again because the ledger moved on; what is left then waits for the next run."""

_FINISHED = "state IN ('synced', 'excluded', 'deleted') AND todo = 0 AND open = 0"
_encode = msgspec.json.Encoder(decimal_format="number").encode


@dataclass
class Redacted:
    """What became of old bodies with personal fields. `in_use` are left alone because something may need them."""

    redacted: int = 0
    in_use: int = 0
    unreadable: int = 0


async def redact(settings: Settings, *, actor: str, dry_run: bool, progress: Progress) -> Report:
    """Redacts what is older than `server.retention_days`; twice is once.

    Raises  Halted (configuration) without that setting.
    """
    days = settings.server.retention_days
    if days is None:
        message = "server.retention_days is not set, so everything is kept. Set it to a number of days."
        raise Halted(message, ExitStatus.CONFIGURATION)
    async with open_hub(settings) as hub:
        before = hub.clock.now() - timedelta(days=days)
        fields = settings.server.personal_fields
        done = await redacted(hub, actor=actor, before=before, fields=fields, dry_run=dry_run, progress=progress)
    document = {
        "before": before,
        "fields": list(fields),
        "dry_run": dry_run,
        "redacted": done.redacted,
        "in_use": done.in_use,
        "unreadable": done.unreadable,
    }

    def render(console: "Console") -> None:
        verb = "would be redacted" if dry_run else "redacted"
        console.print(f"{done.redacted} bodies from before {before:%Y-%m-%d} {verb}.", highlight=False)
        if done.in_use:
            console.print(f"{done.in_use} are left alone, because something may still need them.", highlight=False)

    return Report(document, ExitStatus.DONE, render)


async def redacted(
    hub: Hub,
    *,
    actor: str,
    before: datetime,
    fields: Sequence[str],
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Redacted:
    """Takes these fields out of all bodies that events before this moment name."""
    told, done, position = progress or Quiet(), Redacted(), 0
    told.start("redact", await hub.ledger.last_position())
    while rows := await hub.ledger.read(position, PAGE):
        happened = [hub.ledger.events.decode(topic, state) for _, _, _, topic, state in rows]
        old = [event for event in happened if event.at < before]
        if old:
            step = _Step(hub, actor, before, tuple(fields), dry_run)
            await step.run(old, done)
        told.advance("redact", len(rows))
        position = rows[-1][0]
    told.finish("redact")
    return done


@dataclass
class _Step:
    """One page of events."""

    hub: Hub
    actor: str
    before: datetime
    fields: tuple[str, ...]
    dry_run: bool

    async def run(self, old: Sequence[Event], done: Redacted) -> None:
        raw = {event.content for event in old if isinstance(event, DeadLettered)}
        bodies = await self.hub.ledger.contents(list(dict.fromkeys(name for event in old for name in _named(event))))
        personal: dict[str, bytes] = {}
        for name, body in bodies.items():
            new = _without(body, self.fields, whole=name in raw)
            if new is None:
                done.unreadable += 1
            elif new != body:
                personal[name] = body
        for _ in range(TRIES):
            if not personal:
                return
            position = await self.hub.projector.catch_up()
            verdicts = await _verdicts(self.hub.ledger, list(personal), self.fields)
            changed = {
                name: new
                for name, body in personal.items()
                if (new := _without(body, verdicts[name], whole=name in raw)) is not None and new != body
            }
            if self.dry_run or not changed or await self._stored(changed, position):
                done.redacted += len(changed)
                done.in_use += sum(not verdicts[name] for name in personal)
                return
        done.in_use += len(personal)

    async def _stored(self, changed: dict[str, bytes], position: int) -> bool:
        """Put the new bodies in place, if nothing happened since it was looked who needs them."""
        stream = stream_of("redaction", f"{self.hub.rng.getrandbits(128):032x}")
        names = tuple(Digest(name) for name in sorted(changed))
        forms = tuple(sha256_of(changed[name]) for name in names)
        event = signed(
            ContentsRedacted,
            self.hub.clock,
            self.actor,
            stream,
            contents=names,
            fields=self.fields,
            before=self.before,
            forms=forms,
        )
        # The event itself is the one that may come between: whoever appends waits until this transaction is over.
        sql = (
            "UPDATE contents SET zipped = ?, body = ? WHERE sha256 = ?"
            " AND (SELECT max(notification_id) FROM stored_events) = ?"
        )
        rows = [(*redacted_form(name, changed[name]), position + 1) for name in names]
        try:
            await self.hub.ledger.append([event], also=[Statement(sql, rows, touches=len(rows))])
        except RowsRefused:
            return False
        return True


async def _verdicts(ledger: Ledger, names: Sequence[str], fields: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Which of these fields may go from each body."""
    words = tuple(field for field in fields if field in WORDS_ONLY)
    verdicts = dict.fromkeys(names, tuple(fields))
    condition, parameter = ledger.in_list("content", names)
    current = await ledger.rows(f"SELECT content, record, vanished FROM record WHERE {condition}", (parameter,))  # noqa: S608
    busy: set[str] = set()
    if current:
        condition, records = ledger.in_list("record", [row[1] for row in current])
        sql = f"SELECT DISTINCT record FROM record_state WHERE {condition} AND NOT ({_FINISHED})"  # noqa: S608 - ours
        busy = {row[0] for row in await ledger.rows(sql, (records,))}
    for content, record, vanished in current:
        allowed = () if record in busy else tuple(fields) if vanished else words
        verdicts[content] = tuple(field for field in verdicts[content] if field in allowed)
    condition, parameter = ledger.in_list("body", names)
    sql = f"SELECT DISTINCT body FROM delivery WHERE {condition} AND state NOT IN ('confirmed', 'closed')"  # noqa: S608
    verdicts.update({row[0]: () for row in await ledger.rows(sql, (parameter,))})
    condition, parameter = ledger.in_list("content", names)
    sql = f"SELECT content FROM plan WHERE {condition} AND state IN ('made', 'started') AND expires_at > ?"  # noqa: S608
    verdicts.update({row[0]: () for row in await ledger.rows(sql, (parameter, ledger.clock.now().isoformat()))})
    return verdicts


def _named(event: Event) -> Iterable[str]:
    """Bodies that an event names."""
    match event:
        case Observed() | DeadLettered() | PlanMade():
            return (event.content,)
        case Requested():
            return tuple(filter(None, (event.body, event.shown)))
        case DeliveryEvent():
            return tuple(filter(None, (event.request, event.response)))
        case _:
            return ()


def _without(body: bytes, fields: Sequence[str], *, whole: bool) -> bytes | None:
    """The body without these fields; what was never readable goes as a whole. None where it can't be read."""
    try:
        document = read_json(body)
    except msgspec.MsgspecError:
        return _encode(REDACTED) if whole and fields else None
    new = masked(document, fields)
    return body if new is document else _encode(new)
