"""Taking back what one run sent: what would be undone and what is left as it is, then the batch of just that."""

import msgspec
from aiohttp import web

from hub.access import Action
from hub.operations import undo
from hub.operations.choosing import MANY, confirmed
from hub.web.api.undo import previewed, taken_back
from hub.web.keys import service
from hub.web.pages.forms import done, form
from hub.web.pages.frame import show
from hub.web.routes import UUIDS, Route


class Word(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The yes to a preview: why, and the number of records where there are very many."""

    reason: str = ""
    number: str = ""


async def _look(request: web.Request) -> web.Response:
    seen, _ = await previewed(request, request.match_info["id"])
    return _shown(request, seen, Word())


def _shown(request: web.Request, seen: undo.Preview, word: Word, wrong: str = "") -> web.Response:
    return show(
        request,
        "undo/page.html",
        status=422 if wrong else 200,
        seen=seen,
        word=word,
        wrong=wrong,
        count=sum(seen.undone.values()),
        many=MANY,
    )


async def _undo(request: web.Request) -> web.Response:
    """The batch that takes the run back; which records a run sent does not change any more once it is over."""
    word = await form(request, Word)
    seen, members = await previewed(request, request.match_info["id"])
    if not word.reason.strip():
        return _shown(request, seen, word, "Say why; it is kept with what is taken back.")
    count = sum(seen.undone.values())
    if not confirmed(count, word.number):
        return _shown(request, seen, word, f"Type {count}, the number of records, to undo so many.")
    batch = await taken_back(request, seen, members, word.reason.strip())
    service(request).work(batch)
    return done(
        f"/batches/{batch}",
        f"What the run sent is being taken back: {count:,} {'record' if count == 1 else 'records'}.",
    )


ROUTES = (
    Route("GET", "/runs/{id}/undo", _look, Action.CONFIGURE, ids=UUIDS),
    Route("POST", "/runs/{id}/undo", _undo, Action.CONFIGURE, ids=UUIDS),
)
