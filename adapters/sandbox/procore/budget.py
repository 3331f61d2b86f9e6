"""The budget of a project: its lock and its lines (B1 to B5, Z4)."""

from decimal import Decimal

from adapters.sandbox.procore.company import is_unit
from adapters.sandbox.procore.figures import AUTOMATIC, numeral, reckoned
from adapters.sandbox.procore.kernel import Answer, Call, Route, misbehave, not_found, rows_of, without
from adapters.sandbox.procore.state import Invalid, Row, State
from adapters.sandbox.procore.wbs_codes import BUDGET_LINES, WBS_CODES, flat_code, usable
from domain.values import Json

BUDGET_LOCKS = "budget_locks"
"""One row for each locked budget."""

TOOL = "budget"
CURRENCY: Json = {"currency_iso_code": "USD"}

_FROZEN = ("original_budget_amount", "quantity", "unit_cost", "uom", "calculation_strategy", "wbs_code_id")
"""What the original budget consists of. Guides name the amount alone (B5); the lock is read as covering all of it."""


def is_locked(state: State, project_id: int) -> bool:
    """B5: while locked the original budget is frozen."""
    return state.find(BUDGET_LOCKS, project_id=project_id) is not None


def lock(state: State, project_id: int) -> None:
    """Locks the budget; twice is once."""
    if not is_locked(state, project_id):
        state.insert(BUDGET_LOCKS, {"project_id": project_id})


def unlock(state: State, project_id: int) -> None:
    """Unlocks the budget. There are no transfers to destroy: budget changes have replaced them (B6)."""
    row = state.find(BUDGET_LOCKS, project_id=project_id)
    if row is not None:
        state.remove(BUDGET_LOCKS, row)


def line_of(state: State, project_id: int, wbs_code_id: int) -> Row | None:
    """The one budget line of a budget code (B3)."""
    return state.find(BUDGET_LINES, project_id=project_id, wbs_code_id=wbs_code_id)


def show_code(state: State, wbs_code_id: int) -> Json:
    """A budget code as lines of all kinds show it."""
    code = state.table(WBS_CODES)[wbs_code_id]
    return {"id": code["id"], "flat_code": flat_code(state, code), "description": code["description"]}


def show(state: State, line: Row) -> Json:
    """A budget line; figures are numbers (section 9)."""
    figures = {name: numeral(line[name]) for name in ("original_budget_amount", "quantity", "unit_cost")}
    return {
        **line,
        **figures,
        "calculation_strategy": line.get("calculation_strategy"),
        "wbs_code": show_code(state, line["wbs_code_id"]),
        "currency_configuration": CURRENCY,
    }


def planned(state: State, project_id: int, line: Row | None, values: Json) -> Json:
    """What a line is to hold, checked, without writing it.

    Raises  Invalid: a code that is unknown, inactive or has a line (B3, Z4), a unit outside the list, a locked budget
    """
    kept = dict(values)
    if line is None and is_locked(state, project_id):
        raise Invalid(base="cannot be created while the budget is locked")
    if line is None or kept.get("wbs_code_id", line["wbs_code_id"]) != line["wbs_code_id"]:
        code = usable(state, project_id, kept)
        if line_of(state, project_id, code["id"]) is not None:
            raise Invalid(wbs_code_id="already has a budget line item")
    if kept.get("uom") and not is_unit(state, kept["uom"]):
        raise Invalid(uom="is not in the list of units of the company")
    merged = (line or {}) | kept
    kept |= reckoned(merged, sent="original_budget_amount", way="calculation_strategy", calculated=AUTOMATIC)
    if line is not None and is_locked(state, project_id):
        _refuse_frozen(line, kept)
    return {"uom": None} | kept if line is None else kept


def _refuse_frozen(line: Row, kept: Json) -> None:
    """B5. The way of reckoning that an automatic line (W20) does not have yet is no change of the budget."""
    before = {"calculation_strategy": kept["calculation_strategy"]} | line
    differing = [name for name in _FROZEN if name in kept and kept[name] != before.get(name)]
    if differing:
        raise Invalid(**dict.fromkeys(differing, "cannot be changed while the budget is locked"))


def put(state: State, project_id: int, line: Row | None, kept: Json) -> Row:
    """Writes what `planned` has checked. A line that somebody wrote is no longer one that made itself (W20)."""
    if line is not None:
        return state.change(BUDGET_LINES, line, kept | {"automatic": False})
    made = state.insert(BUDGET_LINES, kept | {"project_id": project_id, "automatic": False})
    state.mark("budgeted", state.table(WBS_CODES)[made["wbs_code_id"]]["items"].values())
    return made


