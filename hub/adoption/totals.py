"""What both systems come to in the projects that are to be joined, as a reconciliation says it (BX-01, BX-13)."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from domain.adoption import Total, totals_of
from domain.flows import BY_NAME
from domain.reconcile import Line
from domain.values import PROCORE
from hub.adoption.proposal import Joining
from hub.app import Hub
from hub.connection import Pair
from hub.reconciling.comparing import Comparison
from hub.reconciling.scope import Assumed


async def proved(hub: Hub, pair: Pair, projects: Mapping[str, str], pairs: Sequence[Joining]) -> list[Total]:
    """The totals of these projects, compared as if the pairs were joined. Nothing is joined, kept or sent.

    Shape   `projects` number -> id in Procore
    Raises  what reading a list of Business Central raises; what Procore would not show is a difference of its own.
    """
    if not projects:
        return []
    assumed = Assumed(dict(projects), {_place(each): _meant(each) for each in pairs})
    comparison = Comparison(pair, hub.ledger, hub.projector, sorted(projects), assumed)
    found: dict[str, list[Line]] = {number: [] for number in projects}
    async for some in comparison.run():
        for line in some:
            found.setdefault(line.cell.project, []).append(line)
    totals = [
        each
        for number, lines in sorted(found.items())
        for each in totals_of(number, projects.get(number, ""), lines, comparison.currency)
    ]
    return totals + [_unread(trouble, projects) for trouble in comparison.unread]


def _place(each: Joining) -> tuple[str, str]:
    """Where the counterpart stands: in Procore, for what comes from there in Business Central."""
    link = each.link
    is_there = BY_NAME[each.flow].origin.system == PROCORE
    return (link.bc_set, link.bc_id) if is_there else (link.procore_resource, link.procore_id)


def _meant(each: Joining) -> tuple[UUID, str]:
    return UUID(each.record), BY_NAME[each.flow].kind


def _unread(trouble: str, projects: Mapping[str, str]) -> Total:
    number = trouble.removeprefix("project ").partition(":")[0]
    why = (f"could not be read: {trouble}",)
    id_ = projects.get(number, "")
    return Total(project=number, procore_id=id_, what="books", here="0.00", there="0.00", why=why)
