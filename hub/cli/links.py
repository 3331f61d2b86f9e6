"""Commands for the cross-reference by hand: link, unlink, reset, links."""

from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from hub.cli.shell import Given, Switch, known, one_of
from hub.report import ExitStatus, Halted, Report


async def link(
    flow: str,
    bc_id: str,
    procore_id: str,
    /,
    *,
    connection: str | None = None,
    reason: str = "",
    shell: Given,
) -> Report:
    """Join a record with a counterpart that exists in Procore; the next round updates it and creates nothing.

    Parameters
    ----------
    flow
        project-to-project, purchase-order-to-commitment or vendor-to-company.
    bc_id
        Number or id of the record in Business Central.
    procore_id
        Id of the counterpart in Procore.
    connection
        The connection, where there are several.
    reason
        Kept in the audit log.
    """
    settings = shell.settings()
    chosen = one_of(settings, connection)
    from hub.operations.link import link_records as operation

    return await operation(
        settings,
        flow=flow,
        bc_id=bc_id,
        procore_id=procore_id,
        connection=chosen,
        reason=reason,
        actor=shell.actor,
        progress=shell.progress,
    )


async def unlink(identifier: str, /, *, reason: str = "", shell: Given) -> Report:
    """Cut a link once the record is gone in Business Central; the record stays out until somebody links or resets it.

    Parameters
    ----------
    identifier
        Any id or number of either system.
    reason
        Kept in the audit log.
    """
    settings = shell.settings()
    from hub.operations.unlink import unlink_record as operation

    return await operation(settings, identifier=identifier, reason=reason, actor=shell.actor, progress=shell.progress)


async def reset(identifier: str, /, *, reason: str = "", shell: Given) -> Report:
    """Forget at once, unverified, that a record was sent. What stands in the other system is removed by hand first.

    Parameters
    ----------
    identifier
        Any id or number of either system.
    reason
        Kept in the audit log.
    """
    settings = shell.settings("store")
    from hub.operations.reset import reset_record as operation

    return await operation(settings, identifier=identifier, reason=reason, actor=shell.actor, progress=shell.progress)


async def links(
    query: str = "",
    /,
    *,
    connection: str | None = None,
    flow: str | None = None,
    project: str = "",
    role: str = "",
    suggest: Switch = False,
    asof: str = "",
    cursor: str | None = None,
    limit: Annotated[int, Parameter(validator=Number(gte=1, lte=1000))] = 100,
    shell: Given,
) -> Report:
    """List which record is which in the other system, or propose counterparts for records without one.

    Parameters
    ----------
    query
        An id or number of either system; all without one.
    connection
        Only this connection.
    flow
        Only this flow.
    project
        Only what belongs to the project with this number.
    role
        Only pairs of this role, such as adopted: linked by hand and not carried yet.
    suggest
        Propose counterparts in Procore for the flow's records without one. Links nothing.
    asof
        As it was: a position of the ledger, or an instant such as 2026-01-31T08:00:00Z.
    cursor
        Where the page before ended.
    limit
        Pairs of one page.
    """
    if suggest and asof:
        message = "--suggest proposes for now; leave out --asof, or --suggest."
        raise Halted(message, ExitStatus.WRONG_USE)
    settings = shell.settings() if suggest else shell.settings("store")
    chosen = one_of(settings, connection)
    from hub.settings import FLOW_NAMES

    if suggest:
        if flow is None:
            message = "--suggest needs --flow, such as --flow vendor-to-company."
            raise Halted(message, ExitStatus.WRONG_USE)
        from hub.operations.link import propose_pairs

        return await propose_pairs(settings, flow=flow, connection=chosen, progress=shell.progress)
    from domain.flows import BY_NAME
    from hub.operations.links import LinkFilter, list_links

    wanted = LinkFilter(
        connection=chosen or "",
        flow="" if flow is None else known(flow, dict.fromkeys((*FLOW_NAMES, *BY_NAME)), "flow"),
        query=query,
        project=project,
        role=role,
    )
    return await list_links(settings, wanted=wanted, asof=asof, cursor=cursor, limit=limit, progress=shell.progress)
