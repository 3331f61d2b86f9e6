"""Runs: did it work last night, and how much: what began each round, what it read and sent, and running one now."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from aiohttp import web

from domain.errors import WrongInput
from domain.flows import FLOWS
from domain.values import SYSTEMS
from hub.access import Action
from hub.operations.runs import Asked, ask
from hub.queries.connections import connections
from hub.queries.records import Wanted
from hub.queries.runs import newer, runs, waiting
from hub.service import Service
from hub.tail import Happening
from hub.web.asking import on
from hub.web.keys import service
from hub.web.pages.forms import done, form
from hub.web.pages.frame import address, frame_of, narrowed, render, show
from hub.web.routes import Route, allowed, principal

ROWS = 100
_FILTERS = ("connection", "cause", "day")
CAUSES: Mapping[str, str] = {
    "poll": "by its pace",
    "notice": "a webhook",
    "retry": "an attempt that fell due",
    "manual": "by hand",
}
"""What began a round -> how people say it."""


async def _list(request: web.Request) -> web.Response:
    frame, it = frame_of(request), service(request)
    filters = narrowed(request.query, _FILTERS)
    page = await runs(
        it.hub.ledger,
        Wanted(connections=allowed(request), asof=frame.asof, cursor=request.query.get("cursor", ""), limit=ROWS),
        cause=filters.get("cause", ""),
        before=_end_of(it, filters.get("day", "")),
    )
    return show(
        request,
        "runs/page.html",
        "runs/list.html",
        headers={"HX-Push-Url": address("/runs", {**filters, "asof": frame.asof})} if frame.partial else None,
        filters=filters,
        rows=[_told(each) for each in page.items],
        next_cursor=page.next_cursor,
        asof=page.asof,
        causes=CAUSES,
        flows=[flow.name for flow in FLOWS],
        **await _now(it, allowed(request)),
    )


def _end_of(it: Service, day: str) -> str:
    """The end of a day in UTC, or nothing for one that is not over.

    Raises  WrongInput for what is no day.
    """
    if not day:
        return ""
    try:
        end = datetime.combine(date.fromisoformat(day) + timedelta(days=1), datetime.min.time(), UTC)
    except (ValueError, OverflowError):
        raise WrongInput("day", f"'{day[:40]}' is no day", "Give 2026-01-31.") from None
    return end.isoformat() if end <= it.hub.clock.now() else ""


async def _now(it: Service, names: Sequence[str]) -> dict[str, Any]:
    """How each connection stands: its pace, whether a round is under way, what waits, what the systems still allow."""
    found = await connections(it.hub, it.beats, names)
    asked = await waiting(it.hub.ledger, names)
    items: list[dict[str, Any]] = []
    for each in found:
        name = each["name"]
        settings = it.hub.settings.connections[name]
        pair = it.schedule.pairs.get(name)
        items.append(
            {
                **each,
                "every": settings.poll_every.total_seconds(),
                "busy": name in it.beats and it.schedule.is_busy(name),
                "asked": [_told(run) for run in asked if run["connection"] == name],
                "quotas": [] if pair is None else [(system, pair.targets[system].quota) for system in SYSTEMS],
            }
        )
    return {"items": items}


def _told(run: dict[str, Any]) -> dict[str, Any]:
    """A round with how long it took, and its calls added up."""
    started, finished = run["started"], run["finished"]
    took = None
    if started and finished:
        took = (datetime.fromisoformat(finished) - datetime.fromisoformat(started)).total_seconds()
    calls: Mapping[str, Mapping[str, int]] = run["calls"]
    return {
        **run,
        "took": took,
        "reads": sum(calls.get("reads", {}).values()),
        "writes": sum(calls.get("writes", {}).values()),
        "sent": sum(run["delivered"].values()),
    }


async def _run(request: web.Request) -> web.Response:
    """Put in line behind the present round; it is in line again after a restart."""
    it, asked = service(request), await form(request, Asked)
    connection = await on(request, Action.OPERATE, asked.connection)
    wish = Asked(
        connection=connection,
        since=asked.since,
        until=asked.until,
        project=asked.project.strip(),
        flow=asked.flow,
        full=asked.full,
    )
    await ask(it.hub, it.schedule.ask, wish, principal(request).actor)
    await it.hub.projector.catch_up()
    what = f" of project {wish.project}" if wish.project else f" of {wish.flow}" if wish.flow else ""
    return done("/runs", f"A round{what} is in line on {connection}, right behind the present one.")


async def live(request: web.Request, happened: Sequence[Happening]) -> str:
    """How connections stand, rounds in line that ended, and that there are newer ones to be seen."""
    if not any(item.event.startswith(("connection.", "feed.", "delivery.")) for item in happened):
        return ""
    it, names = service(request), allowed(request)
    seen = request.query.get("seen", "")
    since = int(seen) if seen.isascii() and seen.isdecimal() and len(seen) < 19 else 0  # noqa: PLR2004 - digits of a position
    more = await newer(it.hub.ledger, Wanted(connections=names), since)
    filters = narrowed(request.query, _FILTERS)
    return render("runs/changed.html", frame_of(request), **await _now(it, names), more=more, filters=filters)


ROUTES = (
    Route("GET", "/runs", _list, Action.SEE, past=True),
    Route("POST", "/runs", _run, Action.OPERATE),
)
