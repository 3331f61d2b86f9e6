"""Plans: what a round would write now, field by field, and carrying out exactly that or nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web
from msgspec import Struct

from domain.flows import FLOWS
from domain.values import SYSTEMS
from hub.access import Action
from hub.operations.choosing import MANY, confirmed
from hub.operations.lists_then import plans_then
from hub.operations.plan import PlanRow, plan_content, plans
from hub.planning.plan import Plan, shown
from hub.queries.pages import moment_at
from hub.web.api.plans import STOPPED, Scope, carry_out, found, make
from hub.web.asking import cursor, following_page
from hub.web.keys import service
from hub.web.pages.forms import done, form
from hub.web.pages.frame import frame_of, show
from hub.web.problems import Refused
from hub.web.routes import Route, allowed

ROWS = 100
WRITES = 200
"""Writes of one page of a plan."""


class Word(Struct, frozen=True, kw_only=True):
    """That a plan is to be carried out; the number of its writes where they are many."""

    number: str = ""


async def _list(request: web.Request) -> web.Response:
    frame, hub = frame_of(request), service(request).hub
    now = hub.clock.now().isoformat()
    if frame.asof:
        page, position = await plans_then(hub, cursor(request), ROWS, frame.asof, allowed(request))
        now = await moment_at(hub.ledger, position)
    else:
        page = await plans(hub, cursor=cursor(request), limit=ROWS, within=allowed(request))
    return show(
        request,
        "plans/page.html",
        plans=page.items,
        next_cursor=following_page(request, page.next_cursor),
        flows=[flow.name for flow in FLOWS],
        now=now,
    )


async def _make(request: web.Request) -> web.Response:
    made = await make(request, await form(request, Scope))
    told = f"{len(made.plan.writes):,} writes would go now. Nothing was written yet."
    return done(f"/plans/{made.hash}", told)


async def _plan(request: web.Request) -> web.Response:
    return await _shown(request, await found(request))


async def _shown(
    request: web.Request, row: PlanRow, status: int = 200, *, wrong: str = "", why: str = "", moved: Sequence[str] = ()
) -> web.Response:
    hub = service(request).hub
    plan = await plan_content(hub, row, to_show=True)
    start = _start(request.query.get("from", ""), len(plan.writes))
    every = shown(plan)
    return show(
        request,
        "plan/page.html",
        status=status,
        row=row,
        plan=plan,
        calls=_calls(plan),
        flows=_counts(plan),
        writes=[_write(each) for each in every[start : start + WRITES]],
        start=start,
        following=start + WRITES if start + WRITES < len(every) else None,
        over=row.expires_at <= hub.clock.now().isoformat(),
        many=MANY,
        wrong=wrong,
        why=why,
        moved=moved,
    )


def _start(text: str, count: int) -> int:
    if not text:
        return 0
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and int(text) < max(count, 1)):  # noqa: PLR2004 - digits
        raise Refused(404, f"the plan has {count:,} writes, and none at that place")
    return int(text)


def _calls(plan: Plan) -> list[tuple[str, int, int]]:
    return [(system, plan.reads[system], plan.calls[system]) for system in SYSTEMS]


def _counts(plan: Plan) -> Mapping[str, int]:
    """Flow -> writes."""
    counts: dict[str, int] = {}
    for write in plan.writes:
        counts[write.flow] = counts.get(write.flow, 0) + 1
    return counts


def _write(write: Mapping[str, Any]) -> dict[str, Any]:
    """A write with the fields that it changes apart from those that it repeats."""
    fields: Mapping[str, Mapping[str, Any]] = write["fields"]
    changed = {name: each for name, each in fields.items() if each["before"] != each["after"]}
    return {**write, "changed": changed, "same": len(fields) - len(changed)}


async def _apply(request: web.Request) -> web.Response:
    """Carried out, or shown again with what is otherwise than it was planned."""
    row, said = await found(request), await form(request, Word)
    if not confirmed(row.writes, said.number):
        return await _shown(request, row, 422, wrong=f"Type {row.writes}, the number of writes, to carry out so many.")
    applied = await carry_out(request, row)
    place = f"/plans/{row.hash}"
    if applied.result == "already":
        return done(place, "It was carried out before, so nothing was sent.")
    if applied.result == "done":
        later = sum(applied.later.values())
        rest = f" {later:,} more records go with the next round." if later else ""
        return done(place, f"All {applied.sent:,} writes were sent.{rest}")
    now = await found(request)
    if applied.result == "refused":
        return await _shown(request, now, 409, why=f"Nothing was sent: {applied.why}.", moved=applied.moved)
    words = f"{applied.sent:,} of {applied.writes:,} writes were sent, then it stopped: {applied.why}."
    return await _shown(request, now, STOPPED.get(applied.status, 409), why=words, moved=applied.moved)


ROUTES = (
    Route("GET", "/plans", _list, Action.SEE, past=True),
    Route("POST", "/plans", _make, Action.OPERATE),
    Route("GET", "/plans/{id}", _plan, Action.SEE_BODIES),
    Route("POST", "/plans/{id}/apply", _apply, Action.OPERATE),
)
