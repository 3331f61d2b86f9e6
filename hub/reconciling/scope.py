"""Which projects are compared: those that go to Procore by their flag, and those that ever were joined."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from adapters.store import Ledger
from domain.delivery import Listing
from domain.errors import Unknown
from domain.reconcile.central import Homes
from domain.values import BUSINESS_CENTRAL, Json, chunks, text
from hub.connection import Pair

CHUNK = 20
"""Projects that are read together: their names fit into one filter, and their rows into memory."""
_FIELDS = "id,number,sendToProcore,sendBudgetLineToProcore,parentProjectNumber,procoreChangeOrderId,rowVersion"
_LINKS = """
SELECT bc_number, procore_id, role FROM cross_reference
WHERE connection = ? AND procore_resource = 'projects' ORDER BY bc_number
"""


@dataclass(frozen=True)
class Assumed:
    """Pairs that somebody means to join: they are compared as if the ledger had them.

    Shape   `projects` number -> id in Procore; `documents` resource or set, and id there -> record and its kind
    """

    projects: Mapping[str, str] = field(default_factory=dict[str, str])
    documents: Mapping[tuple[str, str], tuple[UUID, str]] = field(
        default_factory=dict[tuple[str, str], tuple[UUID, str]]
    )


NOTHING = Assumed()


@dataclass(frozen=True)
class Chunk:
    """Projects that are read together.

    Shape   `sites` maps each project that is joined to its id in Procore; `jobs` are all their jobs, children too, and
            `versions` the row versions of these.
    """

    sites: Mapping[str, str]
    jobs: Sequence[str]
    homes: Homes
    versions: Mapping[str, int]


async def chunks_of(
    pair: Pair, ledger: Ledger, currency: str, only: Sequence[str] = (), assumed: Assumed = NOTHING
) -> list[Chunk]:
    """The projects in lists of at most twenty, in the order of their numbers.

    Raises  Unknown for a project that is not compared; what reading a list raises.
    """
    maps = pair.mapping
    fields = () if maps.touches("projects") else (("$select", _FIELDS),)
    listing = Listing("projects", BUSINESS_CENTRAL, "projects", (*fields, ("$orderby", "number")))
    rows = [maps.read("projects", row) for row in await pair.targets[BUSINESS_CENTRAL].list(listing)]
    links = await ledger.rows(_LINKS, (pair.name,))
    links += [(number, procore_id, "primary") for number, procore_id in sorted(assumed.projects.items())]
    homes, sites = _homes(rows, links)
    wanted = sorted(set(homes.values()))
    for number in only:
        if number not in homes:
            raise Unknown(f"project {number[:60]} is neither flagged for Procore nor joined to a project there")
    if only:
        chosen = {homes[number] for number in only}
        wanted = [number for number in wanted if number in chosen]
    called = {text(row, "number") for row in rows if row.get("sendToProcore") and row.get("sendBudgetLineToProcore")}
    versions = {text(row, "number"): int(text(row, "rowVersion") or 0) for row in rows}
    found: list[Chunk] = []
    for group in chunks(wanted, CHUNK):
        inside = set(group)
        mine = {job: home for job, home in homes.items() if home in inside}
        found.append(
            Chunk(
                sites={home: sites[home] for home in group if home in sites},
                jobs=sorted(mine),
                homes=Homes(mine, currency, frozenset(called & mine.keys()), pair.start),
                versions={job: version for job, version in versions.items() if job in mine},
            )
        )
    return found


def _homes(rows: Sequence[Json], links: Sequence[tuple[str, str, str]]) -> tuple[dict[str, str], dict[str, str]]:
    """Job -> its project, and project -> its id in Procore. A child stands in the project of its parent (C-03)."""
    owner = {procore_id: number for number, procore_id, role in links if role in ("primary", "adopted")}
    homes = {number: owner.get(procore_id, number) for number, procore_id, _ in links}
    parents = {text(row, "number"): text(row, "parentProjectNumber") for row in rows}
    for row in rows:
        number = text(row, "number")
        parent = parents.get(number, "")
        if number in homes:
            continue
        if int(row.get("procoreChangeOrderId") or 0) and parent in homes:
            homes[number] = homes[parent]
        elif row.get("sendToProcore") is True:
            homes[number] = number
    return homes, {number: procore_id for procore_id, number in owner.items()}
