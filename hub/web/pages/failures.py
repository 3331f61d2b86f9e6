"""What goes wrong: the real problems behind many red rows, the records of one, and what could not be read at all."""

from collections.abc import Sequence
from typing import Any

from aiohttp import web
from msgspec import Struct

from domain.causes import FAILING
from domain.errors import Unknown
from domain.flows import FLOWS
from domain.states import STATES
from domain.values import read_json
from hub.access import Action
from hub.app import Hub
from hub.asof import position_at
from hub.operations import failures
from hub.operations.failures import FailureFilter, Group
from hub.operations.failures_then import groups_then, members_then
from hub.queries import failing
from hub.tail import Happening
from hub.web.answers import told
from hub.web.asking import cursor, following_page
from hub.web.keys import service
from hub.web.pages.documents import pretty
from hub.web.pages.frame import address, frame_of, narrowed, render, show
from hub.web.routes import UUIDS, Route, allowed

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


async def _desk(request: web.Request) -> web.Response:
    frame, filters = frame_of(request), narrowed(request.query, _FILTERS)
    hub, mine = service(request).hub, allowed(request)
    hits, position = await _hits(hub, _wanted(filters, mine), filters, frame.asof)
    return show(
        request,
        "failures/page.html",
        "failures/list.html",
        headers={"HX-Push-Url": address("/failures", {**filters, "asof": frame.asof})} if frame.partial else None,
        hits=hits,
        **_summed(hits, filters),
        filters=filters,
        states=[state for state in STATES if state in FAILING],
        flows=[flow.name for flow in FLOWS],
        last="" if frame.asof else await failing.last_said(hub.ledger, mine),
        unreadable=await failing.unreadable(hub.ledger, mine, upto=position),
        helps=HELPS,
    )


async def _cause(request: web.Request) -> web.Response:
    """One cause and its records."""
    filters, cause = narrowed(request.query, _FILTERS), request.match_info["cause"]
    hub, mine, asof = service(request).hub, allowed(request), frame_of(request).asof
    wanted = _wanted(filters, mine, cause)
    hits, _ = await _hits(hub, wanted, {**filters, "cause": cause}, asof)
    if asof:
        page, _ = await members_then(hub, wanted, cursor(request), failures.LIMIT, asof)
    else:
        page = await failures.members(hub, wanted, cursor(request))
    return show(
        request,
        "failures/cause.html",
        cause=cause,
        hits=hits,
        items=page.items,
        next_cursor=following_page(request, page.next_cursor),
        filters=filters,
        helps=HELPS,
    )


async def _letters(request: web.Request) -> web.Response:
    hub = service(request).hub
    upto = await position_at(await told(request), frame_of(request).asof)
    page = await failures.dead_letters(hub, "", cursor(request), within=allowed(request), upto=upto)
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
    known = dict(zip(("connection", "at", "side", "reason"), rows[0], strict=True))
    return show(
        request, "failures/letter.html", letter=letter, told=known, text=text[:MOST_SHOWN], cut=len(text) > MOST_SHOWN
    )


async def live(request: web.Request, happened: Sequence[Happening]) -> str:
    """The causes that are shown, as they are now; one that is new shows when the page is asked for again."""
    if not any(item.flow or item.event.startswith("cause.") for item in happened):
        return ""
    filters, hub, mine = narrowed(request.query, _FILTERS), service(request).hub, allowed(request)
    hits, _ = await _hits(hub, _wanted(filters, mine), filters)
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


async def _hits(
    hub: Hub, wanted: FailureFilter, filters: dict[str, str], asof: str = ""
) -> tuple[list[Hit], int | None]:
    """Causes with their trends, now; or as of then, without trends and with the position."""
    if asof:
        then, position = await groups_then(hub, wanted, asof)
        return [_hit(group, [], filters) for group in then], position
    found = await failures.groups(hub, wanted)
    causes, within = {group.cause for group in found}, {group.connection for group in found}
    days = await failing.per_day(hub.ledger, within, causes, hub.clock.now().date()) if found else {}
    none = [0] * failing.DAYS
    return [_hit(group, _bars(days.get((group.connection, group.cause), none)), filters) for group in found], None


def _hit(group: Group, bars: list[Bar], filters: dict[str, str]) -> Hit:
    return Hit(group=group, bars=bars, filters={**filters, "cause": group.cause, "connection": group.connection})


def _bars(counts: Sequence[int]) -> list[Bar]:
    most = max(counts, default=0) or 1
    return [Bar(count, -(-count * HIGH // most)) for count in counts]


def _summed(hits: Sequence[Hit], filters: dict[str, str]) -> dict[str, Any]:
    """What the desk says first."""
    waits, loud = filters.get("state") == "parked", [hit for hit in hits if hit.group.muted is None]
    return {
        "total": sum(hit.group.records for hit in loud),
        "people": sum(hit.group.alarms for hit in loud),
        "waits": waits,
        "causes": len(loud),
        "muted": len(hits) - len(loud),
    }


ROUTES = (
    Route("GET", "/failures", _desk, Action.SEE, past=True),
    Route("GET", "/failures/dead-letters", _letters, Action.SEE, past=True),
    Route("GET", "/failures/dead-letters/{id}", _letter, Action.SEE_BODIES, ids=UUIDS, past=True),
    Route("GET", "/failures/{cause}", _cause, Action.SEE, past=True),
)
