"""Commands of the accounting gate: approvals, approve, decline, retrieve, resend. They call nobody."""

from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

from cyclopts import Parameter
from cyclopts.validators import Number

from hub.cli.shell import Given, Shell, Switch, known, one_of
from hub.report import ExitStatus, Halted, Report

if TYPE_CHECKING:
    from domain.approval import Deed

State = Literal["ready", "waiting", "declined", "resent", "accepted", "exported", "failed", "withdrawn"]
OPEN: tuple[State, ...] = ("ready", "resent")


Hashes = Annotated[tuple[str, ...], Parameter(negative="")]


class _Every(NamedTuple):
    """Everything that waits in one flow."""

    all: bool
    connection: str | None
    flow: str | None
    project: str


async def approvals(
    identifier: str | None = None,
    /,
    *,
    connection: str | None = None,
    flow: str | None = None,
    project: str = "",
    state: Annotated[tuple[State, ...], Parameter(negative="")] = OPEN,
    limit: Annotated[int, Parameter(validator=Number(gte=1, lte=1000))] = 100,
    cursor: str = "",
    asof: str = "",
    shell: Given,
) -> Report:
    """What waits to be accepted, the oldest first; with an ID, that request whole.

    Parameters
    ----------
    identifier
        Id of a request, or the number or UUID of its record.
    connection
        Only this connection.
    flow
        Only this flow, such as purchase-order-to-commitment.
    project
        Only what belongs to the project with this number.
    state
        Only requests in this state; may be given several times. Without it those that can be accepted now.
    limit
        Requests on one page.
    cursor
        Where the page begins, as the page before said.
    asof
        As it was: a position of the ledger, or an instant such as 2026-01-31T08:00:00Z.
    """
    settings = shell.settings("store")
    from hub.operations.accounting_gate import approvals as operation
    from hub.operations.accounting_gate import reviewed
    from hub.operations.approvals import ApprovalFilter

    if identifier is not None and asof:
        message = "A request is shown as it is now; `explain ID --asof` tells how its record was."
        raise Halted(message, ExitStatus.WRONG_USE)
    if identifier is not None:
        return await reviewed(settings, identifier=identifier, actor=shell.actor, progress=shell.progress)
    chosen = one_of(settings, connection) or ""
    wanted = ApprovalFilter(connection=chosen, flow=_flow(flow), project=project, states=state)
    return await operation(settings, wanted=wanted, cursor=cursor, limit=limit, asof=asof, progress=shell.progress)


async def approve(
    *ids: str,
    hash: Hashes = (),
    comment: str = "",
    all: Switch = False,
    connection: str | None = None,
    flow: str | None = None,
    project: str = "",
    shell: Given,
) -> Report:
    """Accept requests: exactly what was reviewed is sent by the next round.

    Parameters
    ----------
    ids
        Ids of requests, or numbers of their records.
    hash
        The hash that the review showed, once for each ID. What changed since then is refused (7).
    comment
        Kept with the decision.
    all
        Everything that waits now in the flow of --flow.
    connection
        Only this connection, with --all.
    flow
        The flow, with --all.
    project
        Only this project, with --all.
    """
    return await _decide(shell, "accept", ids, hash, comment, _Every(all, connection, flow, project))


async def decline(
    *ids: str,
    comment: str,
    hash: Hashes = (),
    all: Switch = False,
    connection: str | None = None,
    flow: str | None = None,
    project: str = "",
    shell: Given,
) -> Report:
    """Decline requests: nothing is sent; a change of the source asks anew.

    Parameters
    ----------
    ids
        Ids of requests, or numbers of their records.
    comment
        Says what has to change.
    hash
        The hash that the review showed, once for each ID.
    all
        Everything that waits now in the flow of --flow.
    connection
        Only this connection, with --all.
    flow
        The flow, with --all.
    project
        Only this project, with --all.
    """
    return await _decide(shell, "decline", ids, hash, comment, _Every(all, connection, flow, project))


async def retrieve(*ids: str, comment: str = "", shell: Given) -> Report:
    """Take requests back, as long as nobody decided on them.

    Parameters
    ----------
    ids
        Ids of requests, or numbers of their records.
    comment
        Kept with it.
    """
    return await _decide(shell, "retrieve", ids, (), comment, None)


async def resend(*ids: str, comment: str = "", shell: Given) -> Report:
    """Put what was declined or retrieved before the approvers again.

    Parameters
    ----------
    ids
        Ids of requests, or numbers of their records.
    comment
        Kept with it.
    """
    return await _decide(shell, "resend", ids, (), comment, None)


async def _decide(
    shell: Shell, deed: "Deed", ids: tuple[str, ...], hashes: tuple[str, ...], comment: str, every: _Every | None
) -> Report:
    if every is not None and every.all and not every.flow:
        raise Halted("--all needs --flow: one answer is for one flow.", ExitStatus.WRONG_USE)
    if every is not None and not every.all and (every.connection or every.flow or every.project):
        raise Halted("--connection, --flow and --project go with --all.", ExitStatus.WRONG_USE)
    settings = shell.settings("store")
    from hub.operations.accounting_gate import decided
    from hub.operations.approvals import ApprovalFilter

    wanted = None
    if every is not None and every.all:
        chosen = one_of(settings, every.connection) or ""
        wanted = ApprovalFilter(connection=chosen, flow=_flow(every.flow), project=every.project, states=OPEN)
    return await decided(
        settings,
        deed=deed,
        identifiers=ids,
        hashes=hashes,
        every=wanted,
        comment=comment,
        actor=shell.actor,
        progress=shell.progress,
    )


def _flow(name: str | None) -> str:
    """The flow that was meant, empty for all; those that others need have no settings, but requests of their own."""
    if name is None:
        return ""
    from domain.flows import BY_NAME

    return known(name, BY_NAME, "flow")
