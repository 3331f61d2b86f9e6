"""Documents that differ become pieces: what each of the four parties says of them, ready to be explained."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import cast

from domain.reconcile import ZERO, Cell, Entry, Held, Piece, Standing, Sums, central, site, summed
from domain.states import State
from domain.values import BUSINESS_CENTRAL, CENT, PROCORE, Json, System, cents, money, text
from hub.connection import Pair
from hub.reconciling.evidence import Known, Sent
from hub.reconciling.pairing import Group
from hub.reconciling.reading import Books
from hub.reconciling.scope import Chunk

Made = tuple[list[Entry], list[Held]]
NOT_THERE = "its line is not in the commitment"


class Making:
    """Makes the pieces of one chunk.

    Shape   `read_to` is how far each feed was read, `since` the position of the ledger before the books were read
    """

    def __init__(self, pair: Pair, chunk: Chunk, books: Books, read_to: Mapping[str, int], since: int) -> None:
        self._pair = pair
        self._chunk = chunk
        self._books = books
        self._read_to = read_to
        self._since = since
        self._origin = f"bc:{pair.bc_company.lower()}:"
        self._tolerance = money(
            pair.flow_settings.get("posted-invoice-to-commitment-invoice", {}).get("rounding_tolerance") or 0
        )

    def of_group(self, group: Group, known: Known | None) -> Piece:
        """The piece of a document that one record stands for, or nobody."""
        if group.assumed:
            return _meant(group)
        if group.kind == "change_order":
            return self._change_order(group, known)
        if known is None:
            return self._unknown(group)
        fresh, held = self._fresh(group, known)
        was = self._was(group, known)
        agreed = self._agreed(group, known, was)
        kept, lost, there, extra = self._target(group, agreed)
        document = next(iter(group.in_central), None)
        version = _version_of(known)
        moved = group.gone or (document is not None and document.version > version)
        if document is not None and known.source is not None:
            moved = moved or document.cancelled != (known.source.get("cancelled") is True)
        return Piece(
            column=group.column,
            number=known.number or group.number,
            record=str(group.record),
            fresh=summed(fresh),
            held=held,
            known=summed(was),
            agreed=kept,
            lost=lost,
            there=there,
            extra=extra,
            here=bool(group.in_central) or (group.gone and known.state != "deleted"),
            moved=moved,
            touched=_touched(known, (each.changed for each in group.in_site)),
            tolerance=self._tolerance if any("accepted" in each for each in known.reasons) else ZERO,
            slack=self._slack(group, fresh),
            standing=standing(known, self._since),
        )

    # -- documents that nobody knows ---------------------------------------------------------------

    def _unknown(self, group: Group) -> Piece:
        document = next(iter(group.in_central), None)
        if document is None:
            ours = group.ours or any(each.origin.startswith(self._origin) for each in group.in_site)
            return Piece(column=group.column, number=group.number, extra=group.there, ours=ours)
        return Piece(
            column=group.column,
            number=document.number,
            fresh=summed((*document.lines, *document.held)) if document.why else summed(document.lines),
            held=[] if document.why else document.held,
            why=document.why,
            moved=self._is_new(document),
            extra=group.there,
            ours=bool(group.in_site),
        )

    def _is_new(self, document: central.Document) -> bool:
        """No round has read so far, neither it nor the project that brings it in."""
        job = self._chunk.versions.get(document.job, 0)
        return document.version > self._read_to.get(_SETS[document.kind], 0) or job > self._read_to.get("projects", 0)

    # -- the source --------------------------------------------------------------------------------

    def _fresh(self, group: Group, known: Known) -> Made:
        if group.gone:
            return _posted(group, known)
        entries = [each for document in group.in_central for each in document.lines]
        held = [each for document in group.in_central for each in document.held]
        return _left_out(group, known, entries, held)

    def _was(self, group: Group, known: Known) -> list[Entry]:
        """What the ledger saw last."""
        source, homes = known.source, self._chunk.homes
        if source is None:
            return []
        match known.kind:
            case "commitment":
                return list(central.order(source, homes).lines)
            case "posted_invoice":
                return _left_out(group, known, list(central.invoice(source, homes).lines), [])[0]
            case _:
                found = central.entry(source, homes)
                return [] if found is None else list(found.lines)

    # -- the target --------------------------------------------------------------------------------

    def _agreed(self, group: Group, known: Known, was: Sequence[Entry]) -> list[Entry]:
        """What was confirmed, line by line. A document that was joined or found whole stands for all that it said."""
        if known.cut:
            return []
        lines = [each for each in known.sent.values() if each.endpoint.endswith(".line_items")]
        found = [entry for each in lines if (entry := self._sent_line(each)) is not None]
        billed = any(each.endpoint == "requisitions.items" for each in known.sent.values())
        joined = any(bc_set in _HEADS for bc_set, _, _ in known.linked)
        if billed or (joined and not lines):
            if known.kind == "posted_invoice" and known.source is not None:
                whole = central.invoice(known.source, self._chunk.homes, whole=True)
                return _left_out(group, known, list(whole.lines), [])[0]
            return list(was)
        return found

    def _sent_line(self, sent: Sent) -> Entry | None:
        cell = self._books.cells.get(text(sent.body, "wbs_code_id"))
        return None if cell is None else Entry(cell, money(sent.body.get("amount") or 0), sent.target_id)

    def _target(self, group: Group, agreed: Sequence[Entry]) -> tuple[Sums, Sums, Sums, Sums]:
        """What was agreed and still stands, what of it is gone, what stands of it now, and what stands beside it."""
        entries = [each for document in group.in_site for each in document.lines]
        if not entries:
            return (summed(agreed), {}, {}, {}) if group.in_site else ({}, summed(agreed), {}, {})
        ids = {each.id for each in agreed if each.id}
        if not ids:
            return summed(agreed), {}, summed(entries), {}
        here = {each.id for each in entries}
        marks = {line: mark for document in group.in_site for line, mark in document.marks.items()}
        mine = [each for each in entries if each.id in ids or marks.get(each.id, "").startswith(self._origin)]
        extra = [each for each in entries if each not in mine]
        kept = [each for each in agreed if each.id in here]
        lost = [each for each in agreed if each.id not in here]
        return summed(kept), summed(lost), summed(mine), summed(extra)

    # -- change orders, which come from Procore ----------------------------------------------------

    def _change_order(self, group: Group, known: Known | None) -> Piece:
        if group.record is None or (not group.in_site and known is None):
            return Piece(column=group.column, number=group.number, source=PROCORE, extra=group.here)
        fresh = [each for document in group.in_site for each in document.lines]
        if known is None:
            return Piece(
                column=group.column,
                number=group.number,
                source=PROCORE,
                fresh=summed(fresh),
                extra=group.here,
                moved=self._is_new_order(group),
                why=_untaken(group.order),
            )
        was = site.approved(known.source, self._cell).lines if known.source is not None else ()
        agreed: list[Entry] = []
        for each in known.sent.values():
            if each.endpoint == "bc.changeOrders.create":
                agreed += central.change_order(each.body, self._chunk.homes).lines
        if not agreed and any(bc_set == "changeOrders" for bc_set, _, _ in known.linked):
            agreed = list(was)
        if known.cut:
            agreed = []
        changed = text(known.source or {}, "updated_at")
        return Piece(
            column=group.column,
            number=known.number,
            source=PROCORE,
            record=str(group.record),
            fresh=summed(fresh),
            known=summed(was),
            agreed=summed(agreed) if group.in_central else {},
            lost={} if group.in_central else summed(agreed),
            there=group.here,
            here=bool(group.in_site),
            moved=any(text(order, "updated_at") != changed for order in (group.order,) if order is not None),
            touched=_touched(known, (each.changed for each in group.in_central)),
            standing=standing(known, self._since),
        )

    def _cell(self, code: str) -> Cell:
        return self._books.cells.get(code) or site.Codes("", self._chunk.homes.currency, {}).cell(code)

    def _is_new_order(self, group: Group) -> bool:
        project_id = text(group.order or {}, "procoreProjectId")
        read_to = self._read_to.get(f"procore/change_order/{project_id}", 0)
        return any(each.changed is not None and each.changed.timestamp() >= read_to for each in group.in_site)

    def _slack(self, group: Group, fresh: Sequence[Entry]) -> Decimal:
        """Half a cent for every amount that is no whole number of cents, a cent for every posting of one line."""
        broken = sum(1 for each in fresh if each.amount != cents(each.amount))
        several = sum(len(entries) for entries in group.postings.values() if len(entries) > 1)
        return CENT / 2 * broken + CENT * several


def _meant(group: Group) -> Piece:
    """Two documents that nobody joined yet: all that can be said is what either comes to."""
    record, held = str(group.record), [each for document in group.in_central for each in document.held]
    if group.kind == "change_order":
        fresh = [each for document in group.in_site for each in document.lines]
        there = [each for document in group.in_central for each in document.lines]
        source: System = PROCORE
    else:
        fresh = [each for document in group.in_central for each in document.lines]
        there = [each for document in group.in_site for each in document.lines]
        source = BUSINESS_CENTRAL
    return Piece(
        column=group.column,
        number=group.number,
        source=source,
        record=record,
        fresh=summed(fresh),
        held=held,
        there=summed(there),
        assumed=True,
    )


_HEADS = frozenset({"purchaseOrders", "postedPurchaseInvoices", "projectLedgerEntries"})
_SETS = {
    "planning_line": "projectPlanningLines",
    "commitment": "purchaseOrders",
    "posted_invoice": "postedPurchaseInvoices",
    "journal_entry": "projectLedgerEntries",
    "change_order": "changeOrders",
}


def standing(known: Known, since: int) -> Standing:
    """Where a record stands, as of the reading that began at position `since`."""
    return Standing(cast("State", known.state), known.reasons, known.position, known.position > since)


def _version_of(known: Known) -> int:
    """The newest row version that the ledger knows of a document and of its lines."""
    source = known.source
    if source is None:
        return 0
    rows: list[Json] = [source]
    for name in ("purchaseOrderLines", "postedPurchaseInvoiceLines"):
        rows += source.get(name) or ()
    return max(int(text(row, "rowVersion") or 0) for row in rows)


def _touched(known: Known, changed: Iterable[datetime | None]) -> bool:
    """Somebody changed it after our last write, or before it, as a look found; a record that was cut is nobody's."""
    if known.cut or known.at is None or known.drifts:
        return True
    last = known.at.replace(microsecond=0)  # Procore tells whole seconds, so our own write is of this one at the latest
    return any(at is not None and at > last for at in changed)


def _posted(group: Group, known: Known) -> Made:
    """What was posted of an order that is gone; lines that never were in its commitment did not go."""
    there = {number.rpartition("|")[2] for bc_set, _, number in known.linked if bc_set == "purchaseOrderLines"}
    entries: list[Entry] = []
    held: list[Held] = []
    for line, postings in group.postings.items():
        if not there or line in there:
            entries += postings
        else:
            held += [Held(each.cell, each.amount, f"line {line} of the order did not go") for each in postings]
    return entries, held


def _left_out(group: Group, known: Known, entries: list[Entry], held: list[Held]) -> Made:
    """Lines of a posted invoice whose order line is not in the commitment were left out (C-56)."""
    lines = {id_ for bc_set, id_, _ in known.linked if bc_set == "postedPurchaseInvoiceLines"}
    if group.kind != "posted_invoice" or not lines:
        return entries, held
    out = [Held(each.cell, each.amount, NOT_THERE) for each in entries if each.id not in lines]
    return [each for each in entries if each.id in lines], [*held, *out]


def _untaken(order: Json | None) -> str:
    """Why no flow would take an order of Procore that the ledger does not know."""
    fault = text(order or {}, "fault")
    return fault and f"it cannot be read: {fault}"