def write(state: State, project_id: int, line: Row | None, values: Json) -> Row:
    """Makes or changes a budget line.

    Raises  Invalid, see `planned`
    """
    return put(state, project_id, line, planned(state, project_id, line, values))


# Routes


def _meta(call: Call) -> Answer:
    return Answer({"locked": is_locked(call.state, call.project["id"])})


def _lock(call: Call) -> Answer:
    lock(call.state, call.project["id"])
    return _meta(call)


def _unlock(call: Call) -> Answer:
    unlock(call.state, call.project["id"])
    return _meta(call)


def _found(call: Call) -> Row:
    line = call.state.get(BUDGET_LINES, call.path["id"], project_id=call.project["id"])
    if line is None:
        raise not_found("budget line item")
    return line


def _show(call: Call) -> Answer:
    return Answer(show(call.state, _found(call)))


def _create(call: Call) -> Answer:
    return Answer(show(call.state, write(call.state, call.project["id"], None, call.body["budget_line_item"])))


def _update(call: Call) -> Answer:
    return Answer(show(call.state, write(call.state, call.project["id"], _found(call), call.body["budget_line_item"])))


def sync_lines(call: Call) -> Answer:
    """Upserts by `id` or `wbs_code_id` and answers a plain array (section 10, exceptions); all rows or none (Z4).

    Raises  Invalid with the messages of every bad row. Their form is printed nowhere; each names the row's number.
    """
    state, id = call.state, call.project["id"]
    plans: list[tuple[Row | None, Json, bool]] = []
    errors: dict[str, list[str]] = {}
    met: set[int] = set()
    for number, values in enumerate(rows_of(call, "budget_line_items"), start=1):
        try:
            silent = misbehave(call)
            line = _target(call, values)
            _once(met, {values["wbs_code_id"], line["wbs_code_id"] if line else values["wbs_code_id"]})
            plans.append((line, planned(state, id, line, without(values, "id")), silent))
        except Invalid as broken:
            for name, texts in broken.errors.items():
                errors.setdefault(name, []).extend(f"row {number}: {text}" for text in texts)
    if errors:
        raise Invalid(**errors)
    written = [(put(state, id, line, kept), silent) for line, kept, silent in plans]
    return Answer(state.shuffled([show(state, line) for line, silent in written if not silent], BUDGET_LINES))


def _target(call: Call, values: Json) -> Row | None:
    if values.get("id") is None:
        return line_of(call.state, call.project["id"], values["wbs_code_id"])
    line = call.state.get(BUDGET_LINES, values["id"], project_id=call.project["id"])
    if line is None:
        raise Invalid(id="Entity with this ID not found")
    return line


def _once(met: set[int], codes: set[int]) -> None:
    """S7, for codes: which of two rows on one code would win is undefined, so the second is refused."""
    if met & codes:
        raise Invalid(wbs_code_id="appears more than once in this call")
    met |= codes


def _modifications(_call: Call) -> Answer:
    """B6: budget changes are on in this company, so nothing is ever modified; a write is a 405 with `Allow: GET`."""
    return Answer([])


def original(line: Row | None) -> Decimal:
    """The original amount, zero where there is no line."""
    return Decimal(line["original_budget_amount"]) if line else Decimal(0)


_BUDGET = "/rest/v1.0/projects/{project_id}/budget"

ROUTES = (
    Route("GET", _BUDGET, _meta, project="path", tool=TOOL),
    Route("POST", f"{_BUDGET}/lock", _lock, project="path", tool=TOOL),
    Route("DELETE", f"{_BUDGET}/lock", _unlock, project="path", tool=TOOL),
    Route("GET", f"{_BUDGET}_modifications", _modifications, project="path", tool=TOOL),
    Route("POST", "/rest/v1.1/budget_line_items", _create, project="body", tool=TOOL),
    Route("POST", "/rest/v1.0/budget_line_items/sync", sync_lines, project="body", tool=TOOL),
    Route("GET", "/rest/v1.1/budget_line_items/{id}", _show, project="query", tool=TOOL),
    Route("PATCH", "/rest/v1.1/budget_line_items/{id}", _update, project="body", tool=TOOL),
)
