"""Insert, modify and delete as Business Central does them: for requests and, in Python, for people of the company."""

from base64 import b64encode
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any, cast
from uuid import UUID

from adapters.sandbox.business_central import values
from adapters.sandbox.business_central.catalogue import LINE_STEP, RELATIONS, TASK_RELATIONS
from adapters.sandbox.business_central.errors import Refusal, duplicate, must_have_value, no_related, rule
from adapters.sandbox.business_central.renaming import carry_on, key_changed, need_renameable
from adapters.sandbox.business_central.rules import NO_RULES, RULES, Rules
from adapters.sandbox.business_central.schema import Entity, Property, connector
from adapters.sandbox.business_central.storage import Database, Row

_WITHOUT_TOMBSTONE = frozenset({"syncLogEntries", "deletedRecords"})


@dataclass
class CompanyFacts:
    """Set-up of the company that no entity shows.

    Shape   `manual_numbers` are the sets whose number series takes numbers by hand (BC 15.17); for projects
            `connectorSetups.projectNumberSeriesAllowsManual` decides. `tax_rates` by tax area, as parts of one.
            `cancelled` are the ids of posted invoices that a corrective credit memo took back.
    """

    manual_numbers: frozenset[str] = frozenset(connector())
    tax_rates: dict[str, Decimal] = field(default_factory=dict[str, Decimal])
    cancelled: set[str] = field(default_factory=set[str])


