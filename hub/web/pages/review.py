"""One request as an accountant reads it: the document, what changed, what was checked, and the word on exactly that."""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import msgspec
from aiohttp import web
from msgspec import Struct

from domain import approval
from domain.approval import Deed
from domain.flows import BY_NAME
from domain.values import BUSINESS_CENTRAL, PROCORE, enum_text
from hub.access import Action, NotPermitted
from hub.app import Hub
from hub.operations import approvals, reviewing
from hub.operations.approvals import Request, Review
from hub.operations.documents import differences
from hub.queries.access import approvers
from hub.web.gate import IDS, decided, found, outer
from hub.web.keys import service
from hub.web.pages.approvals import WORDS
from hub.web.pages.documents import guarded, pretty
from hub.web.pages.forms import done, form
from hub.web.pages.frame import frame_of, show
from hub.web.problems import Refused
from hub.web.routes import Route, principal

_FIRST = (
    "number",
    "title",
    "yourReference",
    "vendorName",
    "vendorNumber",
    "customerNumber",
    "jobNumber",
    "status",
    "documentDate",
    "orderDate",
    "postingDate",
    "dueDate",
    "currencyCode",
    "paymentTermsCode",
    "retentionPercent",
)
"""Fields of a document's head that are read first; the others follow as they come."""
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NOTHING = frozenset({"", "0001-01-01", "0001-01-01T00:00:00Z", "00000000-0000-0000-0000-000000000000"})
_DONE: Mapping[Deed, str] = {
    "accept": "accepted. It goes with the next round, which begins now.",
    "decline": "rejected. Whoever sent it reads why, and may send it again.",
    "retrieve": "taken back. It waits until somebody sends it again.",
    "resend": "before the approvers again.",
}


class Word(Struct, frozen=True, kw_only=True):
    """What somebody says of a request; the hash names the content that was on the screen."""

    hash: str
    comment: str = ""


async def _review(request: web.Request) -> web.Response:
    [one] = await found(request, [request.match_info["id"]])
    return await _shown(request, one)


async def _say(request: web.Request, deed: Deed) -> web.Response:
    """One word; the content that is there now is shown afresh where it is another one."""
    said = await form(request, Word)
    [one] = await found(request, [request.match_info["id"]])
    if not said.hash:
        raise Refused(422, "The form does not say which content was looked at. Open the request again.")
    if deed == "decline" and not said.comment.strip():
        return await _shown(request, one, 422, said=said, wrong="Say what has to change; whoever sent it reads this.")
    [answer] = await decided(request, deed, [one], [said.hash], said.comment)
    if answer.outcome == "own":
        raise NotPermitted(answer.message)
    if answer.done:
        return done("/approvals", f"{answer.number} is {_DONE[deed]}")
    [now] = await found(request, [request.match_info["id"]])
    return await _shown(request, now, 409, said=said, wrong=f"Nothing was decided: {answer.message}.")


async def _shown(
    request: web.Request, one: Request, status: int = 200, *, said: Word | None = None, wrong: str = ""
) -> web.Response:
    hub, frame = service(request).hub, frame_of(request)
    review = await approvals.review(hub, one.id, principal(request).actor)
    frozen = approval.read((await hub.ledger.contents([review.request.hash]))[review.request.hash])
    since = await _since_then(hub, review, said.hash if said is not None else review.request.hash)
    seen = guarded(hub, frame, one.connection, msgspec.to_builtins(review))
    origin = BY_NAME[one.flow].origin.system
    return show(
        request,
        "review/page.html",
        status=status,
        review=seen,
        one=review.request,
        place=outer(one.id),
        words=WORDS,
        glance=reviewing.glance(review.request, frozen),
        effects=await reviewing.effects(hub, review.request),
        head=_head(seen["document"]["header"]),
        lines=reviewing.laid_out(seen["document"]["lines"]),
        origin=origin,
        target=PROCORE if origin == BUSINESS_CENTRAL else BUSINESS_CENTRAL,
        since=guarded(hub, frame, one.connection, since),
        said=said or Word(hash=review.request.hash),
        wrong=wrong,
        pretty=pretty,
        approvers=[] if frame.may("approve", one.connection) else await approvers(hub.ledger, (one.connection,)),
    )


async def _since_then(hub: Hub, review: Review, looked_at: str) -> Sequence[Any]:
    """What is otherwise than in the content that was looked at; only contents of this request are told."""
    if looked_at == review.request.hash or looked_at not in {each.hash for each in review.story}:
        return []
    contents = await hub.ledger.contents([looked_at, review.request.hash])
    if len(contents) < 2:  # noqa: PLR2004 - the one and the other
        return []
    before, now = (approval.read(contents[name]).document for name in (looked_at, review.request.hash))
    return differences(before, now)


def _head(header: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Fields of a document's head in words, without those that say nothing."""
    ranks = {name: place for place, name in enumerate(_FIRST)}
    names = sorted(header, key=lambda name: ranks.get(name, len(ranks)))
    told = [(_HUMP.sub(" ", name).replace("_", " ").capitalize(), _text(header[name])) for name in names]
    return [(name, text) for name, text in told if text.strip() not in _NOTHING]


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case str():
            return enum_text(value)
        case dict() | list():
            return pretty(value) if value else ""
        case _:
            return str(value)


def _word(deed: Deed, action: Action) -> Route:
    return Route("POST", f"/approvals/{{id}}/{deed}", partial(_say, deed=deed), action, ids=IDS)


ROUTES = (
    Route("GET", "/approvals/{id}", _review, Action.SEE_BODIES, ids=IDS),
    _word("accept", Action.APPROVE),
    _word("decline", Action.APPROVE),
    _word("retrieve", Action.RETRIEVE),
    _word("resend", Action.OPERATE),
)
