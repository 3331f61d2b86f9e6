"""What the stand-in of Procore holds: tables, ids, origin ids, switches. No request and no answer."""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Literal

from adapters.sandbox.procore.outbox import Outbox
from domain.values import Json

Deed = Literal["create", "update", "delete"]
Row = dict[str, Any]
"""One stored record. Every row has `id`, `created_at`, `updated_at`; those of a project have `project_id`."""

FIRST_ID = 2**31
"""Ids lie above 32 bits, as Procore's do (H3)."""

INDEXED = (
    "project_id",
    "contract_id",
    "item_id",
    "combination",
    "code",
    "origin_id",
    "vendor_id",
    "segment_id",
    "parent_id",
    "wbs_code_id",
    "direct_cost_id",
    "budget_change_id",
    "commitment_id",
    "requisition_id",
    "line_item_id",
    "package_id",
    "potential_change_order_id",
    "change_order_id",
    "timesheet_id",
    "hook_id",
)
"""Fields by which rows are found without reading the whole table."""


@dataclass
class Settings:
    """Switches of a company and of the platform; tests and rehearsals turn them.

    Limits: samples in Procore's guides show 600 an hour and 25 in ten seconds (R3); the default is out of the way.
    """

    hourly_limit: int = 100_000
    spike_limit: int = 10_000
    send_retry_after: bool = False  # R5: the guides disagree whether 429 carries it
    refuse_unknown_query: bool = True  # H9: real endpoints may ignore an unknown filter
    too_many_rows_status: int = 413  # S2: 413 or 400, not documented
    max_rows: int = 1000
    shuffle_entities: bool = True  # S5
    extra_keys: bool = True  # checklist 19: unknown keys in answers
    origin_scope: str = "company"  # "company" | "type": the guides disagree
    may_create_projects: bool = True  # A12
    permits_new_projects: bool = True  # A12
    custom_segments_allowed: bool = True  # W4: barred with Field Productivity or ERP Integrations
    subcontractor_invoices: bool = False  # K1: a direct cost type that Procore switches on per company
    lock_approved: bool = True  # O6: a company setting can switch the lock off
    bill_approved_only: bool = True  # section 16 is silent: a requisition needs an Approved or Complete commitment
    one_requisition_per_period: bool = False  # I9, Z16: not documented whether two are allowed
    prevent_overbilling: bool = True  # PP-38: 422 beyond the scheduled value of a line
    disallow_divisions: bool = False  # W11: ERP metadata can forbid costs on parent codes
    app_installed: bool = True  # section 7: "App is not connected to this company"
    erp_connected: bool = False  # E2: an ERP connection was made for the company
    webhooks_allowed: bool = True  # A14: the permission "Webhooks API: Standard"
    default_page: int = 100  # P5: most defaults are not stated
    largest_page: int = 2000  # P1


class Invalid(Exception):
    """A business rule is broken: field -> messages. A row error in a sync, else 422."""

    def __init__(self, **errors: str | list[str]) -> None:
        super().__init__(str(errors))
        self.errors = {name: [text] if isinstance(text, str) else text for name, text in errors.items()}


@dataclass(frozen=True)
class Author:
    """Who makes a change: a person in the web client, or the service account of an application."""

    user_id: int
    application_id: str = ""


