"""Lists of Procore: page sizes, following pages, taking rows out of an answer.

Source  Procore guide, section 4 (P1 to P7).
"""

import re
from collections.abc import Sequence
from typing import cast
from urllib.parse import urlsplit

from adapters.outbound.answers import Answer, UnreadableAnswer, read_document
from adapters.procore.rows import api_version
from domain.shown import dig, found
from domain.values import Json

_LINK = re.compile(r"<([^>]*)>\s*((?:;[^,<]*)*)")
_NEXT = re.compile(r'rel\s*=\s*"?[^"]*\bnext\b', re.IGNORECASE)
# Largest pages that Procore grants (guide P1, P4, P5).
LARGEST_V1 = 2000
LARGEST_V2 = 100
LARGEST_PROJECTS = 300
# A list that times out is asked for in smaller pages (guide 7 at 408), down to this size.
SMALLEST = 25


def page_size(path: str, wanted: int) -> int:
    """Rows of one page of this list."""
    if api_version(path) == 2:  # noqa: PLR2004
        return min(wanted, LARGEST_V2)
    if path.rstrip("/") == "/rest/v1.1/projects":
        return min(wanted, LARGEST_PROJECTS)
    return min(wanted, LARGEST_V1)


def paging(query: Sequence[tuple[str, str]], size: int) -> tuple[tuple[str, str], ...]:
    """The query with paging parameters, unless it names its own."""
    named = {name for name, _ in query}
    own = (("page", "1"), ("per_page", str(size)))
    return (*query, *(pair for pair in own if pair[0] not in named))


def next_page(answer: Answer, base: str) -> str:
    """Address of the page that follows, empty on the last one.

    Raises  UnreadableAnswer when it points to another host: our token goes to the configured one alone (guide Z9).
    """
    for match in _LINK.finditer(answer.headers.get("link", "")):
        target = match.group(1)
        if not _NEXT.search(match.group(2)):
            continue
        link, home = urlsplit(target), urlsplit(base)
        if not link.netloc:
            return f"{home.scheme}://{home.netloc}{target}"
        if (link.scheme, link.netloc) != (home.scheme, home.netloc):
            message = f"{answer.exchange.url} names a next page on another host: {link.netloc}"
            raise UnreadableAnswer(message, answer.exchange)
        return target
    return ""


def rows_in(answer: Answer, path: str, key: str) -> list[Json]:
    """The rows of a page.

    Shape   a bare list, a list under `key`, v2 a list under `data`; a single object counts as one row (guide Z1).
    Raises  UnreadableAnswer when the answer is something else.
    """
    document: object = read_document(answer)
    if not key and api_version(path) == 2 and found(document, "data"):  # noqa: PLR2004
        key = "data"
    rows = _under(answer, document, key) if key else document
    if isinstance(rows, dict):
        return [cast("Json", rows)]
    if isinstance(rows, list) and all(isinstance(row, dict) for row in cast("list[object]", rows)):
        return cast("list[Json]", rows)
    message = f"{answer.exchange.url} did not answer a list of objects"
    raise UnreadableAnswer(message, answer.exchange)


def _under(answer: Answer, document: object, key: str) -> object:
    if not found(document, key):
        message = f"{answer.exchange.url} answered without {key}"
        raise UnreadableAnswer(message, answer.exchange)
    rows = dig(document, key)
    if isinstance(document, list) and isinstance(rows, list):
        # A list of objects that hold the rows each: patterns and their segments.
        parts = cast("list[object]", rows)
        return [row for part in parts if isinstance(part, list) for row in cast("list[object]", part)]
    return rows


def once_each(rows: Sequence[Json]) -> list[Json]:
    """Every id once, in the order of its first sight and with its last content: pages shift while rows change (P7)."""
    out: dict[object, Json] = {}
    for index, row in enumerate(rows):
        name = row.get("id")
        out[("row", index) if name is None else ("id", str(name))] = row
    return list(out.values())
