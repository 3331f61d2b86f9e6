"""The accounting gate as a list: what waits for an approver, what became of the rest, and one word for many."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal, NamedTuple

import msgspec
from aiohttp import web
from msgspec import Struct

from domain.flows import FLOWS
from hub.access import Action, may
from hub.operations import approvals, reviewing
from hub.operations.approvals import OPEN, ApprovalFilter, Request, State
from hub.operations.approving import Answer
from hub.operations.lists_then import approvals_counted_then, approvals_then
from hub.queries.access import approvers
from hub.tail import Happening
from hub.web.asking import cursor, following_page
from hub.web.gate import decided, found, outer
from hub.web.keys import service
from hub.web.pages.documents import guarded
from hub.web.pages.forms import done, form
from hub.web.pages.frame import Frame, address, frame_of, narrowed, render, show
from hub.web.problems import Refused
from hub.web.routes import Route, allowed, principal

ROWS = 100
"""Requests of one page: as many as one confirmation holds, and as anybody looks over."""
_FILTERS = ("connection", "flow", "project", "number")


class Tab(NamedTuple):
    """Some of the requests, by where they stand; `none` is what an empty one says."""

    word: str
    title: str
    states: tuple[State, ...]
    none: str


TABS = (
    Tab("ready", "Ready to export", ("ready", "resent"), "Nothing waits for an approver."),
    Tab("mine", "Waiting on me", ("ready", "resent"), "Nothing waits on you."),
    Tab("again", "Sent back again", ("resent",), "Nothing was sent back again."),
    Tab("declined", "Rejected", ("declined",), "Nothing is rejected."),
    Tab("back", "Taken back", ("waiting",), "Nobody took a request back."),
    Tab("accepted", "Accepted", ("accepted", "exported", "failed"), "Nothing was accepted yet."),
    Tab("all", "All", (), "Nothing was ever put before an approver."),
)
_BY_WORD = {tab.word: tab for tab in TABS}
WORDS: Mapping[str, str] = {
    "ready": "ready to export",
    "resent": "sent back again",
    "declined": "rejected",
    "waiting": "taken back",
    "accepted": "accepted, on its way",
    "exported": "exported",
    "failed": "accepted, refused by the target",
    "withdrawn": "no longer asked",
}
"""State of a request as its people say it."""


class Row(Struct, frozen=True, kw_only=True):
    """One line of the list. `open` says that it can be decided on by whoever looks."""

    request: Request
    place: str
    glance: reviewing.Glance | None
    open: bool


class Chosen(Struct, frozen=True, kw_only=True):
    """Requests that were picked, each as its id and, behind a blank, the hash of the content that was looked at."""

    deed: Literal["accept", "decline"]
    chosen: tuple[str, ...] = ()
    comment: str = ""

    def pairs(self) -> tuple[list[str], list[str]]:
        """Ids and hashes.

        Raises  Refused (422) where nothing was picked.
        """
        split = [each.partition(" ") for each in dict.fromkeys(self.chosen)]
        if not split:
            raise Refused(422, "Nothing is picked. Tick the requests first, then say what becomes of them.")
        return [each[0] for each in split], [each[2] for each in split]


async def _list(request: web.Request) -> web.Response:
    frame, hub = frame_of(request), service(request).hub
    tab = _BY_WORD.get(request.query.get("tab", "ready"))
    if tab is None:
        raise Refused(404, f"There are only these lists: {', '.join(each.title for each in TABS)}.")
    filters = narrowed(request.query, _FILTERS)
    mine = tuple(name for name in allowed(request) if may(principal(request), Action.APPROVE, name))
    on_me = tab.word == "mine"
    wanted = ApprovalFilter(
        **filters,
        states=tab.states,
        not_by=principal(request).actor if on_me else "",
        within=mine if on_me else allowed(request),
    )
    position: int | None = None
    if frame.asof:
        page, position = await approvals_then(hub, wanted, cursor(request), ROWS, frame.asof)
    else:
        page = await approvals.listed(hub, wanted, cursor(request), ROWS)
    rows = await _rows(request, frame, page.items)
    return show(
        request,
        "approvals/page.html",
        "approvals/list.html",
        headers={"HX-Push-Url": address("/approvals", _place(tab, filters, frame.asof))} if frame.partial else None,
        tab=tab,
        tabs=await _counted(request, filters, mine, position),
        filters=filters,
        rows=rows,
        next_cursor=following_page(request, page.next_cursor),
        flows=[flow.name for flow in FLOWS],
        one_flow=len({row.request.flow for row in rows}) == 1 and any(row.open for row in rows),
        words=WORDS,
        approvers=[] if mine else await approvers(hub.ledger, allowed(request)),
        is_approver=bool(mine),
    )


def _place(tab: Tab, filters: Mapping[str, str], asof: str) -> dict[str, str]:
    """What an address says of a list; the first one needs no word."""
    return {"tab": "" if tab is TABS[0] else tab.word, **filters, "asof": asof}


async def _counted(
    request: web.Request, filters: Mapping[str, str], mine: tuple[str, ...], position: int | None = None
) -> list[tuple[Tab, int, str]]:
    """Each tab with how many are in it, in all flows, now or at a position, and its address."""
    every = await _sums(request, allowed(request), position)
    on_me = await _sums(request, mine, position, not_by=principal(request).actor) if mine else {}
    asof = frame_of(request).asof
    told: list[tuple[Tab, int, str]] = []
    for tab in TABS:
        counts = on_me if tab.word == "mine" else every
        number = sum(count for state, count in counts.items() if not tab.states or state in tab.states)
        told.append((tab, number, address("/approvals", _place(tab, filters, asof))))
    return told


async def _sums(
    request: web.Request, within: tuple[str, ...], position: int | None, *, not_by: str = ""
) -> dict[str, int]:
    """State -> requests, in all flows."""
    hub = service(request).hub
    if position is None:
        counts = await approvals.counted(hub, within=within, not_by=not_by)
    else:
        counts = await approvals_counted_then(hub, within, position, not_by=not_by)
    found: dict[str, int] = {}
    for states in counts.values():
        for state, number in states.items():
            found[state] = found.get(state, 0) + number
    return found


async def _rows(request: web.Request, frame: Frame, requests: Sequence[Request]) -> list[Row]:
    hub = service(request).hub
    seen = await reviewing.glances(hub, requests)
    return [
        Row(
            request=each,
            place=outer(each.id),
            glance=_guarded(request, frame, each, seen.get(each.id)),
            open=not frame.asof and each.state in OPEN and frame.may("approve", each.connection),
        )
        for each in requests
    ]


def _guarded(
    request: web.Request, frame: Frame, one: Request, glance: reviewing.Glance | None
) -> reviewing.Glance | None:
    """As whoever looks may see it: who a document is with may be a personal field."""
    if glance is None or not glance.field:
        return glance
    party = guarded(service(request).hub, frame, one.connection, {glance.field: glance.party})[glance.field]
    return msgspec.structs.replace(glance, party=party)


async def _confirm(request: web.Request) -> web.Response:
    """What one word would do, before it is said; nothing happens here."""
    return await _asked(request, await form(request, Chosen))


async def _asked(request: web.Request, asked: Chosen, wrong: str = "") -> web.Response:
    ids, hashes = asked.pairs()
    requests = await found(request, ids)
    if len({each.flow for each in requests}) > 1:
        raise Refused(422, "One word is for one type. Choose a type above the list, then pick.")
    rows = await _rows(request, frame_of(request), requests)
    moved = {row.place for row, hash_ in zip(rows, hashes, strict=True) if row.request.hash != hash_}
    sums: dict[str, Decimal] = {}
    for row in rows:
        if row.request.amount and row.place not in moved:
            currency = row.glance.currency if row.glance else ""
            sums[currency] = sums.get(currency, Decimal(0)) + Decimal(row.request.amount)
    context: dict[str, Any] = {"asked": asked, "rows": rows, "moved": moved, "sums": sums, "wrong": wrong}
    return show(request, "approvals/confirm.html", status=422 if wrong else 200, words=WORDS, **context)


async def _decide(request: web.Request) -> web.Response:
    said = await form(request, Chosen)
    if said.deed == "decline" and not said.comment.strip():
        return await _asked(request, said, "Say what has to change; whoever sent it reads this.")
    ids, hashes = said.pairs()
    requests = await found(request, ids)
    answers = await decided(request, said.deed, requests, hashes, said.comment)
    left = [(each, answer) for each, answer in zip(requests, answers, strict=True) if not answer.done]
    if not left:
        return done("/approvals", _said(said.deed, answers))
    return show(
        request,
        "approvals/answers.html",
        status=409,
        deed=said.deed,
        counted=len(answers) - len(left),
        left=[(outer(each.id), answer) for each, answer in left],
    )


def _said(deed: str, answers: Sequence[Answer]) -> str:
    """What was done, for the page that is shown next."""
    names = ", ".join(answer.number for answer in answers[:5]) + (" and others" if len(answers) > 5 else "")  # noqa: PLR2004
    end = "They go with the next round, which begins now." if deed == "accept" else "Whoever sent them reads why."
    return f"{len(answers)} {'accepted' if deed == 'accept' else 'rejected'}: {names}. {end}"


async def live(request: web.Request, happened: Sequence[Happening]) -> str:
    """Rows of requests that something happened to; a new request is told, and shown when somebody asks anew."""
    touched = {item.record for item in happened}
    requests = await approvals.of_records(service(request).hub, touched, allowed(request))
    if not requests:
        return ""
    frame = frame_of(request)
    rows = await _rows(request, frame, requests)
    mine = tuple(name for name in allowed(request) if may(principal(request), Action.APPROVE, name))
    tab = _BY_WORD.get(request.query.get("tab", "ready"), TABS[0])
    filters = {name: request.query[name] for name in _FILTERS if request.query.get(name)}
    tabs = await _counted(request, filters, mine)
    # A row that is no longer in the list stays where it is and can be picked no more.
    kept = [row if not tab.states or row.request.state in tab.states else _shut(row) for row in rows]
    picks = request.query.get("pick") == "1"
    return render("approvals/changed.html", frame, rows=kept, tab=tab, tabs=tabs, words=WORDS, one_flow=picks)


def _shut(row: Row) -> Row:
    return msgspec.structs.replace(row, open=False)


ROUTES = (
    Route("GET", "/approvals", _list, Action.SEE, past=True),
    Route("POST", "/approvals/confirm", _confirm, Action.APPROVE),
    Route("POST", "/approvals/decide", _decide, Action.APPROVE),
)
