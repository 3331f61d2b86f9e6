"""A world for journeys: both stand-ins on loopback, a ledger, the hub, and hands that act as people on both sides.

@quick
async def test_...(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.project("JOB1", tasks=("01-100",), segments=("SITE",))
        it.order("PO1", "JOB1", [line("01-100", "SITE", "M", "2", "10.50")])
        report = await it.sync()
"""

import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from adapters.ports import seeded_rng
from adapters.sandbox.business_central import BusinessCentral
from adapters.sandbox.procore import Procore
from adapters.sandbox.request_log import Entry
from adapters.sandbox.serve import ENVIRONMENT, Sandbox, sample, serve
from hub.app import Hub, open_hub
from hub.due import Narrow
from hub.operations.explain import find, story
from hub.operations.sync import one
from hub.report import ExitStatus, Quiet, Report
from hub.settings import Settings
from hub.settings.values import Surroundings
from hub.window import Window
from tests.blank import sqlite_at
from tests.journeys.quick import QuickClock

CUSTOMER = "C00010"
ACCOUNT = "5200"


def sqlite(folder: Path) -> str:
    """URL of the ledger in a folder, a blank one when there is none yet."""
    return sqlite_at(folder / "ledger.db")


def line(
    task: str, segment: str, cost_type: str, quantity: str = "1", cost: str = "100", **more: Any
) -> dict[str, Any]:
    """A flagged line of an order."""
    own_job = {"jobNumber": more.pop("jobNumber")} if "jobNumber" in more else {}
    return {
        "lineType": "G/L Account",
        "number": ACCOUNT,
        **own_job,  # clears the task, so it comes first
        "quantity": Decimal(quantity),
        "directUnitCost": Decimal(cost),
        "description": f"{task} {segment}",
        "jobTaskNumber": task,
        "segmentCode": segment,
        "costTypeCode": cost_type,
        "sendToProcore": True,
        **more,
    }


COMMENT: dict[str, Any] = {"lineType": " ", "description": "Deliver to gate 3"}


