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


@dataclass
class Works:
    """Pieces of work, each by its name; what fails is logged and ends nothing else."""

    _line: dict[str, Callable[[], Awaitable[object]]] = field(
        default_factory=dict[str, Callable[[], Awaitable[object]]]
    )
    _busy: set[str] = field(default_factory=set[str])
    _news: anyio.Event = field(default_factory=anyio.Event)

    def begin(self, name: str, work: Work) -> None:
        """In line as of now; what is in line or at work already is not begun twice."""
        if name not in self._busy:
            self._line.setdefault(name, work)
            self._news.set()

    def is_busy(self, name: str) -> bool:
        """Whether it is in line or at work."""
        return name in self._busy or name in self._line

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
        try:
            await work()
        except SiteLedgerError as error:
            log.warning("work_failed", work=name, reason=str(error))
        except Exception as error:  # noqa: BLE001 - what one person asked for must not end what serves all others
            log.error("work_failed", work=name, kind=type(error).__name__)  # noqa: TRY400 - its text may hold anything
        finally:
            self._busy.discard(name)
            self._news.set()
