"""Requests for approval as programs and pages ask for them and answer them."""

from collections.abc import Sequence
from uuid import UUID

from aiohttp import web

from domain.approval import Deed
from domain.errors import Unknown
from hub.operations import approvals, approving
from hub.operations.approvals import Request
from hub.operations.approving import Answer
from hub.report import ExitStatus, Halted
from hub.web.keys import service
from hub.web.problems import Refused
from hub.web.routes import allowed, principal

IDS = r"[0-9a-fA-F]+-[^/]+"
"""What an id of a request looks like in an address."""

_BETWEEN = "~"
"""Between record and flow in the id of a request: a stroke would end the part of an address."""


async def found(request: web.Request, ids: Sequence[str]) -> list[Request]:
    """The requests with these ids; those of connections that may not be touched are as good as none.

    Raises  Unknown.
    """
    there: list[Request] = []
    try:
        there = await approvals.named(service(request).hub, [_own(id_) for id_ in ids])
    except Halted as error:
        raise Unknown(str(error)) from error
    for each, id_ in zip(there, ids, strict=True):
        if each.connection not in allowed(request):
            raise Unknown(f"Nothing that was put before approvers is called {_own(id_)}.")
    return there


async def decided(
    request: web.Request, deed: Deed, requests: Sequence[Request], hashes: Sequence[str], comment: str
) -> list[Answer]:
    """The answers, in the order of the requests; the next round begins at once where one counts.

    One's own request, where four eyes are asked, is no answer that counts, and is recorded as a refusal.
    Raises  Refused (422) for several flows, or for a decline without a comment.
    """
    it = service(request)
    by_connection = sorted(range(len(requests)), key=lambda at: requests[at].connection)
    chosen = [(requests[at].id, hashes[at]) for at in by_connection]
    try:
        answers = await approving.decide_many(it.hub, deed, chosen, actor=principal(request).actor, comment=comment)
    except Halted as error:
        if error.status != ExitStatus.WRONG_USE:
            raise
        raise Refused(422, str(error)) from error
    for at, answer in zip(by_connection, answers, strict=True):
        connection = requests[at].connection
        if answer.done and connection in it.beats:
            it.schedule.carry(connection)
        if answer.outcome == "own":
            await it.hub.access.refused(principal(request), deed, connection, answer.message)
    ordered = dict(zip(by_connection, answers, strict=True))
    return [ordered[at] for at in range(len(requests))]


def outer(id_: str) -> str:
    """The id of a request as it stands in addresses."""
    return id_.replace("/", _BETWEEN)


def _own(id_: str) -> str:
    record, _, flow = id_.partition(_BETWEEN)
    try:
        return f"{UUID(record)}/{flow}" if flow else str(UUID(record))
    except ValueError:
        raise Unknown(f"Nothing that was put before approvers is called {id_[:120]}.") from None
