"""What both flows of change orders do alike: the deep insert, comparing, the project's class, the mark."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from uuid import uuid5

from domain import change_order
from domain.change_order import ACRONYMS, lines_of
from domain.collisions import Shortened
from domain.endpoints import changes
from domain.events import LinkRow, Violation
from domain.flow import Context, Part, Plan, Subject
from domain.flows import change_order_codes as codes
from domain.flows.change_order_codes import code_of
from domain.flows.common import fact, given, joined, plain, write_back_of
from domain.values import LEDGER, Json, cents, five_places, money, origin_id, plain_number, text

ORDER, STATUS, CLASS, MARK = "order", "status", "class", "mark"
TYPES = {"prime": "Regular", "commitment": "Commitment"}
"""Side -> type of a regular change order in Business Central."""
WITH_CHANGE_ORDER = "Project_x0020_with_x0020_Change_x0020_Order"
PLAIN_CLASSES = ("", "Base Project", "Master Job")
"""Classes of a root project without change orders; any other one is left alone (PP-62)."""
_NUMBER, _TITLE, _LINE_TEXT, _DESCRIPTION, _UNIT = 50, 100, 100, 2048, 10


# -- rules --------------------------------------------------------------------------------------------


def sound(order: Json, _context: Context) -> Iterable[Violation]:
    """An approved order has lines, in whole cents, that come to its total (PP-61)."""
    if not change_order.is_approved(order):
        return
    lines = lines_of(order)
    if not lines:
        words = f"{change_order.label(order)} has no line; nothing is kept as a header alone"
        yield Violation("PP-61", "Lines", words)
        return
    for place, line in enumerate(lines, 1):
        if not change_order.is_whole_cents(text(line, "amount")):
            yield Violation(
                "PP-61", "Amount", f"line {place}: {line['amount']} is no amount in whole cents", line=place
            )
    total, found = change_order.total(order), change_order.sum_of_lines(order)
    if found != total:
        words = f"the lines come to {found:f}, {change_order.label(order)} says {total:f}"
        yield Violation("PP-61", "Amount", words)


def foreign_currency(subject: Subject, job: Json) -> list[Violation]:
    """An order in another currency than its project would be read as that amount in the project's own."""
    here = text(job, "currencyCode") or subject.context.local_currency
    there = text(subject.source, "currency")
    if not here or not there or here.upper() == there.upper():
        return []
    return [Violation("BX-17", "Currency Code", f"the order is in {there}, the project in {here}")]


NUMBER = Shortened(
    "number",
    _NUMBER,
    lambda order: text(order, "number"),
    lambda order: "|".join((text(order, "jobNumber"), text(order, "side"))),
)
"""Business Central keeps the number by which people in Procore know the order, cut to its field."""


# -- the order in Business Central --------------------------------------------------------------------


def id_of(context: Context, entity_set: str, key: str) -> str:
    """The id under which the hub makes a record in Business Central, so that a repeat is refused (I6)."""
    return str(uuid5(LEDGER, f"{context.connection}/{entity_set}/{key}"))


def key_of(order: Json) -> str:
    """Side and id of an order."""
    return text(order, "key")


def order_body(subject: Subject, kind: str, purchase_order: str = "") -> dict[str, object]:
    """One deep insert, in the order of the connector's tables.

    Units   amounts are `Decimal`, rounded nowhere; quantity and unit cost to the five places that are kept there.
    """
    order = subject.source
    head = {
        "id": id_of(subject.context, "changeOrders", key_of(order)),
        "projectNumber": text(order, "jobNumber"),
        "changeOrderType": kind,
        "procoreChangeOrderNumber": text(order, "number")[:_NUMBER],
        "title": change_order.title_of(order)[:_TITLE],
        "description": text(order, "description")[:_DESCRIPTION],
        "approvedDate": text(order, "approvedDate"),
        "dueDate": text(order, "dueDate"),
        "purchaseOrderNumber": purchase_order,
        "procoreProjectId": int(text(order, "procoreProjectId")),
        "procoreContractId": int(text(order, "contractId") or 0),
        "procoreChangeOrderId": int(text(order, "id")),
    }
    return {**given(head), "changeOrderLines": [_line_body(subject, line) for line in lines_of(order)]}


