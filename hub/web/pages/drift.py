"""Drift as an inbox: what somebody changed in what the hub wrote, with all three values, and what stands."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from itertools import groupby
from typing import Any

import msgspec
from aiohttp import web
from msgspec import Struct

from domain.flows import BY_NAME, FLOWS
from domain.values import BUSINESS_CENTRAL
from hub.access import Action
from hub.app import Hub
from hub.operations import batches, drift
from hub.operations.choosing import MANY, DriftAction, Member, confirmed
from hub.operations.drift import DriftFilter, DriftRow
from hub.operations.drift_settling import Wish
from hub.operations.drift_then import drifts_then, lasts_then, sorts_then
from hub.operations.errands import look
from hub.queries import drift as around
from hub.tail import Happening
from hub.web.api.drift import members_of, settled
from hub.web.asking import cursor, following_page, on, record_of
from hub.web.keys import service
from hub.web.pages.forms import done, form
from hub.web.pages.frame import address, frame_of, narrowed, render, show
from hub.web.problems import Refused
from hub.web.routes import UUIDS, Route, allowed, principal

FIELDS = 200
"""Fields of one page."""
_FILTERS = ("connection", "flow", "project", "record", "verdict", "state")
STATES: Mapping[str, str] = {
    "open": "open",
    "accepted": "accepted: what stands there counts",
    "mended": "mended: both agree again",
    "all": "all",
}
VERDICTS: Mapping[str, tuple[str, str]] = {
    "target": ("Changed there", "Somebody changed there what the hub wrote; its source did not change."),
    "conflict": (
        "Both changed",
        "Source and target were changed differently; the record stops until you choose.",
    ),
    "gone": ("Row is gone", "What was written is no longer to be seen there: deleted, or hidden from the hub."),
    "source-deleted": (
        "Source is gone",
        "The source was deleted; what was made of it stands.",
    ),
}
"""Verdict -> its title, and what happened."""


class Cell(Struct, frozen=True, kw_only=True):
    """One field as it is shown, both systems at their places whichever of them is the source."""

    row: DriftRow
    name: str
    business_central: str
    procore: str
    personal: bool


class Group(Struct, frozen=True, kw_only=True):
    """The fields of one record in one flow.

    owner  the system that these fields belong to; `other` is where they were changed
    seen   the newest position that these rows show: what came later was not looked at
    """

    first: DriftRow
    cells: Sequence[Cell]
    owner: str
    other: str
    policy: str
    seen: int
    open: bool


class Said(Struct, frozen=True, kw_only=True):
    """What stands of each field that was shown: the same place in three lists. `every` says it of all of them."""

    flow: str
    seen: int
    reason: str = ""
    every: str = ""
    field: tuple[str, ...] = ()
    take: tuple[str, ...] = ()
    value: tuple[str, ...] = ()

    def wish(self) -> Wish:
        """What is wanted.

        Raises  Refused (422) where nothing is said.
        """
        if self.every in ("keep-source", "keep-target"):
            return Wish(choice=self.every, fields=self.field, flow=self.flow)  # type: ignore[arg-type]
        if not len(self.field) == len(self.take) == len(self.value):
            raise Refused(422, "The form is not whole. Open the page again.")
        said = list(zip(self.field, self.take, self.value, strict=True))
        wish = Wish(
            choice="merge",
            source=tuple(name for name, take, _ in said if take == "source"),
            target=tuple(name for name, take, _ in said if take == "target"),
            values={name: value for name, take, value in said if take == "value"},
            flow=self.flow,
        )
        if not (wish.source or wish.target or wish.values):
            raise Refused(422, "Nothing is said. Choose for at least one field what stands.")
        return wish


class Scope(Struct, frozen=True, kw_only=True):
    """What to look at again."""

    connection: str = ""
    flow: str = ""
    project: str = ""


class Many(Struct, frozen=True, kw_only=True):
    """One word for everything that fits; `set` tells the records that were shown before it was said."""

    action: DriftAction
    connection: str = ""
    flow: str = ""
    project: str = ""
    verdict: str = ""
    reason: str = ""
    number: str = ""
    set: str = ""


async def _list(request: web.Request) -> web.Response:
    return await _shown(request)


async def _shown(
    request: web.Request, status: int = 200, *, said: Said | None = None, record: str = "", wrong: str = ""
) -> web.Response:
    frame, hub = frame_of(request), service(request).hub
    asked: Mapping[str, str] = request.query if said is None else {"record": record}
    wanted, filters, state = _wanted(request, asked)
    if frame.asof:
        page = await drifts_then(hub, wanted, cursor(request), FIELDS, frame.asof)
        policies, position = list[around.Policy](), page.asof
    else:
        page = await drift.drifts(hub, wanted, cursor=cursor(request) or None, limit=FIELDS)
        policies, position = around.policies(hub, allowed(request)), None
    return show(
        request,
        "drift/page.html",
        "drift/list.html",
        status=status,
        headers={"HX-Push-Url": address("/drift", {**filters, "asof": frame.asof})} if frame.partial else None,
        **await _figures(request, hub, wanted, filters, position),
        state=state,
        groups=_groups(page.items, {(each.connection, each.flow): each.policy for each in policies}),
        next_cursor=following_page(request, page.next_cursor),
        asof=page.asof,
        policies=policies,
        states=STATES,
        flows=[flow.name for flow in FLOWS],
        said=said,
        wrong=wrong,
    )


def _wanted(request: web.Request, query: Mapping[str, str]) -> tuple[DriftFilter, dict[str, str], str]:
    """What is asked for, how the address says it, and the state that is shown."""
    filters = narrowed(query, _FILTERS)
    state = filters.get("state", "open")
    rest = {name: value for name, value in filters.items() if name not in ("state", "connection")}
    return DriftFilter(within=allowed(request), state="" if state == "all" else state, **rest), filters, state


async def _figures(
    request: web.Request, hub: Hub, wanted: DriftFilter, filters: Mapping[str, str], position: int | None = None
) -> dict[str, Any]:
    """What stands above the list, now or at a position."""
    here = {name: value for name, value in filters.items() if name != "verdict"}
    here["asof"] = frame_of(request).asof
    if position is None:
        sorts, lasts = await around.sorts(hub, wanted), await around.lasts(hub, allowed(request))
    else:
        sorts, lasts = await sorts_then(hub, wanted, position), await lasts_then(hub, allowed(request), position)
    return {
        "filters": filters,
        "sorts": [(each, address("/drift", {**here, "verdict": each.verdict})) for each in sorts],
        "lasts": lasts,
        "verdicts": VERDICTS,
    }


def _groups(rows: Sequence[DriftRow], policies: Mapping[tuple[str, str], str]) -> list[Group]:
    found: list[Group] = []
    for _, each in groupby(rows, key=lambda row: (row.connection, row.record, row.flow)):
        own = list(each)
        first = own[0]
        flow = BY_NAME.get(first.flow)
        found.append(
            Group(
                first=first,
                cells=[_cell(row) for row in own],
                owner=flow.origin.system if flow else "",
                other=first.system,
                policy=policies.get((first.connection, first.flow), "ask"),
                seen=max(row.position for row in own),
                open=any(row.state == "open" for row in own),
            )
        )
    return found


def _cell(row: DriftRow) -> Cell:
    in_bc, in_procore = (row.target, row.source) if row.system == BUSINESS_CENTRAL else (row.source, row.target)
    return Cell(
        row=row,
        name=f"{row.part}/{row.field}",
        business_central=in_bc,
        procore=in_procore,
        personal=bool(row.field) and not (row.base or row.source or row.target),
    )


async def _settle(request: web.Request) -> web.Response:
    connection, record = await record_of(request)
    said = await form(request, Said)
    if not said.reason.strip():
        wrong = "Say why; it is kept with what you chose."
        return await _shown(request, 422, said=said, record=record, wrong=wrong)
    wish = said.wish()
    if await _moved(request, record, said):
        wrong = "It changed since you looked, so nothing was settled. This is how it stands now; choose again."
        return await _shown(request, 409, said=said, record=record, wrong=wrong)
    made = await settled(request, connection, record, wish, said.reason)
    return done("/drift", f"{made.number}: {made.message}.")


async def _moved(request: web.Request, record: str, said: Said) -> bool:
    """Whether a look or a word has changed what was shown."""
    wanted = DriftFilter(within=allowed(request), record=record, flow=said.flow, state="")
    page = await drift.drifts(service(request).hub, wanted, limit=drift.MOST)
    return any(row.position > said.seen for row in page.items if f"{row.part}/{row.field}" in said.field)


async def _look(request: web.Request) -> web.Response:
    """Begun in the background, as it reads everything that was written."""
    it, scope = service(request), await form(request, Scope)
    connection = await on(request, Action.OPERATE, scope.connection)
    actor = principal(request).actor
    await look(it.errands, it.schedule, connection, flow=scope.flow, project=scope.project, actor=actor)
    rest = {name: value for name, value in (("flow", scope.flow), ("project", scope.project)) if value}
    return done("/drift", f"Looking over {connection}; this page tells what comes of it.", rest)


async def live(request: web.Request, happened: Sequence[Happening]) -> str:
    """How much there is, and what looks came to, whenever one found or settled something or somebody chose."""
    if not any(item.event.startswith(("drift.", "errand.")) for item in happened):
        return ""
    hub = service(request).hub
    wanted, filters, state = _wanted(request, request.query)
    return render("drift/changed.html", frame_of(request), **await _figures(request, hub, wanted, filters), state=state)


# -- many at once ----------------------------------------------------------------------------------


async def _preview(request: web.Request) -> web.Response:
    """What one word for all would touch; nothing happens here."""
    given = {name: request.query.get(name, "") for name in ("connection", "flow", "project", "verdict")}
    action = request.query.get("action", "")
    if action not in ("keep-source", "keep-target"):
        raise Refused(422, "Say what stands: the source's values, or the target's.")
    return await _asked(request, Many(action="keep-source" if action == "keep-source" else "keep-target", **given))


async def _asked(request: web.Request, asked: Many, status: int = 200, wrong: str = "") -> web.Response:
    members, _ = await _members(request, asked)
    counts: dict[tuple[str, str], int] = {}
    for member in members:
        counts[member.flow, member.cause] = counts.get((member.flow, member.cause), 0) + 1
    fresh = msgspec.structs.replace(asked, set=_set_of(members))
    context: dict[str, Any] = {"asked": fresh, "total": len(members), "counts": sorted(counts.items()), "wrong": wrong}
    return show(request, "drift/confirm.html", status=status, many=MANY, verdicts=VERDICTS, **context)


async def _settle_many(request: web.Request) -> web.Response:
    it, asked = service(request), await form(request, Many)
    members, how = await _members(request, asked)
    if _set_of(members) != asked.set:
        wrong = "Other records fit by now, so nothing was settled. This is what fits now; say it again."
        return await _asked(request, asked, 409, wrong)
    if not asked.reason.strip():
        return await _asked(request, asked, 422, "Say why; it is kept with the batch.")
    if not confirmed(len(members), asked.number):
        return await _asked(
            request, asked, 422, f"Type the number of records, {len(members)}, to settle so many at once."
        )
    batch = await batches.freeze(
        it.hub, asked.action, members, how, reason=asked.reason, actor=principal(request).actor
    )
    it.work(batch)
    return done(f"/batches/{batch}", f"{len(members):,} records are being settled.")


async def _members(request: web.Request, asked: Many) -> tuple[list[Member], Any]:
    connection = await on(request, Action.OPERATE, asked.connection)
    wanted = DriftFilter(connection=connection, flow=asked.flow, project=asked.project, verdict=asked.verdict)
    return await members_of(request, wanted)


def _set_of(members: Sequence[Member]) -> str:
    """One word for exactly these records with what they stand for."""
    return sha256(msgspec.json.encode(members)).hexdigest()


ROUTES = (
    Route("GET", "/drift", _list, Action.SEE, past=True),
    Route("POST", "/drift/look", _look, Action.OPERATE),
    Route("GET", "/drift/settle", _preview, Action.OPERATE),
    Route("POST", "/drift/settle", _settle_many, Action.OPERATE),
    Route("POST", "/drift/{id}", _settle, Action.OPERATE, ids=UUIDS),
)
