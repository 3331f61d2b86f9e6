"""What a user of the web client does with change orders, their custom fields, and prime contracts."""

from collections.abc import Iterable
from typing import Any, Literal

from adapters.sandbox.procore import custom_fields, prime_contracts
from adapters.sandbox.procore.change_order_records import (
    LINES,
    MOST_TIERS,
    PACKAGES,
    POTENTIALS,
    REQUESTS,
    SIDES,
    TIERS,
    create,
    lock_text,
    locked,
    potentials,
    remove,
    tiers,
    write_line,
    write_package,
    write_potential,
)
from adapters.sandbox.procore.state import Invalid, Row, State
from domain.values import Json

NPC, TYPE = "NPC", "Change Order Type"
"""Labels of the two custom fields that tell what a change order is (G11)."""


class Changes:
    """Change orders by hand, under the same rules as the API: raises `Invalid` where Procore would refuse.

    An order is named by the id of its package or by its id in the unified view; what is returned is the package, whose
    `change_order_id` is the latter (None in a project of three tiers).
    """

    def __init__(self, state: State) -> None:
        self._state = state

    def set_tiers(self, project_id: int, number: Literal[1, 2, 3]) -> None:
        """How many tiers a project has. With orders in it the number stays: what else would happen is told nowhere."""
        if number != tiers(self._state, project_id) and self._state.find(PACKAGES, project_id=project_id):
            raise Invalid(tiers="cannot be changed while the project has change orders")
        row = self._state.find(TIERS, project_id=project_id)
        if row is None:
            self._state.insert(TIERS, {"project_id": project_id, "tiers": number})
        else:
            self._state.change(TIERS, row, {"tiers": number})

    def add_prime_contract(self, project_id: int, **fields: Any) -> Row:
        """A prime contract; its `grand_total` is decimal text."""
        return prime_contracts.write(self._state, project_id, None, fields)

    def set_prime_contract(self, contract_id: int, **fields: Any) -> Row:
        """Fields of a prime contract."""
        contract = self._state.table(prime_contracts.PRIME_CONTRACTS)[contract_id]
        return prime_contracts.write(self._state, contract["project_id"], contract, fields)

    def define_field(self, label: str, data_type: str, entries: Iterable[str] = ()) -> Row:
        """A custom field of the company; `entries` are the labels of a `lov_entry`."""
        return custom_fields.define(self._state, label, data_type, entries)

    def add(
        self,
        project_id: int,
        *,
        contract_id: int,
        side: Literal["prime", "commitment"] = "prime",
        title: str = "Change",
        lines: Iterable[Json] = (),
        status: str = "draft",
        npc: object = None,
        kind: str | None = None,
        **fields: Any,
    ) -> Row:
        """An order with its lines; the status is set last, as approved lines are locked (G9).

        `npc` and `kind` fill the two custom fields; `number` and other header fields come in `fields`.
        """
        values = {"contract_id": contract_id, "title": title} | self._named(npc, kind) | fields
        package = create(self._state, SIDES[side], project_id, values)
        for line in lines:
            write_line(self._state, next(potentials(self._state, package)), None, line)
        return self.set_status(package["id"], status)

    def add_potential(self, id: int, *, title: str = "Potential change", lines: Iterable[Json] = ()) -> Row:
        """One more potential change order in the package of a project of three tiers."""
        package = self.package(id)
        if tiers(self._state, package["project_id"]) < MOST_TIERS:
            raise Invalid(base="a package has one potential change order behind it")
        if locked(self._state, package):
            raise Invalid(base=lock_text(package))
        request = self._state.find(REQUESTS, change_order_package_id=package["id"])
        common = {name: package[name] for name in ("project_id", "side", "contract_id")}
        place = 1 + self._state.count(POTENTIALS, contract_id=package["contract_id"])
        linked = {"number": f"{place:03}", "title": title, "change_order_request_id": request and request["id"]}
        potential = write_potential(self._state, package, None, common | linked)
        for line in lines:
            write_line(self._state, potential, None, line)
        return potential

    def set_status(self, id: int, status: str) -> Row:
        """The status of an order, in the words of G5."""
        return self.set_fields(id, status=status)

    def set_fields(self, id: int, *, npc: object = None, kind: str | None = None, **fields: Any) -> Row:
        """Header fields of an order; a custom field also as `custom_field_<id>`."""
        package = self.package(id)
        values = self._named(npc, kind) | fields
        return write_package(self._state, SIDES[package["side"]], package["project_id"], package, values)

    def add_line(self, id: int, **values: Any) -> Row:
        """One more line of an order (of its first potential change order), unless it is approved."""
        package = self.package(id)
        if locked(self._state, package):
            raise Invalid(base=lock_text(package))
        return write_line(self._state, next(potentials(self._state, package)), None, values)

    def set_line(self, line_id: int, **values: Any) -> Row:
        """Fields of one line, whatever the status: what an administrator does with the lock switched off (O6)."""
        line = self._state.table(LINES)[line_id]
        potential = self._state.table(POTENTIALS)[line["potential_change_order_id"]]
        return write_line(self._state, potential, line, values)

    def remove(self, id: int) -> None:
        """Deletes an order, unless it is approved (G9)."""
        remove(self._state, self.package(id))

    def package(self, id: int) -> Row:
        """The package of an order.

        Raises  LookupError
        """
        found = self._state.get(PACKAGES, id) or self._state.find(PACKAGES, change_order_id=id)
        if found is None:
            raise LookupError(f"change order {id}")
        return found

    def _named(self, npc: object, kind: str | None) -> Json:
        """Both custom fields under their ids; a field that the company lacks is defined on the way."""
        values: Json = {}
        if npc is not None:
            field = custom_fields.labelled(self._state, NPC) or self.define_field(NPC, "boolean")
            values[f"{custom_fields.PREFIX}{field['id']}"] = npc
        if kind is not None:
            field = custom_fields.labelled(self._state, TYPE) or self.define_field(TYPE, "string")
            entries = {entry["label"]: entry["id"] for entry in field["entries"]}
            values[f"{custom_fields.PREFIX}{field['id']}"] = entries.get(kind, kind)
        return values
