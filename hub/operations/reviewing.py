"""What helps somebody to decide on a request: who it is with, what was checked, and what it does to the budget.

From the ledger alone, as everything about the gate.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, cast

from msgspec import Struct

from domain import approval
from domain.approval import Frozen
from domain.flows import BY_NAME
from domain.values import money_text
from hub.app import Hub
from hub.operations.approvals import Request

_PARTIES = ("vendorName", "vendorNumber", "customerName", "customerNumber", "workerName")
"""Fields of a document that name who it is with, the clearest first."""
_LINKED = ("vendor", "company", "customer")
"""Kinds of records that it rests on and that are who it is with."""
_BUDGET = frozenset({"original_estimate", "approved_change"})
_POSTED = frozenset({"invoice", "journal"})

Code = tuple[str, str, str, str]
"""Task, segment, cost type and currency: one line of a budget."""


class Check(Struct, frozen=True):
    """Something that was looked at, whether it is as it should be, and what was found."""

    name: str
    passed: bool
    found: str


class Glance(Struct, frozen=True, kw_only=True):
    """What a list shows of a request beside its row. `party` is a field of the document and its value, or two empty."""

    field: str
    party: str
    currency: str
    checks: Sequence[Check]

    @property
    def passed(self) -> int:
        """Checks that found nothing wrong."""
        return sum(each.passed for each in self.checks)


class Effect(Struct, frozen=True, kw_only=True):
    """What a document takes of one line of the budget.

    Units   amounts are decimal text in `currency`, empty for the local one
    taken   what others have of it: committed by other orders, or posted by other documents
    """

    task: str
    segment: str
    cost_type: str
    currency: str
    budget: str
    taken: str
    this: str
    left: str


async def glances(hub: Hub, requests: Sequence[Request]) -> dict[str, Glance]:
    """Id of a request -> what a list shows of its content, in one query."""
    contents = await hub.ledger.contents(list({each.hash for each in requests}))
    return {each.id: glance(each, approval.read(contents[each.hash])) for each in requests if each.hash in contents}


def glance(request: Request, frozen: Frozen) -> Glance:
    """What a list shows of one content."""
    document = frozen.document
    field, party = next(
        ((name, str(document[name])) for name in _PARTIES if document.get(name) not in (None, "")), ("", "")
    )
    if not party:
        names = (name.partition(" ") for name in frozen.links)
        party = next((key for kind, _, key in names if kind in _LINKED), "")
    return Glance(
        field=field, party=party, currency=str(document.get("currencyCode") or ""), checks=checks(request, frozen)
    )


def checks(request: Request, frozen: Frozen) -> list[Check]:
    """What was looked at before a person is asked, and what came of it."""
    rules = len(BY_NAME[request.flow].rules)
    found = [Check("Rules", True, f"all {rules} rules of the flow are kept; what breaks one is never asked")]  # noqa: FBT003 - reads as a row
    linked = len(frozen.links)
    if linked:
        missing = [name for name, id_ in frozen.links.items() if not id_]
        words = f"{', '.join(missing[:5])} will be made with it" if missing else "all of them stand in the target"
        found.append(Check("Records that it rests on", True, f"{linked}: {words}"))  # noqa: FBT003 - as above
    sent = _sent(frozen)
    if sent is not None and request.amount:
        total = Decimal(request.amount)
        off, tolerance = sent - total, Decimal(str(frozen.settings.get("rounding_tolerance") or 0))
        words = f"the rows that are sent come to {sent:,.2f}, the document to {total:,.2f}"
        if off:
            words += f"; {off:,.2f} apart, {tolerance:,.2f} allowed"
        found.append(Check("Lines add up to the total", abs(off) <= tolerance, words))
    whole = "every row that will be sent is known" if frozen.whole else "later rows follow from the first ones"
    found.append(Check("Nothing left open", frozen.whole, whole))
    if request.state == "failed":
        found.append(Check("Taken by the target", False, request.error or "it was refused"))  # noqa: FBT003 - as above
    return found


def _sent(frozen: Frozen) -> Decimal | None:
    """What the rows come to where all of them are new; None where they are told without amounts, or only in part."""
    if not frozen.whole or any(part.target_id and not part.target_id.startswith("@") for part in frozen.parts):
        return None
    amounts = [part.body["amount"] for part in frozen.parts if "amount" in part.body]
    return sum((Decimal(str(each)) for each in amounts), Decimal(0)) if amounts else None


async def effects(hub: Hub, request: Request) -> list[Effect]:
    """What a document takes of each line of its project's budget; empty where nothing is known of its costs.

    Only lines of the tasks that it names are read.
    """
    own = await hub.ledger.rows(
        "SELECT measure, project, task FROM job_cost WHERE connection = ? AND record = ?",
        (request.connection, request.record),
    )
    if not own:
        return []
    posted = any(row[0] in _POSTED for row in own)
    condition, tasks = hub.ledger.in_list("task", sorted({row[2] for row in own}))
    rows = await hub.ledger.rows(
        f"SELECT record, measure, task, segment, cost_type, currency, amount FROM job_cost"  # noqa: S608 - built from columns
        f" WHERE connection = ? AND project = ? AND {condition}",
        (request.connection, request.project, tasks),
    )
    return _effects(rows, request.record, _POSTED if posted else frozenset({"commitment"}))


def _effects(rows: Sequence[tuple[Any, ...]], record: str, measures: frozenset[str]) -> list[Effect]:
    budget: dict[Code, Decimal] = defaultdict(Decimal)
    taken: dict[Code, Decimal] = defaultdict(Decimal)
    this: dict[Code, Decimal] = defaultdict(Decimal)
    for whose, measure, *code, amount in rows:
        key, value = cast("Code", tuple(code)), Decimal(str(amount))
        if measure in _BUDGET:
            budget[key] += value
        elif measure in measures:
            (this if whose == record else taken)[key] += value
    return [
        Effect(
            **dict(zip(("task", "segment", "cost_type", "currency"), key, strict=True)),
            budget=money_text(budget[key]),
            taken=money_text(taken[key]),
            this=money_text(value),
            left=money_text(budget[key] - taken[key] - value),
        )
        for key, value in sorted(this.items())
    ]


# -- how a document is laid out --------------------------------------------------------------------

_COLUMNS: Sequence[tuple[str, str, tuple[str, ...]]] = (
    ("No.", "", ("lineNumber", "position", "number")),
    ("Description", "", ("description", "title", "name")),
    ("Cost code", "mono", ("jobTaskNumber", "taskNumber", "cost_code", "costCode")),
    ("Segment", "mono", ("segmentCode", "sub_job")),
    ("Cost type", "mono", ("costTypeCode", "line_item_type", "cost_type")),
    ("Quantity", "figure", ("quantity",)),
    ("Unit", "", ("unitOfMeasureCode", "uom")),
    ("Unit price", "amount", ("directUnitCost", "unitCost", "unit_cost")),
    ("Discount %", "figure", ("lineDiscountPercent",)),
    ("Tax", "amount", ("taxAmount", "tax_amount", "totalTaxAmount")),
    ("Amount", "amount", ("amount", "lineAmount", "totalCost", "amountExcludingTax", "scheduled_value")),
)
"""Columns of a document's lines as accountants read them: title, how it is set, fields that may hold it."""


