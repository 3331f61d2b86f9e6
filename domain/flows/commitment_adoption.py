"""A commitment that was in Procore before, joined with an order by a person: whose it is, and which line is which.

Rules   C-55, ER-52, ER-63. A line is found again by its budget code, then by amount and description; where that leaves
        a choice, or lines that the order does not have, a person decides: an amount must never stand there twice.
        A contract that is billed can't be opened any more: where it says what the order says, it is joined as it
        stands and nothing is written to it; what the order changes later takes a commitment change order.
Source  Procore contracts and their lines (C3, C7); a finished contract takes no change of its lines (O6).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from domain import endpoints
from domain.commitment import LOCKING, Line, figures
from domain.delivery import Listing
from domain.endpoints.invoices import contract_lines
from domain.flow import Plan, Subject, row_by
from domain.flows.commitment_parts import Share, billed, origin_of
from domain.flows.common import fact, joined, of_this_company, ours
from domain.memory import FlowMemory
from domain.values import Json, money, text


def is_adopting(memory: FlowMemory, share: Share) -> bool:
    """The contract was joined by a person, and is not whole yet."""
    return share.header in memory.adopted and not memory.links


def is_unwritten(memory: FlowMemory, share: Share) -> bool:
    """The contract was joined by a person, and nothing was ever written to it."""
    return memory.is_adopting(share.header)


def as_it_stands(subject: Subject, share: Share, resource: str, project_id: str) -> dict[str, str] | Plan | None:
    """Lines of a billed contract as they are the order's; a plan where they differ; None where it may be written to."""
    contract_id = subject.memory.target_id(share.header)
    row = row_by(subject.facts[endpoints.contracts(resource, project_id)], "id", contract_id)
    if row is None or text(row, "status") not in LOCKING or not billed(row):
        return None
    foreign = _foreign(subject, share, row)
    if foreign is not None:
        return foreign
    left = list(subject.facts[contract_lines(resource, project_id, contract_id)])
    found: dict[str, str] = {}
    for is_same in (_is_equal, _has_amount):
        _pair(subject, share, share.lines, left, found, is_same)
    lacking = [line for line in share.lines if line.id not in found]
    if not left and not lacking:
        return found
    named = [f"line {line.source.get('lineNumber')} of the order" for line in lacking] + [_named(row) for row in left]
    words = f"{billed(row)}; it differs in {', '.join(named[:5])}"
    return Plan(waits=[fact(f"contract:{contract_id}", words)])


def joined_lines(memory: FlowMemory, share: Share) -> dict[str, str]:
    """Lines of a contract that was joined as it stood, from when somebody opened it again: they are written by id."""
    links = {line.id: memory.links.get(f"purchaseOrderLines/{line.id}/primary") for line in share.lines}
    return {
        id_: link.procore_id
        for id_, link in links.items()
        if link is not None and share.header in memory.adopted and f"line:{id_}" not in memory.parts
    }


def listings(subject: Subject, share: Share, resource: str, project_id: str) -> Iterable[Listing]:
    """The contract as it is, and its lines until each is known."""
    yield endpoints.contracts(resource, project_id)
    if _unknown(subject.memory, share):
        yield contract_lines(resource, project_id, subject.memory.target_id(share.header))


def lines_there(subject: Subject, share: Share, resource: str, project_id: str) -> dict[str, str] | Plan:
    """Id of the order's line -> id of the contract's line that is the same; a plan where a person has to act first."""
    memory = subject.memory
    contract_id = memory.target_id(share.header)
    refusal = _contract(subject, share, resource, project_id, contract_id)
    if refusal is not None:
        return refusal
    unknown = _unknown(memory, share)
    if not unknown:
        return {}
    rows = subject.facts[contract_lines(resource, project_id, contract_id)]
    return _matched(subject, share, unknown, rows, contract_id)


