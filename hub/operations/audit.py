"""`audit verify`, and the sealing at the end of commands that write."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from hub.app import Hub, open_hub
from hub.audit.findings import ADVICE, Finding
from hub.audit.parts import sealer_of
from hub.audit.sealing import SealsDamaged
from hub.audit.verifying import Anchor, Verified, verify
from hub.report import ExitStatus, Halted, Progress, Report
from hub.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console


async def seal_and_sign(hub: Hub) -> str:
    """Seal what this process stored, and sign a head if the last one is old; why none is signed, empty where one is.

    Raises  StoreUnavailable.
    """
    await hub.projector.catch_up()  # the last head is known from the read models
    sealer = sealer_of(hub)
    try:
        await sealer.turn()
    except SealsDamaged as error:
        return str(error)
    return sealer.trouble


async def verify_store(
    settings: Settings,
    *,
    actor: str,
    start: int,
    anchors: Sequence[str],
    progress: Progress,
) -> Report:
    """Verifies the store; exit status 5 where something was changed.

    Raises  Halted (wrong use) for an anchor that is none.
    """
    noted = [anchor_in(text) for text in anchors]
    async with open_hub(settings) as hub:
        trouble = await seal_and_sign(hub)
        verified = await verify(hub, actor=actor, start=start, anchors=noted, progress=progress)
    return _report(verified, _notes(verified, trouble))


def anchor_in(text: str) -> Anchor:
    """`POSITION:HASH`, as `audit verify` tells it.

    Raises  Halted (wrong use).
    """
    position, _, digest = text.partition(":")
    if not (position.isdecimal() and len(digest) == 64 and set(digest) <= set("0123456789abcdef")):  # noqa: PLR2004 - hex of SHA-256
        message = f"{text[:100]!r} is no head. Give POSITION:HASH, as an earlier `siteledger audit verify` told it."
        raise Halted(message, ExitStatus.WRONG_USE)
    return Anchor(int(position), digest)


def _notes(verified: Verified, trouble: str) -> list[str]:
    notes: list[str] = []
    if trouble:
        notes.append(trouble)
    if not verified.head:
        notes.append(
            "No head is signed, so somebody with hands on the database could change it and seal it anew. Set"
            " server.secret_key, and note the seal below outside of this computer."
        )
    return notes


def _report(verified: Verified, notes: Sequence[str]) -> Report:
    document: dict[str, Any] = {
        "valid": verified.sound,
        **msgspec.to_builtins(verified),
        "notes": list(notes),
        "advice": "" if verified.sound else ADVICE,
    }

    def render(console: "Console") -> None:
        def say(text: str) -> None:
            console.print(text, markup=False, highlight=False, soft_wrap=True)

        for finding in verified.told:
            say_finding(say, finding)
        if verified.findings > len(verified.told):
            say(f"and {verified.findings - len(verified.told)} more")
        outcome = "Nothing was changed" if verified.sound else f"{verified.findings} findings"
        say(
            f"{outcome}: {verified.events} events from {verified.start} to {verified.position}, {verified.seals} seals,"
            f" {verified.contents} bodies, {verified.heads} signed heads."
        )
        if verified.head:
            say(f"The last signed head covers everything up to {verified.head}, of {verified.signed_at}.")
        for note in notes:
            say(note)
        say(f"Seal now: {verified.position}:{verified.seal}")
        if not verified.sound:
            say(ADVICE)

    return Report(document, ExitStatus.DONE if verified.sound else ExitStatus.INTEGRITY, render)


def say_finding(say: Any, finding: Finding) -> None:
    """One finding with its neighbours, in lines."""
    say(finding.words)
    if finding.before or finding.after:
        say(f"  before: {finding.before}")
        say(f"  behind: {finding.after}")
