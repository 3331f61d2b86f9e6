"""Links: which record of one system is which of the other; joined and cut by hand, one by one or from a table."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from aiohttp import web

from domain.errors import NeedsDecision, RetryLater, SiteLedgerError, WrongInput
from domain.flows import BY_NAME
from domain.linking import LINKABLE
from hub.access import Action, may, visible
from hub.operations import link as linking
from hub.operations.by_hand import Handled
from hub.operations.link_lists import MOST, Judged, as_table, judged, link_one, read_wishes
from hub.operations.links import LinkFilter, pairings
from hub.operations.reset import reset
from hub.operations.unlink import unlink
from hub.report import Halted
from hub.web.asking import in_turn, on, record_of
from hub.web.keys import service
from hub.web.pages.forms import done, form
from hub.web.pages.frame import frame_of, show
from hub.web.routes import UUIDS, Route, allowed, principal

_FILTERS = ("q", "flow", "project", "role", "connection", "gone")
_SIZE = 100


class Wish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A record, by its number or id, and the id of its counterpart, as a form sends them."""

    connection: str = ""
    flow: str = ""
    bc_id: str = ""
    procore_id: str = ""
    reason: str = ""


class Why(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why somebody does it."""

    reason: str = ""


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Pairs, a line for each, and why."""

    connection: str = ""
    table: str = ""
    reason: str = ""


# -- the list --------------------------------------------------------------------------------------


async def _list(request: web.Request) -> web.Response:
    query = request.query
    given = {name: query[name].strip() for name in _FILTERS if name in query}
    filters = {name: value for name, value in given.items() if value and value.isprintable()}
    wanted = LinkFilter(
        connection=filters.get("connection", ""),
        flow=filters.get("flow", ""),
        query=filters.get("q", ""),
        project=filters.get("project", ""),
        role=filters.get("role", ""),
        gone=bool(filters.get("gone")),
        within=allowed(request),
    )
    hub = service(request).hub
    page = await pairings(hub, wanted, cursor=query.get("cursor") or None, limit=_SIZE, asof=frame_of(request).asof)
    names = visible(principal(request), hub.settings.connections)
    return show(
        request, "links/page.html", "links/list.html", names=names, page=page, filters=filters, flows=list(BY_NAME)
    )


def _mine(request: web.Request) -> list[str]:
    """The connections on which whoever asks may join and cut."""
    who, names = principal(request), service(request).hub.settings.connections
    return [name for name in names if may(who, Action.CONFIGURE, name)]


# -- one pair --------------------------------------------------------------------------------------


async def _ask(request: web.Request) -> web.Response:
    return _form(request, msgspec.convert({**_given(request)}, Wish))


def _given(request: web.Request) -> dict[str, str]:
    return {name: request.query[name] for name in Wish.__struct_fields__ if name in request.query}


def _form(request: web.Request, wish: Wish, wrong: str = "", status: int = 200) -> web.Response:
    return show(request, "links/link.html", names=_mine(request), wish=wish, wrong=wrong, flows=LINKABLE, status=status)


async def _link(request: web.Request) -> web.Response:
    it, wish = service(request), await form(request, Wish)
    connection = await on(request, Action.CONFIGURE, wish.connection)
    if missing := [name for name in ("flow", "bc_id", "procore_id", "reason") if not getattr(wish, name).strip()]:
        return _form(request, wish, f"{_NAMES[missing[0]]} is missing.", 422)

    async def work() -> Handled:
        return await linking.link(
            it.hub,
            wish.flow,
            wish.bc_id,
            wish.procore_id,
            connection=connection,
            actor=principal(request).actor,
            reason=wish.reason.strip(),
        )

    try:
        handled = await in_turn(request, connection, work)
    except (Halted, NeedsDecision, RetryLater) as error:
        return _form(request, wish, str(error), 422)
    if not handled.done:
        return _form(request, wish, f"{handled.number}: {handled.message}", 409)
    it.schedule.carry(connection)
    return done(f"/records/{handled.record}", f"{handled.number} {handled.message}.")


_NAMES = {"flow": "The flow", "bc_id": "The number", "procore_id": "The id in Procore", "reason": "The reason"}


# -- cutting ---------------------------------------------------------------------------------------


async def _cut(request: web.Request) -> web.Response:
    _, record = await record_of(request)
    return await _cutting(request, record)


async def _cutting(
    request: web.Request, record: str, why: str = "", wrong: str = "", status: int = 200
) -> web.Response:
    hub, act = service(request).hub, request.path.rpartition("/")[2]
    rows = await hub.ledger.rows(
        "SELECT bc_set, bc_number, procore_resource, procore_id, since FROM cross_reference WHERE record = ?"
        " ORDER BY flow, bc_set, bc_number LIMIT ?",
        (record, _SIZE),
    )
    head = await hub.ledger.rows("SELECT connection, kind, number, title FROM record WHERE record = ?", (record,))
    return show(
        request,
        "links/cut.html",
        act=act,
        record=record,
        head=dict(zip(("connection", "kind", "number", "title"), head[0], strict=True)),
        pairs=rows,
        reason=why,
        wrong=wrong,
        status=status,
    )


async def _unlink(request: web.Request) -> web.Response:
    return await _by_hand(request, unlink)


async def _reset(request: web.Request) -> web.Response:
    return await _by_hand(request, reset)


async def _by_hand(request: web.Request, act: Callable[..., Awaitable[Handled]]) -> web.Response:
    connection, record = await record_of(request)
    why, it = (await form(request, Why)).reason.strip(), service(request)
    if not why:
        return await _cutting(request, record, wrong="The reason is missing.", status=422)

    async def work() -> Handled:
        return await act(it.hub, record, actor=principal(request).actor, reason=why)

    try:
        handled = await in_turn(request, connection, work)
    except (Halted, NeedsDecision, RetryLater) as error:
        return await _cutting(request, record, why, str(error), 422)
    if not handled.done:
        return await _cutting(request, record, why, f"{handled.number}: {handled.message}", 409)
    it.schedule.carry(connection)
    return done(f"/records/{record}", " ".join(f"{handled.number}: {handled.message} {handled.warning}".split()))


# -- proposals -------------------------------------------------------------------------------------


async def _proposals(request: web.Request) -> web.Response:
    query = request.query
    flow, named = query.get("flow", ""), query.get("connection", "")
    found: list[Any] | None = None
    wrong = ""
    if flow:
        connection = named = await on(request, Action.CONFIGURE, named)
        try:
            after = query.get("after", "")
            found = await linking.proposals(service(request).hub, flow, connection=connection, after=after)
        except (Halted, SiteLedgerError) as error:
            wrong = str(error)
    names = _mine(request)
    return show(
        request,
        "links/proposals.html",
        names=names,
        flow=flow,
        connection=named,
        flows=LINKABLE,
        found=found,
        wrong=wrong,
    )


# -- from a table ----------------------------------------------------------------------------------


async def _import(request: web.Request) -> web.Response:
    return _table(request, Table(connection=request.query.get("connection", "")))


def _table(
    request: web.Request,
    given: Table,
    rows: list[Judged] | None = None,
    wrong: str = "",
    status: int = 200,
    *,
    ended: bool = False,
) -> web.Response:
    frozen = as_table([row.wish for row in rows or () if row.fine])
    shown: dict[str, Any] = {
        "frozen": frozen,
        "given": given,
        "rows": rows,
        "wrong": wrong,
        "ended": ended,
        "most": MOST,
        "flows": LINKABLE,
        "names": _mine(request),
    }
    return show(request, "links/import.html", status=status, **shown)


async def _preview(request: web.Request) -> web.Response:
    given = await form(request, Table)
    connection = await on(request, Action.CONFIGURE, given.connection)
    try:
        rows = await judged(service(request).hub, connection, read_wishes(given.table))
    except (WrongInput, NeedsDecision, RetryLater) as error:
        return _table(request, given, wrong=str(error), status=422)
    return _table(request, given, rows)


async def _join(request: web.Request) -> web.Response:
    """Each pair by itself, looked at afresh: what was refused in the preview is refused again, in its own words."""
    it, given = service(request), await form(request, Table)
    connection = await on(request, Action.CONFIGURE, given.connection)
    wishes = read_wishes(given.table)
    if not given.reason.strip():
        return _table(request, given, await judged(it.hub, connection, wishes), "The reason is missing.", 422)
    actor, rows = principal(request).actor, list[Judged]()
    for wish in wishes:

        async def work(wish: Any = wish) -> Judged:
            return await link_one(it.hub, connection, wish, actor=actor, reason=given.reason.strip())

        rows.append(await in_turn(request, connection, work))
    it.schedule.carry(connection)
    return _table(request, given, rows, ended=True)


ROUTES = (
    Route("GET", "/links", _list, Action.SEE, past=True),
    Route("GET", "/links/link", _ask, Action.CONFIGURE),
    Route("POST", "/links/link", _link, Action.CONFIGURE),
    Route("GET", "/links/proposals", _proposals, Action.CONFIGURE),
    Route("GET", "/links/import", _import, Action.CONFIGURE),
    Route("POST", "/links/import", _preview, Action.CONFIGURE),
    Route("POST", "/links/import/join", _join, Action.CONFIGURE),
    Route("GET", "/records/{id}/unlink", _cut, Action.CONFIGURE, ids=UUIDS),
    Route("POST", "/records/{id}/unlink", _unlink, Action.CONFIGURE, ids=UUIDS),
    Route("GET", "/records/{id}/reset", _cut, Action.CONFIGURE, ids=UUIDS),
    Route("POST", "/records/{id}/reset", _reset, Action.CONFIGURE, ids=UUIDS),
)
