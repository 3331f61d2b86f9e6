"""One record: where it stands and why, what happens next, its story, what both sides hold, where values come from."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from aiohttp import web
from msgspec import Struct

from domain.errors import Unknown, WrongInput
from domain.values import read_json
from hub.access import Action
from hub.operations.changes import Wanted, what_changed
from hub.operations.past import differs, record_as_of
from hub.operations.provenance import provenance
from hub.queries import records
from hub.tail import Happening
from hub.web.asking import record_of
from hub.web.keys import service
from hub.web.pages.documents import guarded, pretty
from hub.web.pages.frame import Frame, address, frame_of, render, show
from hub.web.pages.offers import offers, ways
from hub.web.problems import Refused
from hub.web.routes import UUIDS, Route, allowed

TABS = (
    ("story", "Story"),
    ("difference", "Difference"),
    ("attempts", "Attempts"),
    ("documents", "Documents"),
    ("provenance", "Where values come from"),
    ("changes", "Changes"),
)


class Head(Struct, frozen=True, kw_only=True):
    """What every tab of a record shows above itself."""

    record: str
    connection: str
    kind: str
    number: str
    title: str
    project: str


async def _record(request: web.Request) -> web.Response:
    return await shown(request)


async def shown(request: web.Request, status: int = 200, wrong: Mapping[str, str] = {}) -> web.Response:
    """The page of the record in the address; `wrong` is what was amiss with an act that somebody wanted."""
    frame, tab = frame_of(request), request.query.get("tab", "story")
    if tab not in dict(TABS):
        raise Refused(404, "this record has no such part")
    connection, record = await record_of(request)
    hub = service(request).hub
    story = (
        await record_as_of(hub, record, frame.asof)
        if frame.asof
        else await records.record(hub.ledger, record, allowed(request))
    )
    head = msgspec.convert({name: story[name] for name in Head.__struct_fields__}, Head)
    tabs = [(name, title, address(f"/records/{record}", {"tab": name, "asof": frame.asof})) for name, title in TABS]
    more = await _of_tab(request, frame, tab, connection, record, story)
    offered = [] if frame.asof else offers(frame, connection, story)
    return show(
        request,
        "record/page.html",
        status=status,
        head=head,
        story=story,
        tabs=tabs,
        tab=tab,
        offered=offered,
        ways=[] if frame.asof else ways(frame, connection, story),
        wrong=wrong,
        **more,
    )


async def live(request: web.Request, happened: Sequence[Happening]) -> str:
    """Where the record stands and its story, when something happened to it."""
    record = request.query.get("record", "")
    if record not in {item.record for item in happened}:
        return ""
    try:
        story = await records.record(service(request).hub.ledger, record, allowed(request))
    except (Unknown, WrongInput):
        return ""
    return render("record/changed.html", frame_of(request), story=story)


async def _of_tab(
    request: web.Request, frame: Frame, tab: str, connection: str, record: str, story: dict[str, Any]
) -> dict[str, Any]:
    """What one part shows beside the story."""
    hub = service(request).hub
    match tab:
        case "difference":
            return {"difference": guarded(hub, frame, connection, await differs(hub, record, frame.asof))}
        case "documents":
            then = await record_as_of(hub, record, frame.asof)
            return {"then": guarded(hub, frame, connection, then), "pretty": pretty}
        case "attempts":
            names = [
                name for each in story["deliveries"] for name in (each.get("request"), each.get("response")) if name
            ]
            raw = await hub.ledger.contents(list(dict.fromkeys(names)))
            bodies = {name: guarded(hub, frame, connection, _read(body)) for name, body in raw.items()}
            return {"bodies": bodies, "pretty": pretty}
        case "provenance":
            try:
                found = await provenance(hub, record, asof=frame.asof, cursor=request.query.get("cursor", ""))
            except (Unknown, WrongInput) as error:
                return {"provenance": None, "none": str(error)}
            return {"provenance": guarded(hub, frame, connection, msgspec.to_builtins(found)), "none": ""}
        case "changes":
            since, until = request.query.get("since", "").strip(), request.query.get("until", "").strip()
            wanted = Wanted(records=(record,), connections=(connection,), since=since, until=until or frame.asof)
            found = msgspec.to_builtins(await what_changed(hub, wanted))
            return {"changes": guarded(hub, frame, connection, found), "pretty": pretty}
        case _:
            return {}


def _read(body: bytes) -> Any:
    """A kept body as JSON, or as the text that it is."""
    try:
        return read_json(body)
    except ValueError:
        return body.decode(errors="replace")


ROUTES = (Route("GET", "/records/{id}", _record, Action.SEE, ids=UUIDS, past=True),)
