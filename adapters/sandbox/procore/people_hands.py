"""The hands of a Procore user on people and crews, for tests and rehearsals."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from adapters.sandbox.procore import crews, people
from adapters.sandbox.procore.state import Row, State


@dataclass(frozen=True)
class People:
    """What a directory administrator does."""

    state: State

    def add(self, first_name: str, last_name: str, *, login: str = "", **fields: Any) -> Row:
        """A person of the company; `login` is an e-mail address and makes a user of a reference person.

        Raises  Invalid
        """
        user = {"email": login, "user_id": self.state.new_id()} if login else {}
        return people.write(self.state, None, {"first_name": first_name, "last_name": last_name} | user | fields)

    def change(self, person_id: int, **fields: Any) -> Row:
        """Fields of a person, such as `employee_id` or `active`.

        Raises  Invalid
        """
        return people.write(self.state, self.state.table(people.PEOPLE)[person_id], fields)

    def add_to_project(self, project_id: int, person_id: int) -> None:
        """Puts a person into the directory of a project."""
        people.add_to_project(self.state, project_id, person_id)

    def add_crew(self, project_id: int, name: str, members: Iterable[int] = (), lead: int | None = None) -> Row:
        """A crew of a project, of people by id.

        Raises  Invalid
        """
        return crews.write(self.state, project_id, name, list(members), lead)
