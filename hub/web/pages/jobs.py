"""Projects with their money in both systems, and what each is made of."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

import msgspec
from aiohttp import web

from domain.errors import Unknown
from domain.flows import FLOWS
from hub.access import Action
from hub.asof import position_at
from hub.operations.changes import Wanted, what_changed
from hub.operations.errands import compare
from hub.operations.failures import FailureFilter, groups
from hub.operations.runs import Asked, ask
from hub.queries import jobs
from hub.queries.jobs import Figure, Job
from hub.web.asking import on
from hub.web.bodies import guarded
from hub.web.keys import service
from hub.web.pages.forms import done, form
from hub.web.pages.frame import Frame, address, frame_of, segment, show
from hub.web.problems import Refused
from hub.web.routes import Route, allowed, principal

PAGE = 50
CAUSES = 10
CHANGES = 100
RECORDS = 10
"""Records that a page of changes is read in steps of; it ends with the step that brings it to so many changes."""
TABS = (("money", "Money"), ("records", "Records"), ("changes", "What changed"))
LOOK_BACK = timedelta(days=7)
WIDE = 420
"""Units of the picture that its longest bar takes."""


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is synced of a job: one flow, or all of it."""

    flow: str = ""


async def _list(request: web.Request) -> web.Response:
    frame, hub = frame_of(request), service(request).hub
    q = request.query.get("q", "").strip()[:200]
    runs = await jobs.compared(hub, allowed(request), await _position(request, frame))
    page = await jobs.jobs(hub, allowed(request), runs, q=q, cursor=request.query.get("cursor", ""), limit=PAGE)
    place = address("/jobs", {"q": q, "connection": request.query.get("connection", ""), "asof": frame.asof})
    return show(
        request,
        "jobs/page.html",
        "jobs/list.html",
        headers={"HX-Push-Url": place} if frame.partial else None,
        q=q,
        page=page,
        runs=runs,
    )


async def _job(request: web.Request) -> web.Response:
    frame, hub, tab = frame_of(request), service(request).hub, request.query.get("tab", "money")
    if tab not in dict(TABS):
        raise Refused(404, "this job has no such part")
    number = request.match_info["number"]
    runs = await jobs.compared(hub, allowed(request), await _position(request, frame))
    it = await jobs.job(hub, allowed(request), number, runs)
    kept = {"connection": request.query.get("connection", ""), "asof": frame.asof}
    tabs = [(name, title, address(frame.path, {"tab": name, **kept})) for name, title in TABS]
    return show(
        request,
        "job/page.html",
        it=it,
        run=runs.get(it.connection),
        siblings=await jobs.siblings(hub.ledger, it),
        tab=tab,
        tabs=tabs,
        synced=[flow.name for flow in FLOWS],
        verdict=verdict(it),
        **await _of_tab(request, tab, it),
    )


async def _of_tab(request: web.Request, tab: str, it: Job) -> dict[str, Any]:
    hub = service(request).hub
    match tab:
        case "records":
            present = not request.query.get("asof")
            flows = await jobs.lines_of_flows(hub.ledger, it) if present else []
            return {"flows": flows, "causes": await _causes(request, it)}
        case "changes":
            since = request.query.get("since", "") or _week_ago(hub.clock.now())
            until = request.query.get("until", "") or request.query.get("asof", "")
            wanted = Wanted(project=it.number, connections=(it.connection,), since=since, until=until)
            cursor = request.query.get("cursor", "")
            found = await what_changed(hub, wanted, cursor=cursor, most=CHANGES, at_once=RECORDS)
            told = [guarded(hub, principal(request), it.connection, msgspec.to_builtins(each)) for each in found.items]
            records = [list(group) for _, group in groupby(told, key=lambda each: each["record"])]
            return {"changes": records, "next_cursor": found.next_cursor, "since": since}
        case _:
            return {"picture": picture(it.figures), "causes": await _causes(request, it)}


def _week_ago(now: datetime) -> str:
    return (now - LOOK_BACK).astimezone(UTC).replace(microsecond=0).isoformat()


async def _causes(request: web.Request, it: Job) -> Sequence[Any]:
    if request.query.get("asof"):
        return []  # what goes wrong is told of now alone
    wanted = FailureFilter(connection=it.connection, project=it.number, within=allowed(request))
    return (await groups(service(request).hub, wanted))[:CAUSES]


def verdict(it: Job) -> tuple[str, str]:
    """What a job comes to: a tone and a sentence."""
    if not it.compared:
        return "quiet", "Both systems were not compared for this job so far."
    if it.unexplained:
        return "bad", "Money of this job differs, and nothing explains it."
    if it.differs:
        return "wait", "Money of this job differs, and records explain every cent of it."
    return "good", "Both systems agree on this job."


def picture(figures: Sequence[Figure]) -> list[dict[str, Any]]:
    """Two bars for each measure, as long as its amounts are large beside the largest; the table holds the numbers."""
    largest = max(
        (abs(Decimal(text)) for it in figures for text in (it.business_central, it.procore)), default=Decimal(0)
    )
    if not largest:
        return []
    return [
        {
            "title": it.measure,
            "currency": it.currency,
            "central": int(abs(Decimal(it.business_central)) * WIDE / largest),
            "site": int(abs(Decimal(it.procore)) * WIDE / largest),
        }
        for it in figures
    ]


# -- what people do --------------------------------------------------------------------------------


async def _compare(request: web.Request) -> web.Response:
    it, found = service(request), await _own(request)
    await compare(it.errands, found.connection, projects=[found.number], actor=principal(request).actor)
    await it.hub.projector.catch_up()
    return done("/reconcile", f"Both companies are being read afresh for {found.number}.")


async def _sync(request: web.Request) -> web.Response:
    it, found, part = service(request), await _own(request), await form(request, Part)
    asked = Asked(connection=found.connection, project=found.number, flow=part.flow)
    await ask(it.hub, it.schedule.ask, asked, principal(request).actor)
    what = f"of {part.flow} for {found.number}" if part.flow else f"for {found.number}"
    return done(_place(found), f"A round {what} is in line; what it does shows among the records.")


async def _own(request: web.Request) -> Job:
    """The job in the address, on a connection where whoever asks may work.

    Raises  Unknown, NotPermitted.
    """
    found = await jobs.job(service(request).hub, allowed(request), request.match_info["number"], {})
    if await on(request, Action.OPERATE, found.connection) != found.connection:
        raise Unknown(f"There is no project {found.number}.")
    return found


def _place(it: Job) -> str:
    return f"/jobs/{segment(it.number)}"


async def _position(request: web.Request, frame: Frame) -> int | None:
    return await position_at(service(request).hub.ledger, frame.asof) if frame.asof else None


ROUTES = (
    Route("GET", "/jobs", _list, Action.SEE, past=True),
    Route("GET", "/jobs/{number}", _job, Action.SEE, past=True),
    Route("POST", "/jobs/{number}/compare", _compare, Action.OPERATE),
    Route("POST", "/jobs/{number}/sync", _sync, Action.OPERATE),
)
