"""People of the company and of its projects: users and reference persons, who have no login (V6, T10)."""

from collections.abc import Iterable

from adapters.sandbox.procore.directory import VENDORS, company_of
from adapters.sandbox.procore.kernel import Answer, Call, Route, not_found, ordered, page, required, without
from adapters.sandbox.procore.state import Row, State
from domain.values import Json

PEOPLE = "people"
PROJECT_PEOPLE = "project_people"

PROJECT_VIEWS = {"normal": 1, "extended": 1, "web": 2}
"""Views of a project person among the alternatives of the description.

The first alternative there is a project, which no person is; the normal view is printed nowhere and answered as the
extended one.
"""

_EQUAL = ("state_code", "country_code", "job_title", "vendor_id", "trade_id", "permission_template_id")
_SEARCHED = ("email", "mobile_phone", "business_phone", "fax_number", "job_title")


def full_name(person: Row) -> str:
    """First and last name; the first may be missing (V6)."""
    return " ".join(part for part in (person.get("first_name"), person["last_name"]) if part)


def as_user(person: Row | None) -> Json | None:
    """The login of a person as other records name it; None for a reference person."""
    if person is None or person["user_id"] is None:
        return None
    return {"id": person["user_id"], "login": person.get("email"), "name": full_name(person)}


def as_party(person: Row | None) -> Json | None:
    """A person as a timecard names its worker (T10)."""
    return {"id": person["id"], "name": full_name(person)} if person else None


def show(state: State, person: Row) -> Json:
    """A person with everything that any view of the company or of a project shows."""
    vendor = state.get(VENDORS, person.get("vendor_id"))
    return {
        **person,
        "contact": {"is_active": person["active"], "email": person.get("email")},
        "vendor": {"id": vendor["id"], "name": vendor["name"]} if vendor else None,
        "initials": "".join(part[0] for part in full_name(person).split()),
        "reference_user": person["user_id"] is None,
        "connected": _connected(person),
        "erp_integrated_accountant": False,
    }


def _connected(person: Row) -> bool:
    """Whether a person counts as a connected user, which is not explained: here an active one with a login."""
    return person["user_id"] is not None and person["active"]


def write(state: State, person: Row | None, values: Json) -> Row:
    """Makes or changes a person; only the last name is required, and no two need differ in anything (V6).

    Raises  Invalid
    """
    required(values, person, "last_name")
    if person is not None:
        return state.change(PEOPLE, person, values)
    usual: Json = {"first_name": None, "is_employee": False, "employee_id": None, "active": True, "user_id": None}
    return state.insert(PEOPLE, usual | {"work_classification_id": None, "origin_id": None} | values)


def add_to_project(state: State, project_id: int, person_id: int) -> None:
    """Puts a person into the directory of a project; twice is once."""
    if state.find(PROJECT_PEOPLE, project_id=project_id, person_id=person_id) is None:
        state.insert(PROJECT_PEOPLE, {"project_id": project_id, "person_id": person_id})


# Routes


def _kept(call: Call, rows: Iterable[Row]) -> list[Row]:
    """The filters of both lists. There is none on `origin_id`, `employee_id` or `updated_at` (F5)."""
    kept = list(rows)
    if call.one("filters[is_employee]") is not None:
        kept = [person for person in kept if person["is_employee"] is call.flag("filters[is_employee]")]
    if call.one("filters[connected]") is not None:
        kept = [person for person in kept if _connected(person) is call.flag("filters[connected]")]
    if call.flag("filters[without_reference_users]"):
        kept = [person for person in kept if person["user_id"] is not None]
    if call.flag("filters[reference_users_only]"):
        kept = [person for person in kept if person["user_id"] is None]
    search = call.one("filters[search]")
    if search is not None:
        kept = [person for person in kept if _matches(person, search.casefold())]
    for name in _EQUAL:
        wanted = call.many(f"filters[{name}]")
        if wanted is not None:
            kept = [person for person in kept if str(person.get(name)) in wanted]
    return kept


def _matches(person: Row, wanted: str) -> bool:
    """The search looks at names, addresses, numbers and the job title, not at the employee id."""
    places = [full_name(person), *(str(person.get(name) or "") for name in _SEARCHED)]
    return any(wanted in place.casefold() for place in places)


def _list_company(call: Call) -> Answer:
    """Active and inactive people alike, as no filter tells them apart."""
    company_of(call)
    rows, headers = page(call, ordered(call, _kept(call, call.state.rows(PEOPLE))))
    return Answer([show(call.state, person) for person in rows], headers=headers)


def _create(call: Call) -> Answer:
    company_of(call)
    return Answer(show(call.state, write(call.state, None, call.body["person"])))


def _update(call: Call) -> Answer:
    """`last_name` is sent again by schema."""
    company_of(call)
    person = call.state.get(PEOPLE, call.path["id"])
    if person is None:
        raise not_found("person")
    return Answer(show(call.state, write(call.state, person, call.body["person"])))


def _list_project(call: Call) -> Answer:
    """People of the project's directory, those of the whole company when `include_company_people` is on.

    `origin_id` is null: the description makes a number of it here and text in the company's list.
    """
    state = call.state
    people = state.rows(PEOPLE)
    if not call.flag("filters[include_company_people]"):
        ids = {member["person_id"] for member in state.rows(PROJECT_PEOPLE, project_id=call.project["id"])}
        people = (person for person in people if person["id"] in ids)
    full = [without(show(state, person), "origin_id") for person in _kept(call, people)]
    full.sort(key=lambda person: (*_place(call, person), person["id"]))
    rows, headers = page(call, full)
    return Answer(rows, view=PROJECT_VIEWS[call.one("view") or "normal"], headers=headers)


def _place(call: Call, person: Json) -> tuple[str, ...]:
    match call.one("sort"):
        case "name":
            return (full_name(person).casefold(),)
        case "vendor_name":
            return ((person["vendor"] or {"name": ""})["name"].casefold(),)
        case "job_title":
            return (str(person.get("job_title") or "").casefold(),)
        case _:
            return ()


ROUTES = (
    Route("GET", "/rest/v1.0/companies/{company_id}/people", _list_company),
    Route("POST", "/rest/v1.0/companies/{company_id}/people", _create),
    Route("PATCH", "/rest/v1.0/companies/{company_id}/people/{id}", _update),
    Route("GET", "/rest/v1.0/projects/{project_id}/people", _list_project, project="path"),
)
