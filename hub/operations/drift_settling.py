"""What people say of drift: the source's value again, what stands in the target, or a value for each field."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Struct

from domain import drift
from domain.events import DriftField, Settlement
from domain.flow import Flow
from domain.flows import BY_NAME
from domain.record import Choice, Record
from hub.acting import moment_of
from hub.app import Hub, open_hub
from hub.operations import batches
from hub.operations.by_hand import loaded, meant
from hub.operations.choosing import Choice as Chosen
from hub.operations.choosing import DriftAction, Member
from hub.operations.drift import DriftFilter, condition_of
from hub.operations.failures import FailureFilter
from hub.records import Contents, Records
from hub.report import ExitStatus, Halted, Progress, Report
from hub.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console

MOST_MEMBERS = 50_000


class Wish(Struct, frozen=True, kw_only=True):
    """What somebody wants of a record's drift.

    Shape   a field is named alone, or as `part/field` where several parts have it. For keep-source and keep-target
            `fields` narrows it, empty for all that is open; for merge every field is named in one of the three.
    """

    choice: Choice
    fields: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    values: Mapping[str, str] = {}
    flow: str = ""


class Settled(Struct, frozen=True, kw_only=True):
    """What was settled; what is to be sent goes with the next round."""

    connection: str
    record: str
    flow: str
    number: str
    choice: str
    fields: tuple[str, ...]
    message: str


async def settle(hub: Hub, identifier: str, wish: Wish, *, actor: str, reason: str) -> Settled:
    """Settles open drift of one record, by any of its ids or numbers.

    Raises  Halted (2) for an unknown record or field, without a reason, or for what can't be; (75) while it is carried.
    """
    if not reason.strip():
        raise Halted("reason: say why; it is kept with what you chose.", ExitStatus.WRONG_USE)
    connection, id_ = await meant(hub, identifier, joined=True)
    records = Records(hub.ledger, connection)
    record = await loaded(records, id_)
    flow = _flow(record, wish.flow)
    moment = moment_of(hub.clock, actor, connection)
    done: list[Settlement] = []

    def act(found: Mapping[UUID, Record], _contents: Contents) -> Sequence[Any]:
        memory = found[id_].flow(flow)
        if memory.open:
            raise Halted(f"{record.number} is being carried; say it again in a moment.", ExitStatus.TRY_LATER)
        done[:] = _said(BY_NAME[flow], memory.drift, wish)
        found[id_].resolve_drift(flow, wish.choice, done, reason.strip(), moment)
        return ()

    await records.change([id_], act)
    await hub.projector.catch_up()
    return Settled(
        connection=connection,
        record=str(id_),
        flow=flow,
        number=record.number,
        choice=wish.choice,
        fields=tuple(f"{each.part}/{each.field}".strip("/") for each in done),
        message=_message(done),
    )


def _flow(record: Record, wanted: str) -> str:
    """The flow in which the record has open drift."""
    flows = [name for name, memory in record.flows.items() if memory.drift and wanted in ("", name)]
    if len(flows) == 1:
        return flows[0]
    if not flows:
        raise Halted(f"{record.number} has no open drift{f' in {wanted}' if wanted else ''}.", ExitStatus.WRONG_USE)
    raise Halted(f"{record.number} has drift in several flows; name one: {', '.join(flows)}.", ExitStatus.WRONG_USE)


def _said(flow: Flow, known: Mapping[str, Mapping[str, DriftField]], wish: Wish) -> list[Settlement]:
    every = [each for fields in known.values() for each in fields.values()]
    if wish.choice != "merge":
        if wish.source or wish.target or wish.values:
            raise Halted(f"{wish.choice} takes fields alone; values are for merge.", ExitStatus.WRONG_USE)
        chosen = [_named(every, name) for name in wish.fields] if wish.fields else every
        return [_settlement(flow, each, "source" if wish.choice == "keep-source" else "target") for each in chosen]
    if wish.fields or not (wish.source or wish.target or wish.values):
        words = "merge needs a word for each field: the source's, the target's, or a value."
        raise Halted(words, ExitStatus.WRONG_USE)
    said = [_settlement(flow, _named(every, name), "source") for name in wish.source]
    said += [_settlement(flow, _named(every, name), "target") for name in wish.target]
    said += [_valued(_named(every, name), value) for name, value in wish.values.items()]
    if len({(each.part, each.field) for each in said}) != len(said):
        raise Halted("A field is named twice; say one thing of each.", ExitStatus.WRONG_USE)
    return said


def _named(every: Sequence[DriftField], name: str) -> DriftField:
    found = [each for each in every if name in (each.field, f"{each.part}/{each.field}") and name]
    if len(found) == 1:
        return found[0]
    names = ", ".join(f"{each.part}/{each.field}" for each in (found or every)[:10])
    words = "stands in several parts; name one" if found else "has no open drift; there are"
    raise Halted(f"{name} {words}: {names}.", ExitStatus.WRONG_USE)


def _settlement(flow: Flow, field: DriftField, take: Literal["source", "target"]) -> Settlement:
    """What was said of one field.

    Raises  Halted (2) where there is no source any more, as nothing is deleted by itself (PP-20), and where the hub
            can't make a row again.
    """
    words = drift.refusal(flow, field, take)
    if words:
        raise Halted(words, ExitStatus.WRONG_USE)
    return drift.settlement(field, take)


def _valued(field: DriftField, value: str) -> Settlement:
    if not field.field:
        raise Halted("A row that is gone has no field to give a value to.", ExitStatus.WRONG_USE)
    if field.masked:
        words = f"{field.field} is a personal field, and events are never redacted; keep the source or the target."
        raise Halted(words, ExitStatus.WRONG_USE)
    try:
        return drift.settlement(field, "source", drift.value_like(field, value))
    except ValueError as error:
        raise Halted(str(error), ExitStatus.WRONG_USE) from error


def _message(said: Sequence[Settlement]) -> str:
    count = {take: sum(each.take == take for each in said) for take in ("source", "target", "value")}
    told = {
        "source": f"{count['source']} written again by the next round",
        "target": f"{count['target']} accepted, and not sent before the source changes them",
        "value": f"{count['value']} set by the next round, until the source changes them",
    }
    return "; ".join(words for take, words in told.items() if count[take])


# -- many at once ----------------------------------------------------------------------------------


async def chosen(hub: Hub, wanted: DriftFilter) -> tuple[list[Member], Chosen]:
    """Records with open drift that fit, as members of a batch, and how they were chosen.

    Raises  Halted (2) when nothing narrows them, or they are too many.
    """
    if not (wanted.flow or wanted.project or wanted.verdict or wanted.record):
        raise Halted("Say which: --flow, --project or --verdict.", ExitStatus.WRONG_USE)
    await hub.projector.catch_up()
    condition, values = condition_of(hub, msgspec.structs.replace(wanted, state="open"))
    rows = await hub.ledger.rows(
        "SELECT record, flow, connection, MIN(verdict) FROM drift_field WHERE verdict <> 'source-deleted'"  # noqa: S608 - built from columns
        f"{condition} GROUP BY record, flow, connection ORDER BY record, flow LIMIT ?",
        (*values, MOST_MEMBERS + 1),
    )
    if len(rows) > MOST_MEMBERS:
        message = f"These are more than {MOST_MEMBERS} records; narrow them by flow or project."
        raise Halted(message, ExitStatus.WRONG_USE)
    where = FailureFilter(connection=wanted.connection, flow=wanted.flow, project=wanted.project)
    return [Member(*row[:3], cause=row[3], state="drift") for row in rows], Chosen(where=where)


# -- the commands ----------------------------------------------------------------------------------


async def settle_drift(
    settings: Settings,
    *,
    identifier: str,
    wish: Wish,
    actor: str,
    reason: str,
    progress: Progress,  # noqa: ARG001 - quick
) -> Report:
    """`drift keep-source`, `keep-target` and `merge` of one record."""
    async with open_hub(settings) as hub:
        done = await settle(hub, identifier, wish, actor=actor, reason=reason)

    def render(console: "Console") -> None:
        console.print(f"{done.number}: {done.message}", markup=False, soft_wrap=True)

    return Report(msgspec.to_builtins(done), ExitStatus.DONE, render)


async def settle_many(
    settings: Settings, *, action: DriftAction, wanted: DriftFilter, actor: str, reason: str, progress: Progress
) -> Report:
    """`drift keep-source` and `keep-target` of everything that fits, as a frozen batch that is worked at once."""
    async with open_hub(settings) as hub:
        members, how = await chosen(hub, wanted)
        if not members:
            raise Halted("Nothing fits, so there is nothing to settle.", ExitStatus.WRONG_USE)
        batch = await batches.freeze(hub, action, members, how, reason=reason, actor=actor)
        view = await batches.run(hub, batch, actor=actor, progress=progress)

    def render(console: "Console") -> None:
        told = f"batch {view.batch}: {view.done} of {view.total} records settled, {view.barred} left as they were"
        console.print(told, markup=False, soft_wrap=True)

    return Report(msgspec.to_builtins(view), ExitStatus.NEEDS_PERSON if view.barred else ExitStatus.DONE, render)
