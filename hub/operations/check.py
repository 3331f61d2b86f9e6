"""`check`: reach both systems, say what is wrong and what to do about it; nothing is written."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import anyio

from adapters.target import Finding
from domain import endpoints
from domain.delivery import Listing
from domain.endpoints import changes, time
from domain.errors import SiteLedgerError
from domain.flows.change_order_to_change_order import NAME as CHANGES
from domain.flows.npc_change_order_to_project import NAME as NPC
from domain.flows.posted_invoice_to_commitment_invoice import NAME as INVOICES
from domain.flows.project_journal_to_direct_cost import NAME as JOURNALS
from domain.flows.time_sheet_to_crew_time_sheet import NAME as TIME
from domain.values import BUSINESS_CENTRAL, PROCORE, SYSTEMS, System
from hub.app import Hub, open_hub
from hub.connection import Pair
from hub.gate import disagreement, read_set_up
from hub.operations.key_files import too_open
from hub.report import ExitStatus, Progress, Report, gravest
from hub.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True)
class Line:
    """One line of the report."""

    connection: str
    system: str
    what: str
    ok: bool
    why: str
    remedy: str


@dataclass(frozen=True)
class Checked:
    """What was found on some connections, and the exit status that stands for it."""

    lines: Sequence[Line]
    status: ExitStatus


async def checked(hub: Hub, names: Sequence[str], progress: Progress) -> Checked:
    """Asks both systems of these connections; nothing is written to either.

    Raises  Misconfigured where a secret is not at hand.
    """
    lines: list[Line] = []
    statuses: list[ExitStatus] = []
    for name in names:
        progress.start(f"checking {name}")
        async with hub.pair(name) as pair:
            found, status = await _pair(hub, pair, hub.settings)
        lines += found
        statuses.append(status)
        progress.finish(f"checking {name}")
    return Checked(lines, gravest(statuses))


async def check(settings: Settings, *, connection: str | None, progress: Progress) -> Report:
    """Asks both systems of each connection."""
    names = [connection] if connection else list(settings.connections)
    async with open_hub(settings) as hub:
        found = await checked(hub, names, progress)
    lines = [*found.lines, *[Line("", "siteledger", *words) for words in too_open(settings)], _heads(settings)]
    statuses = [found.status, *([ExitStatus.NEEDS_PERSON] if not all(line.ok for line in lines) else [])]
    document: dict[str, Any] = {
        "ok": all(line.ok for line in lines),
        "findings": [asdict(line) for line in lines],
    }

    def render(console: "Console") -> None:
        for line in lines:
            mark = "[green]ok[/green]" if line.ok else "[red]no[/red]"
            console.print(mark, end="  ")
            console.print(
                f"{line.connection or 'siteledger'}  {line.what}{': ' if line.why else ''}{line.why}",
                markup=False,
                soft_wrap=True,
            )
            if line.remedy and not line.ok:
                console.print(f"      {line.remedy}", markup=False, soft_wrap=True)

    return Report(document, gravest(statuses), render)


async def _pair(hub: Hub, pair: Pair, settings: Settings) -> tuple[list[Line], ExitStatus]:
    probes: dict[System, Sequence[Finding]] = {}

    async def probe(system: System) -> None:
        probes[system] = await pair.targets[system].probe(_used(pair, system))

    async with anyio.create_task_group() as tasks:
        for system in SYSTEMS:
            tasks.start_soon(probe, system)
    lines = [
        Line(pair.name, system, finding.what, finding.ok, finding.why, finding.remedy)
        for system in SYSTEMS
        for finding in probes[system]
    ]
    reached = {system: any(finding.ok for finding in probes[system]) for system in SYSTEMS}
    if reached[BUSINESS_CENTRAL]:
        lines.append(await _agreement(pair))
    if reached[PROCORE]:
        lines.append(await _visible_projects(hub, pair))
    lines += await _own(hub, pair, settings)
    if not all(reached.values()):
        return lines, ExitStatus.REMOTE
    return lines, ExitStatus.DONE if all(line.ok for line in lines) else ExitStatus.NEEDS_PERSON


def _heads(settings: Settings) -> Line:
    """Whether heads of the ledger are signed (BX-08)."""
    every = settings.server.sign_heads_every
    words = f"heads are signed every {every}" if settings.server.secret_key else UNSIGNED
    return Line("", "siteledger", "proofs", ok=True, why=words, remedy="")


UNSIGNED = "events are sealed, but heads are not signed: server.secret_key is not set, and `siteledger init` makes one"


def _used(pair: Pair, system: System) -> list[Listing]:
    """The lists that the flows of this connection read: permission is asked for each."""
    names = {flow.name for flow in pair.flows}
    if system == PROCORE:
        company = pair.procore_company
        return [
            endpoints.vendors(company),
            endpoints.line_item_types(company),
            endpoints.company_segments(company),
            endpoints.projects(company),
            endpoints.units(company),
            *([changes.custom_fields(company)] if CHANGES in names else []),
            *([time.people(company)] if TIME in names else []),
        ]
    origins = [flow.origin for flow in pair.flows if flow.origin.entity_set and flow.origin.system == system]
    sets = [name for origin in origins for name in (origin.entity_set, origin.child_set) if name]
    sets += [name for flow, needed in _WRITTEN.items() if flow in names for name in needed]
    return [
        Listing(name, BUSINESS_CENTRAL, name) for name in dict.fromkeys((*sets, "deletedRecords", "syncLogEntries"))
    ]


_WRITTEN = {
    CHANGES: ("changeOrders", "changeOrderLines"),
    NPC: ("changeOrders", "changeOrderLines"),
    TIME: ("timeSheetBufferEntries", "crewTimeSheetLines", "resources", "accountingPeriods"),
}
"""Sets of Business Central that flows from Procore read and write."""


async def _visible_projects(hub: Hub, pair: Pair) -> Line:
    """A linked project that the account no longer sees answers 404 to everything (A12, MA-09)."""
    rows = await hub.ledger.rows(
        "SELECT bc_number, procore_id FROM cross_reference WHERE connection = ? AND procore_resource = 'projects'"
        " AND role = 'primary' ORDER BY bc_number",
        (pair.name,),
    )
    try:
        seen = {
            str(row.get("id")) for row in await pair.targets[PROCORE].list(endpoints.projects(pair.procore_company))
        }
    except SiteLedgerError as error:
        return Line(pair.name, PROCORE, "linked projects", ok=False, why=str(error), remedy="")
    hidden = [number for number, procore_id in rows if procore_id not in seen]
    why = f"not visible: {', '.join(hidden[:20])}" if hidden else f"{len(rows)} linked, all visible"
    remedy = "Add the account to these projects in Procore, or find out whether they were deleted." if hidden else ""
    return Line(pair.name, PROCORE, "linked projects", ok=not hidden, why=why, remedy=remedy)


async def _agreement(pair: Pair) -> Line:
    """Production with production, test with test, and the company that Business Central names (BX-15)."""
    try:
        wrong = disagreement(pair, await read_set_up(pair.targets[BUSINESS_CENTRAL]))
    except SiteLedgerError as error:
        return Line(pair.name, BUSINESS_CENTRAL, "environment lock", ok=False, why=str(error), remedy="")
    remedy = "Nothing is written while the two sides disagree; correct the side that is wrong." if wrong else ""
    return Line(pair.name, BUSINESS_CENTRAL, "environment lock", ok=not wrong, why=wrong, remedy=remedy)


async def _own(hub: Hub, pair: Pair, settings: Settings) -> list[Line]:
    """What concerns the hub itself: links of another pair, webhooks, custom segments, kinds of invoices."""
    connection = settings.connections[pair.name]
    lines: list[Line] = []
    rows = await hub.ledger.rows(
        "SELECT business_central_url, business_central_company, procore_url, procore_company FROM pair"
        " WHERE connection = ?",
        (pair.name,),
    )
    now = (
        connection.business_central.api_url,
        pair.bc_company,
        connection.procore.api_url,
        pair.procore_company,
    )
    if rows and tuple(rows[0]) != now:
        words = f"the ledger's links belong to another pair: {', '.join(str(value) for value in rows[0])}"
        lines.append(
            Line(
                pair.name,
                "siteledger",
                "pair",
                ok=False,
                why=words,
                remedy="Give the new pair a connection of its own.",
            )
        )
    public = settings.server.public_url
    words = (
        "no public_url: no subscriptions, changes are found by polling only"
        if public is None
        else f"webhooks call {public}"
    )
    lines.append(Line(pair.name, "siteledger", "webhooks", ok=True, why=words, remedy=""))
    barred = await hub.ledger.rows(
        "SELECT COUNT(*) FROM record_state"
        " WHERE connection = ? AND flow = 'segment-type-to-segment' AND state = 'excluded'",
        (pair.name,),
    )
    if barred[0][0]:
        words = "Procore bars custom segments; segments of a named type live as sub jobs of their projects"
        lines.append(Line(pair.name, "procore", "custom segments", ok=True, why=words, remedy=""))
    return [*lines, *_oddities(pair), *await _kept_targets(hub, pair)]


def _oddities(pair: Pair) -> list[Line]:
    """What surprises people although it is meant so (C-09)."""
    if all(flow.name != JOURNALS for flow in pair.flows):
        return []
    words = "entries of type Budget become actual direct costs in Procore, as ProjectPro's guide has it"
    return [Line(pair.name, "siteledger", "project journals", ok=True, why=words, remedy="")]


async def _kept_targets(hub: Hub, pair: Pair) -> list[Line]:
    """Projects that keep the kind of invoice that they first used, although the setting names another (C-57)."""
    wanted = str(pair.flow_settings.get(INVOICES, {}).get("posted_invoice_target", "requisition"))
    rows = await hub.ledger.rows(
        "SELECT COUNT(DISTINCT procore_parent_id) FROM cross_reference"
        " WHERE connection = ? AND flow = ? AND bc_set = 'postedPurchaseInvoices' AND procore_resource <> ?",
        (pair.name, INVOICES, f"{wanted}s"),
    )
    if not rows[0][0]:
        return []
    words = f"{rows[0][0]} projects used the other kind first and keep it; the setting {wanted} counts for new ones"
    return [Line(pair.name, "siteledger", "posted_invoice_target", ok=True, why=words, remedy="")]
