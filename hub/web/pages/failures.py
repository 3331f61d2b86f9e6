"""What goes wrong: the real problems behind many red rows, the records of one, and what could not be read at all."""

from collections.abc import Sequence
from typing import Any

from aiohttp import web
from msgspec import Struct

from domain.causes import FAILING
from domain.errors import Unknown
from domain.flows import FLOWS
from domain.states import NEEDS_A_PERSON, STATES
from domain.values import read_json
from hub.access import Action
from hub.app import Hub
from hub.operations import failures
from hub.operations.failures import FailureFilter, Group
from hub.queries import failing
from hub.tail import Happening
from hub.web.asking import cursor, following_page
from hub.web.keys import service
from hub.web.pages.documents import pretty
from hub.web.pages.frame import address, frame_of, render, show
from hub.web.routes import Route, allowed

HIGH = 24
"""Units of the tallest bar of a trend."""
MOST_SHOWN = 200_000
"""Characters of a body that a page shows."""
_FILTERS = ("connection", "flow", "state", "project")
HELPS = {
    "transient": "goes by itself in time",
    "after_mend": "a retry helps once that is done",
    "never": "a retry does not help",
}


class Bar(Struct, frozen=True):
    """One day of a trend; `height` of `HIGH` units."""

    count: int
    height: int


class Hit(Struct, frozen=True, kw_only=True):
    """A cause as the desk shows it: with its trend, and the filter of the batch that takes all of it."""

    group: Group
    bars: list[Bar]
    filters: dict[str, str]

    @property
    def trend(self) -> str:
        """The bars in words."""
        return f"stopped per day, the last {len(self.bars)} days: {', '.join(str(bar.count) for bar in self.bars)}"


def narrowed(request: web.Request) -> dict[str, str]:
    """What the address narrows the desk to."""
    return {name: request.query[name].strip() for name in _FILTERS if request.query.get(name, "").strip()}


async def _desk(request: web.Request) -> web.Response:
    frame, filters = frame_of(request), narrowed(request)
    hub, mine = service(request).hub, allowed(request)
    hits = await _hits(hub, _wanted(filters, mine), filters)
    return show(
        request,
        "failures/page.html",
        "failures/list.html",
        headers={"HX-Push-Url": address("/failures", filters)} if frame.partial else None,
        hits=hits,
        **_summed(hits, filters),
        filters=filters,
        states=[state for state in STATES if state in FAILING],
        flows=[flow.name for flow in FLOWS],
        last=await failing.last_said(hub.ledger, mine),
        unreadable=await failing.unreadable(hub.ledger, mine),
        helps=HELPS,
    )


async def _cause(request: web.Request) -> web.Response:
    """One cause and its records."""
    filters, cause = narrowed(request), request.match_info["cause"]
    hub, mine = service(request).hub, allowed(request)
    wanted = _wanted(filters, mine, cause)
    page = await failures.members(hub, wanted, cursor(request))
    return show(
        request,
        "failures/cause.html",
        cause=cause,
        hits=await _hits(hub, wanted, {**filters, "cause": cause}),
        items=page.items,
        next_cursor=following_page(request, page.next_cursor),
        filters=filters,
        helps=HELPS,
    )


async def _letters(request: web.Request) -> web.Response:
    page = await failures.dead_letters(service(request).hub, "", cursor(request), within=allowed(request))
    return show(
        request,
        "failures/letters.html",
        items=page.items,
        next_cursor=following_page(request, page.next_cursor),
    )


async def _letter(request: web.Request) -> web.Response:
    """The bytes of one dead letter, as far as they are text."""
    hub, letter = service(request).hub, request.match_info["id"].lower()
    rows = await hub.ledger.rows("SELECT connection, at, side, reason FROM dead_letter WHERE letter = ?", (letter,))
    if not rows or rows[0][0] not in allowed(request):
        raise Unknown(f"There is no dead letter {letter}.")
    body = await failures.dead_letter_body(hub, letter)
    try:
        text = pretty(read_json(body))
    except ValueError:
        text = body.decode(errors="replace")
    told = dict(zip(("connection", "at", "side", "reason"), rows[0], strict=True))
    return show(
        request, "failures/letter.html", letter=letter, told=told, text=text[:MOST_SHOWN], cut=len(text) > MOST_SHOWN
    )


async def live(request: web.Request, happened: Sequence[Happening]) -> str:
    """The causes that are shown, as they are now; one that is new shows when the page is asked for again."""
    if not any(item.flow for item in happened):
        return ""
    filters, hub, mine = narrowed(request), service(request).hub, allowed(request)
    hits = await _hits(hub, _wanted(filters, mine), filters)
    gone = set(await failing.over(hub.ledger, mine)) - {(hit.group.connection, hit.group.cause) for hit in hits}
    summed = _summed(hits, filters)
    return render("failures/changed.html", frame_of(request), hits=hits, gone=sorted(gone), helps=HELPS, **summed)


def _wanted(filters: dict[str, str], mine: tuple[str, ...], cause: str = "") -> FailureFilter:
    named = {name: filters.get(name, "") for name in _FILTERS}
    return FailureFilter(
        connection=named["connection"],
        flow=named["flow"],
        state=named["state"],
        project=named["project"],
        cause=cause,
        within=mine,
    )


async def _hits(hub: Hub, wanted: FailureFilter, filters: dict[str, str]) -> list[Hit]:
    found = await failures.groups(hub, wanted)
    causes, within = {group.cause for group in found}, {group.connection for group in found}
    days = await failing.per_day(hub.ledger, within, causes, hub.clock.now().date()) if found else {}
    return [
        Hit(
            group=group,
            bars=_bars(days.get((group.connection, group.cause), [0] * failing.DAYS)),
            filters={**filters, "cause": group.cause, "connection": group.connection},
        )
        for group in found
    ]


def _bars(counts: Sequence[int]) -> list[Bar]:
    most = max(counts, default=0) or 1
    return [Bar(count, -(-count * HIGH // most)) for count in counts]


def _summed(hits: Sequence[Hit], filters: dict[str, str]) -> dict[str, Any]:
    """What the desk says first."""
    waits = filters.get("state") == "parked"
    return {
        "total": sum(hit.group.records for hit in hits),
        "people": sum(hit.group.state in NEEDS_A_PERSON for hit in hits),
        "waits": waits,
        "causes": len(hits),
    }


ROUTES = (
    Route("GET", "/failures", _desk, Action.SEE),
    Route("GET", "/failures/dead-letters", _letters, Action.SEE),
    Route("GET", "/failures/dead-letters/{id}", _letter, Action.SEE_BODIES, ids="[0-9a-fA-F-]{36}"),
    Route("GET", "/failures/{cause}", _cause, Action.SEE),
)