def _line_body(subject: Subject, line: Json) -> dict[str, object]:
    segment, task, cost_type = code_of(subject, line) or ("", "", "")
    unit = text(line, "uom").upper()
    return given(
        {
            "jobTaskNumber": task,
            "segmentCode": segment,
            "costTypeCode": cost_type,
            "description": text(line, "description")[:_LINE_TEXT],
            "quantity": _rounded(text(line, "quantity")),
            "unitOfMeasureCode": unit if len(unit) <= _UNIT else "",
            "unitCost": _rounded(text(line, "unitCost")),
            "amount": money(line["amount"] or 0),
            "procoreLineItemId": int(text(line, "id")),
        }
    )


def _rounded(figure: str) -> Decimal | None:
    return Decimal(plain_number(five_places(money(figure)))) if figure else None


def cuts(order: Json) -> list[str]:
    """What is longer than Business Central's field, and was cut."""
    told: list[str] = []
    for field, value, most in (
        ("number", text(order, "number"), _NUMBER),
        ("title", change_order.title_of(order), _TITLE),
        ("description", text(order, "description"), _DESCRIPTION),
    ):
        if len(value) > most:
            told.append(f"the {field} has {len(value)} characters and was cut to {most}")
    for place, line in enumerate(lines_of(order), 1):
        if len(text(line, "description")) > _LINE_TEXT:
            told.append(f"line {place}: the description was cut to {_LINE_TEXT} characters")
        if len(text(line, "uom")) > _UNIT:
            told.append(f"line {place}: unit {line['uom']} is longer than {_UNIT} characters and was left out")
    return told


def rows_here(subject: Subject) -> list[Json]:
    """The orders of Business Central that stand for this one, whatever their type.

    By the id of Procore that they carry; one that was entered by hand carries none, and is known by its pair alone.
    """
    rows = subject.facts.get(changes.orders_of(text(subject.source, "jobNumber")), ())
    mine = id_of(subject.context, "changeOrders", key_of(subject.source))
    joined_with = {link.bc_id for link in subject.memory.links.values() if link.bc_set == "changeOrders"}
    same = [
        row
        for row in rows
        if str(row.get("procoreChangeOrderId")) == text(subject.source, "id")
        or (text(row, "id") in joined_with and not int(row.get("procoreChangeOrderId") or 0))
    ]
    return sorted(same, key=lambda row: text(row, "id") != mine)


def difference(subject: Subject, row: Json) -> str:
    """How the order in Business Central differs from Procore's, in words with both amounts; empty when it does not."""
    order = subject.source
    here, there = money(row.get("amount") or 0), change_order.total(order)
    if here != there:
        return f"Business Central holds {here:f}, Procore {there:f}"
    known = {str(line.get("procoreLineItemId")): line for line in row.get("changeOrderLines") or ()}
    if not known.keys() - {"0", "None"}:
        return ""  # made by other hands, without ids of lines: the sum is all there is to compare
    wanted = {text(line, "id"): line for line in lines_of(order)}
    differing = [id_ for id_ in wanted.keys() | known.keys() if not _same(subject, wanted.get(id_), known.get(id_))]
    return f"both come to {here:f}, but {len(differing)} of the lines differ" if differing else ""


def _same(subject: Subject, wanted: Json | None, line: Json | None) -> bool:
    if wanted is None or line is None or cents(money(wanted["amount"] or 0)) != money(line.get("amount") or 0):
        return False
    code = code_of(subject, wanted)
    return code is None or code == tuple(text(line, name) for name in ("segmentCode", "jobTaskNumber", "costTypeCode"))