class Records:
    """All tables of the company behind the rules of the business.

    `insert`, `update` and `delete` act as a person in Business Central: the same rules hold as over HTTP, but fields
    that the API only shows may be given too, because posting and set-up pages write them.
    """

    def __init__(self, database: Database, now: Callable[[], datetime], seed: int) -> None:
        self.database = database
        self.facts = CompanyFacts()
        self._now = now
        self._seed = seed
        self._ids = 0
        self._numbers: dict[str, int] = {}
        self._lenient = False

    # What people do

    def insert(self, entity_set: str, /, **fields: Any) -> dict[str, Any]:
        """Create a record; nested lists create its lines.

        Raises  Refusal
        """
        with self.database.transaction():
            row = self.create(connector()[entity_set], _from_people(fields), remote=False)
        return self.render(connector()[entity_set], row)

    def update(self, entity_set: str, record_id: str, /, **fields: Any) -> dict[str, Any]:
        """Change fields of a record.

        Raises  Refusal
        """
        with self.database.transaction():
            row = self.change(connector()[entity_set], record_id, _from_people(fields), remote=False)
        return self.render(connector()[entity_set], row)

    def delete(self, entity_set: str, record_id: str) -> None:
        """Delete a record with what it owns.

        Raises  Refusal
        """
        with self.database.transaction():
            self.remove(connector()[entity_set], record_id)

    def act(self, entity_set: str, record_id: str, action: str) -> str | None:
        """Run a bound action, such as `release`.

        Raises  Refusal
        """
        with self.database.transaction():
            return self.run(connector()[entity_set], record_id, action)

    def rows(self, entity_set: str) -> list[dict[str, Any]]:
        """All records by primary key, with computed fields."""
        entity = connector()[entity_set]
        found = sorted(self.database.all(entity_set), key=lambda row: tuple(row[name] for name in entity.facts.key))
        return [self.render(entity, row) for row in found]

    def find(self, entity_set: str, /, **equals: object) -> dict[str, Any]:
        """The one record with these values.

        Raises  LookupError when there is none, or more than one.
        """
        found = [row for row in self.rows(entity_set) if all(row[name] == it for name, it in equals.items())]
        if len(found) != 1:
            message = f"{len(found)} records of {entity_set} with {equals}"
            raise LookupError(message)
        return found[0]

    @contextmanager
    def older_data(self) -> Generator[None]:
        """Write as before the checks existed: required fields, related records and whole documents go unchecked."""
        self._lenient = True
        try:
            yield
        finally:
            self._lenient = False

    # What requests and rules use

    def today(self) -> str:
        """The work date."""
        return self._now().date().isoformat()

    def setup(self) -> Row:
        """The one record of the connector set-up."""
        return self.database.all("connectorSetups")[0]

    def new_id(self) -> str:
        """An id that was not used before; the same seed gives the same row of ids."""
        self._ids += 1
        return str(UUID(bytes=sha256(f"{self._seed}/{self._ids}".encode()).digest()[:16], version=4))

    def value(self, entity: Entity, row: Row, name: str) -> Any:
        """A stored value, or a computed one as it is now."""
        if name in entity.facts.flow:
            flow = rules_of(entity).flow.get(name)
            return flow(self, row) if flow else values.empty(entity.properties[name])
        return row[name]

    def render(self, entity: Entity, row: Row) -> dict[str, Any]:
        """All properties in the order of the metadata."""
        return {name: self.value(entity, row, name) for name in entity.properties}

    def etag(self, entity: Entity, row: Row) -> str:
        """Opaque, one for each version of the record; computed fields have no part in it (BC 6.8)."""
        text = f"{entity.set};{row['id']};{row['rowVersion']}"
        return f'W/"{b64encode(text.encode()).decode()}"'

    def create(self, entity: Entity, fields: Mapping[str, Any], *, remote: bool) -> Row:
        """Insert one record and its nested ones, inside a transaction of the caller.

        Raises  Refusal
        """
        rules = rules_of(entity)
        nested = {name: fields[name] for name in entity.navigations if name in fields}
        row: Row = {name: values.empty(it) for name, it in entity.properties.items() if name not in entity.facts.flow}
        given = {name: it for name, it in fields.items() if name not in nested}
        keys = [name for name in entity.facts.key if name in given]
        for name in keys:
            self._assign(entity, row, name, given[name], remote=remote, insert=True)
        if rules.initial is not None:
            rules.initial(self, row)
        for name, value in given.items():
            if name not in keys:
                self._assign(entity, row, name, value, remote=remote, insert=True)
        self._identify(entity, row, given, remote=remote)
        if not self._lenient:
            for name in entity.facts.required:
                if name not in given or values.is_empty(entity.properties[name], row[name]):
                    raise must_have_value(caption(name), entity.facts.table, self.key_text(entity, row))
        row = self._store(entity, None, row)
        for name, children in nested.items():
            self._create_nested(entity, row, name, children, remote=remote)
        self._complete(entity, None, row)
        return self._now_stored(entity, row)

    def change(self, entity: Entity, record_id: str, fields: Mapping[str, Any], *, remote: bool) -> Row:
        """Modify one record; without effect nothing moves (BC 6.9).

        Raises  Refusal
        """
        before = self.need(entity, record_id)
        row = dict(before)
        for name, value in fields.items():
            if name in entity.navigations:  # BC 6.13
                raise Refusal("BadRequest", f"Deep update of '{name}' is not supported.")
            self._assign(entity, row, name, value, remote=remote, insert=False)
            required = name in entity.facts.required and not self._lenient
            if required and values.is_empty(entity.properties[name], row[name]):
                raise must_have_value(caption(name), entity.facts.table, self.key_text(entity, row))
        if row == before:
            return before
        renamed = key_changed(entity, before, row)
        if renamed:
            need_renameable(entity)
        self._store(entity, before, row)
        if renamed:
            carry_on(self.database, entity, before, row)
        self._complete(entity, before, self._now_stored(entity, row))
        return self._now_stored(entity, row)

    def remove(self, entity: Entity, record_id: str, *, replaced_by: tuple[str, str] = ("", "")) -> None:
        """Delete one record with what it owns and leave tombstones.

        Raises  Refusal
        """
        row = self.need(entity, record_id)
        rules = rules_of(entity)
        if rules.deleting is not None:
            rules.deleting(self, row)
        for name in rules.owns:
            navigation = entity.navigations[name]
            for child in self.children(entity, row, name):
                self._bury(connector()[navigation.target_set], child, replaced_by=("", ""))
        self._bury(entity, row, replaced_by=replaced_by)

    def run(self, entity: Entity, record_id: str, action: str) -> str | None:
        """Run a bound action; its name is not case-sensitive (BC 9.3).

        Raises  Refusal
        """
        row = self.need(entity, record_id)
        for name in entity.actions:
            if name.lower() == action.lower():
                return rules_of(entity).actions[name](self, row)
        raise Refusal("BadRequest_MethodNotImplemented", f"No bound action '{action}' on '{entity.name}'.")

    def need(self, entity: Entity, record_id: str) -> Row:
        """The stored record.

        Raises  Refusal (404)
        """
        row = self.database.get(entity.set, record_id)
        if row is None:
            raise Refusal("BadRequest_NotFound", f"The record with id '{record_id}' of '{entity.set}' was not found.")
        return row

    def children(self, entity: Entity, row: Row, navigation: str) -> list[Row]:
        """Rows that a navigation leads to, by primary key."""
        way = entity.navigations[navigation]
        found = self.database.find(way.target_set, **{there: row[here] for here, there in way.links})
        key = connector()[way.target_set].facts.key
        return sorted(found, key=lambda it: tuple(it[name] for name in key))

    def write(self, entity_set: str, row: Row, **fields: Any) -> Row:
        """Store changed fields as table code does, past the checks of the page."""
        current = self.database.get(entity_set, row["id"]) or row
        changed = {**current, **fields}
        return current if changed == current else self.database.put(entity_set, changed)

    def key_text(self, entity: Entity, row: Row) -> str:
        """The primary key for error texts."""
        return ",".join(f"{caption(name)}='{row[name]}'" for name in entity.facts.key)

    def _assign(self, entity: Entity, row: Row, name: str, value: Any, *, remote: bool, insert: bool) -> None:
        kind = entity.properties.get(name)
        if kind is None:  # BC 6.15
            raise Refusal("BadRequest", f"The property '{name}' does not exist on type 'Microsoft.NAV.{entity.name}'.")
        fixed = kind.use == "ro" or (kind.use == "ins" and not insert)
        if name in entity.facts.flow or name in _PLATFORM or (remote and fixed) or (name == "id" and not insert):
            raise Refusal("BadRequest_InvalidOperation", f"The control '{name}' is read-only.")
        old = row[name]
        row[name] = values.read(kind, value)
        validate = rules_of(entity).validate.get(name)
        if row[name] != old or insert:
            self._relate(entity, row, kind)
            if validate is not None:
                validate(self, row, old)

    def _relate(self, entity: Entity, row: Row, kind: Property) -> None:
        related = RELATIONS.get(entity.set, {}).get(kind.name)
        if related is None or self._lenient or row[kind.name] == "":
            return
        if self.database.first(related[0], **{related[1]: row[kind.name]}) is None:
            raise no_related(caption(kind.name), row[kind.name], entity.facts.table)

    def _identify(self, entity: Entity, row: Row, given: Mapping[str, Any], *, remote: bool) -> None:
        if row["id"] == values.ZERO_GUID:
            row["id"] = self.new_id()
        elif self.database.get(entity.set, row["id"]) is not None:  # BC 6.10
            raise duplicate(entity.facts.table, f"SystemId='{row['id']}'")
        last = entity.facts.key[-1]
        if entity.facts.series is not None:
            if row[last] == "":
                row[last] = self._next_number(entity, entity.facts.series)
            elif remote and last in given and not self._takes_manual_numbers(entity):  # BC 15.17
                raise rule(f'You may not enter numbers manually: "{last}" comes from the number series.')
        elif entity.facts.lines and row[last] == 0:
            siblings = self.database.find(entity.set, **{name: row[name] for name in entity.facts.key[:-1]})
            row[last] = max((it[last] for it in siblings), default=0) + LINE_STEP.get(last, 10000)

    def _takes_manual_numbers(self, entity: Entity) -> bool:
        if entity.set == "projects":
            return bool(self.setup()["projectNumberSeriesAllowsManual"])
        return entity.set in self.facts.manual_numbers

    def _next_number(self, entity: Entity, series: tuple[str, int]) -> str:
        prefix, digits = series
        key = entity.facts.key[-1]
        while True:  # a number that was entered by hand is passed over
            self._numbers[entity.set] = self._numbers.get(entity.set, 0) + 1
            number = f"{prefix}{self._numbers[entity.set]:0{digits}d}"
            if not self.database.find(entity.set, **{key: number}):
                return number

    def _store(self, entity: Entity, before: Row | None, row: Row) -> Row:
        rules = rules_of(entity)
        self._relate_task(entity, before, row)
        if rules.check is not None:
            rules.check(self, before, row)
        self._be_unique(entity, before, row)
        stored = self.database.put(entity.set, row)
        if rules.stored is not None:
            rules.stored(self, before, stored)
        return stored

    def _relate_task(self, entity: Entity, before: Row | None, row: Row) -> None:
        names = TASK_RELATIONS.get(entity.set)
        if names is None or self._lenient or row[names[1]] == "":
            return
        pair = (row[names[0]], row[names[1]])
        if before is not None and pair == (before[names[0]], before[names[1]]):
            return
        if self.database.first("projectTasks", projectNumber=pair[0], taskNumber=pair[1]) is None:
            raise no_related(caption(names[1]), pair[1], entity.facts.table)

    def _be_unique(self, entity: Entity, before: Row | None, row: Row) -> None:
        for fields in (entity.facts.key, *entity.facts.unique):
            if fields == ("id",) or (fields != entity.facts.key and row[fields[0]] in {0, values.ZERO_GUID}):
                continue
            if before is not None and all(before[name] == row[name] for name in fields):
                continue
            if any(it["id"] != row["id"] for it in self.database.find(entity.set, **{it: row[it] for it in fields})):
                raise duplicate(entity.facts.table, ",".join(f"{name}='{row[name]}'" for name in fields))

    def _create_nested(self, entity: Entity, row: Row, name: str, children: Any, *, remote: bool) -> None:
        way = entity.navigations[name]
        if not way.many or not isinstance(children, list):
            raise Refusal("BadRequest", f"The property '{name}' must be a collection.")
        links = {there: row[here] for here, there in way.links}
        for child in cast("list[object]", children):
            if not isinstance(child, dict):
                raise Refusal("BadRequest", f"The items of '{name}' must be objects.")
            fields = {**links, **cast("dict[str, Any]", child)}
            self.create(connector()[way.target_set], fields, remote=remote)

    def _complete(self, entity: Entity, before: Row | None, row: Row) -> None:
        rules = rules_of(entity)
        if rules.complete is not None and not self._lenient:
            rules.complete(self, before, row)

    def _now_stored(self, entity: Entity, row: Row) -> Row:
        return self.database.get(entity.set, row["id"]) or row

    def _bury(self, entity: Entity, row: Row, *, replaced_by: tuple[str, str]) -> None:
        self.database.drop(entity.set, row["id"])
        if entity.set in _WITHOUT_TOMBSTONE:
            return
        self.create(
            connector()["deletedRecords"],
            {
                "entitySetName": entity.set,
                "recordId": row["id"],
                "recordNumber": "|".join(str(row[name]) for name in entity.facts.key)[:50],
                "deletedAt": self.database.moment(),
                "replacedByEntitySetName": replaced_by[0],
                "replacedByNumber": replaced_by[1],
            },
            remote=False,
        )


_PLATFORM = frozenset({"rowVersion", "lastModifiedDateTime"})


def rules_of(entity: Entity) -> Rules:
    """The business rules of a set."""
    return RULES.get(entity.set, NO_RULES)


def caption(name: str) -> str:
    """A property's name as error texts show it: `jobTaskNumber` is `Job Task No.`."""
    words = "".join(f" {it}" if it.isupper() else it for it in name).split()
    return " ".join("No." if word == "Number" else word.capitalize() for word in words)


def _from_people(fields: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in fields.items():
        if isinstance(value, list):
            found[name] = [_from_people(it) for it in cast("list[dict[str, Any]]", value)]
        else:
            found[name] = values.from_python(value)
    return found