@dataclass
class State:
    """All tables of one company.

    Shape   `on_change` is told of every change, `on_action` when an action of many changes begins (1) and ends (-1).
    Units   `now` gives UTC; timestamps are stored in whole seconds (Z12).
    """

    now: Callable[[], datetime]
    seed: int
    company_id: int
    company_name: str
    settings: Settings = field(default_factory=Settings)
    tables: dict[str, dict[int, Row]] = field(default_factory=dict[str, dict[int, Row]])
    origins: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict[tuple[str, str], tuple[str, int]])
    marked: dict[str, set[int]] = field(default_factory=dict[str, set[int]])
    service_user_id: int = 0
    person_id: int = 0
    author: Author = Author(0)
    outbox: Outbox = field(default_factory=Outbox)
    on_change: Callable[[str, Row, Deed], None] = lambda _name, _row, _deed: None
    on_action: Callable[[Literal[1, -1]], None] = lambda _step: None
    _next_id: int = 0
    _index: dict[tuple[str, str, object], dict[int, Row]] = field(
        default_factory=dict[tuple[str, str, object], dict[int, Row]]
    )

    def __post_init__(self) -> None:
        self._next_id = FIRST_ID + (self.seed % 9973) * 100_003
        self.person_id = self._next_id  # an id that no record gets
        self.author = Author(self.person_id)
        self.service_user_id = self.new_id()

    @contextmanager
    def acting(self, author: Author) -> Generator[None]:
        """All changes inside are one action of this author; otherwise each is an action of a person."""
        before, self.author = self.author, author
        self.on_action(1)
        try:
            yield
        finally:
            self.on_action(-1)
            self.author = before

    def new_id(self) -> int:
        """An id that no record of any kind has."""
        self._next_id += 1
        return self._next_id

    def stamp(self) -> str:
        """The present moment as Procore writes it (D1)."""
        return self.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def table(self, name: str) -> dict[int, Row]:
        """All rows of a kind by id, deleted ones that stay listed included."""
        return self.tables.setdefault(name, {})

    def rows(self, name: str, /, **equal: object) -> Iterator[Row]:
        """Rows of a table whose fields equal the given values, deleted ones left out."""
        for row in tuple(self._candidates(name, equal).values()):
            if row.get("deleted_at") is None and all(row.get(key) == value for key, value in equal.items()):
                yield row

    def _candidates(self, name: str, equal: Mapping[str, object]) -> dict[int, Row]:
        buckets = [self._index.get((name, key, equal[key]), {}) for key in INDEXED if equal.get(key) is not None]
        return min(buckets, key=len) if buckets else self.table(name)

    def _enter(self, name: str, row: Row, keys: Iterable[str]) -> None:
        for key in keys:
            if row.get(key) is not None:
                self._index.setdefault((name, key, row[key]), {})[row["id"]] = row

    def _leave(self, name: str, row: Row, keys: Iterable[str]) -> None:
        for key in keys:
            if row.get(key) is not None:
                self._index[(name, key, row[key])].pop(row["id"], None)

    def count(self, name: str, /, **equal: object) -> int:
        """How many rows have equal values in indexed fields, without reading them."""
        return len(self._candidates(name, equal))

    def mark(self, what: str, ids: Iterable[int]) -> None:
        """Notes things as used, such as the segment items of a budget code."""
        self.marked.setdefault(what, set()).update(ids)

    def is_marked(self, what: str, id: int) -> bool:
        """Whether `mark` was told of it."""
        return id in self.marked.get(what, ())

    def get(self, name: str, id: int | None, /, **equal: object) -> Row | None:
        """The row with an id when it is alive and its fields equal the given values."""
        row = self.table(name).get(id) if id is not None else None
        if row is None or row.get("deleted_at") is not None:
            return None
        return row if all(row.get(key) == value for key, value in equal.items()) else None

    def find(self, name: str, /, **equal: object) -> Row | None:
        """The first row that fits."""
        return next(self.rows(name, **equal), None)

    def insert(self, name: str, values: Json) -> Row:
        """A new row.

        Raises  Invalid when its origin id is taken.
        """
        origin = values.get("origin_id")
        if origin:
            self.check_origin(name, 0, origin)
        now = self.stamp()
        row: Row = {"id": self.new_id(), "created_at": now, "updated_at": now, **values}
        self.table(name)[row["id"]] = row
        self._enter(name, row, INDEXED)
        if origin:
            self.origins[self._origin_key(name, origin)] = (name, row["id"])
        self.on_change(name, row, "create")
        return row

    def change(self, name: str, row: Row, values: Json) -> Row:
        """A row with other values; its `updated_at` moves only when something differs.

        Raises  Invalid when its new origin id is taken.
        """
        differing = {key: value for key, value in values.items() if row.get(key) != value}
        if "origin_id" in differing:
            if differing["origin_id"]:
                self.check_origin(name, row["id"], differing["origin_id"])
                self.origins[self._origin_key(name, differing["origin_id"])] = (name, row["id"])
            self._free_origin(name, row)
        if differing:
            moved = [key for key in INDEXED if key in differing]
            self._leave(name, row, moved)
            row.update(differing, updated_at=self.stamp())
            self._enter(name, row, moved)
            self.on_change(name, row, "update")
        return row

    def remove(self, name: str, row: Row, *, keep: bool = False) -> None:
        """Deletes a row; `keep` leaves it listed under `filters[include_deleted]` (F3)."""
        self._free_origin(name, row)
        if keep:
            now = self.stamp()
            row.update(deleted_at=now, updated_at=now)
        else:
            self._leave(name, row, INDEXED)
            del self.table(name)[row["id"]]
        self.on_change(name, row, "delete")

    def check_origin(self, name: str, id: int, origin: str) -> None:
        """An origin id is used once in a company (section 10, uniqueness).

        Raises  Invalid
        """
        holder = self.origins.get(self._origin_key(name, origin))
        if holder is not None and holder != (name, id):
            raise Invalid(origin_id="has already been taken")

    def _free_origin(self, name: str, row: Row) -> None:
        if row.get("origin_id"):
            self.origins.pop(self._origin_key(name, row["origin_id"]), None)

    def _origin_key(self, name: str, origin: str) -> tuple[str, str]:
        return (name if self.settings.origin_scope == "type" else "", origin)

    def shuffled(self, rows: Iterable[Json], salt: str) -> list[Json]:
        """The same rows in an order that depends on the seed alone, not on the request (S5)."""
        if not self.settings.shuffle_entities:
            return list(rows)
        return sorted(rows, key=lambda row: self.chance(f"{salt}/{row.get('id')}"))

    def chance(self, about: str) -> int:
        """A number between 0 and 255 that is always the same for one seed and one subject."""
        return blake2b(f"{self.seed}/{about}".encode(), digest_size=1).digest()[0]
