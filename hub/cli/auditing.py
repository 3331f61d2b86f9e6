"""Commands that prove the ledger: audit verify."""

from collections.abc import Sequence
from typing import Annotated

from cyclopts import App, Parameter

from hub.cli.shell import Given
from hub.report import Report


async def verify(
    *,
    from_: Annotated[int, Parameter(name="--from")] = 1,
    head: Sequence[str] = (),
    shell: Given,
) -> Report:
    """Prove that nothing in the store was changed.

    Parameters
    ----------
    from_
        First position to verify; what stands before it is taken on trust.
    head
        POSITION:HASH that was noted outside, as an earlier verification told it. May be given several times.
    """
    from hub.operations.audit import verify_store

    return await verify_store(
        shell.settings("store"), actor=shell.actor, start=from_, anchors=head, progress=shell.progress
    )


def audit() -> App:
    """`audit`."""
    app = App(name="audit", help="Proofs of the ledger.")
    app.command(verify)
    return app