def text_changes(subject: Subject, row: Json) -> list[str]:
    """Words that changed in Procore since: Business Central keeps its own."""
    order = subject.source
    wanted = {
        "procoreChangeOrderNumber": ("number", text(order, "number")[:_NUMBER]),
        "title": ("title", change_order.title_of(order)[:_TITLE]),
        "description": ("description", text(order, "description")[:_DESCRIPTION]),
    }
    return [
        f"the {name} in Procore is {value!r}, Business Central keeps {text(row, field)!r}"
        for field, (name, value) in wanted.items()
        if text(row, field) != value.strip()
    ]


# -- what speaks against it ----------------------------------------------------------------------------


def before_creation(subject: Subject, other: Json | None) -> Plan | None:
    """What must be so before the first write: the order as it was read, nobody else's, its codes known (PP-59, PP-70).

    `other` is what the order stands for in Business Central in the other way, regular or NPC (PP-66).
    """
    order = subject.source
    name, package, job = change_order.label(order), package_row(subject), job_row(subject)
    foreign = foreign_mark(subject, id_of(subject.context, "changeOrders", key_of(order)))
    if foreign:
        return Plan(conflict=foreign)
    wait = ""
    if other is not None:
        wait = f"{name} stands in Business Central as {text(other, 'number')}; once that is deleted there, it goes anew"
    elif any(memory.open for memory in subject.others.values()):
        wait = f"{name} is being carried in its other form"
    elif job is None:
        wait = f"project {text(order, 'jobNumber')} is not in Business Central"
    elif package is None:
        wait = f"{name} is no longer among the change orders in Procore"
    elif not change_order.is_approved(package):
        wait = f"{name} is {text(package, 'status')} in Procore now"
    elif _flag_turned(order, package):
        wait = f"the NPC mark of {name} was changed in Procore meanwhile"
    if wait or job is None:
        return Plan(waits=[fact(f"order:{key_of(order)}", wait)])
    violations = foreign_currency(subject, job)
    if violations:
        return Plan(violations=violations)
    waits = codes.unknown(subject)
    return Plan(waits=waits) if waits else None


def _flag_turned(order: Json, package: Json) -> bool:
    """The package shows the company's field, and it says something else. Not every view shows it (Z3)."""
    shown = change_order.field_value(package, [text(order, "npcField")])
    return shown is not None and change_order.is_true(shown) is not change_order.is_npc(order)


def against(subject: Subject, row: Json | None, flag: str, made: Json | None = None) -> Plan | None:
    """What became of an order that stands in Business Central, where that is no longer what Procore says (G10).

    `flag` says in words that its NPC mark was turned; `row` and `made` are the order and the project that stand there.
    """
    order = subject.source
    name, status = change_order.label(order), text(order, "status")
    why = flag if change_order.is_approved(order) else f"is {status or 'without status'} in Procore now"
    if why and row is None and made is None:
        return Plan(excluded=f"{why}, and nothing of it is left in Business Central")
    if why:
        if row is not None and made is None and plain(row, "status") == "Canceled":
            return Plan(excluded=f"{why}, and canceled in Business Central")
        here = f"change order {row['number']} with {money(row.get('amount') or 0):f}" if row is not None else ""
        project = f"project {made['number']}" if made is not None else ""
        stands = " and ".join(each for each in (project, here) if each)
        words = f"{name} {why} (its total is {change_order.total(order):f}); Business Central holds {stands}"
        return Plan(conflict=f"{words}: change or cancel it there")
    differs = difference(subject, row) if row is not None else ""
    if differs:
        return Plan(conflict=f"{name} was changed after it was carried: {differs}; change the one in Business Central")
    if MARK in subject.memory.parts:
        return None
    foreign = foreign_mark(subject, text(row or {}, "id") or id_of(subject.context, "changeOrders", key_of(order)))
    return Plan(conflict=foreign) if foreign else None


def job_row(subject: Subject) -> Json | None:
    """The job as it is in Business Central now."""
    return next(iter(subject.facts.get(changes.job(text(subject.source, "jobNumber")), ())), None)


# -- what follows -------------------------------------------------------------------------------------


