"""The first sync of a whole company: calls of each kind beside the least possible, seconds, and peak memory of the hub.

Usage: python -m benchmarks.first_sync [--small] [--store URL]

Both stand-ins run in this process and answer at once; the hub is a process of its own, `siteledger sync`, so that its
peak memory is its own. People record their time in Procore after the first sync has made the projects there.
"""

import argparse
import json
import os
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import anyio

from adapters.sandbox.business_central import BusinessCentral
from adapters.sandbox.procore import Procore
from adapters.sandbox.serve import ENVIRONMENT, Sandbox, serve

CUSTOMER = "C00010"
TYPES = ("L", "M", "S", "E")
LIMIT = 300.0


@dataclass(frozen=True)
class Size:
    """How much there is. Planning, order and journal lines are spread evenly over the projects."""

    projects: int = 10
    tasks: int = 20
    segments: int = 5
    planning_lines: int = 10_000
    lines_of_a_code: int = 5
    orders: int = 20
    order_lines: int = 2_000
    journal_lines: int = 5_000
    time_entries: int = 500

    @property
    def codes(self) -> int:
        """Budget codes that planning lines use."""
        return self.planning_lines // self.lines_of_a_code


FULL = Size()
SMALL = Size(
    projects=2, tasks=5, segments=2, planning_lines=100, orders=2, order_lines=40, journal_lines=60, time_entries=20
)


def fill(central: BusinessCentral, procore: Procore, size: Size) -> None:
    """The company before anybody connected it."""
    tables = central.tables
    setup = tables.rows("connectorSetups")[0]["id"]
    tables.update("connectorSetups", setup, procoreCompanyId=procore.state.company_id)
    tables.insert("customers", number=CUSTOMER, displayName="Lakeside Medical", country="US")
    tables.insert("vendors", number="V1", displayName="Acme Concrete", sendToProcore=True)
    procore.add_vendor("Acme Concrete", origin_code="V1")
    procore.add_unit("ea")
    for code in TYPES:
        tables.insert("costTypes", code=code, description=f"Cost {code}")
    for number in range(size.segments):
        tables.insert("segments", code=f"S{number}", description=f"Segment {number}", sendToProcore=True)
    for number in range(size.projects):
        _project(central, f"JOB{number:03}", size)
    _orders(central, size)
    _journals(central, size)


