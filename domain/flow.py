"""What a flow is: one kind of record in one direction, told in data and pure functions.

The hub runs every flow the same way (`domain/decide.py`): does the record count, does a rule exclude it, are all rules
kept, is everything linked that it refers to, and then: which parts should stand in the target, in which order.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from msgspec import Struct, field

from domain.delivery import Listing, Scope
from domain.events import LinkRow, Violation, Wait
from domain.record import FlowMemory
from domain.states import State
from domain.values import Digest, Json, digest


class Context(Struct, frozen=True, kw_only=True):
    """The settings of a connection that flows may see.

    `settings` are those of the flow itself; `now` is the instant of the decision, UTC.
    """

    connection: str
    bc_company: str
    procore_company: str
    now: datetime
    local_currency: str = ""
    settings: Mapping[str, Any] = {}
    exclude_tags: tuple[str, ...] = ()
    root_classes: tuple[str, ...] = ()


def no_facet(_source: Json) -> str:
    """For kinds that know no sorts."""
    return ""


def no_row(_source: Json) -> bool:
    """For kinds of which only counting rows matter."""
    return False


class Origin(Struct, frozen=True, kw_only=True):
    """Where the records of a flow come from.

    entity_set  set of the connector API, empty for records that other records' needs bring forth
    expand      child collection that belongs to the record
    child_set   the same collection as a set of its own; its changes do not move the parent (Business Central 7.7)
    child_key   field of a child that names its parent's number
    reach       `flagged`: rows with their own flag count, and stay known;
                `project`: the rows of projects that count; `all`: every row;
                `demand`: flagged rows, and those that another record names
    number      the key by which other records refer to it, and people know it
    number_field the field that holds it, for reading by number
    relevant    the fields that flows use; a change elsewhere is no news
    keep        rows to know although they do not count, because others may refer to them
    child_fields fields of a child that flows use
    numbers     fields that must hold numbers, of the row and of its children; a row that breaks this can't be read
    """

    entity_set: str = ""
    expand: str = ""
    child_set: str = ""
    child_key: str = ""
    reach: Literal["flagged", "project", "all", "demand"] = "all"
    number_field: str = "number"
    number: Callable[[Json], str]
    title: Callable[[Json], str]
    project: Callable[[Json], str]
    relevant: Callable[[Json], Json]
    facet: Callable[[Json], str] = no_facet
    keep: Callable[[Json], bool] = no_row
    numbers: tuple[str, ...] = ()
    child_fields: tuple[str, ...] = ()


class Reference(Struct, frozen=True, kw_only=True):
    """Another record that must be linked first.

    kind, key  as in the cross-reference: `project` and its number
    text       what a person reads while the record waits
    content    for derived records: what the record is, so that naming it brings it forth
    optional   an excluded counterpart is good enough (a segment that lives as sub job)
    if_facet   it matters only where the record is known and of one of these sorts; then it is also demanded
    only       sorts that may be referred to; another sort is a violation of `rule` in `field`
    """

    kind: str
    key: str
    text: str
    content: Mapping[str, Any] | None = None
    optional: bool = False
    if_facet: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    rule: str = ""
    field: str = ""


class Known(Struct, frozen=True):
    """What is known of a referred record: its state, and its counterpart where it is linked.

    `state` is empty for a record that is known but takes no part in its flow.
    """

    state: State | Literal[""]
    link: LinkRow | None = None
    record: str = ""
    facet: str = ""


References = Mapping[tuple[str, str], Known]
"""(kind, key) -> what is known; a pair that is missing was never seen."""

Facts = Mapping[Listing, Sequence[Json]]
"""Lists of the target, read whole, as they are now."""


class Part(Struct, frozen=True, kw_only=True):
    """One piece that should stand in a target: one row for one endpoint.

    stage     parts of a lower stage are confirmed before a higher one is sent
    meaning   what the digest covers; the body without what changes at every call (times) unless given
    absent    the piece should be gone
    """

    name: str
    endpoint: str
    stage: int
    body: Mapping[str, Any]
    scope: Scope = {}
    key: str = ""
    target_id: str = ""
    if_match: str = ""
    meaning: Any = None
    absent: bool = False

    @property
    def digest(self) -> Digest:
        """What the target should hold, by its digest; nothing, when the piece should be gone."""
        return Digest("") if self.absent else digest(self.body if self.meaning is None else self.meaning)


class Plan(Struct, frozen=True, kw_only=True):
    """How a record should stand in the target, as far as can be said now.

    links     to be joined once all parts up to `link_stage` are confirmed (`link_stage` -1: at once)
    waits     facts that must come true before anything is sent
    conflict  set when both sides claim the same thing
    excluded  set when a rule that needs facts leaves the record out
    """

    parts: Sequence[Part] = ()
    links: Callable[[FlowMemory], Iterable[LinkRow]] | None = None
    link_stage: int = 0
    waits: Sequence[Wait] = ()
    conflict: str = ""
    excluded: str = ""
    warnings: Sequence[str] = ()
    violations: Sequence[Violation] = ()


class Subject(Struct, frozen=True, kw_only=True):
    """All that a flow may look at when it plans: the source, what is linked, the target's lists, its own memory."""

    source: Json
    source_id: str
    number: str
    demanded: bool
    references: References
    facts: Facts
    memory: FlowMemory
    context: Context

    def link(self, kind: str, key: str) -> LinkRow:
        """The counterpart of a referred record.

        Raises  KeyError when the flow did not name it among its references, or it is not linked.
        """
        link = self.references[kind, key].link
        if link is None:
            raise KeyError((kind, key))
        return link


