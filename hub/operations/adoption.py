"""`adopt`: projects in progress on both sides are joined: proposed and frozen, proved, then confirmed (BX-13)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from domain import adoption, events
from domain.adoption import Total
from domain.linking import PROJECTS
from domain.record import Moment, Record
from domain.values import Digest, money
from hub.acting import moment_of
from hub.adoption.comparing import Comparing
from hub.adoption.joining import Joiner
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

_WRONG = ExitStatus.WRONG_USE
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
    take: Mapping[str, str] | None = None,
    accept_differences: str = "",
    reason: str = "",
    actor: str,
) -> Confirmed:
    """Joins the pairs of a proposal, holds back what is not clear, and begins the history of each project.

    Shape   `least` is the score below which a pair is not joined; `leave` names records, by number or id, that are not;
            `take` says which candidate a record that is not clear is. What is not joined is held back, so that nothing
            of it is made twice.
    Raises  Halted: 2 for an unknown hash or record, 7 when either system moved since, 1 when totals differ and nobody
            accepted it; Locked; what the systems raise.
    """
    known = await proposal_of(hub, hash)
    name = only_connection(hub, known.connection)
    chosen, left = _chosen(known, least, leave)
    taken = _taken(known, take or {})
    async with one_at_a_time(hub, name), hub.pair(name) as pair:
        await hub.observe(pair, Quiet())
        comparing = Comparing(hub, pair, known.project)
        fresh = await comparing.proposal()
        _unmoved([*chosen, *taken], known, fresh)
        differences = [each for each in fresh.totals if not each.equal]
        if differences and not accept_differences.strip():
            raise Halted(_in_words(differences), ExitStatus.NEEDS_PERSON)
        moment = moment_of(hub.clock, actor, name)
        joiner = Joiner(pair, Records(hub.ledger, name, pair.mapping), comparing.documents, moment)
        joined = await joiner.join([*chosen, *taken], reason or f"adoption {hash[:12]}")
        chosen_ones = {(each.record, each.part) for each in taken}
        unclear = [each for each in fresh.unclear if (each.record, each.part) not in chosen_ones]
        held = await joiner.hold([*unclear, *left])
        baselines = _baselines([*chosen, *taken], fresh)
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


def _taken(known: Proposal, take: Mapping[str, str]) -> list[Joining]:
    """What a person chose of the candidates."""
    found: list[Joining] = []
    for name, procore_id in take.items():
        those = [each for each in known.unclear if name.upper() == each.number.upper() or name.lower() == each.record]
        options = [option for each in those for option in _options(each) if option.candidate.procore_id == procore_id]
        if len(options) != 1:
            words = f"{name}={procore_id} is no candidate of the proposal" if not options else f"{name} is ambiguous"
            raise Halted(f"{words}; name a record that is not clear, and the id of one of its candidates.", _WRONG)
        found += options
    twice = [id_ for id_, count in Counter(map(_counterpart, (*found, *known.pairs))).items() if count > 1]
    if twice:
        raise Halted(f"{twice[0][1]} can be the counterpart of one record only.", _WRONG)
    return found


def _counterpart(each: Joining) -> tuple[str, str]:
    return each.flow, each.candidate.procore_id


def _options(each: Unclear) -> list[Joining]:
    return [
        Joining(
            flow=each.flow,
            record=each.record,
            number=each.number,
            name=each.name,
            project=each.project,
            part=each.part,
            link=link,
            rests_on=each.rests_on,
            candidate=candidate,
        )
        for candidate, link in zip(each.candidates, each.links, strict=False)
    ]


def _unmoved(chosen: Sequence[Joining], known: Proposal, fresh: Proposal) -> None:
    now = {_identity(each) for each in (*fresh.pairs, *(it for some in fresh.unclear for it in _options(some)))}
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


async def confirm_adoption(  # noqa: PLR0913 - one for each option of the command
    settings: Settings,
    *,
    hash: str,
    least: int,
    leave: Sequence[str],
    take: Mapping[str, str],
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
            take=take,
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