class Ledgered(Struct, frozen=True, kw_only=True):
    """Lines of a document in columns: title and look of each column, and the values of each line."""

    columns: Sequence[tuple[str, str]]
    rows: Sequence[Sequence[Any]]


def laid_out(lines: Sequence[Mapping[str, Any]]) -> Ledgered:
    """Lines in the columns that any of them fills, in the order of their numbers."""
    ordered = sorted(lines, key=_place)
    kept = [
        (title, look, names)
        for title, look, names in _COLUMNS
        if any(_value(line, names, look) not in (None, "") for line in ordered)
    ]
    return Ledgered(
        columns=[(title, look) for title, look, _ in kept],
        rows=[[_value(line, names, look) for _, look, names in kept] for line in ordered],
    )


def _place(line: Mapping[str, Any]) -> tuple[int, str]:
    number = str(line.get("lineNumber") or line.get("position") or "")
    return (int(number), "") if number.isascii() and number.isdecimal() else (0, number)


def _value(line: Mapping[str, Any], names: Sequence[str], look: str) -> Any:
    found = next((line[name] for name in names if line.get(name) not in (None, "")), "")
    if isinstance(found, dict):
        inner = cast("Mapping[str, Any]", found)
        found = inner.get("full_code") or inner.get("code") or inner.get("name") or inner.get("id") or ""
    return "" if look == "figure" and str(found) == "0" else found
