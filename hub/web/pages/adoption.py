"""Adoption: who is who in both systems, scored and proved first, then confirmed together."""

from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from domain.adoption import CLEAR, Total
from domain.errors import NeedsDecision, RetryLater, Unknown
from domain.values import BUSINESS_CENTRAL
from hub.access import Action, may
from hub.adoption.proposal import Joining, Proposal, Unclear
from hub.operations import adoption
from hub.operations.adoption import Confirmed
from hub.operations.choosing import MANY, confirmed
from hub.operations.errands import propose
from hub.queries.errands import errands
from hub.queries.records import Wanted
from hub.report import Halted
from hub.web.asking import in_turn, on
from hub.web.keys import service
from hub.web.pages.forms import done, form
from hub.web.pages.frame import show
from hub.web.problems import Refused
from hub.web.routes import Route, allowed, principal

Row = TypeVar("Row", Joining, Unclear)

BASELINES = 500
MOST = 1000
"""Pairs of one flow that a page shows; each further one counts all the same, and is told by number."""
_PAST = 20


class Wish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be compared."""

    connection: str = ""
    project: str = ""


class Word(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody confirms: pairs that are left out, and `RECORD=ID` for what was chosen among candidates."""

    reason: str = ""
    min_score: int = CLEAR
    leave: tuple[str, ...] = ()
    take: tuple[str, ...] = ()
    accept_differences: str = ""
    number: str = ""

    @property
    def taken(self) -> dict[str, str]:
        """Record -> the candidate that it is; those with no choice stay held back."""
        chosen = (each.partition("=") for each in self.take if each)
        return {record: candidate for record, _, candidate in chosen if candidate}


async def _list(request: web.Request) -> web.Response:
    it, who = service(request), principal(request)
    found = await errands(it.hub.ledger, Wanted(connections=allowed(request), limit=_PAST), sort="adoption")
    rows = found.items
    baselines = await _baselines(request)
    return show(
        request,
        "adoption/page.html",
        "adoption/errands.html",
        names=[name for name in it.hub.settings.connections if may(who, Action.CONFIGURE, name)],
        errands=rows,
        running=any(row["state"] == "running" for row in rows),
        baselines=baselines,
    )


async def _baselines(request: web.Request) -> list[dict[str, Any]]:
    """Projects whose history begins with an adoption, the latest first."""
    ledger, columns = service(request).hub.ledger, ("connection", "project", "procore_id", "joined", "at", "actor")
    condition, parameter = ledger.in_list("connection", sorted(allowed(request)))
    rows = await ledger.rows(
        f"SELECT {', '.join(columns)} FROM baseline WHERE {condition} ORDER BY at DESC LIMIT ?",  # noqa: S608 - built from columns
        (parameter, BASELINES),
    )
    return [dict(zip(columns, row, strict=True)) for row in rows]


async def _propose(request: web.Request) -> web.Response:
    it, wish = service(request), await form(request, Wish)
    connection = await on(request, Action.CONFIGURE, wish.connection)
    actor = principal(request).actor
    await propose(it.errands, it.schedule, connection, project=wish.project.strip(), actor=actor)
    await it.hub.projector.catch_up()
    return done("/adoption", "Both systems are being read. It goes on when you leave this page.")


async def _proposal(request: web.Request) -> web.Response:
    name, known = await _known(request)
    return _shown(request, name, known, Word())


async def _known(request: web.Request) -> tuple[str, Proposal]:
    """The proposal in the address; one of a connection that may not be seen is as good as none.

    Raises  Unknown.
    """
    name = request.match_info["hash"]
    if not (name.isascii() and name.isalnum()):
        raise Unknown("There is no such proposal.")
    try:
        known = await adoption.proposal_of(service(request).hub, name)
    except Halted as error:
        raise Unknown(str(error)) from error
    if known.connection not in allowed(request):
        raise Unknown(f"There is no proposal {name[:80]}.")
    return name, known


def _shown(
    request: web.Request, name: str, known: Proposal, word: Word, wrong: str = "", status: int = 200
) -> web.Response:
    return show(
        request,
        "adoption/proposal.html",
        hash=name,
        proposal=known,
        pairs=_by_flow(known.pairs),
        unclear=_by_flow(known.unclear),
        projects=_totals(known),
        word=word,
        taken=word.taken,
        many=MANY,
        most=MOST,
        business_central=BUSINESS_CENTRAL,
        wrong=wrong,
        status=status,
    )


def _by_flow(rows: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.flow, []).append(row)
    return list(found.items())


def _totals(known: Proposal) -> dict[str, list[Total]]:
    """Totals by project, those that differ first."""
    found: dict[str, list[Total]] = {}
    for total in known.totals:
        found.setdefault(total.project, []).append(total)
    return dict(sorted(found.items(), key=lambda item: (all(each.equal for each in item[1]), item[0])))


async def _confirm(request: web.Request) -> web.Response:
    it, word = service(request), await form(request, Word)
    name, known = await _known(request)
    if not word.reason.strip():
        return _shown(request, name, known, word, "The reason is missing.", 422)
    if not confirmed(len(known.pairs), word.number):
        return _shown(
            request, name, known, word, f"Type {len(known.pairs)}, the number of pairs, to confirm them.", 422
        )

    async def work() -> Confirmed:
        return await adoption.confirm(
            it.hub,
            name,
            least=word.min_score,
            leave=word.leave,
            take=word.taken,
            accept_differences=word.accept_differences.strip(),
            reason=word.reason.strip(),
            actor=principal(request).actor,
        )

    try:
        made = await in_turn(request, known.connection, work)
    except (Halted, NeedsDecision, RetryLater) as error:
        return _shown(request, name, known, word, str(error), 409)
    except Refused as error:
        return _shown(request, name, known, word, str(error), error.status)
    it.schedule.carry(known.connection)
    joined = sum(made.joined.values())
    said = f"{joined} pairs are joined, {made.held} held back. The next round carries them as updates."
    return done("/adoption", said)


ROUTES = (
    Route("GET", "/adoption", _list, Action.SEE),
    Route("POST", "/adoption", _propose, Action.CONFIGURE),
    Route("GET", "/adoption/{hash}", _proposal, Action.SEE),
    Route("POST", "/adoption/{hash}/confirm", _confirm, Action.CONFIGURE),
)
