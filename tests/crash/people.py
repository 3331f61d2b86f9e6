"""People of both companies at work: no end of sound records, drawn from a seed."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from decimal import Decimal
from random import Random
from typing import Any

from tests.journeys.harness import COMMENT, World, line

SEGMENTS: tuple[str, ...] = ("SITE", "BLDG", "ROOF", "PARK", "DOCK")
COST_TYPES = ("L", "M", "E")
TASKS: tuple[str, ...] = ("01-100", "01-200", "03-300", "05-500", "09-900")
QUANTITIES = ("3", "1", "0.333", "7", "1.5", "2.25", "12", "0.01")
COSTS = ("10.005", "0.015", "33.335", "99.995", "1234.565", "0.01", "3.3333", "250")
MOST_PROJECTS = 6
MOST_ORDERS = 40


class People:
    """What they do depends on the seed and on what they did before; the hub has no part in it."""

    def __init__(self, it: World, chance: Random) -> None:
        self._it, self._chance = it, chance
        self._tasks: dict[str, list[str]] = {}
        self._segments: dict[str, list[str]] = {}
        self._vendors: list[str] = []
        self._strangers: list[str] = []
        self._orders: list[str] = []
        self._deeds: dict[Callable[[], None], int] = {
            self._place_order: 6,
            self._release_or_reopen: 4,
            self._change_line: 6,
            self._add_line: 3,
            self._delete_line: 4,
            self._flag_line: 2,
            self._rename: 3,
            self._add_task: 2,
            self._add_segment: 1,
            self._open_project: 1,
            self._meet_vendor: 1,
            self._introduce_vendor: 2,
        }

    def move_in(self) -> None:
        """What both companies hold before a hub ever runs."""
        self._it.basics(cost_types=COST_TYPES, segments=SEGMENTS, vendors=())
        for number in ("V1", "V2", "V3"):
            self._it.vendor(number, in_procore=number != "V3")
            (self._strangers if number == "V3" else self._vendors).append(number)
        for _ in range(3):
            self._open_project()
        for _ in range(4):
            self._place_order()

    def act(self) -> None:
        """Somebody does something."""
        self._chance.choices(list(self._deeds), list(self._deeds.values()))[0]()

    def introduce_everybody(self) -> None:
        """Every vendor gets its company in Procore, so that nothing has a reason to wait."""
        while self._strangers:
            self._introduce_vendor()

    # -- orders ------------------------------------------------------------------------------------

    def _place_order(self) -> None:
        if len(self._orders) >= MOST_ORDERS:
            self._change_line()
            return
        chance = self._chance
        number, project = f"PO{len(self._orders) + 1:04}", chance.choice(list(self._tasks))
        lines = [self._line(project) for _ in range(chance.randint(1, 4))]
        if chance.random() < 0.3:
            lines += [COMMENT, {**self._line(project), "sendToProcore": False}]
        vendor = chance.choice(self._vendors + self._strangers)
        self._it.order(number, project, lines, vendor=vendor, release=chance.random() < 0.6)
        self._orders.append(number)

    def _line(self, project: str) -> dict[str, Any]:
        chance = self._chance
        mine = self._segments[project]
        segment = chance.choice(mine if chance.random() < 0.8 else SEGMENTS)  # others make the hub add their row
        figures = {"quantity": chance.choice(QUANTITIES), "cost": chance.choice(COSTS)}
        more: dict[str, Any] = {}
        if chance.random() < 0.3:
            more["unitOfMeasureCode"] = chance.choice(("EA", "CY"))
        if chance.random() < 0.2:
            more["lineDiscountPercent"] = Decimal(chance.choice(("5", "12.5", "33.333")))
        return line(chance.choice(self._tasks[project]), segment, chance.choice(COST_TYPES), **figures, **more)

    def _release_or_reopen(self) -> None:
        number = self._chance.choice(self._orders)
        (self._it.reopen if self._is_released(number) else self._it.release)(number)

    def _change_line(self) -> None:
        with self._in_hand() as lines:
            row = self._chance.choice(lines)
            name = self._chance.choice(("quantity", "directUnitCost"))
            value = Decimal(self._chance.choice(QUANTITIES if name == "quantity" else COSTS))
            self._it.update("purchaseOrderLines", {"id": row["id"]}, **{name: value})

    def _add_line(self) -> None:
        with self._in_hand() as lines:
            order = self._it.row("purchaseOrders", number=lines[0]["documentNumber"])
            self._it.insert("purchaseOrderLines", documentNumber=order["number"], **self._line(order["jobNumber"]))

    def _delete_line(self) -> None:
        with self._in_hand() as lines:
            row = self._chance.choice(lines)
            if len(lines) > 1:
                self._it.delete("purchaseOrderLines", id=row["id"])

    def _flag_line(self) -> None:
        """Takes a line off the list for Procore, or puts the others of the order back on it."""
        with self._in_hand() as lines:
            row = self._chance.choice(lines)
            off = [each for each in self._lines(row["documentNumber"]) if each not in lines]
            for each in off:
                self._it.update("purchaseOrderLines", {"id": each["id"]}, sendToProcore=True)
            if not off and len(lines) > 1:
                self._it.update("purchaseOrderLines", {"id": row["id"]}, sendToProcore=False)

    @contextmanager
    def _in_hand(self) -> Generator[list[dict[str, Any]]]:
        """The flagged lines of an order that is open for the moment."""
        number, release = self._chance.choice(self._orders), self._chance.random() < 0.6
        if self._is_released(number):
            self._it.reopen(number)
        yield [row for row in self._lines(number) if row["sendToProcore"]]
        if release:
            self._it.release(number)

    def _is_released(self, number: str) -> bool:
        return self._it.row("purchaseOrders", number=number)["status"] == "Released"

    def _lines(self, number: str) -> list[dict[str, Any]]:
        rows = self._it.bc.tables.rows("purchaseOrderLines")
        return [row for row in rows if row["documentNumber"] == number and row["number"]]

    # -- what orders rest on -----------------------------------------------------------------------

    def _open_project(self) -> None:
        number = f"JOB{len(self._tasks) + 1}"
        tasks, segments = self._chance.sample(TASKS, 2), self._chance.sample(SEGMENTS, 2)
        headed = self._chance.random() < 0.5
        if len(self._tasks) >= MOST_PROJECTS:
            self._add_task()
            return
        self._it.project(number, tasks=(), segments=segments)
        if headed:
            for heading in sorted({task.partition("-")[0] for task in TASKS}):
                self._it.task(number, heading, "Heading")
        for task in tasks:
            self._it.task(number, task)
        self._tasks[number], self._segments[number] = tasks, segments

    def _add_task(self) -> None:
        project = self._chance.choice(list(self._tasks))
        task = self._chance.choice([*TASKS, f"{self._chance.randint(10, 99)}-000"])
        if task not in self._tasks[project]:
            self._it.task(project, task)
            self._tasks[project].append(task)

    def _add_segment(self) -> None:
        project, segment = self._chance.choice(list(self._tasks)), self._chance.choice(SEGMENTS)
        if segment not in self._segments[project]:
            self._segments[project].append(segment)
            rows = self._it.bc.tables.rows("projectSegments")  # the hub may have added this one for a line
            if (project, segment) not in {(row["projectNumber"], row["segmentCode"]) for row in rows}:
                self._it.insert("projectSegments", projectNumber=project, segmentCode=segment)

    def _meet_vendor(self) -> None:
        number, known = f"V{len(self._vendors) + len(self._strangers) + 1}", self._chance.random() < 0.5
        self._it.vendor(number, in_procore=known)
        (self._vendors if known else self._strangers).append(number)

    def _introduce_vendor(self) -> None:
        if self._strangers:
            number = self._strangers.pop(0)
            self._it.procore.add_vendor(f"Vendor {number}", origin_code=number)
            self._vendors.append(number)

    def _rename(self) -> None:
        chance = self._chance
        project, order, words = chance.choice(list(self._tasks)), chance.choice(self._orders), chance.randint(1, 999)
        task = {"projectNumber": project, "taskNumber": chance.choice(self._tasks[project])}
        what = chance.choice(("project", "task", "order"))
        if what == "project":
            self._it.update("projects", {"number": project}, displayName=f"Project {project} {words}")
        elif what == "task":
            self._it.update("projectTasks", task, description=f"Work {words}")
        else:
            self._it.update("purchaseOrders", {"number": order}, yourReference=f"Offer {words}")
