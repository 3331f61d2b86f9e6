"""Reading from Procore: one address, or all pages of a list."""

from collections.abc import AsyncIterator, Sequence
from http import HTTPStatus

from adapters.outbound.answers import Answer, Call, UnreadableAnswer, address, fill
from adapters.outbound.caller import Caller
from adapters.procore.pages import SMALLEST, next_page, once_each, page_size, paging, rows_in
from adapters.procore.settings import ProcoreSettings
from domain.delivery import Exchange
from domain.errors import NeedsDecision, SiteLedgerError
from domain.values import Json

# The list is too large for one answer of this size (guide 7 at 408; a gateway says 504).
TOO_LARGE = frozenset({408, 504})


class _TooMuch(Exception):
    """The list is too large for one page of this size."""

    def __init__(self, meaning: SiteLedgerError) -> None:
        super().__init__(str(meaning))
        self.meaning = meaning


class Reader:
    """Reads for one company."""

    def __init__(self, settings: ProcoreSettings, caller: Caller) -> None:
        self._settings = settings
        self._caller = caller
        self._unpaged: set[str] = set()

    async def get(self, path: str, query: Sequence[tuple[str, str]] = ()) -> Answer:
        """The answer to one GET.

        Raises  what the answer means when it is not a success.
        """
        full = fill(path, {"company_id": self._settings.company_id})
        url = address(self._settings.api_url, full, query)
        return await self._caller.ask(
            Call(method="GET", url=url, kind=f"GET {kind_of(path)}", headers=self._settings.headers())
        )

    async def pages(
        self, path: str, query: Sequence[tuple[str, str]], key: str, *, paged: bool, template: str
    ) -> tuple[list[Json], Exchange]:
        """All rows of a list, each id once, and the last exchange.

        Shape   `template` is the path with its names, under which calls are counted.
        Raises  RetryLater, Misconfigured, NeedsDecision, Unreadable.
        """
        size = page_size(path, self._settings.page_size)
        paged = paged and template not in self._unpaged
        while True:
            try:
                return await self._walk(path, paging(query, size) if paged else tuple(query), key, template)
            except _TooMuch as error:
                if not paged or size <= SMALLEST:
                    raise error.meaning from error
                size = max(SMALLEST, size // 4)
            except NeedsDecision as error:
                # Which lists page is known from the catalogue alone (guide P3); one that refuses an unknown parameter
                # (guide H9) is read whole from then on.
                if not paged or error.status != HTTPStatus.NOT_ACCEPTABLE:
                    raise
                self._unpaged.add(template)
                paged = False

    async def page_by_page(
        self, path: str, query: Sequence[tuple[str, str]], *, template: str
    ) -> AsyncIterator[list[Json]]:
        """The pages of a list that may be too long to be held at once; an id may come twice (guide P7).

        Shape   as in `pages`.
        Raises  as `pages`.
        """
        size = page_size(path, self._settings.page_size)
        try:
            async for rows, _ in self._each(path, paging(query, size), "", template):
                yield rows
        except _TooMuch as error:
            raise error.meaning from error

    async def _walk(
        self, path: str, query: tuple[tuple[str, str], ...], key: str, template: str
    ) -> tuple[list[Json], Exchange]:
        rows: list[Json] = []
        last: Exchange | None = None
        async for page, exchange in self._each(path, query, key, template):
            rows.extend(page)
            last = exchange
        assert last is not None  # noqa: S101 - there is a first page, or an error
        return once_each(rows), last

    async def _each(
        self, path: str, query: tuple[tuple[str, str], ...], key: str, template: str
    ) -> AsyncIterator[tuple[list[Json], Exchange]]:
        url = address(self._settings.api_url, path, query)
        walked: set[str] = set()
        while url:
            walked.add(url)
            call = Call(method="GET", url=url, kind=f"GET {kind_of(template)}", headers=self._settings.headers())
            answer = await self._caller.call(call)
            if answer.status in TOO_LARGE:
                raise _TooMuch(self._caller.error(call, answer))
            if not answer.ok:
                raise self._caller.error(call, answer)
            yield rows_in(answer, path, key), answer.exchange
            url = next_page(answer, self._settings.api_url)
            if url in walked:
                message = f"{answer.exchange.url} names a next page that was read already"
                raise UnreadableAnswer(message, answer.exchange)


def kind_of(path: str) -> str:
    """The template of a path: ids that stand in it become `{id}`."""
    return "/".join("{id}" if part.isdigit() else part for part in path.split("/"))
