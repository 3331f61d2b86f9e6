"""Lists of Business Central, all pages.

Source  Business Central guide, part 5.
"""

from collections.abc import Sequence
from typing import cast
from urllib.parse import urlsplit

from adapters.business_central.desk import Desk, Part
from adapters.business_central.settings import LARGEST_PAGE, BusinessCentralSettings
from adapters.outbound.answers import Answer, UnreadableAnswer, address, read_document
from adapters.outbound.caller import Caller
from domain.delivery import Listing
from domain.values import Json

# The same request would run into the same limit: the pages become smaller (guide 12).
_TOO_LARGE = frozenset({408, 413, 504})
SMALLEST = 20


class Reader:
    """Reads lists of one company."""

    def __init__(self, settings: BusinessCentralSettings, caller: Caller, desk: Desk) -> None:
        self._settings = settings
        self._caller = caller
        self._desk = desk

    async def rows(self, listing: Listing) -> list[Json]:
        """All rows, each id once; a path to one entity gives one row.

        Raises  RetryLater, Misconfigured, NeedsDecision, Unreadable.
        """
        part = Part(method="GET", path=listing.path, query=listing.query)
        url = address(self._settings.root(part.path), self._settings.located(part.path), part.query)
        size = min(self._settings.page_size, LARGEST_PAGE)
        rows: list[Json] = []
        walked: set[str] = set()
        while url:
            # The page size goes with every page (guide 5.2).
            call = self._desk.call(part, url, {"Prefer": f"odata.maxpagesize={size}"})
            answer = await self._caller.call(call)
            if answer.status in _TOO_LARGE and size > SMALLEST:
                size = max(SMALLEST, size // 4)
                continue
            if not answer.ok:
                raise self._caller.error(call, answer)
            walked.add(url)
            page, url = _page(answer, listing.rows or "value")
            rows += page
            self._guard(answer, url, walked)
        return once_each(rows)

    def _guard(self, answer: Answer, url: str, walked: set[str]) -> None:
        if url in walked:
            raise UnreadableAnswer(f"{answer.exchange.url} names a next page that was read already", answer.exchange)
        link, home = urlsplit(url), urlsplit(self._settings.api_url)
        if url and (link.scheme, link.netloc) != (home.scheme, home.netloc):
            # The token goes to the configured host alone.
            raise UnreadableAnswer(f"{answer.exchange.url} names a next page on {link.netloc}", answer.exchange)


def _page(answer: Answer, key: str) -> tuple[list[Json], str]:
    document = read_document(answer)
    if not isinstance(document, dict):
        raise UnreadableAnswer(f"{answer.exchange.url} did not answer a collection", answer.exchange)
    fields = cast("Json", document)
    if key not in fields:
        if "id" in fields:
            return [fields], ""
        raise UnreadableAnswer(f"{answer.exchange.url} answered without {key}", answer.exchange)
    rows: object = fields[key]
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in cast("list[object]", rows)):
        raise UnreadableAnswer(f"{answer.exchange.url} did not answer a list of entities", answer.exchange)
    link = fields.get("@odata.nextLink")
    return cast("list[Json]", rows), link if isinstance(link, str) else ""


def once_each(rows: Sequence[Json]) -> list[Json]:
    """Every id once, with its last content: rows can repeat between pages (guide 5.3)."""
    out: dict[object, Json] = {}
    for index, row in enumerate(rows):
        name = row.get("id")
        out[("row", index) if name is None else ("id", str(name).lower())] = row
    return list(out.values())
