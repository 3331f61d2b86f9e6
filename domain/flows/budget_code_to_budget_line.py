"""All planning lines of a budget code -> the one budget line that Procore has for the code.

Why     Procore keeps one budget line for each budget code, Business Central as many planning lines as it likes.
Owner   Business Central owns quantity, unit, unit cost and amount; the original budget only, never a modified one.
Rules   PP-12, PP-14, PP-15, PP-18 to PP-20, C-18, C-51, C-60, MA-18: the amount is the sum of the planning lines to
        the cent, of which a row each is kept here; a locked budget waits, or is moved by approved budget changes.
Source  Procore budget_line_items/sync (B3, Z4), the lock (B5), detail rows of the first budget view that is listed
        (B4; any will do, as the original amount stands in every one), budget changes (B7).
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from domain import budget, endpoints
from domain.delivery import Listing
from domain.endpoints import budget as addresses
from domain.events import LinkRow
from domain.flow import Context, Flow, Gather, Origin, Part, Plan, Reference, Subject, row_by
from domain.flows.common import fact, project_reference
from domain.memory import FlowMemory
from domain.values import Digest, Json, cents, digest, money, money_text, text

NAME = "budget-code-to-budget-line"
KIND = "budget_line"
_LINE, _CHANGE = "budget-line", "budget-change:"
_LOCKED = "the budget is locked in Procore, so its original amounts are frozen; unlock it there, or change it there"
_UNSEEN = "the budget line does not show in Procore yet"
UNPROCESSABLE = 422


def needed(code_id: str, project_id: str, job: str, codes: str) -> Reference:
    """The budget line of a budget code, which carries a planning line together with others."""
    return Reference(
        kind=KIND,
        key=code_id,
        text=f"waiting for the budget line of {codes}",
        carrier=True,
        content={"id": code_id, "projectNumber": job, "procoreProjectId": project_id, "codes": codes},
    )


def references(source: Json, _context: Context) -> Iterable[Reference]:
    """Its project, whose flag closes it (C-60)."""
    return (project_reference(text(source, "projectNumber")),)


def listings(subject: Subject) -> Iterable[Listing]:
    """Before a write: the units, whether the budget is locked, what stands in it, and what was moved in it already."""
    source, facts = subject.source, subject.facts
    project_id = text(source, "procoreProjectId")
    asked = [endpoints.units(subject.context.procore_company)] if _figures(source).unit else []
    yield from asked
    if any(listing not in facts for listing in asked) or (_is_plain(subject) and _holds(subject, Decimal(0))):
        return
    lock = addresses.budget(project_id)
    yield lock
    if lock not in facts:
        return
    moves = subject.context.settings.get("when_locked") == "budget_change"
    if _made(subject.memory) or (moves and _is_locked(subject)):
        yield addresses.budget_changes(project_id)
    if not subject.memory.target_id(_LINE) or _is_locked(subject):
        yield addresses.budget_views(project_id)
        for view in facts.get(addresses.budget_views(project_id), ())[:1]:
            yield addresses.budget_line_items(project_id, str(view["id"]))


def plan(subject: Subject) -> Plan:
    """One row for the code; what cannot be said by it while the budget is locked waits, or becomes a budget change."""
    source, memory = subject.source, subject.memory
    if "rows" not in source:
        return Plan(excluded="no planning line counts")
    there = _row_there(subject)
    line_id = memory.target_id(_LINE) or (str(there["id"]) if there else "")
    warnings = _warnings(subject)
    if _is_plain(subject) and _holds(subject, Decimal(0)):
        return Plan(links=lambda _known: [_link(subject, line_id)], warnings=warnings)
    moved = sum((money(row.get("amount") or 0) for row in _changes(subject) if row["status"] == "approved"), Decimal(0))
    if not _is_locked(subject):
        part = _line(subject, line_id, moved)
        return Plan(parts=[part], links=lambda known: [_link(subject, known.target_id(_LINE))], warnings=warnings)
    original = money(there["original_budget_amount"]) if there else Decimal(0)
    missing = _figures(source).amount - moved - original
    if subject.context.settings.get("when_locked") == "budget_change" and missing:
        return Plan(parts=[_change(subject, missing)], warnings=warnings)
    if missing or (memory.target_id(_LINE) and not _made(memory) and not _holds(subject, moved)):
        return Plan(waits=[fact(f"budget:{text(source, 'procoreProjectId')}", _LOCKED)])
    if not line_id:
        return Plan(waits=[fact(f"budget line:{subject.number}", _UNSEEN)])
    return Plan(links=lambda _known: [_link(subject, line_id)], warnings=warnings)


def _figures(source: Json) -> budget.Figures:
    return budget.figures(source.get("rows", ()))


def _holds(subject: Subject, moved: Decimal) -> bool:
    return subject.memory.holds(_LINE, Digest(digest(_body(subject, moved))))


def _is_plain(subject: Subject) -> bool:
    """Nothing was ever moved by a budget change, so that the original amount is all there is."""
    return not _made(subject.memory)


def _made(memory: FlowMemory) -> bool:
    return any(name.startswith(_CHANGE) for name in memory.parts)


def _is_locked(subject: Subject) -> bool:
    rows = subject.facts[addresses.budget(text(subject.source, "procoreProjectId"))]
    return any(row.get("locked") is True for row in rows)


def _row_there(subject: Subject) -> Json | None:
    """The code's budget line as Procore shows it; it may have made one by itself (W20)."""
    project_id = text(subject.source, "procoreProjectId")
    for view in subject.facts.get(addresses.budget_views(project_id), ())[:1]:
        return row_by(
            subject.facts.get(addresses.budget_line_items(project_id, str(view["id"])), ()),
            "wbs_code_id",
            subject.number,
        )
    return None


