"""Company and project directory: the account itself, companies, vendors, vendors of a project (section 18)."""

from collections.abc import Iterable

from adapters.sandbox.procore.kernel import (
    Answer,
    Call,
    Problem,
    Route,
    listed,
    not_found,
    ordered,
    page,
    required,
    sync,
    unprocessable,
    without,
)
from adapters.sandbox.procore.places import check_place
from adapters.sandbox.procore.state import Invalid, Row, State
from domain.values import Json

VENDORS = "vendors"
MEMBERS = "project_vendors"

SHOWN = ("compact", "normal", "erp", "extended", "directory", "summary")
"""Views of a company vendor, in the order of the description's alternatives; extended is the default (V4)."""


def _me(call: Call) -> Answer:
    name = "SiteLedger" if call.number("company_id") or call.number("project_id") else None
    return Answer({"id": call.state.service_user_id, "login": "dmsa@sandbox.example", "name": name})


def _companies(call: Call) -> Answer:
    rows, headers = page(call, [company(call.state) | {"is_active": True, "my_company": True}])
    return Answer(rows, headers=headers)


def company(state: State) -> Json:
    """The short form of the company that others refer to."""
    return {"id": state.company_id, "name": state.company_name}


def show(state: State, vendor: Row) -> Json:
    """A vendor with everything that any view shows."""
    register = vendor.get("business_register")
    parent = state.get(VENDORS, vendor.get("parent_id"))
    projects = [member["project_id"] for member in state.rows(MEMBERS, vendor_id=vendor["id"])]
    return {
        **vendor,
        "business_id": register["identifier"] if register else None,
        "company": vendor["name"],
        "company_vendor": False,
        "contact_count": 0,
        "children_count": sum(1 for _ in state.rows(VENDORS, parent_id=vendor["id"])),
        "legal_name": vendor["name"],
        "parent": {"id": parent["id"], "name": parent["name"]} if parent else None,
        "project_ids": projects,
        "projects_count": len(projects),
        "synced_to_erp": bool(vendor.get("origin_id")),  # O3: a filled origin id shows the "synced" banner
    }


def write(state: State, vendor: Row | None, values: Json) -> Row:
    """Makes or changes a company vendor.

    Raises  Invalid
    """
    required(values, vendor, "name")
    check_place(values, vendor)
    parent = values.get("parent_id")
    if parent is not None and state.get(VENDORS, parent) is None:
        raise Invalid(parent_id="is not a vendor of the company")
    kept = without(values, "business_register_attributes", "origin_custom_fields")
    register = values.get("business_register_attributes")
    if register is not None:
        old = (vendor or {}).get("business_register") or {"id": state.new_id(), "verification_status": None}
        kept["business_register"] = old | register
    if vendor is None:
        return state.insert(VENDORS, {"is_active": True} | kept)
    return state.change(VENDORS, vendor, kept)


def matches(vendor: Row, wanted: str) -> bool:
    """`filters[search]` looks at name, origin code and the ABN or EIN number."""
    register: Json | None = vendor.get("business_register")
    places = (vendor["name"], vendor.get("origin_code"), register["identifier"] if register else None)
    return any(wanted.casefold() in str(place).casefold() for place in places if place)


def _found(call: Call) -> Row:
    vendor = call.state.get(VENDORS, call.path["id"])
    if vendor is None:
        raise not_found("vendor")
    return vendor


def company_of(call: Call) -> None:
    """Section 18: a vendor belongs to the company that the call names; another one may not be seen."""
    named = call.body.get("company_id") or call.number("company_id") or call.path.get("company_id")
    if named != call.state.company_id:
        raise Problem(403, {"errors": "App is not connected to this company"})


def _list_company(call: Call) -> Answer:
    company_of(call)
    return _list(call, call.state.rows(VENDORS, is_active=True))  # V2: inactive ones are a list of their own


def _list_inactive(call: Call) -> Answer:
    company_of(call)
    return _list(call, call.state.rows(VENDORS, is_active=False))


def _list(call: Call, rows: Iterable[Row]) -> Answer:
    kept = listed(call, rows, "parent_id")
    for name in ("standard_cost_code_id", "trade_id"):
        if call.many(f"filters[{name}]") is not None:
            kept = []  # the sample company assigns neither
    search = call.one("filters[search]")
    if search is not None:
        kept = [vendor for vendor in kept if matches(vendor, search)]
    rows_, headers = page(call, ordered(call, kept))
    return Answer([show(call.state, vendor) for vendor in rows_], headers=headers)


def _show_company(call: Call) -> Answer:
    company_of(call)
    return Answer(show(call.state, _found(call)), view=SHOWN.index(call.one("view") or "extended"))


