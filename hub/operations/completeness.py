"""`complete`: every source record that counts, counted afresh, has one state; what nobody announced is listed."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from domain.errors import Unknown
from domain.values import SYSTEMS
from hub.acting import moment_of
from hub.app import Hub, open_hub
from hub.queries.errands import errand
from hub.reconciling.completeness import Census, Count, Missed, census
from hub.reconciling.completeness import take_in as observe
from hub.records import Records
from hub.report import ExitStatus, Progress, Report, gravest
from hub.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console


class Completeness(Struct, frozen=True, kw_only=True):
    """What was counted on one connection.

    Shape   `unannounced` are missed records that no round brings by itself, `taken_in` those that were observed now
    """

    connection: str
    counts: list[Count]
    missed: list[Missed]
    unannounced: int
    taken_in: int
    unread: list[str]
    calls: dict[str, int]

    @property
    def status(self) -> ExitStatus:
        """Lists that could not be read, then what nobody announced and nobody took in."""
        if self.unread:
            return ExitStatus.REMOTE
        return ExitStatus.NEEDS_PERSON if self.unannounced > self.taken_in else ExitStatus.DONE

    @property
    def outcome(self) -> str:
        """The same in one word."""
        if self.unread:
            return "incomplete"
        return "missed" if self.unannounced > self.taken_in else "complete"


async def completeness(hub: Hub, connection: str, *, take_in: bool, actor: str) -> Completeness:
    """Counts afresh, and with `take_in` has the ordinary intake observe what was missed in Business Central.

    Raises  what reading the set-up of Business Central raises.
    """
    async with hub.pair(connection) as pair:
        pair.actor = actor
        pair.begin(moment_of(hub.clock, actor, connection).cause.correlation_id)
        found: Census = await census(pair, hub.ledger, hub.projector)
        taken = await observe(pair, Records(hub.ledger, connection), hub.projector, found) if take_in else 0
        calls = {str(system): pair.targets[system].calls.read for system in SYSTEMS}
    return Completeness(
        connection=connection,
        counts=found.counts,
        missed=found.missed,
        unannounced=found.unannounced,
        taken_in=taken,
        unread=found.unread,
        calls=calls,
    )


async def counted(hub: Hub, errand_id: str, connections: Collection[str]) -> Completeness:
    """What an errand counted.

    Raises  Unknown where no errand of these connections has counted under this id.
    """
    row = await errand(hub.ledger, errand_id, connections)
    if row["sort"] != "completeness" or not row["result"]:
        raise Unknown(f"The errand {errand_id[:60]} has counted nothing.")
    bodies = await hub.ledger.contents([row["result"]])
    return msgspec.json.decode(bodies[row["result"]], type=Completeness)


async def complete_all(
    settings: Settings, *, connection: str | None, take_in: bool, actor: str, progress: Progress
) -> Report:
    """Every connection, or one.

    Raises  as `completeness`.
    """
    found: list[Completeness] = []
    async with open_hub(settings) as hub:
        for name in [connection] if connection else list(settings.connections):
            progress.start("complete", None)
            found.append(await completeness(hub, name, take_in=take_in, actor=actor))
            progress.finish("complete")
    documents: list[Any] = [msgspec.to_builtins(each) for each in found]
    document = documents[0] if len(documents) == 1 else {"connections": documents}

    def render(console: "Console") -> None:
        for each in found:
            _show(console, each)

    return Report(document, gravest(each.status for each in found), render)


def _show(console: "Console", found: Completeness) -> None:
    def say(words: str) -> None:
        console.print(words, markup=False, highlight=False, soft_wrap=True)

    total, missed = sum(each.source for each in found.counts), len(found.missed)
    say(f"{found.connection}: {total} records count, {total - missed} have a state, {missed} have none")
    for each in found.counts:
        states = ", ".join(f"{state} {count}" for state, count in each.states.items())
        say(f"  {each.kind}: {each.source} ({states or 'none with a state'}), missed {each.missed}")
    for each in found.missed:
        say(f"missed: {each.kind} {each.number} {each.title}" + (", comes with the next round" if each.late else ""))
    if found.taken_in:
        say(f"{found.taken_in} taken in; the next round carries them")
    for trouble in found.unread:
        say(f"not read: {trouble}")
