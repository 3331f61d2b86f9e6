"""Commands for drift: what somebody changed in what the hub wrote, and what stands from now on."""

from dataclasses import dataclass
from typing import Annotated, Literal

from cyclopts import App, Parameter
from cyclopts.validators import Number

from hub.cli.shell import Given, Switch, known, one_of
from hub.report import ExitStatus, Halted, Report

State = Literal["open", "accepted", "mended", "all"]
Verdict = Literal["target", "conflict", "gone", "source-deleted"]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Which:
    """What is settled, where no id says it."""

    connection: str | None = None
    """Without an id: only this connection."""

    flow: str | None = None
    """Only this flow."""

    project: str = ""
    """Without an id: only the project with this number."""

    verdict: Verdict | None = None
    """Without an id: only what stands so."""


ALL = Which()


async def show(
    *,
    connection: str | None = None,
    flow: str | None = None,
    project: str = "",
    state: State = "open",
    verdict: Verdict | None = None,
    fresh: Switch = False,
    asof: str = "",
    cursor: str | None = None,
    limit: Annotated[int, Parameter(validator=Number(gte=1, lte=1000))] = 100,
    shell: Given,
) -> Report:
    """List what stands otherwise than it was written, field by field.

    Parameters
    ----------
    connection
        Only this connection.
    flow
        Only what this flow wrote.
    project
        Only the project with this number.
    state
        open, accepted, mended or all.
    verdict
        target (changed there), conflict (changed on both sides), gone, or source-deleted.
    fresh
        Read both systems now and compare, before listing. Writes to neither.
    asof
        As it was: a position of the ledger, or an instant such as 2026-01-31T08:00:00Z.
    cursor
        Where the page before ended.
    limit
        Fields of one page.
    """
    if fresh and asof:
        message = "--fresh looks at what stands now; leave out --asof, or --fresh."
        raise Halted(message, ExitStatus.WRONG_USE)
    settings = shell.settings() if fresh else shell.settings("store")
    chosen = one_of(settings, connection)
    from hub.operations.drift import DriftFilter, list_drift

    wanted = DriftFilter(
        connection=chosen or "",
        flow=_flow(flow),
        project=project,
        state="" if state == "all" else state,
        verdict=verdict or "",
    )
    if asof:
        from hub.operations.drift_then import drift_as_of

        return await drift_as_of(
            settings, wanted=wanted, asof=asof, cursor=cursor or "", limit=limit, progress=shell.progress
        )
    return await list_drift(
        settings, wanted=wanted, fresh=fresh, cursor=cursor, limit=limit, actor=shell.actor, progress=shell.progress
    )


async def keep_source(
    identifier: str = "",
    /,
    *,
    field: tuple[str, ...] = (),
    which: Which = ALL,
    reason: str,
    shell: Given,
) -> Report:
    """Have the source's value written again, by the next round.

    Parameters
    ----------
    identifier
        Any id or number of the record; without one, everything that fits the options, as a batch.
    field
        Only this field, or part/field; may be repeated.
    reason
        Why; it is kept.
    """
    return await _keep(shell, "keep-source", identifier, field, which, reason)


async def keep_target(
    identifier: str = "",
    /,
    *,
    field: tuple[str, ...] = (),
    which: Which = ALL,
    reason: str,
    shell: Given,
) -> Report:
    """Accept what stands there; the field is not sent again until its source changes.

    Parameters
    ----------
    identifier
        Any id or number of the record; without one, everything that fits the options, as a batch.
    field
        Only this field, or part/field; may be repeated.
    reason
        Why; it is kept.
    """
    return await _keep(shell, "keep-target", identifier, field, which, reason)


async def merge(
    identifier: str,
    /,
    *,
    field: tuple[str, ...] = (),
    source: tuple[str, ...] = (),
    target: tuple[str, ...] = (),
    flow: str | None = None,
    reason: str,
    shell: Given,
) -> Report:
    """Say of each field what stands: its source's value, what is there, or a value of your own.

    Parameters
    ----------
    identifier
        Any id or number of the record.
    field
        FIELD=VALUE: this value is written; may be repeated. Where several parts have the field, part/FIELD=VALUE.
    source
        A field of which the source's value is written again; may be repeated.
    target
        A field that stays as it is there; may be repeated.
    flow
        Only this flow.
    reason
        Why; it is kept.
    """
    values: dict[str, str] = {}
    for each in field:
        name, sign, value = each.partition("=")
        if not sign or not name:
            message = f"--field takes FIELD=VALUE, not {each}."
            raise Halted(message, ExitStatus.WRONG_USE)
        values[name] = value
    settings = shell.settings("store")
    from hub.operations.drift_settling import Wish, settle_drift

    wish = Wish(choice="merge", source=source, target=target, values=values, flow=_flow(flow))
    return await settle_drift(
        settings, identifier=identifier, wish=wish, actor=shell.actor, reason=reason, progress=shell.progress
    )


async def _keep(
    shell: Given,
    choice: Literal["keep-source", "keep-target"],
    identifier: str,
    fields: tuple[str, ...],
    which: Which,
    reason: str,
) -> Report:
    settings = shell.settings("store")
    from hub.operations.drift import DriftFilter
    from hub.operations.drift_settling import Wish, settle_drift, settle_many

    if identifier:
        wish = Wish(choice=choice, fields=fields, flow=_flow(which.flow))
        return await settle_drift(
            settings, identifier=identifier, wish=wish, actor=shell.actor, reason=reason, progress=shell.progress
        )
    if fields:
        message = "--field narrows one record; name the record."
        raise Halted(message, ExitStatus.WRONG_USE)
    wanted = DriftFilter(
        connection=one_of(settings, which.connection) or "",
        flow=_flow(which.flow),
        project=which.project,
        verdict=which.verdict or "",
    )
    return await settle_many(
        settings, action=choice, wanted=wanted, actor=shell.actor, reason=reason, progress=shell.progress
    )


def _flow(flow: str | None) -> str:
    from domain.flows import BY_NAME

    return "" if flow is None else known(flow, BY_NAME, "flow")


def drift() -> App:
    """`drift`."""
    app = App(name="drift", help="What somebody changed in what the hub wrote, and what stands.")
    app.default(show)
    app.command(keep_source)
    app.command(keep_target)
    app.command(merge)
    return app
