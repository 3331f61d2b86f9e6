"""Both companies compared to the cent: five hundred projects, read afresh over HTTP, and the differences explained.

Both stand-ins run in this process and answer at once. The hub is a process of its own: `siteledger sync` carries the
company first, then people change something in every tenth project, and `siteledger reconcile` is what is measured.
"""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from adapters.sandbox.business_central import BusinessCentral
from adapters.sandbox.procore import Procore
from adapters.sandbox.serve import serve
from benchmarks.first_sync import LIMIT, Size, configured, fill, siteledger
from benchmarks.measure import Result
from benchmarks.places import Place

PROJECTS, QUICK = 500, 10
CHANGED = 10
"""One of so many projects changes on both sides between the sync and the comparison."""
MOST_SECONDS = 600.0


def size_of(projects: int) -> Size:
    """A project has ten planning lines, an order of ten lines, and ten entries."""
    return Size(
        projects=projects,
        tasks=5,
        segments=2,
        planning_lines=10 * projects,
        lines_of_a_code=2,
        orders=projects,
        order_lines=10 * projects,
        journal_lines=10 * projects,
        time_entries=0,
    )


def change(central: BusinessCentral, procore: Procore) -> int:
    """A planning line becomes dearer, and somebody in Procore makes a commitment of their own; of how many projects."""
    numbers = sorted(row["number"] for row in central.tables.rows("projects"))[::CHANGED]
    first: dict[str, dict[str, Any]] = {}
    for row in central.tables.rows("projectPlanningLines"):
        first.setdefault(row["projectNumber"], row)
    for number in numbers:
        central.tables.update("projectPlanningLines", first[number]["id"], unitCost=Decimal("99.99"))
        project = procore.find("projects", project_number=number)
        code = procore.find("wbs_codes", project_id=project["id"])
        line = {"description": "Gravel", "amount": "250.00", "wbs_code_id": code["id"]}
        procore.add_commitment(project["id"], number=f"SITE-{number}", title="Gravel", lines=[line])
    return len(numbers)


async def rows(
    sqlite: Place,
    postgres: Place | None,
    *,
    runs: int,  # noqa: ARG001 - the company is carried once
    quick: bool,
) -> list[Result]:
    """Seconds, calls and memory on each database."""
    told: list[Result] = []
    for place in (sqlite, postgres):
        if place is not None:
            with place.empty() as url:
                told += await _on(url, place.name, QUICK if quick else PROJECTS)
    return told


async def _on(url: str, place: str, projects: int) -> list[Result]:
    central, procore = BusinessCentral(now=lambda: datetime.now(UTC)), Procore(now=lambda: datetime.now(UTC), seed=1)
    fill(central, procore, size_of(projects))
    with TemporaryDirectory(prefix="siteledger-reconcile-") as folder:
        async with serve(central, procore) as sandbox:
            config = configured(Path(folder), sandbox, url)
            _, carrying, carried = await siteledger(config, "sync")
            equal, *_ = await siteledger(config, "reconcile")
            _expect(equal, "equal", 0)
            changed = change(central, procore)
            document, seconds, memory = await siteledger(config, "reconcile")
    _expect(document, "explained", 2 * changed)
    what = f"{projects} projects compared, {place}"
    detail = f"{sum(document['calls'].values()):,} calls, {2 * changed} lines differ and are explained"
    return [
        Result(f"first sync of {projects} projects, {place}", carrying, None, f"{carried:.0f} MiB", " s"),
        Result(what, seconds, MOST_SECONDS, detail, " s", at_most=True),
        Result(f"peak memory, {what}", memory, LIMIT, "", " MiB", at_most=True),
    ]


def _expect(document: dict[str, Any], result: str, differing: int) -> None:
    if (document["result"], document["differing"]) != (result, differing):
        raise SystemExit(f"not {result} with {differing} lines that differ: {json.dumps(document)[:2000]}")
