"""People of the company and of its projects, with a login and without, and their crews."""

import pytest

from adapters.sandbox.procore import Procore
from tests.adapters.sandbox.procore.harness import Api


@pytest.fixture
def people(procore: Procore) -> str:
    return f"/rest/v1.0/companies/{procore.state.company_id}/people"


@pytest.fixture
def anna(procore: Procore) -> int:
    """A worker without login."""
    id: int = procore.people.add("Anna", "Lund", employee_id="E100", is_employee=True)["id"]
    return id


@pytest.fixture
def olaf(procore: Procore) -> int:
    """A user."""
    id: int = procore.people.add("Olaf", "Berg", login="olaf@example.com", job_title="Foreman")["id"]
    return id


async def test_only_the_last_name_is_needed(api: Api, people: str) -> None:
    made = await api.call("POST", people, None, {"person": {"last_name": "Lund"}})
    nameless = await api.call("POST", people, None, {"person": {"first_name": "Anna"}}, strict=False)
    blank = await api.call("POST", people, None, {"person": {"last_name": ""}})

    assert (made.status, made.body["last_name"], made.body["user_id"]) == (201, "Lund", None)
    assert (nameless.status, blank.status) == (400, 422)


async def test_an_update_needs_the_last_name_again(api: Api, people: str, anna: int) -> None:
    bare = await api.call("PATCH", f"{people}/{anna}", None, {"person": {"employee_id": "E7"}}, strict=False)
    body = {"person": {"last_name": "Lund", "employee_id": "E7", "active": False}}
    full = await api.call("PATCH", f"{people}/{anna}", None, body)
    unknown = await api.call("PATCH", f"{people}/5", None, body)

    assert (bare.status, unknown.status) == (400, 404)
    assert (full.body["employee_id"], full.body["contact"]["is_active"]) == ("E7", False)


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, ["Lund", "Berg"]),
        ({"filters[is_employee]": "true"}, ["Lund"]),
        ({"filters[is_employee]": "false"}, ["Berg"]),
        ({"filters[reference_users_only]": "true"}, ["Lund"]),
        ({"filters[without_reference_users]": "true"}, ["Berg"]),
        ({"filters[connected]": "true"}, ["Berg"]),
        ({"filters[job_title]": "Foreman"}, ["Berg"]),
        ({"filters[search]": "anna l"}, ["Lund"]),
        ({"filters[search]": "OLAF@"}, ["Berg"]),
        ({"filters[search]": "E100"}, []),
        ({"filters[trade_id]": "[1]"}, []),
        ({"per_page": "1", "page": "2"}, ["Berg"]),
    ],
)
@pytest.mark.usefixtures("anna", "olaf")
async def test_people_are_found_by_what_the_description_names(
    api: Api, people: str, filters: dict[str, str], found: list[str]
) -> None:
    assert [person["last_name"] for person in await api.get(people, **filters)] == found


@pytest.mark.usefixtures("olaf")
async def test_there_is_no_filter_on_the_employee_id(api: Api, people: str) -> None:
    reply = await api.call("GET", people, {"filters[employee_id]": "E100"}, strict=False)

    assert reply.status == 406


async def test_a_project_lists_its_own_people_and_those_of_the_company_when_asked(
    api: Api, procore: Procore, anna: int, olaf: int
) -> None:
    project = procore.add_project("Bridge")["id"]
    for _ in range(2):
        procore.people.add_to_project(project, anna)
    path = f"/rest/v1.0/projects/{project}/people"
    own = await api.get(path)
    everyone = await api.get(path, sort="name", **{"filters[include_company_people]": "true"})
    web = await api.get(path, view="web")

    assert [(person["id"], person["employee_id"]) for person in own] == [(anna, "E100")]
    assert [person["id"] for person in everyone] == [anna, olaf]
    assert (web[0]["reference_user"], web[0]["initials"]) == (True, "AL")
    assert "employee_id" not in web[0]


async def test_a_crew_names_users_apart_from_all_its_members(api: Api, procore: Procore, anna: int, olaf: int) -> None:
    project = procore.add_project("Bridge")["id"]
    crew = procore.people.add_crew(project, "Forming", [anna, olaf], olaf)["id"]
    path = f"/rest/v1.0/projects/{project}/crews"
    shown = await api.get(f"{path}/{crew}")
    late = await api.get(path, **{"filters[updated_at]": "2026-03-03...2026-03-04"})

    assert [user["login"] for user in shown["employees"]] == ["olaf@example.com"]
    assert [member["employee_id"] for member in shown["members"]] == ["E100", None]
    assert (shown["lead_party"]["id"], late) == (olaf, [])
    assert [row["name"] for row in await api.get(path)] == ["Forming"]
