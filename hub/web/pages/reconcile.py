"""Where both companies have drifted apart, silently: runs of the comparison, their lines, and the signature."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from aiohttp import web

from domain.errors import Unknown, WrongInput
from domain.reconcile import COLUMNS, KINDS
from hub.access import Action
from hub.asof import position_at
from hub.operations.completeness import counted
from hub.operations.errands import compare, count
from hub.operations.reconciliation import Told, lines, runs, sign_off, told
from hub.queries.errands import errands
from hub.queries.records import Wanted
from hub.reconciling.stored import LineFilter, RunRow, run_row
from hub.tail import Happening
from hub.web.asking import on
from hub.web.keys import service
from hub.web.pages.forms import done, form
from hub.web.pages.frame import Frame, address, frame_of, narrowed, render, show
from hub.web.problems import Refused
from hub.web.routes import UUIDS, Route, allowed, principal

PAGE = 100
OPEN = 50
"""Unexplained lines that stand above all others."""
ERRANDS = 20
SHOWN = ("differing", "unexplained", "all")
_WORDS = ("measure", "project", "cost_code", "cost_type", "segment", "kind")


class Compared(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be compared: numbers of projects with commas between, none for all of them."""

    connection: str = ""
    projects: str = ""


class Counted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be counted; `take_in` is ticked or not there."""

    connection: str = ""
    take_in: str = ""


class Signature(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a run may be signed off."""

    reason: str = ""


# -- the list --------------------------------------------------------------------------------------


async def _list(request: web.Request) -> web.Response:
    frame = frame_of(request)
    return show(request, "reconcile/page.html", **await _runs(request, frame, request.query.get("cursor", "")))


async def live(request: web.Request, happened: Sequence[Happening]) -> str:
    """The list anew, when a comparison began, ended or was signed off."""
    if not any(item.event.startswith(("reconciliation.", "errand.")) for item in happened):
        return ""
    frame = frame_of(request)
    return render("reconcile/changed.html", frame, **await _runs(request, frame, ""))


async def _runs(request: web.Request, frame: Frame, cursor: str) -> dict[str, Any]:
    hub, within = service(request).hub, allowed(request)
    position = await position_at(hub.ledger, frame.asof) if frame.asof else None
    page = await runs(hub, cursor=cursor, limit=PAGE, within=within, position=position)
    sent = [] if frame.asof or cursor else await _sent(request)
    latest = {row.connection: row for row in reversed(page.items) if not row.asked}
    return {"page": page, "sent": sent, "latest": [] if cursor else list(latest.values())}


async def _sent(request: web.Request) -> list[dict[str, Any]]:
    """Comparisons and counts under way, those that came to nothing since one was made, and the last count of each."""
    ledger, wanted = service(request).hub.ledger, Wanted(connections=allowed(request), limit=ERRANDS)
    shown: list[dict[str, Any]] = []
    for sort in ("reconciliation", "completeness"):
        made: set[str] = set()
        for row in (await errands(ledger, wanted, sort=sort)).items:
            if row["connection"] in made:
                continue
            if row["state"] == "done":
                made.add(row["connection"])
            if row["state"] != "done" or sort == "completeness":
                shown.append(row)
    return shown


async def _compare(request: web.Request) -> web.Response:
    it, given = service(request), await form(request, Compared)
    connection = await on(request, Action.OPERATE, given.connection)
    projects = [word.strip() for word in given.projects.split(",") if word.strip()]
    await compare(it.errands, connection, projects=projects, actor=principal(request).actor)
    await it.hub.projector.catch_up()
    what = f"project {', '.join(projects)}" if projects else "all projects"
    return done("/reconcile", f"Both companies of {connection} are being read afresh for {what}.")


async def _complete(request: web.Request) -> web.Response:
    it, given = service(request), await form(request, Counted)
    connection = await on(request, Action.OPERATE, given.connection)
    actor = principal(request).actor
    await count(it.errands, it.schedule, connection, take_in=bool(given.take_in), actor=actor)
    await it.hub.projector.catch_up()
    return done("/reconcile", f"What is there is being counted for {connection}; this page tells what comes of it.")


