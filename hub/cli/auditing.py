"""Commands that prove the ledger: audit verify, audit export, audit evidence."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from hub.cli.shell import Given, Switch
from hub.report import Report


async def verify(
    export: Path | None = None,
    /,
    *,
    from_: Annotated[int, Parameter(name="--from")] = 1,
    head: Sequence[str] = (),
    projections: Switch = False,
    shell: Given,
) -> Report:
    """Prove that nothing was changed: in the store, or in a folder that was exported.

    Parameters
    ----------
    export
        Folder of an export or of evidence; without it, the store.
    from_
        First position to verify; what stands before it is taken on trust.
    head
        POSITION:HASH that was noted outside, as an earlier verification told it. May be given several times.
    projections
        Fold every read model from zero too, and compare; takes as long as a rebuild, and changes nothing.
    """
    from hub.operations.audit import verify_export, verify_store

    if export is not None:
        return await verify_export(export, anchors=head)
    return await verify_store(
        shell.settings("store"),
        actor=shell.actor,
        start=from_,
        anchors=head,
        projections=projections,
        progress=shell.progress,
    )


async def export(
    *,
    out: Path,
    from_: Annotated[str, Parameter(name="--from")] = "",
    until: str = "",
    shell: Given,
) -> Report:
    """Write events, bodies, seals, heads and keys into a folder that proves itself.

    Parameters
    ----------
    out
        Folder to write; an empty one, or one that is not there yet.
    from_
        First position, or an instant as 2026-01-31T08:00:00Z; without it, from the beginning.
    until
        Last position, or an instant; without it, to the end.
    """
    from hub.operations.audit import export_events

    return await export_events(shell.settings("store"), out=out, since=from_, until=until, progress=shell.progress)


async def evidence(identifier: str, /, *, out: Path, shell: Given) -> Report:
    """Write what proves one document: who approved it, what was sent field by field, what came back.

    Parameters
    ----------
    identifier
        Any id or number of either system.
    out
        An empty folder for everything, with the script that proves it; or a file that ends in .pdf, for reading.
    """
    from hub.operations.audit import evidence_of

    return await evidence_of(
        shell.settings("store"), identifier=identifier, out=out, actor=shell.actor, progress=shell.progress
    )


def audit() -> App:
    """`audit`."""
    app = App(name="audit", help="Proofs of the ledger.")
    app.command(verify)
    app.command(export)
    app.command(evidence)
    return app
