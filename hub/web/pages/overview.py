"""The first page: is everything in step, and if not, what is to be done first."""

from collections.abc import Sequence
from datetime import datetime

from aiohttp import web

from hub.access import Action
from hub.queries.activity import STEPS, Activity, Span, activity
from hub.queries.overview import Overview, overview
from hub.queries.overview_then import overview_then
from hub.tail import Happening
from hub.web.keys import service
from hub.web.pages.frame import frame_of, render, show
from hub.web.problems import Refused
from hub.web.routes import Route, allowed

SPANS: tuple[tuple[Span, str], ...] = (("day", "24 hours"), ("week", "7 days"), ("month", "30 days"))


async def _overview(request: web.Request) -> web.Response:
    asof = frame_of(request).asof
    span = request.query.get("span", "day")
    if span not in STEPS:
        raise Refused(422, f"span: use one of {', '.join(STEPS)}")
    hub, names = service(request).hub, allowed(request)
    if asof:
        then = await overview_then(hub, names, asof)
        end = datetime.fromisoformat(then.moment) if then.moment else hub.clock.now()
        was = await activity(hub.ledger, names, span, end, upto=then.position)
        return show(request, "overview/then.html", it=then, activity=was, series=series(was), spans=SPANS)
    told = await activity(hub.ledger, names, span, hub.clock.now())
    return show(request, "overview/page.html", it=await _look(request), activity=told, series=series(told), spans=SPANS)


async def live(request: web.Request, _happened: Sequence[Happening]) -> str:
    """Everything but the chart, as it stands now."""
    return render("overview/live.html", frame_of(request), it=await _look(request))


async def _look(request: web.Request) -> Overview:
    it, frame = service(request), frame_of(request)
    return await overview(
        it.hub,
        it.beats,
        allowed(request),
        subscriptions=it.subscribing.standing if it.subscribing is not None else {},
        whole=frame.may("see"),
        manages=frame.may("manage"),
    )


def series(told: Activity) -> dict[str, object]:
    """What a chart draws: one curve for what was confirmed, and one for each way in which it was not."""
    return {
        "times": [int(step.at.timestamp()) for step in told.steps],
        "marks": [mark.at for mark in told.marks],
        "series": [
            {"title": "Confirmed", "tone": "good", "values": [step.delivered for step in told.steps]},
            {"title": "Failed, tried again", "tone": "warn", "values": [step.delayed for step in told.steps]},
            {"title": "Refused", "tone": "bad", "values": [step.refused for step in told.steps]},
        ],
    }


ROUTES = (Route("GET", "/", _overview, Action.SEE, past=True),)