async def _counted(request: web.Request) -> web.Response:
    found = await counted(service(request).hub, request.match_info["id"], allowed(request))
    return show(request, "reconcile/complete.html", found=found)


# -- one run ---------------------------------------------------------------------------------------


async def _run(request: web.Request) -> web.Response:
    return await _shown(request, await _found(request))


async def _shown(request: web.Request, row: RunRow, status: int = 200, **more: Any) -> web.Response:
    hub, query = service(request).hub, request.query
    shown = query.get("show", "differing")
    if shown not in SHOWN:
        raise Refused(422, f"show: use one of {', '.join(SHOWN)}")
    words = narrowed(request.query, _WORDS)
    wanted = LineFilter(**words, differing=shown == "differing", unexplained=shown == "unexplained")
    whole = await told(hub, row.run)
    first = not words and not query.get("cursor") and shown == "differing"
    open_ = await lines(hub, row.run, LineFilter(unexplained=True), limit=OPEN) if row.open and first else None
    page = await lines(hub, row.run, wanted, cursor=query.get("cursor", ""), limit=PAGE)
    kept: Mapping[str, str] = {**words, "differing": str(wanted.differing).lower()}
    context: dict[str, Any] = {"refused": "", "reason": "", **more}
    frame = frame_of(request)
    place = address(frame.path, {**words, "show": "" if shown == "differing" else shown})
    return show(
        request,
        "reconcile/run.html",
        "reconcile/lines.html",
        status=status,
        headers={"HX-Push-Url": place} if frame.partial else None,
        it=whole,
        run=row,
        verdict=verdict(whole),
        open=open_.items if open_ is not None else [],
        page=page,
        filters={**words, "show": shown},
        export={**kept, "unexplained": str(wanted.unexplained).lower()},
        measures=COLUMNS,
        kinds=KINDS,
        **context,
    )


def verdict(it: Told) -> tuple[str, str]:
    """What a run comes to: a tone and a sentence."""
    row = it.row
    amounts = " and ".join(f"{amount} {currency}".strip() for currency, amount in row.unexplained.items())
    match row.result:
        case "equal":
            return "good", "Both companies agree to the cent."
        case "explained":
            return "good", f"{row.differing:,} lines differ, and a record explains every cent of it."
        case "unexplained":
            return "bad", f"{amounts} is explained by nothing."
        case _:
            return "warn", "Not every list could be read, so this comparison says little."


async def _sign(request: web.Request) -> web.Response:
    row, given = await _found(request), await form(request, Signature)
    await on(request, Action.SIGN_OFF, row.connection)
    try:
        await sign_off(service(request).hub, row.run, actor=principal(request).actor, reason=given.reason)
    except WrongInput as error:
        return await _shown(request, row, 422, refused=f"{error.problem}. {error.mend}", reason=given.reason)
    return done(f"/reconcile/{row.run}", "The comparison is signed off.")


async def _found(request: web.Request) -> RunRow:
    """The run in the address; one of a connection that may not be touched is as good as none.

    Raises  Unknown.
    """
    row = await run_row(service(request).hub, request.match_info["id"])
    if row.connection not in allowed(request):
        raise Unknown(f"there is no reconciliation {row.run[:60]}")
    return row


ROUTES = (
    Route("GET", "/reconcile", _list, Action.SEE, past=True),
    Route("POST", "/reconcile", _compare, Action.OPERATE),
    Route("POST", "/reconcile/complete", _complete, Action.OPERATE),
    Route("GET", "/reconcile/complete/{id}", _counted, Action.SEE, ids=UUIDS),
    Route("GET", "/reconcile/{id}", _run, Action.SEE, ids=UUIDS),
    Route("POST", "/reconcile/{id}/sign-off", _sign, Action.SIGN_OFF),
)