Rule = Callable[[Json, Context], Iterable[Violation]]


def no_references(_source: Json, _context: Context) -> Iterable[Reference]:
    """For flows whose records depend on no other."""
    return ()


def no_listings(_subject: Subject) -> Iterable[Listing]:
    """For flows that need no list of the target."""
    return ()


def never(_source: Json, _context: Context) -> str:
    """For flows without exclusion rules."""
    return ""


class Flow(Struct, frozen=True, kw_only=True):
    """One kind of record in one direction. One file each, one line in the registry.

    kind        of its records, as the cross-reference and references name it
    after       flows whose records it refers to
    counts      the record takes part; one that never did has no state
    excludes    name of the rule that leaves a counting record out, or nothing
    rules       every violation of every rule is reported at once
    references  records that must be linked
    listings    lists that `plan` needs, asked for only when the references are linked
    plan        how the record should stand in the target
    parent      key of the record of the same kind that stands above; a circle of them is a violation
    barred_by   HTTP status of a refusal -> the rule that then leaves the record out, instead of a dead delivery
    """

    name: str
    kind: str
    origin: Origin
    after: tuple[str, ...] = ()
    counts: Callable[[Json, bool], bool]
    excludes: Callable[[Json, Context], str] = never
    rules: tuple[Rule, ...] = ()
    references: Callable[[Json, Context], Iterable[Reference]] = no_references
    listings: Callable[[Subject], Iterable[Listing]] = no_listings
    plan: Callable[[Subject], Plan]
    parent: Callable[[Json], str] | None = None
    barred_by: Mapping[int, str] = field(default_factory=dict[int, str])


def check_registry(flows: Sequence[Flow]) -> None:
    """A registry is sound: names and kinds unique, `after` known and standing before.

    Raises  ValueError with the name of the flow and what is wrong.
    """
    seen: set[str] = set()
    kinds: set[str] = set()
    names = {flow.name for flow in flows}
    for flow in flows:
        if flow.name in seen:
            raise ValueError(f"flow {flow.name} stands twice in the registry")
        if flow.kind in kinds:
            raise ValueError(f"kind {flow.kind} of flow {flow.name} belongs to another flow")
        for before in flow.after:
            if before not in names:
                raise ValueError(f"flow {flow.name} comes after {before}, which is not in the registry")
            if before not in seen:
                raise ValueError(f"flow {flow.name} comes after {before}, which stands behind it")
        seen.add(flow.name)
        kinds.add(flow.kind)
