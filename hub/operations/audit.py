"""`audit verify`, `audit export`, `audit evidence`, and the sealing at the end of commands that write."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from adapters.store import ThreadPool
from hub.app import Hub, open_hub
from hub.asof import position_at
from hub.audit.evidence import Evidence, gather, write_folder
from hub.audit.evidence_pdf import as_pdf
from hub.audit.exporting import export
from hub.audit.findings import ADVICE, Finding
from hub.audit.pack import Packed
from hub.audit.parts import sealer_of
from hub.audit.sealing import SealsDamaged
from hub.audit.verify import verify as prove
from hub.audit.verifying import Anchor, Verified, verify
from hub.operations.explain import find
from hub.report import ExitStatus, Halted, Progress, Report
from hub.settings import Settings
from projections.registry import PROJECTIONS

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
    projections: bool,
    progress: Progress,
) -> Report:
    """Verifies the store, and with `projections` that read models hold what the ledger says; exit status 5 if not.

    Raises  Halted (wrong use) for an anchor that is none; Locked while another process rebuilds.
    """
    noted = [anchor_in(text) for text in anchors]
    async with open_hub(settings) as hub:
        trouble = await seal_and_sign(hub)
        also = await _tables(hub, progress) if projections else []
        verified = await verify(hub, actor=actor, start=start, anchors=noted, progress=progress, also=also)
    return _report(verified, _notes(verified, trouble))


async def verify_export(folder: Path, *, anchors: Sequence[str]) -> Report:
    """Verifies a folder that `audit export` or `audit evidence` wrote, by the script that lies in every one.

    Raises  Halted (wrong use) for a folder that is none, or an anchor that is none.
    """
    noted = {f"{anchor.position}:{anchor.hash}" for anchor in map(anchor_in, anchors)}
    try:
        found = await ThreadPool().read(lambda: prove(folder))
    except OSError as error:
        raise Halted(str(error), ExitStatus.WRONG_USE) from error
    for anchor in sorted(noted - {found.head}):
        found.add("anchor", 0, f"the head that was noted, {anchor}, is not the last one of this export ({found.head})")
    findings = [{"kind": kind, "position": position, "words": words} for kind, position, words in found.findings]
    counts = {name: getattr(found, name) for name in ("events", "seals", "contents", "heads", "head", "keys", "notes")}
    document: dict[str, Any] = {"valid": not findings, **counts, "findings": len(findings), "told": findings}

    def render(console: "Console") -> None:
        def say(text: str) -> None:
            console.print(text, markup=False, highlight=False, soft_wrap=True)

        for finding in findings:
            say(str(finding["words"]))
        for note in found.notes:
            say(note)
        outcome = f"{len(findings)} findings" if findings else "Nothing was changed"
        say(f"{outcome}: {found.events} events, {found.seals} seals, {found.contents} bodies, {found.heads} heads.")
        say(f"Last signed head: {found.head or 'none'}. Keys: {', '.join(found.keys) or 'none'}.")

    return Report(document, ExitStatus.INTEGRITY if findings else ExitStatus.DONE, render)


async def export_events(settings: Settings, *, out: Path, since: str, until: str, progress: Progress) -> Report:
    """Writes events with all that proves them into an empty folder; `since` and `until` are positions or instants.

    Raises  Halted, WrongInput.
    """
    async with open_hub(settings) as hub:
        packed, trouble = await bundle(hub, out, since=since, until=until, progress=progress)
    document: dict[str, Any] = {**asdict(packed), "folder": str(out), "notes": [trouble] if trouble else []}

    def render(console: "Console") -> None:
        def say(text: str) -> None:
            console.print(text, markup=False, highlight=False, soft_wrap=True)

        counts = f"{packed.events} events from {packed.first} on, {packed.contents} bodies, {packed.seals} seals"
        say(f"Wrote {out}: {counts}.")
        say(trouble or f"Prove it anywhere with: python {out / 'verify.py'}")

    return Report(document, ExitStatus.DONE, render)


async def bundle(
    hub: Hub, out: Path, *, since: str = "", until: str = "", progress: Progress | None = None
) -> tuple[Packed, str]:
    """As `export_events`, of an open hub: what was written, and why no head is signed, empty where one is.

    Raises  Halted, WrongInput.
    """
    await hub.projector.catch_up()
    first = await _first(hub, since)
    last = await position_at(hub.ledger, until, "until") if until else None
    return await export(hub, out, first=first, last=last, progress=progress)


async def evidence_of(settings: Settings, *, identifier: str, out: Path, actor: str, progress: Progress) -> Report:
    """Writes what proves one document: a PDF where `out` ends so, otherwise a folder that proves itself.

    Raises  Halted (wrong use) for what is not there or means several records, and where `out` can't be written.
    """
    async with open_hub(settings) as hub:
        progress.start("evidence")
        await hub.projector.catch_up()
        record = await one_record(hub, identifier)
        evidence = await gather(hub, record, actor)
        if out.suffix.lower() == ".pdf":
            _write_pdf(out, evidence)
        else:
            await write_folder(hub, evidence, out)
        progress.finish("evidence")
    document: dict[str, Any] = {
        "record": record,
        "out": str(out),
        "events": len(evidence.steps),
        "asof": evidence.asof,
        "notes": [evidence.trouble] if evidence.trouble else [],
    }

    def render(console: "Console") -> None:
        console.print(f"Wrote {out}: {evidence.title}, {len(evidence.steps)} events.", markup=False, soft_wrap=True)
        if evidence.trouble:
            console.print(evidence.trouble, markup=False, soft_wrap=True)

    return Report(document, ExitStatus.DONE, render)


async def one_record(hub: Hub, identifier: str) -> str:
    """The one record that an id or number of either system names.

    Raises  Halted (wrong use) for none and for several, which are told.
    """
    records = await find(hub.ledger, identifier.strip())
    if not records:
        raise Halted(f"Nothing in the ledger is called {identifier}.", ExitStatus.WRONG_USE)
    if len(records) > 1:
        message = f"{identifier} names {len(records)} records. Name one: {', '.join(records[:20])}."
        raise Halted(message, ExitStatus.WRONG_USE)
    return records[0]


def _write_pdf(out: Path, evidence: Evidence) -> None:
    if out.exists():
        raise Halted(f"{out} exists already. Name another file.", ExitStatus.WRONG_USE)
    try:
        out.write_bytes(as_pdf(evidence.title, evidence.sections))
    except OSError as error:
        raise Halted(f"{out} can't be written ({error.strerror}).", ExitStatus.WRONG_USE) from error


async def _first(hub: Hub, since: str) -> int:
    if not since:
        return 1
    if since.isdecimal():
        return max(await position_at(hub.ledger, since, "from"), 1)
    return await position_at(hub.ledger, since, "from") + 1


def anchor_in(text: str) -> Anchor:
    """`POSITION:HASH`, as `audit verify` tells it.

    Raises  Halted (wrong use).
    """
    position, _, digest = text.partition(":")
    if not (position.isdecimal() and len(digest) == 64 and set(digest) <= set("0123456789abcdef")):  # noqa: PLR2004 - hex of SHA-256
        message = f"{text[:100]!r} is no head. Give POSITION:HASH, as an earlier `siteledger audit verify` told it."
        raise Halted(message, ExitStatus.WRONG_USE)
    return Anchor(int(position), digest)


async def _tables(hub: Hub, progress: Progress) -> list[Finding]:
    """Read models that do not hold what the ledger says."""
    return [
        Finding(
            kind="table",
            words=f"the table {table} holds {count} rows otherwise than the ledger says: somebody changed it."
            f" `siteledger rebuild {projection.name}` makes it anew.",
        )
        for projection in PROJECTIONS
        for table, count in (await hub.projector.check(projection.name, progress)).items()
        if count
    ]


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
