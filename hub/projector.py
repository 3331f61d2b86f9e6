"""Events since the checkpoint, folded into rows; rows and checkpoint in one transaction, so each event counts once.

Pages are read, decoded and folded beside the event loop and written by the one writer. A rebuild folds from the first
event into shadow tables and swaps them in when they have caught up, so readers never see an empty or a half table.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

import anyio

from adapters.store import Ledger, Locked, Row, RowsRefused, Statement
from domain.errors import SiteLedgerError
from hub.folding import SHADOW, Target, begin, decoders_of, differing, drop, fold_page, indexes, shared, swap, tables
from hub.report import Progress, Quiet
from projections.projection import Projection

PAGE = 2000
"""Events of one transaction: large enough that the commit is cheap, small enough that others wait milliseconds."""

LOCK = "projections"
MEETINGS = 20
"""Times that a comparison waits for both sides to stand at one position while others write."""
LOOK_AGAIN = 0.2
"""Seconds between looks whether another process has finished its rebuild."""


class Projector:
    """Keeps projections up with the ledger. `start` first; then `catch_up` whenever rows must be current."""

    def __init__(self, ledger: Ledger, projections: Sequence[Projection], page: int = PAGE) -> None:
        self._ledger = ledger
        self._projections = {projection.name: projection for projection in projections}
        self._page = page
        self._targets: list[Target] = []
        self._turn = anyio.Lock()

    async def start(self, progress: Progress | None = None) -> None:
        """Create the tables of new projections and rebuild those of another version; waits for other processes.

        Raises  ProjectionFailed.
        """
        async with self._turn:
            await self._start(progress or Quiet())

    async def catch_up(self) -> int:
        """Fold all that is in the ledger by now; the position up to which every row is current.

        Raises  ProjectionFailed.
        """
        async with self._turn:
            if not self._targets:
                await self._start(Quiet())
            return await self._advance(lambda: self._targets, self._read_checkpoints)

    async def rebuild(self, name: str | None = None, progress: Progress | None = None) -> None:
        """Fold a projection, or all, from the first event into new tables, and swap them in.

        Raises  KeyError for an unknown name; Locked while another process rebuilds; ProjectionFailed.
        """
        names = list(self._projections) if name is None else [self._projections[name].name]
        async with self._ledger.exclusive(LOCK), self._turn:
            await self._create()
            await self._rebuild(names, progress or Quiet())
            await self._read_checkpoints()

    async def check(self, name: str, progress: Progress | None = None) -> dict[str, int]:
        """Fold a projection from the first event into other tables and compare; table -> rows that differ, then gone.

        Nobody who reads is touched. Both are compared at the same position, whoever writes meanwhile.
        Raises  KeyError for an unknown name; Locked while another process rebuilds; ProjectionFailed; SiteLedgerError
                when so much is written that the two never met.
        """
        projection = self._projections[name]
        async with self._ledger.exclusive(LOCK), self._turn:
            await self._create()
            await self._read_checkpoints()
            shadow = self._target(projection, generation=0, suffix=SHADOW)
            await self._ledger.change([*drop(shadow), *tables(self._ledger.dialect, shadow), begin(shadow)])
            try:
                for _ in range(MEETINGS):
                    await self._advance(lambda: [shadow], lambda: self._look([shadow]), progress)
                    await self._advance(lambda: self._targets, self._read_checkpoints)
                    found = await self._ledger.at_one_moment(lambda snapshot: differing(snapshot, shadow))
                    if found is not None:
                        return found
            finally:
                with anyio.CancelScope(shield=True):
                    await self._ledger.change(drop(shadow))
        raise SiteLedgerError(f"so much is written that {name} could not be compared; try again when less is done")

    async def positions(self) -> dict[str, int]:
        """How far each projection is."""
        rows = await self._ledger.rows("SELECT name, position FROM projection_checkpoint")
        return {name: position for name, position in rows if name in self._projections}

    async def _start(self, progress: Progress) -> None:
        while True:
            try:
                async with self._ledger.exclusive(LOCK):
                    await self._create()
                    versions = await self._versions()
                    changed = [name for name, kept in self._projections.items() if versions[name] != kept.version]
                    if changed:
                        await self._rebuild(changed, progress)
                    break
            except Locked:
                await anyio.sleep(LOOK_AGAIN)
        await self._read_checkpoints()

    # -- checkpoints -------------------------------------------------------------------------------

    async def _versions(self) -> dict[str, int]:
        return dict(await self._ledger.rows("SELECT name, version FROM projection_checkpoint"))

    async def _read_checkpoints(self) -> None:
        rows = await self._ledger.rows("SELECT name, version, generation, position FROM projection_checkpoint")
        found = {row[0]: row for row in rows}
        targets: list[Target] = []
        for name, projection in self._projections.items():
            if name not in found or found[name][1] != projection.version:
                message = (
                    f"The tables of the projection '{name}' have version {found[name][1] if name in found else 0}, and"
                    f" this version of SiteLedger fills version {projection.version}. Restart it to rebuild them."
                )
                raise SiteLedgerError(message)
            targets.append(self._target(projection, generation=found[name][2], position=found[name][3]))
        self._targets = targets

    def _target(self, projection: Projection, *, generation: int, position: int = 0, suffix: str = "") -> Target:
        decoders = decoders_of(projection, self._ledger.events)
        return Target(projection, generation, position, suffix, decoders)

    async def _create(self) -> None:
        known = await self._versions()
        for projection in self._projections.values():
            if projection.name not in known:
                target = self._target(projection, generation=1)
                dialect = self._ledger.dialect
                made = [*tables(dialect, target), *indexes(target), *shared(dialect, target), begin(target)]
                await self._ledger.change(made)

    # -- folding -----------------------------------------------------------------------------------

    async def _advance(
        self,
        targets: Callable[[], list[Target]],
        again: Callable[[], Awaitable[object]],
        progress: Progress | None = None,
    ) -> int:
        """Fold page by page until a page is not full. Targets that are behind go first, until all go together."""
        read_ahead: _Events | None = None
        while True:
            everyone = targets()
            lowest = min((target.position for target in everyone), default=0)
            group = [target for target in everyone if target.position == lowest]
            ahead = min((target.position for target in everyone if target.position > lowest), default=None)
            limit = self._page if ahead is None else min(self._page, ahead - lowest)
            if read_ahead is None or (read_ahead.after, read_ahead.limit) != (lowest, limit):
                read_ahead = await self._read(lowest, limit)
            events = read_ahead.rows
            if not events:
                return lowest
            statements = await self._ledger.reading(lambda reader: fold_page(reader, group, events))  # noqa: B023
            last = events[-1][0]
            full = len(events) == limit
            try:
                read_ahead = await self._write(statements, last if full else None)
            except RowsRefused:
                # Another process was faster; its page is in the rows, so go on from there.
                before = [target.position for target in everyone]
                await again()
                if [target.position for target in targets()] == before:
                    raise
                continue
            for target in group:
                target.position = last
            if progress is not None:
                progress.advance("rebuild", last - lowest)
            if not full and ahead is None:
                return last

    async def _read(self, after: int, limit: int) -> "_Events":
        return _Events(after, limit, await self._ledger.reading(lambda reader: reader.read(after, limit)))

    async def _write(self, statements: Sequence[Statement], after: int | None) -> "_Events | None":
        """Write a page, and read the next one meanwhile, if there is a position to read after."""
        if after is None:
            await self._ledger.change(statements)
            return None
        found: list[_Events] = []
        problems: list[SiteLedgerError] = []

        async def read() -> None:
            try:
                found.append(await self._read(after, self._page))
            except SiteLedgerError as error:
                problems.append(error)

        async with anyio.create_task_group() as both:
            both.start_soon(read)
            try:
                await self._ledger.change(statements)
            except SiteLedgerError as error:
                problems.insert(0, error)
        if problems:
            raise problems[0]  # not as a group: callers tell the errors apart
        return found[0]

    # -- rebuilding --------------------------------------------------------------------------------

    async def _rebuild(self, names: Iterable[str], progress: Progress) -> None:
        rows = await self._ledger.rows("SELECT name, generation, tables FROM projection_checkpoint")
        generations = {row[0]: row[1] for row in rows}
        old_tables = {row[0]: row[2].split() for row in rows}
        shadows = [
            self._target(self._projections[name], generation=generations[name] + 1, suffix=SHADOW) for name in names
        ]
        for shadow in shadows:
            await self._ledger.change([*drop(shadow), *tables(self._ledger.dialect, shadow), begin(shadow)])
        progress.start("rebuild", await self._ledger.last_position())
        await self._advance(lambda: shadows, lambda: self._look(shadows), progress)
        for shadow in shadows:
            await self._ledger.change(indexes(shadow))
        for shadow in shadows:
            await self._swap(shadow, old_tables[shadow.projection.name])
        progress.finish("rebuild")

    async def _swap(self, shadow: Target, old_tables: Sequence[str]) -> None:
        dialect = self._ledger.dialect
        while True:
            try:
                await self._ledger.change(swap(dialect, shadow, old_tables))
            except RowsRefused:
                before = shadow.position
                if not await self._look([shadow]):
                    return  # the swap was made, only its answer was lost
                # The live tables moved on meanwhile, and rows must never go back in time.
                await self._advance(lambda: [shadow], lambda: self._look([shadow]))
                if shadow.position == before:
                    raise
            else:
                return

    async def _look(self, shadows: Sequence[Target]) -> bool:
        """Read how far shadows are. False when they are shadows no more."""
        positions = dict(await self._ledger.rows("SELECT name, position FROM projection_checkpoint"))
        for shadow in shadows:
            shadow.position = positions.get(shadow.checkpoint, shadow.position)
        return all(shadow.checkpoint in positions for shadow in shadows)


@dataclass(frozen=True)
class _Events:
    """A page of events, and what was asked for to get it."""

    after: int
    limit: int
    rows: list[Row]
