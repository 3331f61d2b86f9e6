"""Crews of a project: people who are entered together, one of them the lead."""

from adapters.sandbox.procore.kernel import Answer, Call, Route, listed, not_found, ordered, page
from adapters.sandbox.procore.people import PEOPLE, as_user
from adapters.sandbox.procore.state import Invalid, Row, State
from domain.values import Json

CREWS = "crews"


def short(crew: Row | None) -> Json | None:
    """A crew as a company timecard names it."""
    return {"id": crew["id"], "name": crew["name"]} if crew else None


def show(state: State, crew: Row) -> Json:
    """A crew. `employees` and `lead` hold logins and miss reference persons; `members` and `lead_party` hold all."""
    lead = state.get(PEOPLE, crew["lead_id"])
    members = [person for id in crew["member_ids"] if (person := state.get(PEOPLE, id)) is not None]
    return {
        **crew,
        "company_id": state.company_id,
        "employees": [user for person in members if (user := as_user(person)) is not None],
        "created_by": as_user(lead),
        "lead": as_user(lead),
        "lead_party": _party(lead) if lead else None,
        "members": [_party(person) for person in members],
    }


def _party(person: Row) -> Json:
    return {**person, "is_active": person["active"]}


def write(state: State, project_id: int, name: str, member_ids: list[int], lead_id: int | None) -> Row:
    """A new crew, made by its lead; the description has no operation that writes one.

    Raises  Invalid
    """
    known = [*member_ids, *([lead_id] if lead_id is not None else [])]
    if any(state.get(PEOPLE, id) is None for id in known):
        raise Invalid(members="are not people of the company")
    people: Json = {"member_ids": member_ids, "lead_id": lead_id}
    return state.insert(CREWS, {"project_id": project_id, "name": name} | people)


def _list_all(call: Call) -> Answer:
    rows, headers = page(call, listed(call, ordered(call, call.state.rows(CREWS, project_id=call.project["id"]))))
    return Answer([show(call.state, crew) for crew in rows], headers=headers)


def _show_one(call: Call) -> Answer:
    crew = call.state.get(CREWS, call.path["id"], project_id=call.project["id"])
    if crew is None:
        raise not_found("crew")
    return Answer(show(call.state, crew))


ROUTES = (
    Route("GET", "/rest/v1.0/projects/{project_id}/crews", _list_all, project="path"),
    Route("GET", "/rest/v1.0/projects/{project_id}/crews/{id}", _show_one, project="path"),
)
