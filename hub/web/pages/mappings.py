"""Mappings: how a field gets from here to there; drafted, tried on what is known, published and taken back."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from aiohttp import web

from domain.errors import Unknown, WrongInput
from domain.flows import BY_NAME
from domain.mapping import RULE
from domain.values import canonical
from hub.access import Action, visible
from hub.app import Hub, flow_settings
from hub.mappings import content_of, document_of
from hub.operations import mappings
from hub.operations.map_texts import as_text, from_text
from hub.operations.mapped_entities import Entity, entities
from hub.operations.mappings import Draft
from hub.operations.trying_maps import USUAL, Impact, try_draft
from hub.report import Halted
from hub.web.asking import on
from hub.web.keys import service
from hub.web.pages.forms import done, form
from hub.web.pages.frame import Frame, frame_of, show
from hub.web.problems import Refused
from hub.web.routes import UUIDS, Route, allowed, principal

MOST_UNMAPPED = 50


class Text(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Maps as somebody wrote them, and why."""

    connection: str = ""
    maps: str = ""
    note: str = ""


class Trial(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """On how many of the last records of each set a draft is tried, 0 for every one."""

    last: int = USUAL


class Note(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why somebody does it."""

    note: str = ""


class Back(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which version stands once more."""

    connection: str = ""
    version: int = 0
    note: str = ""


def told(value: object) -> str:
    """A value of a map or a field, as JSON writes it; a text as it is."""
    return value if isinstance(value, str) else canonical(value).decode()


# -- what is in force ------------------------------------------------------------------------------


async def _mappings(request: web.Request) -> web.Response:
    hub, frame = service(request).hub, frame_of(request)
    connection = await _one(request, Action.SEE)
    shown = await mappings.shown(hub, connection)
    past = await mappings.versions(hub, connection)
    return show(
        request,
        "mappings/page.html",
        told=told,
        names=visible(principal(request), hub.settings.connections),
        connection=connection,
        shown=shown,
        versions=past.items,
        sets=[_set(hub, frame, connection, each) for each in await entities(hub, connection)],
        unmapped=await _unmapped(hub, connection),
    )


async def _one(request: web.Request, action: Action) -> str:
    """The connection that the page is about: as named, or the first that may be seen."""
    named = request.query.get("connection", "")
    return await on(request, action, named or min(allowed(request)))


def _set(hub: Hub, frame: Frame, connection: str, entity: Entity) -> dict[str, Any]:
    """A set with its flows as the configuration has them; samples for those alone who may see bodies."""
    tables, sees = flow_settings(hub.settings.connections[connection]), frame.may("see_bodies", connection)
    found: dict[str, Any] = msgspec.to_builtins(entity)
    return {
        **found,
        "flows": [_flow(each, tables) for each in found["flows"]],
        "fields": [field if sees else {**field, "raw": None, "sample": None} for field in found["fields"]],
        "own": sum(1 for field in found["fields"] if field["source"] != field["name"] or field["codes"]),
    }


def _flow(flow: Mapping[str, Any], tables: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    known = BY_NAME[flow["name"]]
    table = tables.get(known.settings_of or known.name, {})
    return {**flow, "drift": table.get("drift", "ask"), "theirs": [name.replace("*", "all") for name in known.theirs]}


async def _unmapped(hub: Hub, connection: str) -> list[dict[str, str]]:
    """Records that stand because nobody said what a code of theirs means, with the nearest known one."""
    rows = await hub.ledger.rows(
        "SELECT record, number, text FROM failure WHERE connection = ? AND cause = ? ORDER BY position DESC LIMIT ?",
        (connection, RULE, MOST_UNMAPPED),
    )
    return [{"record": record, "number": number, "text": text} for record, number, text in rows]


# -- drafts ----------------------------------------------------------------------------------------


async def _edit(request: web.Request) -> web.Response:
    hub = service(request).hub
    if draft := request.query.get("draft", ""):
        known = await _found(request, draft)
        maps, connection, note = await content_of(hub.ledger, known.content), known.connection, known.note
    else:
        connection = await _one(request, Action.CONFIGURE)
        stands = await mappings.shown(hub, connection)
        maps, note = await document_of(hub.ledger, connection, stands.newest), ""
    return _editor(request, Text(connection=connection, maps=as_text(maps), note=note))


def _editor(request: web.Request, text: Text, wrong: Sequence[str] = (), status: int = 200) -> web.Response:
    return show(request, "mappings/edit.html", text=text, wrong=wrong, status=status)


async def _draft(request: web.Request) -> web.Response:
    hub, text = service(request).hub, await form(request, Text)
    connection = await on(request, Action.CONFIGURE, text.connection)
    try:
        maps = from_text(text.maps)
        made = await mappings.draft(hub, connection, maps, actor=principal(request).actor, note=text.note.strip())
    except WrongInput as error:
        return _editor(request, text, str(error).splitlines(), 422)
    return done(f"/mappings/drafts/{made.draft}", "The draft is kept. Nothing works by it before it is published.")


async def _shown(request: web.Request) -> web.Response:
    return await _one_draft(request, await _found(request, request.match_info["id"]))


async def _one_draft(
    request: web.Request, known: Draft, impact: Impact | None = None, wrong: str = "", status: int = 200
) -> web.Response:
    hub = service(request).hub
    maps = await content_of(hub.ledger, known.content)
    stands = await mappings.shown(hub, known.connection)
    before = await document_of(hub.ledger, known.connection, stands.newest)
    return show(
        request,
        "mappings/draft.html",
        "mappings/impact.html",
        told=told,
        draft=known,
        newest=stands.newest,
        differences=mappings.between(before, maps),
        text=as_text(maps),
        impact=impact,
        wrong=wrong,
        usual=USUAL,
        status=status,
    )


async def _try(request: web.Request) -> web.Response:
    known = await _found(request, request.match_info["id"])
    wish = await form(request, Trial)
    try:
        impact = await try_draft(service(request).hub, known.draft, last=max(0, wish.last))
    except Halted as error:
        return await _one_draft(request, known, wrong=str(error), status=503)
    return await _one_draft(request, known, impact)


async def _publish(request: web.Request) -> web.Response:
    hub, wish = service(request).hub, await form(request, Note)
    known = await _found(request, request.match_info["id"])
    actor = principal(request).actor
    try:
        made = await mappings.publish(hub, known.connection, known.draft, actor=actor, note=wish.note.strip())
    except Halted as error:
        return await _one_draft(request, known, wrong=str(error), status=409)
    return _published(known.connection, made.mapping)


def _published(connection: str, number: int) -> web.Response:
    said = f"Version {number} is published; the next round takes it."
    return done("/mappings", said, {"connection": connection})


async def _found(request: web.Request, draft: str) -> Draft:
    """A draft; one of a connection that may not be touched is as good as none.

    Raises  Unknown.
    """
    if not (draft.isascii() and draft.isprintable()):
        raise Unknown("there is no such draft")
    found = await mappings.drafted(service(request).hub, draft)
    if found.connection not in allowed(request):
        raise Unknown(f"there is no draft {draft[:60]}")
    return found


# -- versions --------------------------------------------------------------------------------------


async def _diff(request: web.Request) -> web.Response:
    hub, query = service(request).hub, request.query
    connection = await _one(request, Action.SEE)
    before, now = (_number(query.get(name, "0")) for name in ("before", "now"))
    found = await mappings.diff(hub, connection, before, now)
    shown: dict[str, Any] = {"connection": connection, "before": before, "now": now, "differences": found}
    return show(request, "mappings/diff.html", told=told, **shown)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or len(text) > 9:  # noqa: PLR2004 - nobody has so many versions
        raise Refused(422, "version: this is no number of a version")
    return int(text)


async def _revert(request: web.Request) -> web.Response:
    hub, wish = service(request).hub, await form(request, Back)
    connection = await on(request, Action.CONFIGURE, wish.connection)
    actor = principal(request).actor
    made = await mappings.revert(hub, connection, wish.version, actor=actor, note=wish.note.strip())
    return _published(connection, made.mapping)


ROUTES = (
    Route("GET", "/mappings", _mappings, Action.SEE),
    Route("GET", "/mappings/diff", _diff, Action.SEE),
    Route("GET", "/mappings/edit", _edit, Action.CONFIGURE),
    Route("POST", "/mappings/drafts", _draft, Action.CONFIGURE),
    Route("GET", "/mappings/drafts/{id}", _shown, Action.CONFIGURE, ids=UUIDS),
    Route("POST", "/mappings/drafts/{id}/test", _try, Action.CONFIGURE, ids=UUIDS),
    Route("POST", "/mappings/drafts/{id}/publish", _publish, Action.CONFIGURE, ids=UUIDS),
    Route("POST", "/mappings/revert", _revert, Action.CONFIGURE),
)