def _contract(subject: Subject, share: Share, resource: str, project_id: str, contract_id: str) -> Plan | None:
    rows = subject.facts[endpoints.contracts(resource, project_id)]
    row = row_by(rows, "id", contract_id)
    key = f"contract:{contract_id}"
    if row is None:
        words = "the commitment is no longer visible in Procore; it was deleted, or the permission is missing"
        return Plan(waits=[fact(key, words)])
    foreign = _foreign(subject, share, row)
    if foreign is not None:
        return foreign
    status = text(row, "status")
    if status in LOCKING and share.status not in subject.memory.parts:
        words = billed(row) or f"the commitment is {status} in Procore; set it to Draft there, so that it can be joined"
        return Plan(waits=[fact(key, words)])
    return None


def _foreign(subject: Subject, share: Share, row: Json) -> Plan | None:
    mine = origin_of(subject, "purchaseOrders", subject.source_id, share.suffix)
    if ours(row, mine) != "foreign" or of_this_company(subject, row, "purchaseOrders"):
        return None
    return Plan(conflict=f"commitment {row['id']} belongs to another integration (origin id {row['origin_id']})")


def _unknown(memory: FlowMemory, share: Share) -> list[Line]:
    return [line for line in share.lines if f"line:{line.id}" not in memory.parts]


def _matched(
    subject: Subject, share: Share, lines: Sequence[Line], rows: Sequence[Json], contract_id: str
) -> dict[str, str] | Plan:
    known = {part.target_id for name, part in subject.memory.parts.items() if name.startswith("line:")}
    left = [row for row in rows if str(row["id"]) not in known]
    found: dict[str, str] = {}
    for is_same in _WAYS:
        _pair(subject, share, lines, left, found, is_same)
    for line in lines:  # what is left of a budget code on both sides is the same line if there is no choice
        of_line = [row for row in left if _code(row) == _wanted_code(subject, share, line)]
        of_code = [
            each
            for each in lines
            if each.id not in found and _wanted_code(subject, share, each) == _wanted_code(subject, share, line)
        ]
        if line.id not in found and len(of_line) == len(of_code) == 1:
            found[line.id] = str(of_line[0]["id"])
            left.remove(of_line[0])
    if left:
        named = ", ".join(_named(row) for row in left[:5])
        words = (
            f"commitment {contract_id} has lines that can't be told to be lines of order {subject.number}: {named};"
            " make them equal in budget code and amount, or delete them in Procore"
        )
        return Plan(waits=[fact(f"contract:{contract_id}", words)])
    return found


_Same = Callable[[Subject, Share, Line, Json], bool]


def _pair(
    subject: Subject, share: Share, lines: Sequence[Line], left: list[Json], found: dict[str, str], is_same: _Same
) -> None:
    for line in lines:
        row = next((each for each in left if line.id not in found and is_same(subject, share, line, each)), None)
        if row is not None:
            found[line.id] = str(row["id"])
            left.remove(row)


def _is_own(subject: Subject, _share: Share, line: Line, row: Json) -> bool:
    return text(row, "origin_id") == origin_of(subject, "purchaseOrderLines", line.id)


def _is_equal(subject: Subject, share: Share, line: Line, row: Json) -> bool:
    described = text(row, "description").casefold() == text(line.source, "description").casefold()
    return described and _has_amount(subject, share, line, row)


def _has_amount(subject: Subject, share: Share, line: Line, row: Json) -> bool:
    if text(row, "origin_id") and not of_this_company(subject, row, "purchaseOrderLines"):
        return False
    amount = money(figures(subject.source, line.source)["amount"])
    here = money(row.get("total_amount") or row.get("amount") or 0)
    return amount == here and _code(row) == _wanted_code(subject, share, line)


_WAYS: tuple[_Same, ...] = (_is_own, _is_equal, _has_amount)


def _wanted_code(subject: Subject, share: Share, line: Line) -> str:
    key = joined(share.job, line.segment, line.task, line.cost_type)
    return subject.link("budget_code", key).procore_id


def _code(row: Json) -> str:
    inner: Mapping[str, object] = row.get("wbs_code") or {}
    return text(inner, "id")


def _named(row: Json) -> str:
    code: Mapping[str, object] = row.get("wbs_code") or {}
    what = text(row, "description") or "line"
    return f"{what} ({text(row, 'id')}, {text(code, 'flat_code')}, {text(row, 'total_amount')})"