def _line(subject: Subject, line_id: str, moved: Decimal) -> Part:
    project_id = text(subject.source, "procoreProjectId")
    body = _body(subject, moved)
    # A unit that an older content had is cleared on purpose (Procore Z10).
    cleared = {"uom": None} if line_id and "uom" not in body else {}
    return Part(
        name=_LINE,
        endpoint="budget_line_items",
        stage=0,
        scope={"project_id": project_id},
        key=subject.number,
        target_id=line_id,
        body={"wbs_code_id": int(subject.number), **body, **cleared},
        meaning=body,
    )


def _body(subject: Subject, moved: Decimal) -> dict[str, Any]:
    """The figures as Procore takes them; what was moved by budget changes already is no part of the original amount."""
    figures = _figures(subject.source)
    unit = _units(subject).get(figures.unit, "")
    return {
        "original_budget_amount": cents(figures.amount - moved),
        "quantity": figures.quantity,
        "unit_cost": figures.unit_cost,
        **({"uom": unit} if unit else {}),
        "calculation_strategy": "automatic" if figures.automatic and not moved else "manual",
    }


def _units(subject: Subject) -> dict[str, str]:
    rows = subject.facts.get(endpoints.units(subject.context.procore_company), ())
    return {text(row, "name").upper(): text(row, "name") for row in rows}


def _warnings(subject: Subject) -> list[str]:
    unit = _figures(subject.source).unit
    if not unit or unit in _units(subject):
        return []
    return [f"unit {unit} is unknown in Procore and was left out"]


def _title(subject: Subject) -> str:
    """Begins the titles of our budget changes, which have no origin id (Procore 23.1)."""
    return f"Budget of Business Central {subject.number} no. "


def _changes(subject: Subject) -> list[Json]:
    """Our own budget changes of this code."""
    rows = subject.facts.get(addresses.budget_changes(text(subject.source, "procoreProjectId")), ())
    return [row for row in rows if text(row, "title").startswith(_title(subject))]


def _change(subject: Subject, amount: Decimal) -> Part:
    """An approved budget change over what the original amount lacks.

    Which sign a withdrawal carries is printed nowhere; a minus says the same whether it is read or not (B7).
    """
    place = len(_changes(subject)) + 1
    title = f"{_title(subject)}{place}"
    line = {
        "adjustment_number": 1,
        "wbs_code_id": int(subject.number),
        "description": text(subject.source, "codes"),
        "calculation_strategy": "manual",
    }
    lines = [{**line, "type": "change_event", "amount": max(amount, Decimal(0))}]
    if amount < 0:
        lines.append({**line, "type": "budget_change", "amount": amount})
    return Part(
        name=f"{_CHANGE}{place}",
        endpoint="budget_changes",
        stage=0,
        scope={"project_id": text(subject.source, "procoreProjectId")},
        key=title,
        body={
            "status": "approved",
            "title": title,
            "description": f"Planning lines of {text(subject.source, 'codes')} changed while the budget was locked",
            "adjustment_line_items": lines,
        },
    )


def _link(subject: Subject, line_id: str) -> LinkRow:
    project_id = text(subject.source, "procoreProjectId")
    return LinkRow("", subject.source_id, subject.number, "budget_line_items", line_id, project_id)


def _held_by(status: int, message: str) -> str:
    """Somebody locked the budget between our look and our write; the words of that are printed nowhere."""
    return "budget" if status == UNPROCESSABLE and "lock" in message.lower() else ""


FLOW = Flow(
    name=NAME,
    kind=KIND,
    after=("project-to-project", "budget-code-to-wbs-code"),
    origin=Origin(
        number=lambda row: text(row, "id"),
        title=lambda row: text(row, "codes"),
        project=lambda row: text(row, "projectNumber"),
        relevant=lambda row: {"number": text(row, "id"), "rows": row.get("rows", ())},
    ),
    counts=lambda _source, _demanded: True,
    references=references,
    gathers=Gather(kind="planning_line", through="budget_code", compose=budget.composed, former=budget.carried),
    listings=listings,
    plan=plan,
    held_by=_held_by,
    settings_of="planning-line-to-budget-line",
    amount=lambda source: money_text(_figures(source).amount),
    lane="bulk",
)
