"""Proofs over HTTP: heads, who did what, verification, and evidence for one record."""

from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZIP_DEFLATED, ZipFile

from aiohttp import web

from hub.access import Action, may
from hub.audit.evidence import Evidence, gather, write_folder
from hub.audit.evidence_pdf import as_pdf
from hub.audit.verifying import verify
from hub.moments import moment_in
from hub.queries import audit
from hub.queries.pages import USUAL
from hub.web.answers import json, listed
from hub.web.asking import record_of
from hub.web.contract import BASE
from hub.web.keys import service
from hub.web.routes import Route, allowed, principal

WORK = "audit verify"
"""Name of a verification in the background: one at a time."""

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


async def _acts(request: web.Request) -> web.Response:
    query, mine = request.query, allowed(request)
    wanted = query.get("connection", "")
    since, until = moment_in("since", query.get("since", "")), moment_in("until", query.get("until", ""))
    acts = audit.Acts(
        connections=tuple(name for name in mine if wanted in {"", name}),
        whole=not wanted and may(principal(request), Action.SEE),
        since=since.isoformat() if since else "",
        until=until.isoformat() if until else "",
        limit=int(query.get("limit", USUAL)),
        **{name: query[name] for name in _NARROWS if name in query},
    )
    return listed(await audit.acts(service(request).hub.ledger, acts))


async def _verification(request: web.Request) -> web.Response:
    it = service(request)
    return json({"running": it.works.is_busy(WORK), "last": await audit.last_check(it.hub.ledger)})


async def _verify(request: web.Request) -> web.Response:
    """Begun in the background, as it reads the whole ledger; what is under way already is not begun twice."""
    it = service(request)
    it.works.begin(WORK, partial(verify, it.hub, actor=principal(request).actor))
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
        body = await hub.ledger.threads.read(lambda: _zipped(folder, evidence))
    return _file(body, "application/zip", f"evidence-{record}.zip")


def _zipped(folder: Path, evidence: Evidence) -> bytes:
    file = folder.with_suffix(".zip")
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        for each in sorted(folder.iterdir()):
            archive.write(each, f"evidence-{evidence.record}/{each.name}")
    return file.read_bytes()


def _file(body: bytes, content_type: str, name: str) -> web.Response:
    disposition = f'attachment; filename="{name}"'
    return web.Response(body=body, content_type=content_type, headers={"Content-Disposition": disposition})


ROUTES = (
    Route("GET", f"{BASE}/audit", _acts, Action.SEE),
    Route("GET", f"{BASE}/audit/heads", _heads, Action.SEE),
    Route("GET", f"{BASE}/audit/verify", _verification, Action.SEE, whole=True),
    Route("POST", f"{BASE}/audit/verify", _verify, Action.OPERATE, whole=True),
    Route("GET", f"{BASE}/records/{{id}}/evidence", _evidence, Action.SEE_BODIES),
)
