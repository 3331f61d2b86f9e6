"""Work in the background of the service: begun by people, kept in the ledger, and gone on with after a restart."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import anyio
import structlog

from domain.errors import SiteLedgerError
from hub.groups import single_error

log: structlog.stdlib.BoundLogger = structlog.get_logger()

Work = Callable[[], Awaitable[object]]

AT_ONCE = 4
"""Pieces of work at the same time; the others wait for their turn."""
KEPT = 100
"""Failures that are remembered, by the name of the work."""


@dataclass
class Count:
    """How far a piece of work is, in units of its own; `total` is None where nobody knows it."""

    done: int = 0
    total: int | None = None

    def start(self, task: str, total: int | None = None) -> None:  # noqa: ARG002 - one task at a time
        """Begin a task, or begin it anew."""
        self.done, self.total = 0, total

    def advance(self, task: str, by: int = 1) -> None:  # noqa: ARG002 - as above
        """So many more units are done."""
        self.done += by

    def finish(self, task: str) -> None:  # noqa: ARG002 - as above
        """All of it is done."""
        self.done = self.total or self.done

    def say(self, text: str) -> None:
        """Nobody listens."""


@dataclass
class Works:
    """Pieces of work, each by its name; what fails is logged and ends nothing else.

    troubles   why a piece of work failed when it was done last, for the last hundred that did
    """

    _line: dict[str, Callable[[], Awaitable[object]]] = field(
        default_factory=dict[str, Callable[[], Awaitable[object]]]
    )
    _busy: set[str] = field(default_factory=set[str])
    _news: anyio.Event = field(default_factory=anyio.Event)
    _counts: dict[str, Count] = field(default_factory=dict[str, Count])
    troubles: dict[str, str] = field(default_factory=dict[str, str])

    def begin(self, name: str, work: Work) -> None:
        """In line as of now; what is in line or at work already is not begun twice."""
        if name not in self._busy:
            self._line.setdefault(name, work)
            self._news.set()

    def is_busy(self, name: str) -> bool:
        """Whether it is in line or at work."""
        return name in self._busy or name in self._line

    def counted(self, name: str, work: Callable[[Count], Awaitable[object]]) -> None:
        """As `begin`, for work that says how far it is."""
        if not self.is_busy(name):
            count = self._counts[name] = Count()
            self.begin(name, lambda: work(count))

    def count(self, name: str) -> Count | None:
        """How far it is, for what says so and is in line or at work."""
        return self._counts.get(name)

    def names(self) -> list[tuple[str, bool]]:
        """What is at work, and what waits in line behind it (False)."""
        return [*((name, True) for name in sorted(self._busy)), *((name, False) for name in self._line)]

    async def run(self) -> None:
        """Works until cancelled."""
        with single_error():
            async with anyio.create_task_group() as tasks:
                while True:
                    while self._line and len(self._busy) < AT_ONCE:
                        name = next(iter(self._line))
                        self._busy.add(name)
                        tasks.start_soon(self._work, name, self._line.pop(name))
                    await self._news.wait()
                    self._news = anyio.Event()

    async def _work(self, name: str, work: Work) -> None:
        self.troubles.pop(name, None)
        try:
            await work()
        except SiteLedgerError as error:
            log.warning("work_failed", work=name, reason=str(error))
            self._failed(name, str(error))
        except Exception as error:  # noqa: BLE001 - what one person asked for must not end what serves all others
            log.error("work_failed", work=name, kind=type(error).__name__)  # noqa: TRY400 - its text may hold anything
            self._failed(name, f"a fault of SiteLedger ({type(error).__name__}); the log has its line")
        finally:
            self._busy.discard(name)
            self._counts.pop(name, None)
            self._news.set()

    def _failed(self, name: str, why: str) -> None:
        self.troubles[name] = why
        while len(self.troubles) > KEPT:
            self.troubles.pop(next(iter(self.troubles)))
