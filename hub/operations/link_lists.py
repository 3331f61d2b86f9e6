"""Many pairs at once, from a table of text: read, looked at one by one, and then joined one by one, each by itself."""

import csv
from collections.abc import Sequence
from io import StringIO

from msgspec import Struct

from domain.delivery import Listing
from domain.errors import WrongInput
from domain.values import Json
from hub.app import Hub
from hub.connection import Pair
from hub.operations.link import Joining, NotJoined, link, linkable, record_called
from hub.records import Records
from hub.report import Halted

MOST = 100
"""Pairs of one table: both systems are asked about each."""
_COLUMNS = ("flow", "business_central", "procore", "reason")
_NEEDED = 3


class Wish(Struct, frozen=True, kw_only=True):
    """One line of the table: a record by its number or id, and the id of its counterpart."""

    line: int
    flow: str
    bc_id: str
    procore_id: str
    reason: str = ""


class Judged(Struct, frozen=True, kw_only=True):
    """A wish and what came of it: `fine` when it may be joined, or was; `why` says what stands against it."""

    wish: Wish
    fine: bool
    why: str
    number: str = ""


def read_wishes(table: str) -> list[Wish]:
    """The pairs of a table: flow, number or id in Business Central, id in Procore, and a reason where there is one.

    Separated by comma, semicolon or tab; a first line with names of columns is left out.
    Raises  WrongInput, naming the line.
    """
    first = table.strip().partition("\n")[0]
    mark = max(",;\t", key=first.count)
    wishes: list[Wish] = []
    for number, row in enumerate(_rows(table.strip(), mark), 1):
        cells = [cell.strip() for cell in row]
        if not any(cells) or (number == 1 and cells[0].lower() == _COLUMNS[0]):
            continue
        if not _NEEDED <= len(cells) <= len(_COLUMNS) or not all(cells[:_NEEDED]):
            words = f"it has {len([cell for cell in cells if cell])} of the cells that are needed"
            raise WrongInput(f"line {number}", words, f"Write {', '.join(_COLUMNS)}; the reason may be left out.")
        wishes.append(Wish(line=number, flow=cells[0], bc_id=cells[1], procore_id=cells[2], reason="".join(cells[3:])))
    if not wishes:
        raise WrongInput("table", "it holds no pair", f"Write a line for each: {', '.join(_COLUMNS)}.")
    if len(wishes) > MOST:
        raise WrongInput("table", f"it holds {len(wishes)} pairs", f"Give at most {MOST} at a time.")
    return wishes


def as_table(wishes: Sequence[Wish]) -> str:
    """The same as text, to be read once more."""
    out = StringIO()
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(_COLUMNS)
    lines.writerows((wish.flow, wish.bc_id, wish.procore_id, wish.reason) for wish in wishes)
    return out.getvalue()


def _rows(table: str, mark: str) -> list[list[str]]:
    try:
        return list(csv.reader(StringIO(table), delimiter=mark, strict=True))
    except csv.Error as error:
        raise WrongInput("table", str(error), "Close every quotation mark, one pair to a line.") from error


async def judged(hub: Hub, connection: str, wishes: Sequence[Wish]) -> list[Judged]:
    """Which of them could be joined, by the rules of `link`; nothing is joined or kept.

    Raises  what the systems raise when they can't say what they hold.
    """
    await hub.projector.catch_up()
    async with hub.pair(connection) as pair:
        looking = _Looking(hub, pair)
        return [await looking.judge(wish) for wish in wishes]


class _Looking:
    """Looks at pairs one after the other; each list of Procore is read once."""

    def __init__(self, hub: Hub, pair: Pair) -> None:
        self._hub = hub
        self._pair = pair
        self._records = Records(hub.ledger, pair.name, pair.mapping)
        self._lists: dict[Listing, Sequence[Json]] = {}
        self._taken: dict[tuple[str, str], int] = {}

    async def judge(self, wish: Wish) -> Judged:
        """Whether a pair could be joined, and what stands against it."""
        try:
            flow = linkable(wish.flow)
            if not self._pair.enabled(flow):
                return Judged(wish=wish, fine=False, why=f"{flow.name} is off in the configuration")
            id_ = await record_called(self._hub, self._pair, flow, wish.bc_id)
            record = (await self._records.load([id_]))[id_]
            _once(self._taken, wish, str(id_))
            joining = Joining(self._hub, self._pair, self._records, flow, self._lists)
            place = await joining.look(record, wish.procore_id)
        except (NotJoined, Halted) as error:
            return Judged(wish=wish, fine=False, why=str(error))
        why = "can be joined" if place else "is linked with it already"
        return Judged(wish=wish, fine=True, why=why, number=record.number)


def _once(taken: dict[tuple[str, str], int], wish: Wish, record: str) -> None:
    """Neither side may stand in two lines."""
    for key in ((wish.flow, f"record {record}"), (wish.flow, f"counterpart {wish.procore_id}")):
        before = taken.setdefault(key, wish.line)
        if before != wish.line:
            raise NotJoined(f"line {before} names {'the same record' if 'record' in key[1] else 'it'} already")


async def link_one(hub: Hub, connection: str, wish: Wish, *, actor: str, reason: str) -> Judged:
    """Joins one of them, looked at afresh; its own reason goes before the one for all.

    Raises  Locked, and what the systems raise.
    """
    try:
        done = await link(
            hub,
            wish.flow,
            wish.bc_id,
            wish.procore_id,
            connection=connection,
            actor=actor,
            reason=wish.reason or reason,
        )
    except Halted as error:
        return Judged(wish=wish, fine=False, why=str(error))
    return Judged(wish=wish, fine=done.done, why=done.message, number=done.number)
