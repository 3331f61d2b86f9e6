"""Proofs over HTTP: heads, who did what, verification, and evidence for one record."""

from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZIP_DEFLATED, ZipFile

from aiohttp import web

from hub.access import Action, may
from hub.audit.evidence import gather, write_folder
from hub.audit.evidence_pdf import as_pdf
from hub.audit.standing import standing
from hub.background import VERIFY, begin_verifying
from hub.moments import moment_in
from hub.queries import audit
from hub.queries.pages import USUAL
from hub.web.answers import json, listed
from hub.web.asking import record_of
from hub.web.contract import BASE
from hub.web.keys import service
from hub.web.routes import Route, allowed, principal

_NARROWS = ("actor", "action", "object", "cursor", "asof")


async def _heads(request: web.Request) -> web.Response:
    hub, query = service(request).hub, request.query
    found = await audit.heads(
        hub.ledger,
        cursor=query.get("cursor", ""),
        limit=int(query.get("limit", USUAL)),
        asof=query.get("asof", ""),
    )
    more = {"next_cursor": found.next_cursor, "asof": found.asof}
    return json({"items": found.items, "keys": await audit.keys(hub.ledger), **more})


def acts_of(request: web.Request, limit: int = USUAL) -> audit.Acts:
    """The acts that a request asks for, of what whoever asks may see.

    Raises  WrongInput.
    """
    query, mine = request.query, allowed(request)
    wanted = query.get("connection", "")
    since, until = moment_in("since", query.get("since", "")), moment_in("until", query.get("until", ""))
    return audit.Acts(
        connections=tuple(name for name in mine if wanted in {"", name}),
        whole=not wanted and may(principal(request), Action.SEE),
        since=since.isoformat() if since else "",
        until=until.isoformat() if until else "",
        limit=limit,
        **{name: query[name].strip() for name in _NARROWS if name in query},
    )


async def _acts(request: web.Request) -> web.Response:
    wanted = acts_of(request, int(request.query.get("limit", USUAL)))
    return listed(await audit.acts(service(request).hub.ledger, wanted))


async def _verification(request: web.Request) -> web.Response:
    it = service(request)
    stands = await standing(it.hub.ledger)
    found = {"valid": stands.valid, "verified_to": stands.through, "last": await audit.last_check(it.hub.ledger)}
    return json({"running": it.works.is_busy(VERIFY), **found})


async def _checks(request: web.Request) -> web.Response:
    query, ledger = request.query, service(request).hub.ledger
    limit = int(query.get("limit", USUAL))
    return listed(await audit.checks(ledger, cursor=query.get("cursor", ""), limit=limit, asof=query.get("asof", "")))


async def _verify(request: web.Request) -> web.Response:
    """Begun in the background, as it reads the whole ledger; what is under way already is not begun twice."""
    it = service(request)
    begin_verifying(it, principal(request).actor)
    return json({"running": True}, 202, {"Location": f"{BASE}/audit/verify"})


async def _evidence(request: web.Request) -> web.Response:
    """Seals and signs first, so that what is told is under a signed head."""
    hub = service(request).hub
    _, record = await record_of(request)
    evidence = await gather(hub, record, principal(request).actor)
    if request.query.get("format", "pdf") == "pdf":
        body = await hub.ledger.threads.read(lambda: as_pdf(evidence.title, evidence.sections))
        return _file(body, "application/pdf", f"evidence-{record}.pdf")
    with TemporaryDirectory() as place:
        folder = Path(place) / "evidence"
        await write_folder(hub, evidence, folder)
        body = await hub.ledger.threads.read(lambda: zipped(folder, f"evidence-{record}").read_bytes())
    return _file(body, "application/zip", f"evidence-{record}.zip")


def zipped(folder: Path, name: str) -> Path:
    """A file beside a folder that holds what is in it, under a name within."""
    file = folder.with_suffix(".zip")
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        for each in sorted(folder.rglob("*")):
            if each.is_file():
                archive.write(each, f"{name}/{each.relative_to(folder).as_posix()}")
    return file


def _file(body: bytes, content_type: str, name: str) -> web.Response:
    disposition = f'attachment; filename="{name}"'
    return web.Response(body=body, content_type=content_type, headers={"Content-Disposition": disposition})


ROUTES = (
    Route("GET", f"{BASE}/audit", _acts, Action.SEE),
    Route("GET", f"{BASE}/audit/heads", _heads, Action.SEE),
    Route("GET", f"{BASE}/audit/checks", _checks, Action.SEE, whole=True),
    Route("GET", f"{BASE}/audit/verify", _verification, Action.SEE, whole=True),
    Route("POST", f"{BASE}/audit/verify", _verify, Action.OPERATE, whole=True),
    Route("GET", f"{BASE}/records/{{id}}/evidence", _evidence, Action.SEE_BODIES),
)