def _places(size: Size) -> list[tuple[str, str, str]]:
    """Task, segment and cost type of every budget code of a project."""
    every = [
        (f"{task + 1:02}-100", f"S{segment}", kind)
        for kind in TYPES
        for task in range(size.tasks)
        for segment in range(size.segments)
    ]
    return every[: max(size.codes // size.projects, 1)]


def _project(central: BusinessCentral, number: str, size: Size) -> None:
    tables = central.tables
    flags = {"sendToProcore": True, "sendBudgetLineToProcore": True}
    tables.insert("projects", number=number, displayName=f"Project {number}", customerNumber=CUSTOMER, **flags)
    for segment in range(size.segments):
        tables.insert("projectSegments", projectNumber=number, segmentCode=f"S{segment}")
    for task in range(size.tasks):
        code = f"{task + 1:02}-100"
        tables.insert("projectTasks", projectNumber=number, taskNumber=code, description=f"Task {code}")
    places = _places(size)
    for line in range(size.planning_lines // size.projects):
        task, segment, kind = places[line % len(places)]
        tables.insert(
            "projectPlanningLines",
            projectNumber=number,
            taskNumber=task,
            lineType="Budget",
            type="G_x002F_L_x0020_Account",
            number="54100",
            description=f"Line {line}",
            quantity=Decimal(line % 7 + 1),
            unitCost=Decimal("10.005"),
            segmentCode=segment,
            costTypeCode=kind,
        )


def _orders(central: BusinessCentral, size: Size) -> None:
    places = _places(size)
    each = size.order_lines // size.orders
    for number in range(size.orders):
        job = f"JOB{number % size.projects:03}"
        lines = [
            {
                "lineType": "G_x002F_L_x0020_Account",
                "number": "54100",
                "description": f"Line {line}",
                "quantity": Decimal(2),
                "unitOfMeasureCode": "EA",
                "directUnitCost": Decimal("99.99"),
                "jobNumber": job,
                "jobTaskNumber": places[line % len(places)][0],
                "segmentCode": places[line % len(places)][1],
                "costTypeCode": places[line % len(places)][2],
                "sendToProcore": True,
            }
            for line in range(each)
        ]
        fields = {"vendorNumber": "V1", "jobNumber": job, "sendToProcore": True, "purchaseOrderLines": lines}
        order = central.tables.insert("purchaseOrders", number=f"PO{number:04}", **fields)
        central.tables.act("purchaseOrders", order["id"], "release")


def _journals(central: BusinessCentral, size: Size) -> None:
    places = _places(size)
    for project in range(size.projects):
        job = f"JOB{project:03}"
        batch = central.tables.insert("projectJournalBatches", journalTemplateName="PROJECT", name=f"B{project:03}")
        for line in range(size.journal_lines // size.projects):
            task, segment, kind = places[line % len(places)]
            central.tables.insert(
                "projectJournalLines",
                journalTemplateName="PROJECT",
                journalBatchName=f"B{project:03}",
                entryType="Budget",
                postingDate=datetime.now(UTC).date(),
                documentNumber=f"J{project:03}",
                jobNumber=job,
                jobTaskNumber=task,
                segmentCode=segment,
                costTypeCode=kind,
                type="G_x002F_L_x0020_Account",
                number="54100",
                description=f"Entry {line}",
                quantity=Decimal(1),
                unitCost=Decimal("12.34"),
                sendToProcore=True,
            )
        central.tables.act("projectJournalBatches", batch["id"], "post")


def record_time(central: BusinessCentral, procore: Procore, size: Size) -> None:
    """What the crews write down on one day, once their projects are in Procore."""
    places = _places(size)
    people: list[int] = []
    for number in range(10):
        person = procore.people.add("Worker", f"{number}", employee_id=f"E{number}", is_employee=True)
        people.append(person["id"])
        central.tables.insert(
            "resources",
            number=f"R{number}",
            displayName=f"Worker {number}",
            type="Person",
            useCrewTimeSheet=True,
            procoreWorkerId=person["id"],
        )
    day = datetime.now(UTC).date().isoformat()
    for number in range(size.projects):
        project = procore.find("projects", project_number=f"JOB{number:03}")
        sheet = procore.time.add_sheet(project["id"], day)
        for entry in range(size.time_entries // size.projects):
            task, segment, kind = places[entry % len(places)]
            procore.time.add_entry(
                sheet["id"],
                people[entry % len(people)],
                hours="7.5",
                cost_code=task,
                cost_type=kind,
                sub_job=segment,
                status="approved",
            )


def least(size: Size) -> dict[str, int]:
    """The least number of writing calls of each kind: full batches, one project in each."""
    each = size.projects
    journal, planned = ceil(size.journal_lines / each / 1000), ceil(size.codes / each / 1000)
    # Ids go back to Business Central a hundred at a time; documents and master data get an entry in its log besides.
    logged = each * (1 + size.tasks + size.segments) + size.orders + len(TYPES) + 1
    back = size.planning_lines + size.journal_lines + size.order_lines + 2 * logged
    return {
        "POST bc $batch": ceil(back / 100),
        "POST projects": each,
        "PATCH sub_jobs/sync": each,
        "PATCH cost_codes/sync": each * ceil(size.tasks / 1000),
        "PATCH wbs_codes/bulk_create": each * planned,
        "POST budget_line_items/sync": each * planned,
        "PATCH purchase_order_contracts/sync": each * 2,
        "PATCH line_items/sync": size.orders * ceil(size.order_lines / size.orders / 1000),
        "PATCH direct_costs/sync": each * journal * 2,
        "PATCH direct_costs/line_items/sync": each * journal,
    }


_WATCH = (
    "import resource, subprocess, sys; done = subprocess.run(sys.argv[1:], check=False)\n"
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr); raise SystemExit(done.returncode)"
)
"""A small process between: Linux counts what a process held before it became another one, and this one holds much."""


async def siteledger(config: Path, name: str) -> tuple[dict[str, Any], float, float]:
    """One command in a process of its own: its document, seconds, and MiB that it ever held."""
    program = str(Path(sys.executable).with_name("siteledger"))
    command = [sys.executable, "-c", _WATCH, program, "--config", str(config), name, "--json"]
    started = perf_counter()
    done = await anyio.run_process(command, env={**os.environ, **ENVIRONMENT}, check=False)
    seconds = perf_counter() - started
    if done.returncode not in (0, 1):
        raise SystemExit(f"siteledger {name} ended with {done.returncode}: {done.stderr.decode()[-2000:]}")
    return json.loads(done.stdout), seconds, int(done.stderr.split()[-1]) / 1024


def kinds(sandbox: Sandbox, since: tuple[int, int]) -> Counter[str]:
    """Requests to both systems by method and address without ids, parts of a batch apart."""
    counted: Counter[str] = Counter()
    for name, log, after in (("bc", sandbox.business_central.log, since[0]), ("", sandbox.procore.log, since[1])):
        for entry in log:
            if entry.sequence > after and not entry.token and entry.part_of is None:
                counted[f"{entry.method} {_shape(name, entry.path)}"] += 1
    return counted


def _shape(name: str, path: str) -> str:
    plain = path.partition("?")[0]
    if name:
        return f"bc {plain.rpartition(')/')[2].partition('(')[0].rpartition('/')[2] or plain}"
    parts = [part for part in plain.split("/") if part and not part.isdigit() and part != "rest"]
    useful = [part for part in parts[1:] if part not in ("projects", "companies", "work_breakdown_structure")]
    if useful and useful[0].endswith("_contracts") and "line_items" in useful:
        useful = useful[1:]
    return "/".join(useful) or "projects"


def show(title: str, counted: Counter[str], wanted: dict[str, int], document: dict[str, Any]) -> None:
    """One phase as a table."""
    print(f"\n{title}")
    print(f"  {'call':<52} {'made':>7} {'least':>7}")
    for kind, number in sorted(counted.items(), key=lambda each: -each[1]):
        print(f"  {kind:<52} {number:>7} {wanted.get(kind, ''):>7}")
    for flow, states in document["states"].items():
        print(f"  {flow}: {', '.join(f'{state} {count}' for state, count in states.items())}")


async def main(size: Size, store: str) -> bool:
    """Fill, sync, record time, sync; true when the memory stays within its limit."""
    central, procore = BusinessCentral(now=lambda: datetime.now(UTC)), Procore(now=lambda: datetime.now(UTC), seed=1)
    fill(central, procore, size)
    within = True
    with TemporaryDirectory(prefix="siteledger-first-sync-") as folder:
        async with serve(central, procore) as sandbox:
            config = configured(Path(folder), sandbox, store or f"sqlite:///{folder}/ledger.db")
            for title in ("first sync", "time, after the crews wrote it down", "one more round, with nothing new"):
                since = (central.log.last, procore.log.last)
                document, seconds, memory = await siteledger(config, "sync")
                show(title, kinds(sandbox, since), least(size) if title == "first sync" else {}, document)
                print(f"  {seconds:.1f} s, the hub held at most {memory:.0f} MiB")
                within = within and memory < LIMIT
                if title == "first sync":
                    record_time(central, procore, size)
    return within


def configured(folder: Path, sandbox: Sandbox, store: str) -> Path:
    """A configuration for both stand-ins, in this folder."""
    config = folder / "siteledger.toml"
    config.write_text(_toml(sandbox, store), encoding="utf-8")
    return config


def _toml(sandbox: Sandbox, store: str) -> str:
    table = sandbox.connection()
    lines = ["[store]", f'url = "{store}"', "[connections.main]", f'kind = "{table["kind"]}"']
    for system in ("business_central", "procore"):
        lines.append(f"[connections.main.{system}]")
        lines += [f"{name} = {json.dumps(value)}" for name, value in table[system].items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a company of two projects; shows that it works")
    parser.add_argument("--store", default="", help="URL of the ledger; SQLite in a folder of its own unless given")
    arguments = parser.parse_args()
    raise SystemExit(0 if anyio.run(main, SMALL if arguments.small else FULL, arguments.store) else 1)
