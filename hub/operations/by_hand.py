"""What linking, unlinking and resetting by hand have in common: which record is meant, and how a refusal is kept."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
from msgspec import Struct

from domain.delivery import Listing
from domain.endpoints.making import connector_list
from domain.events import LinkRow
from domain.flows import BY_KIND, OF_KIND
from domain.record import Moment, Record
from domain.values import BUSINESS_CENTRAL
from hub.acting import moment_of
from hub.app import Hub
from hub.connection import Pair
from hub.operations.explain import find
from hub.records import Contents, Records
from hub.report import ExitStatus, Halted, Report

if TYPE_CHECKING:
    from rich.console import Console

MOST_NAMED = 10


class Handled(Struct, frozen=True, kw_only=True):
    """What came of a request by hand.

    done     false when it was refused, by a rule that `message` names; the refusal is in the ledger
    warning  what a person has to do outside SiteLedger
    also     numbers of records that were reset with it, by flow
    """

    act: str
    done: bool
    connection: str
    flow: str
    record: str
    number: str
    message: str
    warning: str = ""
    pairs: tuple[LinkRow, ...] = ()
    also: dict[str, int] = {}


def reported(handled: Handled) -> Report:
    """For the command line: 0 when it was done, 1 when a person has to do something first."""

    def render(console: "Console") -> None:
        console.print(f"{handled.number}: {handled.message}", markup=False, soft_wrap=True)
        if handled.warning:
            console.print(handled.warning, style="yellow", markup=False, soft_wrap=True)
        for flow, count in handled.also.items():
            console.print(f"  with it {count} of {flow}", markup=False)

    document: dict[str, Any] = msgspec.to_builtins(handled)
    return Report(document, ExitStatus.DONE if handled.done else ExitStatus.NEEDS_PERSON, render)


@asynccontextmanager
async def one_at_a_time(hub: Hub, connection: str) -> AsyncGenerator[None]:
    """Two people who link the same counterpart at the same time do so one after the other.

    Raises  Locked when somebody else is at it.
    """
    async with hub.ledger.exclusive(f"links {connection}"):
        await hub.projector.catch_up()
        yield
    await hub.projector.catch_up()


async def meant(hub: Hub, identifier: str, *, joined: bool) -> tuple[str, UUID]:
    """Connection and id of the record that any id or number names; of several the one that is joined.

    Raises  Halted (2) when nothing is called so, or too much.
    """
    await hub.projector.catch_up()
    found = await find(hub.ledger, identifier.strip())
    condition, parameter = hub.ledger.in_list("r.record", found)
    rows = await hub.ledger.rows(
        "SELECT r.record, r.connection, r.kind, r.number, r.entity_set,"  # noqa: S608 - built from columns
        " EXISTS (SELECT 1 FROM cross_reference x WHERE x.record = r.record)"
        f" FROM record r WHERE {condition} ORDER BY r.kind, r.number, r.record",
        (parameter,),
    )
    if not rows:
        raise Halted(f"Nothing in the ledger is called {identifier}.", ExitStatus.WRONG_USE)
    # A Procore id of a company names its places in the projects' directories too; those follow the company.
    rows = [row for row in rows if row[4]] or rows
    if joined and len(rows) > 1:
        rows = [row for row in rows if row[5]] or rows
    if len(rows) > 1:
        named = "; ".join(f"{row[2].replace('_', ' ')} {row[3]} is {row[0]}" for row in rows[:MOST_NAMED])
        raise Halted(f"{identifier} names several records; name the one by its id: {named}", ExitStatus.WRONG_USE)
    return rows[0][1], UUID(rows[0][0])


async def loaded(records: Records, id_: UUID) -> Record:
    """One record as it stands."""
    return (await records.load([id_]))[id_]


def flow_of(record: Record) -> str:
    """The flow in which something about the record is said: one that it takes part in, else the first of its kind."""
    taking_part = [flow.name for flow in OF_KIND[record.kind] if record.flow(flow.name).known]
    return taking_part[0] if taking_part else BY_KIND[record.kind].name


async def refused(  # noqa: PLR0913 - one argument for each field of the event
    hub: Hub,
    records: Records,
    record: Record,
    flow: str,
    act: str,
    message: str,
    actor: str,
    *,
    counterpart: str = "",
    reason: str = "",
) -> Handled:
    """Keeps the refusal on the record's stream; nothing else changes."""
    moment = moment_of(hub.clock, actor, record.connection)

    def change(found: Mapping[UUID, Record], _contents: Contents) -> Sequence[Any]:
        found[record.id].refuse_linkage(flow, act, message, counterpart, reason, moment)
        return ()

    await records.change([record.id], change)
    return handled(record, act, flow, message, done=False)


def handled(
    record: Record,
    act: str,
    flow: str,
    message: str,
    *,
    done: bool,
    warning: str = "",
    pairs: Sequence[LinkRow] = (),
    also: Mapping[str, int] | None = None,
) -> Handled:
    """The answer for one record."""
    return Handled(
        act=act,
        done=done,
        connection=record.connection,
        flow=flow,
        record=str(record.id),
        number=record.number,
        message=message,
        warning=warning,
        pairs=tuple(pairs),
        also=dict(also or {}),
    )


async def is_in_business_central(pair: Pair, entity_set: str, id_: str) -> bool:
    """Whether a record exists there now. Asked by its id: a number may have gone to another record (7.5).

    Raises  RetryLater, NeedsDecision, Misconfigured when Business Central can't say.
    """
    listing: Listing = connector_list(f"bc.{entity_set}", entity_set, ("$filter", f"id eq {id_}"), ("$select", "id"))
    return bool(await pair.targets[BUSINESS_CENTRAL].list(listing))


def acted(hub: Hub, record: Record, actor: str) -> Moment:
    """Now, signed by the person."""
    return moment_of(hub.clock, actor, record.connection)