def class_part(subject: Subject, job: Json | None, order_id: str, stage: int) -> list[Part]:
    """The class of the project, where Business Central did not set it itself (PP-62, PP-79, C-02).

    Of several orders that are made together the first one sees to it, so that the class is written once.
    """
    if job is None or text(job, "parentProjectNumber") or plain(job, "projectClass") not in PLAIN_CLASSES:
        return []
    rows = subject.facts.get(changes.orders_of(text(job, "number")), ())
    unfinished = sorted(
        (row for row in rows if plain(row, "status") == "Open" and _is_ours(subject.context, row)),
        key=lambda row: text(row, "number"),
    )
    if unfinished and text(unfinished[0], "id") != order_id:
        return []
    return [
        Part(
            name=CLASS,
            endpoint="bc.projects",
            stage=stage,
            key=text(job, "id"),
            target_id=text(job, "id"),
            if_match=text(job, "@odata.etag"),
            body={"projectClass": WITH_CHANGE_ORDER},
        )
    ]


def _is_ours(context: Context, row: Json) -> bool:
    keys = (f"{side}:{row.get('procoreChangeOrderId')}" for side in ACRONYMS)
    return text(row, "id") in {id_of(context, "changeOrders", key) for key in keys}


def status_part(subject: Subject, row: Json | None, order_id: str, stage: int) -> Part:
    """Synced, once all lines are in (PP-63); an order that was applied meanwhile stays applied."""
    here: Json = row if row is not None else {"id": order_id}
    part = write_back_of(subject.context, "changeOrders", {**here, "id": order_id}, stage)
    body = dict(part.body)
    if row is None or plain(row, "status") in ("Open", "Error"):
        body = {"status": "Synced", **body}
    return Part(
        name=STATUS,
        endpoint=part.endpoint,
        stage=stage,
        key=order_id,
        target_id=order_id,
        if_match=part.if_match,
        body=body,
        meaning=["synced", order_id],
    )


def package_row(subject: Subject) -> Json | None:
    """The package behind the order, as it is now."""
    rows = subject.facts.get(changes.packages(text(subject.source, "procoreProjectId")), ())
    return next((row for row in rows if str(row["id"]) == text(subject.source, "packageId")), None)


def mark_of(subject: Subject, order_id: str) -> str:
    """The origin id that tells in Procore what the order is in Business Central."""
    return origin_id(subject.context.bc_company, "changeOrders", order_id)


def foreign_mark(subject: Subject, order_id: str) -> str:
    """Whom the order belongs to in words, where that is not us (ER-63)."""
    owner = text(package_row(subject) or {}, "origin_id")
    if owner in ("", mark_of(subject, order_id)):
        return ""
    return f"change order {text(subject.source, 'number')} belongs to another record or integration (origin id {owner})"


def mark_part(subject: Subject, row: Json | None, order_id: str, stage: int) -> list[Part]:
    """The mark on the package, the only level with origin fields (G3)."""
    mine = mark_of(subject, order_id)
    package = package_row(subject)
    if MARK not in subject.memory.parts and package is not None and text(package, "origin_id") == mine:
        return []
    return [
        Part(
            name=MARK,
            endpoint="change_order_packages",
            stage=stage,
            scope={"project_id": text(subject.source, "procoreProjectId")},
            key=mine,
            target_id=text(subject.source, "packageId"),
            body=given({"origin_id": mine, "origin_code": text(row or {}, "number")}),
            meaning=[mine],
        )
    ]


def links(subject: Subject, row: Json | None, order_id: str) -> list[LinkRow]:
    """The order and its lines on both sides."""
    order = subject.source
    side, project_id = text(order, "side"), text(order, "procoreProjectId")
    number = text(row or {}, "number")
    found = [LinkRow("changeOrders", order_id, number, f"{side}_change_orders", text(order, "id"), project_id)]
    lines: Sequence[Mapping[str, object]] = (row or {}).get("changeOrderLines") or ()
    for line in lines:
        known = str(line.get("procoreLineItemId") or "")
        if known:
            name = joined(number, str(line.get("lineNumber") or ""))
            place = text(order, "id")
            found.append(LinkRow("changeOrderLines", str(line["id"]), name, "change_order_line_items", known, place))
    return found