@dataclass
class World:
    """Two stand-ins that are served, the people who work in them, and the hub between them."""

    sandbox: Sandbox
    clock: QuickClock
    store: str
    more: Mapping[str, Any] = field(default_factory=dict[str, Any])
    kind: str = "test"
    seed: int = 7
    server: Mapping[str, Any] = field(default_factory=dict[str, Any])
    environ: Mapping[str, str] = field(default_factory=dict[str, str])

    # -- what people do ----------------------------------------------------------------------------

    @property
    def bc(self) -> BusinessCentral:
        """The stand-in of Business Central."""
        return self.sandbox.business_central

    @property
    def procore(self) -> Procore:
        """The stand-in of Procore."""
        return self.sandbox.procore

    def insert(self, entity_set: str, **fields: Any) -> dict[str, Any]:
        """Somebody in Business Central makes a record."""
        return self.bc.tables.insert(entity_set, **fields)

    def update(self, entity_set: str, where: Mapping[str, object], **fields: Any) -> dict[str, Any]:
        """Somebody in Business Central changes the one record that fits."""
        return self.bc.tables.update(entity_set, self.row(entity_set, **where)["id"], **fields)

    def delete(self, entity_set: str, **where: object) -> None:
        """Somebody in Business Central deletes the one record that fits."""
        self.bc.tables.delete(entity_set, self.row(entity_set, **where)["id"])

    def row(self, entity_set: str, **where: object) -> dict[str, Any]:
        """The one record of Business Central that fits."""
        return self.bc.tables.find(entity_set, **where)

    def release(self, number: str) -> None:
        """A buyer releases an order."""
        self.bc.tables.act("purchaseOrders", self.row("purchaseOrders", number=number)["id"], "release")

    def reopen(self, number: str) -> None:
        """A buyer opens an order again."""
        self.bc.tables.act("purchaseOrders", self.row("purchaseOrders", number=number)["id"], "reopen")

    def basics(
        self,
        cost_types: Sequence[str] = ("L", "M"),
        segments: Iterable[str] = ("SITE", "BLDG"),
        vendors: Iterable[str] = ("V1",),
    ) -> None:
        """Customer, cost types, sub job segments, vendors with their companies in Procore, units in Procore."""
        self.insert("customers", number=CUSTOMER, displayName="Lakeside Medical", country="US")
        for code in cost_types:
            self.insert("costTypes", code=code, description=f"Cost {code}")
        for code in segments:
            self.insert("segments", code=code, description=f"Segment {code}", sendToProcore=True)
        for number in vendors:
            self.vendor(number)
        for unit in ("ea", "cy"):
            self.procore.add_unit(unit)

    def vendor(self, number: str, *, in_procore: bool = True, flagged: bool = True, **fields: Any) -> dict[str, Any]:
        """A vendor of Business Central, and the company of Procore that carries its number."""
        if in_procore:
            self.procore.add_vendor(f"Vendor {number}", origin_code=number)
        return self.insert("vendors", number=number, displayName=f"Vendor {number}", sendToProcore=flagged, **fields)

    def project(
        self, number: str, *, tasks: Iterable[str] = ("01-100",), segments: Iterable[str] = ("SITE",), **fields: Any
    ) -> dict[str, Any]:
        """A project with posting tasks and segments, flagged unless told otherwise."""
        given = {"displayName": f"Project {number}", "customerNumber": CUSTOMER, "sendToProcore": True, **fields}
        project = self.insert("projects", number=number, **given)
        for code in segments:
            self.insert("projectSegments", projectNumber=number, segmentCode=code)
        for task in tasks:
            self.task(number, task)
        return project

    def task(self, project: str, number: str, kind: str = "Posting", **fields: Any) -> dict[str, Any]:
        """A task of a project."""
        given = {"description": f"Task {number}", "taskType": kind, **fields}
        return self.insert("projectTasks", projectNumber=project, taskNumber=number, **given)

    def order(
        self,
        number: str,
        project: str,
        lines: Sequence[Mapping[str, Any]],
        *,
        vendor: str = "V1",
        release: bool = False,
        older: bool = False,
        **fields: Any,
    ) -> dict[str, Any]:
        """A flagged order; `older` writes it as before Business Central's own checks existed."""
        given = {
            "number": number,
            "vendorNumber": vendor,
            "jobNumber": project,
            "sendToProcore": True,
            "purchaseOrderLines": [dict(each) for each in lines],
            **fields,
        }
        if older:
            with self.bc.tables.older_data():
                order = self.insert("purchaseOrders", **given)
        else:
            order = self.insert("purchaseOrders", **given)
        if release:
            self.release(number)
        return order

    def typical(self, number: str = "PO1", lines: int = 2, *, release: bool = True) -> None:
        """One project with all it takes, and one order with lines."""
        self.basics()
        self.project("JOB1", tasks=("01-100", "03-300"), segments=("SITE",))
        rows = [line("01-100", "SITE", "M", "2", f"10.{at:02}", unitOfMeasureCode="EA") for at in range(lines)]
        self.order(number, "JOB1", rows, release=release)

    # -- what the hub does -------------------------------------------------------------------------

    @property
    def settings(self) -> Settings:
        """The configuration that joins the two, as a file would say it."""
        document = {
            "store": {"url": self.store},
            "server": dict(self.server),
            "connections": {"main": self.sandbox.connection(self.kind, **self.more)},
        }
        return Settings.model_validate(document, context=Surroundings(environ={**ENVIRONMENT, **self.environ}))

    @asynccontextmanager
    async def hub(self, **parts: Any) -> AsyncIterator[Hub]:
        """A hub on the ledger, as a new process would open it."""
        self.seed += 1
        async with open_hub(self.settings, clock=self.clock, rng=seeded_rng(self.seed), **parts) as hub:
            yield hub

    async def sync(
        self,
        *,
        wait: timedelta = timedelta(seconds=60),
        full: bool = False,
        flow: str = "",
        project: str = "",
        **parts: Any,
    ) -> Report:
        """One round, in a hub of its own."""
        async with self.hub(**parts) as hub:
            narrow = Narrow(flow, project)
            return await one(hub, "main", Quiet(), window=Window(full=full), narrow=narrow, wait=wait)

    async def settle(self, rounds: int = 12) -> Report:
        """Rounds, an hour apart, until one leaves nothing unfinished."""
        report = await self.sync()
        for _ in range(rounds):
            if report.status not in {ExitStatus.REMOTE, ExitStatus.TRY_LATER}:
                break
            self.clock.skip(timedelta(hours=1))
            report = await self.sync()
        return report

    async def ask(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of the read schema."""
        async with self.hub() as hub:
            return await hub.ledger.rows(sql, values)

    async def state(self, number: str, flow: str = "purchase-order-to-commitment") -> str:
        """State of the record with a number, empty when it has none."""
        rows = await self.ask("SELECT state FROM record_state WHERE flow = ? AND number = ?", flow, number)
        assert len(rows) <= 1, rows
        return rows[0][0] if rows else ""

    async def reasons(self, number: str, flow: str = "purchase-order-to-commitment") -> str:
        """Why the record is in its state."""
        rows = await self.ask("SELECT reasons FROM record_state WHERE flow = ? AND number = ?", flow, number)
        return "\n".join(row[0] for row in rows)

    async def told(self, identifier: str) -> list[dict[str, Any]]:
        """What `explain` tells of everything that is called so."""
        async with self.hub() as hub:
            return [await story(hub.ledger, record) for record in await find(hub.ledger, identifier)]

    # -- what both stand-ins saw -------------------------------------------------------------------

    def exports(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Both companies in business terms, to be compared with another run."""
        return self.bc.export(), self.procore.export()

    def writes(self, system: str = "procore", since: int = 0) -> list[Entry]:
        """Writes that reached a stand-in; of a batch its parts."""
        return self._log(system).writes(since)

    def last(self, system: str = "procore") -> int:
        """Sequence of a stand-in's newest request."""
        return self._log(system).last

    def places(self) -> tuple[int, int]:
        """How far both logs are: Business Central's and Procore's."""
        return self.bc.log.last, self.procore.log.last

    def written(self, places: tuple[int, int] = (0, 0)) -> int:
        """Writes that reached either stand-in since then."""
        return len(self.bc.log.writes(places[0])) + len(self.procore.log.writes(places[1]))

    def contracts(self, **equal: Any) -> list[dict[str, Any]]:
        """Purchase order contracts in Procore."""
        return list(self.procore.rows("purchase_order_contracts", **equal))

    def lines(self, **equal: Any) -> list[dict[str, Any]]:
        """Commitment lines in Procore."""
        return list(self.procore.rows("line_items", **equal))

    def _log(self, system: str) -> Any:
        return self.procore.log if system == "procore" else self.bc.log


@asynccontextmanager
async def world(
    store: str,
    *,
    filled: bool = False,
    kind: str = "test",
    clock: QuickClock | None = None,
    prepare: Callable[[BusinessCentral | Procore], None] | None = None,
    **connection: Any,
) -> AsyncIterator[World]:
    """Both stand-ins, empty or filled with the sample company; `connection` adds keys to the connection's table.

    `prepare` is called with each stand-in before it is served.
    """
    the_clock = clock or QuickClock()
    if filled:
        central, procore = sample(the_clock.now)
    else:
        central, procore = BusinessCentral(now=the_clock.now), Procore(now=the_clock.now, seed=1)
    setup = central.tables.rows("connectorSetups")[0]["id"]
    central.tables.update("connectorSetups", setup, procoreCompanyId=procore.state.company_id)
    if prepare is not None:
        prepare(central)
        prepare(procore)
    async with serve(central, procore) as sandbox:
        yield World(sandbox, the_clock, store, connection, kind)


Exports = tuple[dict[str, Any], dict[str, Any]]
"""Both companies in business terms: Business Central, Procore."""


def differences(found: Exports, wanted: Exports) -> list[str]:
    """How two pairs of exports differ, row by row; empty when they are equal. Procore's ids in texts don't count."""
    told: list[str] = []
    for system, here, there in zip(("business_central", "procore"), found, wanted, strict=True):
        for name in sorted(here.keys() | there.keys()):
            rows = Counter(_ID.sub("{id}", repr(row)) for row in here.get(name, []))
            others = Counter(_ID.sub("{id}", repr(row)) for row in there.get(name, []))
            told += [f"{system} {name} has {row}" for row in (rows - others).elements()]
            told += [f"{system} {name} lacks {row}" for row in (others - rows).elements()]
    return told


_ID = re.compile(r"\b2\d{9}\b")


def kinds(entries: Iterable[Entry]) -> Counter[str]:
    """Requests by method and address without ids, tokens left out."""
    return Counter(f"{entry.method} {shape(entry.path)}" for entry in entries if not entry.token)


def shape(path: str) -> str:
    """An address without ids: the set of Business Central, or the path of Procore with `{id}`."""
    if "/companies(" in path:
        rest = path.partition("/companies(")[2].partition(")/")[2]
        return rest.partition("(")[0]
    if path.endswith("$batch"):
        return "$batch"
    return "/".join("{id}" if part.isdigit() else part for part in path.split("/"))
