"""What every resource of the stand-in shares: calls, answers, problems, lists, and the sync truth table."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, cast

import msgspec

from adapters.sandbox.faults import Fault
from adapters.sandbox.procore.contract import moment, window
from adapters.sandbox.procore.state import Invalid, Row, State
from domain.values import Json, cents, plain_number


class Problem(Exception):
    """A refusal of the whole call: a status and a body in one of the forms of section 7."""

    def __init__(self, status: int, body: Json, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{status} {body}")
        self.status = status
        self.body = body
        self.headers = dict(headers or {})


@dataclass
class Call:
    """One request, checked against the description: ids of the path, parameters, body without surprises."""

    state: State
    path: Mapping[str, int]
    query: Mapping[str, list[str]]
    body: Json
    base: str = ""
    wrong: Mapping[int, dict[str, list[str]]] = field(
        default_factory=dict[int, dict[str, list[str]]]
    )  # per row of a sync
    project: Row = field(default_factory=dict[str, Any])  # the permitted project that the call names, else empty
    trouble: Callable[[], Fault | None] = lambda: None  # what the next row of a bulk call meets on request

    def one(self, name: str) -> str | None:
        """A parameter that comes once."""
        values = self.query.get(name)
        return values[0] if values else None

    def number(self, name: str) -> int | None:
        """A parameter that is an integer."""
        value = self.one(name)
        return None if value is None else int(value)

    def many(self, name: str) -> list[str] | None:
        """All values of a filter, however they were written: repeated, `name[]`, or `[1,2]` (F1)."""
        values = [*self.query.get(name, []), *self.query.get(f"{name}[]", [])]
        if not values:
            return None
        return [part.strip() for value in values for part in value.strip("[]").split(",")]

    def flag(self, name: str) -> bool:
        """Whether a switch is given and on."""
        return self.one(name) in {"true", "1"}


@dataclass(frozen=True)
class Answer:
    """What a handler says.

    Shape   `view` picks among the alternatives of the description, -2 sends the body as it is; `sparse` leaves out what
            the body lacks instead of sending null; `status` other than the first described one goes without a body.
    """

    body: object = None
    view: int = 0
    sparse: bool = False
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    status: int = 0


@dataclass(frozen=True)
class Route:
    """An operation of the description and who serves it.

    `project` says where the project's id is found; `tool` which tool of the project must be on (section 7, 403).
    """

    method: Literal["GET", "POST", "PATCH", "PUT", "DELETE"]
    path: str
    serve: Callable[[Call], Answer]
    project: Literal["", "path", "query", "body", "id"] = ""
    tool: str = ""


def not_found(what: str = "") -> Problem:
    """404: it does not exist, or the account may not see it."""
    return Problem(404, {"errors": f"{what} not found".strip().capitalize()})


def unprocessable(errors: Mapping[str, list[str]]) -> Problem:
    """422: a business rule is broken."""
    return Problem(422, {"errors": dict(errors)})


def page(call: Call, rows: Iterable[Row], *, default: int = 0, largest: int = 0) -> tuple[list[Row], dict[str, str]]:
    """One page of a list and its headers `Link`, `Total`, `Per-Page` (P1, P2). A page too large is cut to the largest.

    Raises  Problem for a page below one.
    """
    everything = list(rows)
    largest = largest or call.state.settings.largest_page
    size = min(call.number("per_page") or default or call.state.settings.default_page, largest)
    number = call.number("page") or 1
    if size < 1 or number < 1:
        raise Problem(400, {"errors": "page and per_page start at 1"})
    last = max(1, -(-len(everything) // size))
    ends = {"first": 1, "prev": number - 1, "next": number + 1, "last": last}
    if number == 1:  # P2: page 1 carries only next and last
        del ends["first"], ends["prev"]
    elif number == 2:  # noqa: PLR2004 - P2: page 2 has first, next, last
        del ends["prev"]
    if number >= last:
        ends.pop("next", None)
        ends.pop("last", None)
    links = ", ".join(f'<{_at(call, at, size)}>; rel="{rel}"' for rel, at in ends.items())
    headers = {"Total": str(len(everything)), "Per-Page": str(size)} | ({"Link": links} if links else {})
    return everything[(number - 1) * size : number * size], headers


def _at(call: Call, number: int, size: int) -> str:
    kept = [(name, value) for name, values in call.query.items() for value in values]
    rest = [f"{name}={value}" for name, value in kept if name not in {"page", "per_page"}]
    return f"{call.base}?{'&'.join([*rest, f'page={number}', f'per_page={size}'])}"


def listed(call: Call, rows: Iterable[Row], *equal: str) -> list[Row]:
    """Rows that pass the usual filters: id, origin_id, created_at, updated_at, and those named in `equal` (F1, F2)."""
    kept = list(rows)
    for name in ("id", "origin_id", *equal):
        wanted = call.many(f"filters[{name}]")
        if wanted is not None:
            kept = [row for row in kept if str(row.get(name)) in wanted]
    for name in ("created_at", "updated_at"):
        span = call.one(f"filters[{name}]")
        if span is not None:
            begin, end = window(span)
            kept = [row for row in kept if (at := moment(row[name])) is not None and begin <= at <= end]
    return kept


def ordered(call: Call, rows: Iterable[Row]) -> list[Row]:
    """F4: `sort=name` ascending, `sort=-name` descending; by id where nothing is asked."""
    wanted = call.one("sort") or "id"
    key = wanted.removeprefix("-")
    return sorted(rows, key=lambda row: (row.get(key) is None, row.get(key)), reverse=wanted.startswith("-"))


def sync(
    call: Call,
    table: str,
    write: Callable[[Row | None, Json], Row],
    show: Callable[[Row], Json],
    *,
    rows: str = "updates",
    **scope: object,
) -> Answer:
    """The sync action: always 200, `entities` and `errors` (S1 to S7, and the table of section 10).

    `write` makes a row (`None`) or changes one, and raises Invalid; `scope` are fields that a found row must have.

    Raises  Problem for more than 1000 rows: the call as a whole is refused before any row is tried (S2, S4).
    """
    updates = rows_of(call, rows)
    entities: list[Json] = []
    errors: list[Json] = []
    met: set[str] = set()
    for number, update in enumerate(updates):
        try:
            refuse_wrong(call, number)
            _once(update, met)
            unanswered = misbehave(call)
            entity = show(write(_target(call.state, table, update, scope), without(update, "id")))
            if not unanswered:
                entities.append(entity)
        except Invalid as broken:
            errors.append({**update, "errors": broken.errors})
    return Answer({"entities": call.state.shuffled(entities, table), "errors": errors})


def misbehave(call: Call) -> bool:
    """What a row of a bulk call meets on request; true when it is to be carried out without a word about it.

    Raises  Invalid
    """
    fault = call.trouble()
    if fault is not None and not fault.handled:
        raise Invalid(base=f"Something went wrong ({fault.answer_status})")
    return fault is not None


def refuse_wrong(call: Call, number: int) -> None:
    """Refuses a row with a value outside its list, such as an unknown status.

    Raises  Invalid
    """
    if number in call.wrong:
        raise Invalid(**call.wrong[number])


def _once(update: Json, met: set[str]) -> None:
    """S7: two rows with one origin id are undefined; the second is refused here so that nobody leans on it."""
    origin = update.get("origin_id")
    if origin and origin in met:
        raise Invalid(origin_id="appears more than once in this call")
    if origin:
        met.add(origin)


def _target(state: State, table: str, update: Json, scope: Mapping[str, object]) -> Row | None:
    if update.get("id") is not None:  # an unknown id is an error, even if the origin id exists
        found = state.get(table, update["id"], **scope)
        if found is None:
            raise Invalid(id="Entity with this ID not found")
        return found
    return state.find(table, origin_id=update["origin_id"], **scope) if update.get("origin_id") else None


def rows_of(call: Call, key: str = "updates") -> list[Json]:
    """The rows of a bulk call.

    Raises  Problem 413 for more than 1000 (S2).
    """
    rows = cast("list[Json]", call.body.get(key) or [])
    if len(rows) > call.state.settings.max_rows:
        text = f"Too many rows: at most {call.state.settings.max_rows} in one call"
        raise Problem(call.state.settings.too_many_rows_status, {"errors": text})
    return rows


def without(values: Json, *names: str) -> Json:
    """The same values without some."""
    return {name: value for name, value in values.items() if name not in names}


def required(values: Json, row: Row | None, *names: str) -> None:
    """Refuses a new row that lacks a field, and a change that blanks one.

    Raises  Invalid
    """
    blank = [name for name in names if not values.get(name) and (row is None or name in values)]
    if blank:
        raise Invalid(**dict.fromkeys(blank, "can't be blank"))


def decimal(values: Json, name: str) -> Decimal | None:
    """A decimal text of the wire (section 9).

    Raises  Invalid when it is no plain number: no thousands separator, no currency, no exponent.
    """
    value = values.get(name)
    if value is None or value == "":
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise Invalid(**{name: "is not a number"}) from None
    if not number.is_finite() or "e" in str(value).lower():
        raise Invalid(**{name: "is not a number"})
    return number


def decimal_text(value: Decimal | None) -> str | None:
    """`0.0`, `12.5`, `1234.56`: Procore drops trailing zeros but keeps one place (section 9 shows strings)."""
    if value is None:
        return None
    text = plain_number(value)
    return text if "." in text else f"{text}.0"


def amount(value: Decimal) -> Decimal:
    """Rounded to the cent."""
    return cents(value)


def to_json(value: object) -> bytes:
    """JSON with decimals as exact number literals, never through a float."""
    return msgspec.json.Encoder(decimal_format="number").encode(value)
