"""What the service may be sent to do in the background: compare both companies, propose who is who, look for drift."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from adapters.store import Ledger
from domain.errors import WrongInput
from hub.errands import Errands, Found
from hub.operations import adoption, drift
from hub.operations.completeness import completeness
from hub.operations.reconcile import reconcile
from hub.operations.reconciliation import told
from hub.report import Quiet
from hub.schedule import Schedule
from hub.turns import in_turn

PATIENCE = timedelta(minutes=15)
"""How long an adoption waits for its turn between two rounds."""
MOST_PROJECTS = 100
"""Projects that are named one by one; whoever wants more compares them all."""


async def compare(errands: Errands, connection: str, *, projects: Sequence[str] = (), actor: str) -> UUID:
    """Both companies, to the cent; the result is the run. The outcome is that of the run, such as `explained`.

    Raises  WrongInput for projects that nobody has seen, or too many of them; as `Errands.begin`.
    """
    await _known(errands.hub.ledger, connection, projects)

    async def errand() -> Found:
        row = await reconcile(errands.hub, connection, projects=projects, actor=actor, progress=Quiet())
        figures = {"projects": row.projects, "lines": row.lines, "differing": row.differing, "open": row.open}
        unread = tuple((await told(errands.hub, row.run)).summary.unread)
        return Found(outcome=row.result, result=row.run, figures=figures, unread=unread)

    return await errands.begin("reconciliation", connection, {"projects": ", ".join(projects)}, errand, actor)


async def _known(ledger: Ledger, connection: str, projects: Sequence[str]) -> None:
    """Whoever misspelt a number hears of it now, and not when both companies were read."""
    if len(projects) > MOST_PROJECTS:
        raise WrongInput("projects", f"{len(projects)} are too many", f"Name up to {MOST_PROJECTS}, or none for all.")
    condition, parameter = ledger.in_list("number", list(projects))
    sql = f"SELECT number FROM record WHERE connection = ? AND kind = 'project' AND {condition}"  # noqa: S608 - built from columns
    known = {number for (number,) in await ledger.rows(sql, (connection, parameter))}
    if unknown := [number[:60] for number in projects if number not in known]:
        raise WrongInput("projects", f"{connection} has no project {', '.join(unknown)}", "Give numbers of projects.")


async def count(errands: Errands, schedule: Schedule, connection: str, *, take_in: bool = False, actor: str) -> UUID:
    """What should have a state; the outcome is `complete`, `missed`, or `incomplete` where a list was not read.

    What is taken in goes with a round at once.
    Raises  as `Errands.begin`.
    """

    async def errand() -> Found:
        found = await completeness(errands.hub, connection, take_in=take_in, actor=actor)
        if found.taken_in:
            schedule.carry(connection)
        figures = {
            "counted": sum(each.source for each in found.counts),
            "missed": len(found.missed),
            "unannounced": found.unannounced,
            "taken_in": found.taken_in,
        }
        return Found(outcome=found.outcome, figures=figures, unread=tuple(found.unread), document=found)

    return await errands.begin("completeness", connection, {"take_in": "true" if take_in else ""}, errand, actor)


async def propose(errands: Errands, schedule: Schedule, connection: str, *, project: str = "", actor: str) -> UUID:
    """Who is who in both systems, between two rounds; the result is the hash of the proposal.

    Raises  as `Errands.begin`.
    """

    async def work() -> adoption.Proposed:
        return await adoption.propose(errands.hub, connection=connection, project=project, actor=actor)

    async def errand() -> Found:
        found = await in_turn(schedule, connection, work, PATIENCE)
        figures = {"pairs": len(found.proposal.pairs), "unclear": len(found.proposal.unclear)}
        return Found(outcome="proposed", result=found.hash, figures=figures)

    return await errands.begin("adoption", connection, {"project": project}, errand, actor)


async def look(
    errands: Errands,
    schedule: Schedule,
    connection: str,
    *,
    flow: str = "",
    project: str = "",
    marked: bool = False,
    actor: str,
) -> UUID:
    """What others changed in what was written; `unreachable` where nothing could be read.

    Raises  as `Errands.begin`.
    """

    async def errand() -> Found:
        looked = await drift.look(
            errands.hub, connection=connection, flow=flow, project=project, marked=marked, actor=actor
        )
        schedule.carry(connection)  # what a policy settled goes at once
        names = ("records", "rows", "found", "settled", "reads")
        return Found(
            outcome="unreachable" if looked.unreachable else "looked",
            figures={name: getattr(looked, name) for name in names},
            unread=tuple(looked.unread),
        )

    asked = {"flow": flow, "project": project, "marked": "true" if marked else ""}
    return await errands.begin("drift", connection, asked, errand, actor)
