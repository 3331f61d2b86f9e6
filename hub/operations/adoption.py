"""`adopt`: projects in progress on both sides are joined: proposed and frozen, proved, then confirmed (BX-13)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
from msgspec import Struct

from domain import adoption, events
from domain.adoption import Total
from domain.linking import PROJECTS
from domain.record import Moment, Record
from domain.values import BUSINESS_CENTRAL, Digest, money
from hub.acting import moment_of
from hub.adoption.comparing import Comparing
from hub.adoption.proposal import Joining, Proposal, Unclear, bytes_of, hash_of, read
from hub.app import Hub, open_hub
from hub.connection import Pair
from hub.operations.by_hand import one_at_a_time
from hub.operations.link import only_connection
from hub.records import Contents, Records
from hub.report import ExitStatus, Halted, Progress, Quiet, Report
from hub.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console

PAGE = 500
HASH = 64
"""Hex digits of a SHA-256."""


class Proposed(Struct, frozen=True, kw_only=True):
    """A proposal and its hash."""

    hash: str
    proposal: Proposal


class Confirmed(Struct, frozen=True, kw_only=True):
    """What was joined, by flow; what is held back until a person links it; and the projects that begin here."""

    hash: str
    connection: str
    joined: dict[str, int]
    held: int
    baselines: tuple[str, ...]
    accepted: str


async def propose(
    hub: Hub, *, connection: str | None = None, project: str = "", actor: str, progress: Progress | None = None
) -> Proposed:
    """Reads both systems, compares what nobody joined yet, and freezes what comes of it. Nothing is joined or sent.

    Raises  Halted (2) for an unknown connection; Locked while a round is under way; what the systems raise.
    """
    name = only_connection(hub, connection)
    async with hub.pair(name) as pair:
        await hub.observe(pair, progress or Quiet())
        proposal = await Comparing(hub, pair, project).proposal()
        contents = Contents()
        frozen = contents.add(bytes_of(proposal))
        moment = moment_of(hub.clock, actor, name)
        event = _event(
            hub,
            pair,
            events.AdoptionProposed,
            f"adoption/{frozen}/{moment.at.isoformat()}",
            moment,
            proposal=frozen,
            project=project,
            pairs=len(proposal.pairs),
            unclear=len(proposal.unclear),
        )
        await hub.ledger.append([event], contents.new)
        await hub.projector.catch_up()
    return Proposed(hash=frozen, proposal=proposal)


async def proposal_of(hub: Hub, hash: str) -> Proposal:
    """A frozen proposal.

    Raises  Halted (2) when there is none of this hash.
    """
    bodies = await hub.ledger.contents([hash]) if len(hash) == HASH else {}
    try:
        return read(bodies[hash])
    except (KeyError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        message = f"There is no proposal {hash[:80]}; `siteledger adopt` makes one."
        raise Halted(message, ExitStatus.WRONG_USE) from error


async def confirm(
    hub: Hub,
    hash: str,
    *,
    least: int = adoption.CLEAR,
    leave: Sequence[str] = (),
    accept_differences: str = "",
    reason: str = "",
    actor: str,
) -> Confirmed:
    """Joins the pairs of a proposal, holds back what is not clear, and begins the history of each project.

    Shape   `least` is the score below which a pair is not joined; `leave` names records, by number or id, that are not.
            What is not joined is held back too, so that nothing of it is made twice.
    Raises  Halted: 2 for an unknown hash or record, 7 when either system moved since, 1 when totals differ and nobody
            accepted it; Locked; what the systems raise.
    """
    known = await proposal_of(hub, hash)
    name = only_connection(hub, known.connection)
    chosen, left = _chosen(known, least, leave)
    async with one_at_a_time(hub, name), hub.pair(name) as pair:
        await hub.observe(pair, Quiet())
        fresh = await Comparing(hub, pair, known.project).proposal()
        _unmoved(chosen, known, fresh)
        differences = [each for each in fresh.totals if not each.equal]
        if differences and not accept_differences.strip():
            raise Halted(_in_words(differences), ExitStatus.NEEDS_PERSON)
        moment = moment_of(hub.clock, actor, name)
        records = Records(hub.ledger, name, pair.mapping)
        joined = await _join(records, chosen, reason or f"adoption {hash[:12]}", moment)
        held = await _hold(records, [*fresh.unclear, *left], moment)
        baselines = _baselines(chosen, fresh)
        told = {"hash": Digest(hash), "accepted": accept_differences.strip(), "reason": reason}
        await hub.ledger.append(_ends(hub, pair, baselines, sum(joined.values()), held, least, told, moment))
    return Confirmed(
        hash=hash,
        connection=name,
        joined=dict(joined),
        held=held,
        baselines=tuple(sorted(baselines)),
        accepted=accept_differences.strip(),
    )


def _chosen(known: Proposal, least: int, leave: Sequence[str]) -> tuple[list[Joining], list[Joining]]:
    """The pairs that are meant, and the others."""
    names = {each.number.upper() for each in known.pairs} | {each.record for each in known.pairs}
    for each in leave:
        if each.upper() not in names and each.lower() not in names:
            raise Halted(f"{each} is in no pair of the proposal.", ExitStatus.WRONG_USE)
    out = {each.upper() for each in leave} | {each.lower() for each in leave}
    chosen: list[Joining] = []
    left: list[Joining] = []
    for each in known.pairs:
        is_meant = each.candidate.score >= least and each.number.upper() not in out and each.record not in out
        (chosen if is_meant else left).append(each)
    lost = {each.project for each in left if each.flow == PROJECTS}
    left += [each for each in chosen if each.flow != PROJECTS and each.project in lost]
    return [each for each in chosen if each not in left], left


def _unmoved(chosen: Sequence[Joining], known: Proposal, fresh: Proposal) -> None:
    now = set(map(_identity, fresh.pairs))
    moved = [each for each in chosen if _identity(each) not in now]
    if moved or known.totals != fresh.totals:
        named = ", ".join(each.number for each in moved[:5]) or "the totals"
        words = f"{named}: not as it was proposed any more; look at `siteledger adopt` again ({hash_of(fresh)[:12]})"
        raise Halted(words, ExitStatus.CHANGED)


def _identity(each: Joining) -> tuple[Any, ...]:
    return each.record, each.part, each.link, each.rests_on, each.candidate.score


def _in_words(differences: Sequence[Total]) -> str:
    told: list[str] = []
    for each in differences[:5]:
        sums = f"{each.project} {each.what}: Business Central {each.here}, Procore {each.there}"
        told.append(sums + (f" ({'; '.join(each.why)})" if each.why else ""))
    more = f"; and {len(differences) - 5} more" if len(differences) > 5 else ""  # noqa: PLR2004
    return f"Both systems differ; mend it, or accept it with a reason. {'; '.join(told)}{more}"


async def _join(records: Records, chosen: Sequence[Joining], reason: str, moment: Moment) -> Counter[str]:
    """Each page in one transaction; a record that began to move since is refused, and the whole page with it."""
    joined: Counter[str] = Counter()
    for start in range(0, len(chosen), PAGE):
        page = chosen[start : start + PAGE]

        def act(
            found: Mapping[UUID, Record], _contents: Contents, page: Sequence[Joining] = page
        ) -> Sequence[events.Event]:
            for each in page:
                record = found[UUID(each.record)]
                believed = record.believed.get(BUSINESS_CENTRAL)
                memory = record.flow(each.flow)
                adopted = memory.adopted.get(each.part) == each.link.procore_id
                same = believed is not None and believed.digest == each.rests_on
                if not same or not (adopted or record.adopt(each.flow, each.part, each.link, reason, moment)):
                    words = f"{record.number} began to move; look at `siteledger adopt` again"
                    raise Halted(words, ExitStatus.CHANGED)
            return ()

        await records.change(list(dict.fromkeys(UUID(each.record) for each in page)), act)
        joined.update(each.flow for each in page)
    return joined


async def _hold(records: Records, unclear: Sequence[Unclear | Joining], moment: Moment) -> int:
    """What could be something that is there is not sent as new; a link or a retry lets it go."""
    ids = list(dict.fromkeys((UUID(each.record), each.flow) for each in unclear))
    named = {(UUID(each.record), each.flow): _candidates(each) for each in unclear}
    held = 0
    for start in range(0, len(ids), PAGE):
        page, done = ids[start : start + PAGE], [0]

        def act(
            found: Mapping[UUID, Record],
            _contents: Contents,
            page: Sequence[tuple[UUID, str]] = page,
            done: list[int] = done,
        ) -> Sequence[events.Event]:
            done[0] = 0
            for id_, flow in page:
                words = f"it could be {named[id_, flow]}; link it, or retry it to have it sent as new"
                done[0] += found[id_].skip(flow, "adoption", words, moment)
            return ()

        await records.change(list(dict.fromkeys(id_ for id_, _ in page)), act)
        held += done[0]
    return held


def _candidates(each: Unclear | Joining) -> str:
    found = each.candidates if isinstance(each, Unclear) else (each.candidate,)
    return " or ".join(f"{it.procore_id} {it.number} {it.name}".strip() for it in found)


def _baselines(chosen: Sequence[Joining], fresh: Proposal) -> dict[str, tuple[str, int, dict[str, tuple[str, str]]]]:
    """Number of each project of which something is joined -> its project in Procore, how much, and the totals."""
    joined = Counter(each.project for each in chosen if each.project)
    return {
        number: (
            next(each.procore_id for each in fresh.totals if each.project == number),
            count,
            {each.what: (each.here, each.there) for each in fresh.totals if each.project == number},
        )
        for number, count in joined.items()
    }


def _ends(
    hub: Hub,
    pair: Pair,
    baselines: Mapping[str, tuple[str, int, dict[str, tuple[str, str]]]],
    joined: int,
    held: int,
    least: int,
    told: Mapping[str, Any],
    moment: Moment,
) -> list[events.Event]:
    """That it was confirmed, and where the history of each project begins."""
    at = moment.at.isoformat()
    found: list[events.Event] = [
        _event(
            hub,
            pair,
            events.AdoptionConfirmed,
            f"adoption/confirmed/{told['hash']}/{at}",
            moment,
            proposal=told["hash"],
            joined=joined,
            held=held,
            least=least,
            reason=told["reason"],
        )
    ]
    for number, (procore_id, count, totals) in sorted(baselines.items()):
        found.append(
            _event(
                hub,
                pair,
                events.ProjectBaselined,
                f"baseline/{number}/{at}",
                moment,
                proposal=told["hash"],
                project=number,
                procore_id=procore_id,
                joined=count,
                totals=totals,
                accepted=told["accepted"],
            )
        )
    return found


def _event(hub: Hub, pair: Pair, kind: type[events.Event], key: str, moment: Moment, **fields: Any) -> events.Event:
    unlike = f"{key}/{hub.rng.getrandbits(64)}"
    return pair.event(kind, Record.id_for(pair.name, "adoption", unlike), 1, moment, **fields)


# -- the commands ----------------------------------------------------------------------------------


async def propose_adoption(
    settings: Settings, *, connection: str | None, project: str, actor: str, progress: Progress
) -> Report:
    """The command `adopt`."""
    async with open_hub(settings) as hub:
        found = await propose(hub, connection=connection, project=project, actor=actor, progress=progress)
    proposal = found.proposal
    asks = bool(proposal.unclear or proposal.differences)
    status = ExitStatus.NEEDS_PERSON if asks else ExitStatus.DONE

    def render(console: "Console") -> None:
        _render(console, found)

    return Report(msgspec.to_builtins(found), status, render)


async def confirm_adoption(
    settings: Settings,
    *,
    hash: str,
    least: int,
    leave: Sequence[str],
    accept_differences: str,
    reason: str,
    actor: str,
    progress: Progress,  # noqa: ARG001 - said at the end
) -> Report:
    """The command `adopt confirm`."""
    async with open_hub(settings) as hub:
        done = await confirm(
            hub,
            hash,
            least=least,
            leave=leave,
            accept_differences=accept_differences,
            reason=reason,
            actor=actor,
        )

    def render(console: "Console") -> None:
        told = ", ".join(f"{count} of {flow}" for flow, count in done.joined.items()) or "nothing"
        console.print(f"joined: {told}; held back: {done.held}", markup=False, soft_wrap=True)
        if done.baselines:
            console.print(f"their history begins here: {', '.join(done.baselines)}", markup=False, soft_wrap=True)
        console.print("The next round carries them as updates.")

    return Report(msgspec.to_builtins(done), ExitStatus.DONE, render)


def _render(console: "Console", found: Proposed) -> None:
    proposal = found.proposal

    def say(text: str, style: str = "") -> None:
        console.print(text, style=style or None, markup=False, soft_wrap=True)

    for each in proposal.pairs:
        why = ", ".join(f"{it.field} {it.points}" for it in each.candidate.evidence if it.points)
        there = f"{each.candidate.procore_id} {each.candidate.number} {each.candidate.name}"
        say(f"{each.candidate.score:>3}  {each.flow}  {each.number} {each.name} = {there} ({why})")
    for each in proposal.unclear:
        named = "; ".join(f"{it.score} {it.procore_id} {it.number} {it.name}" for it in each.candidates)
        say(f"  ?  {each.flow}  {each.number} {each.name} could be: {named}", "yellow")
    for flow, count in proposal.alone.items():
        say(f"     {count} of {flow} have nothing like them in Procore")
    for total in proposal.totals:
        sign = "equal" if total.equal else "DIFFERENT"
        out = f", {total.left_out} left out by rule" if money(total.left_out) else ""
        say(f"{sign}  {total.project} {total.what}: {total.here} and {total.there}{out}", "" if total.equal else "red")
        for why in total.why:
            say(f"       {why}")
    say(f"confirm with: siteledger adopt confirm {found.hash}")
