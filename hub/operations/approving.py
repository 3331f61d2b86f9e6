"""What people do about requests: accept, decline, take back, send again, one or many.

From the ledger alone: no remote is asked. Who may do what is checked by whoever calls; four eyes are checked here.
"""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from msgspec import Struct

from adapters.store import StreamMoved
from domain import approval, events
from domain.approval import Deed, Objection
from domain.record import Moment, Record
from domain.values import chunks
from hub.acting import moment_of
from hub.app import Hub
from hub.operations.approvals import MOST, ApprovalFilter, Request, asks_four_eyes, in_words, listed, named, one
from hub.records import Contents, Records
from hub.report import ExitStatus, Halted

AT_ONCE = 100
"""Records whose answers are stored together."""
_EVENTS: Mapping[Deed, type[events.ApprovalEvent]] = {
    "accept": events.ApprovalAccepted,
    "decline": events.ApprovalDeclined,
    "retrieve": events.ApprovalRetrieved,
    "resend": events.ApprovalResent,
}
_DONE: Mapping[Deed, str] = {
    "accept": "accepted",
    "decline": "declined",
    "retrieve": "retrieved",
    "resend": "resent",
}


class Answer(Struct, frozen=True, kw_only=True):
    """What came of one answer.

    Shape   `done` says that it counts now; `outcome` is accepted, declined, retrieved, resent, or the objection:
            unknown, changed, decided, open, own
    """

    id: str
    number: str
    done: bool
    outcome: str
    message: str
    hash: str


async def approve(hub: Hub, id_: str, *, actor: str, hash: str = "", comment: str = "") -> Answer:
    """Accepts exactly the content that the hash names; without a hash the content that is asked about now.

    Raises  Halted (wrong use) for an unknown id.
    """
    return await _answer(hub, "accept", id_, hash, comment, actor)


async def decline(hub: Hub, id_: str, *, actor: str, comment: str, hash: str = "") -> Answer:
    """Sends the request back; the comment says why.

    Raises  Halted (wrong use) for an unknown id, or without a comment.
    """
    return await _answer(hub, "decline", id_, hash, comment, actor)


async def retrieve(hub: Hub, id_: str, *, actor: str, hash: str = "", comment: str = "") -> Answer:
    """Takes the request back, as long as nobody decided on it.

    Raises  Halted (wrong use) for an unknown id.
    """
    return await _answer(hub, "retrieve", id_, hash, comment, actor)


async def resend(hub: Hub, id_: str, *, actor: str, hash: str = "", comment: str = "") -> Answer:
    """Puts the same content before the approvers again, after it was declined or retrieved.

    Raises  Halted (wrong use) for an unknown id.
    """
    return await _answer(hub, "resend", id_, hash, comment, actor)


async def decide_many(
    hub: Hub, deed: Deed, chosen: Sequence[tuple[str, str]], *, actor: str, comment: str = ""
) -> list[Answer]:
    """One answer to many requests of one flow; each counts by itself.

    Shape   `chosen` are pairs of id and hash; take them from a list that was looked at, so that what moved meanwhile
            is left alone.
    Raises  Halted (wrong use) for too many, for several flows, for an unknown id, or a decline without a comment.
    """
    if len(chosen) > MOST:
        raise Halted(f"{len(chosen)} requests at once are too many; take {MOST} at the most.", ExitStatus.WRONG_USE)
    requests = list(zip(await named(hub, [id_ for id_, _ in chosen]), (hash_ for _, hash_ in chosen), strict=True))
    return await _decide(hub, deed, requests, actor, comment)


async def decide_all(hub: Hub, deed: Deed, wanted: ApprovalFilter, *, actor: str, comment: str = "") -> list[Answer]:
    """As `decide_many`, for everything that a filter finds in one flow now, `MOST` at the most, by their hashes.

    Raises  Halted (wrong use) as `decide_many`.
    """
    page = await listed(hub, wanted, limit=MOST)
    if page.next_cursor is not None:
        raise Halted(f"The filter finds more than {MOST} requests; narrow it.", ExitStatus.WRONG_USE)
    return await _decide(hub, deed, [(request, request.hash) for request in page.items], actor, comment)


def status_of(answers: Iterable[Answer]) -> ExitStatus:
    """How a command ends: changed or decided meanwhile 7, one's own request 4, else 0."""
    outcomes = {answer.outcome for answer in answers if not answer.done}
    if "own" in outcomes:
        return ExitStatus.NOT_PERMITTED
    return ExitStatus.CHANGED if outcomes else ExitStatus.DONE


async def _answer(hub: Hub, deed: Deed, id_: str, hash_: str, comment: str, actor: str) -> Answer:
    return (await _decide(hub, deed, [(await one(hub, id_), hash_)], actor, comment))[0]


async def _decide(
    hub: Hub, deed: Deed, requests: Sequence[tuple[Request, str]], actor: str, comment: str
) -> list[Answer]:
    comment = comment.strip()
    if deed == "decline" and not comment:
        raise Halted("Declining needs a comment that says what has to change.", ExitStatus.WRONG_USE)
    flows = {request.flow for request, _ in requests}
    if len(flows) > 1:
        raise Halted(f"One answer is for one flow; these are of {', '.join(sorted(flows))}.", ExitStatus.WRONG_USE)
    answers: list[Answer] = []
    for connection in dict.fromkeys(request.connection for request, _ in requests):
        own = [each for each in requests if each[0].connection == connection]
        moment = moment_of(hub.clock, actor, connection)
        for chunk in chunks(own, AT_ONCE):
            answers += await _stored(hub, deed, chunk, moment, comment)
    await hub.projector.catch_up()
    return answers


async def _stored(
    hub: Hub, deed: Deed, chunk: Sequence[tuple[Request, str]], moment: Moment, comment: str
) -> list[Answer]:
    """Answers to requests of one connection, in one transaction; who wrote first has won."""
    connection = chunk[0][0].connection
    four_eyes = {flow: asks_four_eyes(hub, connection, flow) for flow in {request.flow for request, _ in chunk}}
    answers: list[Answer] = []

    def act(found: Mapping[UUID, Record], _contents: Contents) -> tuple[()]:
        answers.clear()
        for request, hash_ in chunk:
            record = found[UUID(request.record)]
            memory = record.flow(request.flow)
            wanted = hash_ or request.hash
            # A second press of the same button is answered like the first.
            known = memory.approval
            again = known is not None and (known.hash, known.stage, known.by) == (
                wanted,
                _DONE[deed],
                moment.cause.actor,
            )
            eyes = four_eyes[request.flow]
            against = approval.objection(memory, deed, wanted, moment.cause.actor, four_eyes=eyes)
            objection: Objection = "" if again else against
            message = in_words(objection, memory, _DONE[deed])
            if not objection and not again:
                record.answer(request.flow, _EVENTS[deed], comment, moment)
            answers.append(
                Answer(
                    id=request.id,
                    number=request.number,
                    done=not objection,
                    outcome=objection or _DONE[deed],
                    message=message,
                    hash=known.hash if known is not None else "",
                )
            )
        return ()

    try:
        await Records(hub.ledger, connection).change([UUID(request.record) for request, _ in chunk], act)
    except StreamMoved as error:
        raise Halted("The records are being worked on; try again in a moment.", ExitStatus.TRY_LATER) from error
    return answers
