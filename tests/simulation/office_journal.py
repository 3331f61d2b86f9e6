"""What accountants do with project journals."""

import asyncio
from decimal import Decimal
from random import Random
from typing import Any

from tests.simulation.office import PRICES, QUANTITIES
from tests.simulation.people import SEGMENTS, TASKS, TYPES, People, action

FLOW = "project-journal-to-direct-cost"
DAY = "2027-01-31"
"""Later than every clock of a simulation, so that no line is history from before the first contact (C-50)."""


def _line(them: People, rng: Random, number: str, **fields: Any) -> dict[str, Any] | None:
    """A journal line of any project, whose task and segment may be unknown to it."""
    project = them.pick(rng, "projects")
    if project is None:
        return None
    task = them.pick(rng, "projectTasks", projectNumber=project["number"], taskType="Posting")
    segment, cost_type = them.pick(rng, "segments"), them.pick(rng, "costTypes")
    return {
        "entryType": "Budget",
        "lineType": "Budget",
        "postingDate": DAY,
        "documentNumber": number,
        "jobNumber": project["number"],
        "jobTaskNumber": task["taskNumber"] if task else rng.choice(TASKS),
        "segmentCode": segment["code"] if segment else rng.choice(SEGMENTS),
        "costTypeCode": cost_type["code"] if cost_type else rng.choice(TYPES),
        "type": "G/L Account",
        "number": "5200",
        "description": rng.choice(("Site office", "Crane, day rate", "Übertrag", "x" * 100, "")),
        "quantity": Decimal(rng.choice(QUANTITIES)),
        "unitCost": Decimal(rng.choice(PRICES)),
        "sendToProcore": True,
        **fields,
    }


def _lines(them: People, rng: Random, number: str, most: int = 4) -> list[dict[str, Any]]:
    lines = [_line(them, rng, number, sendToProcore=rng.random() < 0.85) for _ in range(rng.randint(1, most))]
    return [line for line in lines if line is not None]


def _write(them: People, lines: list[dict[str, Any]]) -> str:
    """Enter lines into a journal of their own; the id of its batch."""
    place = {"journalTemplateName": "PROJECT", "name": f"B{them.number()}"}
    batch = them.it.insert("projectJournalBatches", **place, description="Journal")
    for at, line in enumerate(lines, 1):
        name = {"journalTemplateName": "PROJECT", "journalBatchName": place["name"], "lineNumber": at * 10000}
        them.it.insert("projectJournalLines", **name, **line)
    return str(batch["id"])


@action("a journal is posted", 5, FLOW, "budget-code-to-wbs-code")
def _(them: People, rng: Random) -> str:
    number = f"J{10 + them.number()}"
    lines = _lines(them, rng, number)
    if lines:
        them.it.bc.tables.act("projectJournalBatches", _write(them, lines), "post")
    return f"journal {number} with {len(lines)} lines" if lines else ""


@action("a journal is posted under the number of an earlier one", 1, FLOW)
def _(them: People, rng: Random) -> str:
    """Sound lines alone: a bad one would come too late to hold back what was carried already."""
    earlier = them.pick(rng, "projectLedgerEntries", entryType="Budget", sourceCode="PROJJNL")
    lines = _lines(them, rng, earlier["documentNumber"], 2) if earlier else []
    if lines:
        sound = [{**line, "quantity": Decimal(1), "unitCost": Decimal("10.10")} for line in lines]
        them.it.bc.tables.act("projectJournalBatches", _write(them, sound), "post")
    return f"journal {lines[0]['documentNumber']} goes on with {len(lines)} lines" if lines else ""


@action("a journal is entered and thrown away", 1, FLOW)
def _(them: People, rng: Random) -> str:
    lines = _lines(them, rng, f"J{10 + them.number()}")
    if not lines:
        return ""
    batch = _write(them, lines)

    def throw_away() -> None:
        them.it.bc.tables.delete("projectJournalBatches", batch)

    asyncio.get_running_loop().call_later(rng.uniform(1, 600), throw_away)
    return f"a journal of {len(lines)} lines, thrown away later"


@action("ledger entries are imported", 2, FLOW)
def _(them: People, rng: Random) -> str:
    """Past the checks of the posting; now and then with a line that breaks a rule, which holds back its whole batch."""
    number = f"I{10 + them.number()}"
    lines = _lines(them, rng, number)
    wrong: dict[str, Any] = rng.choice(
        ({}, {"entryType": "Usage"}, {"segmentCode": ""}, {"quantity": Decimal(-1)}, {"unitCost": Decimal(0)})
    )
    if not lines:
        return ""
    lines[-1] |= wrong
    with them.it.bc.tables.older_data():
        for line in lines:
            amount = (line["quantity"] * line["unitCost"]).quantize(Decimal("0.01"))
            them.it.insert("projectLedgerEntries", **line, amount=amount, sourceCode="IMPORT")
    return f"{len(lines)} entries {number}, wrong is {wrong or 'nothing'}"


@action("a posting takes its time", 1, FLOW)
def _(them: People, rng: Random) -> str:
    """Entries of one batch are stamped now and seen later, all at once."""
    number = f"L{10 + them.number()}"
    lines = _lines(them, rng, number)
    if not lines:
        return ""
    work = them.it.bc.open_transaction()
    for line in lines:
        amount = (line["quantity"] * line["unitCost"]).quantize(Decimal("0.01"))
        work.insert("projectLedgerEntries", **line, amount=amount, sourceCode="LATE")
    them.sessions.append(work)
    asyncio.get_running_loop().call_later(rng.uniform(1, 900), them.commit, work)
    return f"{len(lines)} entries {number}, stamped now and seen later"
