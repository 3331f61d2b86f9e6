"""Who did what, and whether anything was altered since: acts, verifications, signed heads and files that prove."""

from os import SEEK_END
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import msgspec
from aiohttp import web

from domain.errors import WrongInput
from domain.events import EVENTS
from hub.access import EVERY, Action
from hub.audit.findings import ADVICE
from hub.audit.sealing import SealsDamaged
from hub.background import VERIFY, begin_verifying
from hub.operations.audit import bundle
from hub.queries import audit, records
from hub.report import Halted
from hub.web.api.audit import acts_of, zipped
from hub.web.api.exports import download
from hub.web.contract import BASE
from hub.web.keys import service
from hub.web.pages.forms import done
from hub.web.pages.frame import address, frame_of, narrowed, show
from hub.web.problems import Refused
from hub.web.routes import Route, allowed, principal

HEADS = 20
"""Heads of one page."""
_FILTERS = ("actor", "action", "object", "connection", "since", "until")
_GROUPS = sorted({topic.partition(".")[0] for topic in EVENTS} - {"feed", "delivery", "notice"})
"""What the name of an act begins with, of acts that people do."""


async def _acts(request: web.Request) -> web.Response:
    frame = frame_of(request)
    filters = narrowed(request.query, _FILTERS)
    hub = service(request).hub
    page = await audit.acts(hub.ledger, acts_of(request))
    place = address("/audit", {**filters, "asof": frame.asof})
    return show(
        request,
        "audit/page.html",
        "audit/acts.html",
        headers={"HX-Push-Url": place} if frame.partial else None,
        filters=filters,
        page=page,
        groups=_GROUPS,
        words=words_of,
        **await _verified(request),
    )


async def _proofs(request: web.Request) -> web.Response:
    hub, query = service(request).hub, request.query
    heads = await audit.heads(hub.ledger, cursor=query.get("cursor", ""), limit=HEADS, asof=frame_of(request).asof)
    return show(
        request,
        "audit/proofs.html",
        heads=heads,
        keys=await audit.keys(hub.ledger),
        signs=hub.settings.server.secret_key is not None,
        **await _verified(request),
    )


async def _verification(request: web.Request) -> web.Response:
    """How far a verification is, or how the last one ended: what a page asks for again while one is under way."""
    if not frame_of(request).partial:
        return web.Response(status=303, headers={"Location": "/audit/proofs"})
    return show(request, "audit/verification.html", **await _proved(request))


async def _verify(request: web.Request) -> web.Response:
    begin_verifying(service(request), principal(request).actor)
    return done("/audit/proofs", "The verification began; it goes on when you leave this page.")


async def _bundle(request: web.Request) -> web.StreamResponse:
    """Events of a span with everything that proves them, as a file that proves itself anywhere."""
    it, query = service(request), request.query
    with TemporaryDirectory() as place:
        folder = Path(place) / "export"
        async with it.writing_files:
            try:
                packed, _ = await bundle(it.hub, folder, since=query.get("from", ""), until=query.get("until", ""))
            except (Halted, SealsDamaged) as error:
                raise Refused(409, str(error)) from error
            name = f"siteledger-{packed.first}-{packed.last}"
            path = await it.hub.ledger.threads.read(lambda: zipped(folder, name))
        with path.open("rb") as file:
            file.seek(0, SEEK_END)
            return await download(request, file, "application/zip", f"{name}.zip")


async def _evidence(request: web.Request) -> web.Response:
    """Leads to the evidence for the one document that a number or id means."""
    words = request.query.get("q", "").strip()[:200]
    if not words:
        raise WrongInput("q", "say which document", "Give its number or its id in either system.")
    found = await records.found(service(request).hub.ledger, words, allowed(request))
    ids = list(dict.fromkeys(each["record"] for each in found))
    if len(ids) != 1:
        many = (
            f"{len(ids)} records are called so; open the right one and take its id" if ids else "nothing is called so"
        )
        raise WrongInput("q", many, "Give a number or id that means one record.")
    kind = "zip" if request.query.get("format") == "zip" else "pdf"
    return web.Response(status=303, headers={"Location": f"{BASE}/records/{ids[0]}/evidence?format={kind}"})


async def _verified(request: web.Request) -> dict[str, Any]:
    """How the last verification of the whole ended, for whoever may see the whole."""
    return await _proved(request) if frame_of(request).may("see") else {"verification": None, "head": None}


async def _proved(request: web.Request) -> dict[str, Any]:
    it = service(request)
    newest = await audit.heads(it.hub.ledger, cursor="", limit=1, asof="")
    last = await audit.last_check(it.hub.ledger)
    return {
        "verification": {
            "running": it.works.is_busy(VERIFY),
            "count": it.works.count(VERIFY),
            "trouble": it.works.troubles.get(VERIFY, ""),
            "last": last,
            "advice": ADVICE,
        },
        "head": newest.items[0] if newest.items else None,
    }


def words_of(standing: str) -> str:
    """How something stood, as people read it: stored as JSON where it has parts."""
    try:
        found: Any = msgspec.json.decode(standing)
    except msgspec.DecodeError:
        return standing
    if not isinstance(found, dict):
        return standing
    parts = cast("dict[str, Any]", found)
    return "; ".join(f"{name}: {_listed(value)}" for name, value in parts.items() if value not in ([], {}, "", None))


def _listed(value: Any) -> str:
    match value:
        case dict():
            return ", ".join(f"{word} on {_place(place)}" for place, word in cast("dict[str, Any]", value).items())
        case list():
            return ", ".join(_place(each) for each in cast("list[Any]", value))
        case bool():
            return "yes" if value else "no"
        case _:
            return str(value)


def _place(name: Any) -> str:
    return "every connection" if name == EVERY else str(name)


ROUTES = (
    Route("GET", "/audit", _acts, Action.SEE, past=True),
    Route("GET", "/audit/proofs", _proofs, Action.SEE, past=True),
    Route("GET", "/audit/verification", _verification, Action.SEE, whole=True),
    Route("POST", "/audit/verify", _verify, Action.OPERATE, whole=True),
    Route("GET", "/audit/bundle", _bundle, Action.SEE_BODIES, whole=True),
    Route("GET", "/audit/evidence", _evidence, Action.SEE_BODIES),
)