def _create(call: Call) -> Answer:
    company_of(call)
    return Answer(show(call.state, write(call.state, None, call.body["vendor"])))


def _update(call: Call) -> Answer:
    company_of(call)
    return Answer(show(call.state, write(call.state, _found(call), call.body["vendor"])))


def _sync_vendors(call: Call) -> Answer:
    company_of(call)
    state = call.state
    return sync(call, VENDORS, lambda row, values: write(state, row, values), lambda row: show(state, row))


def _reactivate(call: Call) -> Answer:
    company_of(call)
    vendor = _found(call)
    if vendor["is_active"]:
        raise not_found("inactive vendor")
    return Answer(show(call.state, call.state.change(VENDORS, vendor, {"is_active": True})))


# Vendors of a project


def is_member(state: State, project_id: int, vendor_id: int) -> bool:
    """Whether the project sees the vendor (V1)."""
    return state.find(MEMBERS, project_id=project_id, vendor_id=vendor_id) is not None


def add_member(state: State, project_id: int, vendor_id: int) -> None:
    """Adds a company vendor to a project; twice is once."""
    if not is_member(state, project_id, vendor_id):
        state.insert(MEMBERS, {"project_id": project_id, "vendor_id": vendor_id})


def _members(call: Call) -> list[Row]:
    ids = [member["vendor_id"] for member in call.state.rows(MEMBERS, project_id=call.project["id"])]
    return [vendor for id in ids if (vendor := call.state.get(VENDORS, id)) is not None]


def _member(call: Call) -> Row:
    vendor = _found(call)
    if not is_member(call.state, call.project["id"], vendor["id"]):
        raise not_found("vendor")
    return vendor


def _list_project(call: Call) -> Answer:
    kept = listed(call, _members(call), "parent_id")
    search = call.one("filters[search]")
    if search is not None:
        kept = [vendor for vendor in kept if matches(vendor, search)]
    rows, headers = page(call, ordered(call, kept))
    return Answer([show(call.state, vendor) for vendor in rows], view=1, headers=headers)


def _show_project(call: Call) -> Answer:
    return Answer(show(call.state, _member(call)))


def create_project(call: Call) -> Answer:
    """A vendor created in a project stands in the company and in the project (V1)."""
    vendor = write(call.state, None, call.body["vendor"])
    add_member(call.state, call.project["id"], vendor["id"])
    return Answer(show(call.state, vendor))


def _update_project(call: Call) -> Answer:
    return Answer(show(call.state, write(call.state, _member(call), call.body["vendor"])))


def add(call: Call) -> Answer:
    """V1: the project sees the vendor from now on. An inactive one cannot be added."""
    vendor = _found(call)
    if not vendor["is_active"]:
        raise unprocessable({"vendor": ["is inactive"]})
    add_member(call.state, call.project["id"], vendor["id"])
    return Answer(show(call.state, vendor))


def _remove(call: Call) -> Answer:
    vendor = _member(call)
    member = call.state.find(MEMBERS, project_id=call.project["id"], vendor_id=vendor["id"])
    if member is not None:
        call.state.remove(MEMBERS, member)
    return Answer()


ROUTES = (
    Route("GET", "/rest/v1.0/me", _me),
    Route("GET", "/rest/v1.0/companies", _companies),
    Route("GET", "/rest/v1.0/vendors", _list_company),
    Route("POST", "/rest/v1.0/vendors", _create),
    Route("PATCH", "/rest/v1.0/vendors/sync", _sync_vendors),
    Route("GET", "/rest/v1.0/vendors/{id}", _show_company),
    Route("PATCH", "/rest/v1.0/vendors/{id}", _update),
    Route("GET", "/rest/v1.0/companies/{company_id}/vendors/inactive", _list_inactive),
    Route("PATCH", "/rest/v1.0/companies/{company_id}/vendors/inactive/{id}", _reactivate),
    Route("GET", "/rest/v1.1/projects/{project_id}/vendors", _list_project, project="path"),
    Route("POST", "/rest/v1.1/projects/{project_id}/vendors", create_project, project="path"),
    Route("GET", "/rest/v1.1/projects/{project_id}/vendors/{id}", _show_project, project="path"),
    Route("PATCH", "/rest/v1.1/projects/{project_id}/vendors/{id}", _update_project, project="path"),
    Route("POST", "/rest/v1.1/projects/{project_id}/vendors/{id}/actions/add", add, project="path"),
    Route("DELETE", "/rest/v1.1/projects/{project_id}/vendors/{id}/actions/remove", _remove, project="path"),
)
