"""What a flow is: one kind of record in one direction, told in data and pure functions.

The hub runs every flow the same way (`domain/decide.py`): does the record count, does a rule exclude it, are all rules
kept, is everything linked that it refers to, and then: which parts should stand in the target, in which order.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal

from msgspec import Struct, field

from domain.collisions import Shortened
from domain.delivery import Listing, Scope
from domain.events import DriftField, LinkRow, Violation, Wait
from domain.followed import Followed
from domain.mapping import AS_IT_IS
from domain.mapping import Mapping as Maps
from domain.memory import FlowMemory
from domain.states import State
from domain.values import BUSINESS_CENTRAL, Digest, Json, System, digest, text


class Context(Struct, frozen=True, kw_only=True):
    """The settings of a connection that flows may see.

    `settings` are those of the flow itself; `now` is the instant of the decision, UTC. `mapping` has already been
    applied to the source; it is asked for codes by which other records name theirs.
    """

    connection: str
    bc_company: str
    procore_company: str
    now: datetime
    local_currency: str = ""
    settings: Mapping[str, Any] = {}
    exclude_tags: tuple[str, ...] = ()
    root_classes: tuple[str, ...] = ()
    mapping: Maps = AS_IT_IS


def no_facet(_source: Json) -> str:
    """For kinds that know no sorts."""
    return ""


def no_marks(_source: Json) -> tuple[str, ...]:
    """For kinds without switches that others depend on."""
    return ()


def no_row(_source: Json) -> bool:
    """For kinds of which only counting rows matter."""
    return False


class SiteProject(Struct, frozen=True):
    """A Procore project that is joined to a job of Business Central.

    `number`, `facet` and `marks` are the job's. `since` is the end of the last window that was read, None for never.
    """

    number: str
    procore_id: str
    facet: str
    marks: tuple[str, ...]
    since: datetime | None = None


class Reading(Struct, frozen=True, kw_only=True):
    """What a feed of Procore may look at.

    projects  joined projects, each with its own window
    since     begin of the company's window, UTC; None for everything
    until     the end of the window, UTC
    start     first day of what is carried (C-50)
    facts     the lists that the feed named, and that were read
    refused   lists that Procore would not give, with its words
    numbers   Procore project -> number of its job, also where the job is left out or gone
    """

    projects: Sequence[SiteProject]
    since: datetime | None
    until: datetime
    start: date
    facts: "Facts"
    refused: Mapping[Listing, str]
    context: "Context"
    numbers: Mapping[str, str] = {}


class Feed(Struct, frozen=True, kw_only=True):
    """How the records of a kind are read in Procore, which offers no feed of changes by itself.

    Pure: `listings` is asked again with the lists that it named, until it names no new one; then `documents` makes the
    records of them, and `gone` names the keys of those that were deleted. One list that is refused holds up no other.

    Shape   a document has `id` (text), `updated_at` and, where the id alone is not unique in its kind, `key`;
            `procoreProjectId` names its project; `fault`, in words, makes it a dead letter.
    by_project  each project has a window of its own, else the company has one and projects are read whole once
    expected    the refusal of such a list is no trouble
    """

    listings: Callable[[Reading], Iterable[Listing]]
    documents: Callable[[Reading], Iterable[Json]]
    gone: Callable[[Reading], Iterable[str]] = lambda _reading: ()
    by_project: bool = True
    expected: Callable[[Listing], bool] = lambda _listing: False


class Origin(Struct, frozen=True, kw_only=True):
    """Where the records of a flow come from.

    system      the system that they come from
    feed        how they are read, for records of Procore
    entity_set  set of the connector API or resource of Procore, empty for records that others' needs bring forth
    expand      child collection that belongs to the record
    child_set   the same collection as a set of its own; its changes do not move the parent (Business Central 7.7)
    child_key   field of a child that names its parent's number
    flag        field that holds a row's own flag
    reach       `flagged`: rows with their own flag count, and stay known;
                `project`: the rows of projects that count; `all`: every row;
                `demand`: flagged rows, and those that another record names
    number      the key by which other records refer to it, and people know it
    number_field the field that holds it, for reading by number
    relevant    the fields that flows use; a change elsewhere is no news
    keep        rows to know although they do not count, because others may refer to them
    child_fields fields of a child that flows use
    marks       switches of a row that other records depend on
    called_by   mark of a project that brings in all rows of that project, flagged or not
    member_of   the group that a row belongs to
    dated       field with the date from which on rows count that nobody knew before (C-50)
    numbers     fields that must hold numbers, of the row and of its children; a row that breaks this can't be read
    unmoved     filter for flagged rows that changed without moving their row version, by a FlowField of theirs; read
                anew every round
    """

    system: System = BUSINESS_CENTRAL
    feed: Feed | None = None
    entity_set: str = ""
    expand: str = ""
    child_set: str = ""
    child_key: str = ""
    reach: Literal["flagged", "project", "all", "demand"] = "all"
    flag: str = "sendToProcore"
    number_field: str = "number"
    number: Callable[[Json], str]
    title: Callable[[Json], str]
    project: Callable[[Json], str]
    relevant: Callable[[Json], Json]
    facet: Callable[[Json], str] = no_facet
    keep: Callable[[Json], bool] = no_row
    numbers: tuple[str, ...] = ()
    child_fields: tuple[str, ...] = ()
    marks: Callable[[Json], tuple[str, ...]] = no_marks
    called_by: str = ""
    member_of: Callable[[Json], str] = no_facet
    dated: str = ""
    unmoved: str = ""


THERE = "procore:"
"""Begins the key of a reference that names a record by the id of its counterpart in Procore."""


class Reference(Struct, frozen=True, kw_only=True):
    """Another record that must be linked first.

    kind, key  as in the cross-reference: `project` and its number, or `procore:` and the id of its counterpart. With a
               set behind a stroke (`commitment/purchaseOrderLines`) one of the pairs that the record joined is meant
    text       what a person reads while the record waits
    content    for derived records: what the record is, so that naming it brings it forth
    optional   an excluded counterpart is good enough (a segment that lives as sub job)
    if_facet   it matters only where the record is known and of one of these sorts; then it is also demanded
    carrier    the other record carries this one together with more: it must be synced, and know the newest content
    loose      asked for, but never waited for
    only       sorts that may be referred to; another sort is a violation of `rule` in `field`
    """

    kind: str
    key: str
    text: str
    content: Mapping[str, Any] | None = None
    optional: bool = False
    carrier: bool = False
    loose: bool = False
    if_facet: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    rule: str = ""
    field: str = ""


class Known(Struct, frozen=True):
    """What is known of a referred record: its state, and its counterpart where it is linked.

    `state` is empty for a record that is known but takes no part in its flow; `record` for one that nobody knows.
    `why` are the reasons of its state.
    """

    state: State | Literal[""]
    link: LinkRow | None = None
    record: str = ""
    facet: str = ""
    marks: tuple[str, ...] = ()
    why: tuple[str, ...] = ()


NOBODY = Known("")
"""Stands for a record that was looked for and that nobody knows."""

References = Mapping[tuple[str, str], Known]
"""(kind, key) -> what is known; a pair that is missing was never seen."""

Facts = Mapping[Listing, Sequence[Json]]
"""Lists of the target, read whole, as they are now."""


class Rows(list[Json]):
    """The rows of a list, to be found by a field without a walk: thousands of records look into the same list."""

    def __init__(self, rows: Iterable[Json]) -> None:
        super().__init__(rows)
        self._by: dict[str, dict[str, list[Json]]] = {}

    def by(self, field: str) -> Mapping[str, Sequence[Json]]:
        """Value of the field, as text -> the rows with it."""
        index = self._by.get(field)
        if index is None:
            index = self._by[field] = {}
            for row in self:
                index.setdefault(text(row, field), []).append(row)
        return index


def rows_by(rows: Sequence[Json], field: str, value: str) -> Sequence[Json]:
    """The rows whose field has this value, as text."""
    if isinstance(rows, Rows):
        return rows.by(field).get(value, ())
    return [row for row in rows if text(row, field) == value]


def row_by(rows: Sequence[Json], field: str, value: str) -> Json | None:
    """The first of the rows whose field has this value, as text."""
    return next(iter(rows_by(rows, field, value)), None)


class Part(Struct, frozen=True, kw_only=True):
    """One piece that should stand in a target: one row for one endpoint.

    stage     parts of a lower stage are confirmed before a higher one is sent
    meaning   what the digest covers; the body without what changes at every call (times) unless given
    absent    the piece should be gone
    kept      fields that people settled, and that are left out of the body or written otherwise (BX-06)
    again     to be sent although the target was told the same last: what people settled since does not hold any more
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
    kept: tuple[str, ...] = ()
    again: bool = False

    @property
    def digest(self) -> Digest:
        """What the target should hold, by its digest; nothing, when the piece should be gone."""
        return Digest("") if self.absent else digest(self.body if self.meaning is None else self.meaning)


def stands(memory: FlowMemory, part: Part) -> bool:
    """The target is known to hold the part as it is wanted, or to hold it no more."""
    known = memory.parts.get(part.name)
    if part.absent:
        return known is None or not known.digest
    return memory.holds(part.name, part.digest) and not part.again


class Plan(Struct, frozen=True, kw_only=True):
    """How a record should stand in the target, as far as can be said now.

    links     to be joined once all parts up to `link_stage` are confirmed (`link_stage` -1: at once)
    waits     facts that must come true before anything is sent
    conflict  set when both sides claim the same thing; `clashes` are the fields, where it is about fields
    excluded  set when a rule that needs facts leaves the record out
    followed  each field of a row that the flow follows, as the source asks for it, whether it is to be sent or not
    """

    parts: Sequence[Part] = ()
    links: Callable[[FlowMemory], Iterable[LinkRow]] | None = None
    link_stage: int = 0
    waits: Sequence[Wait] = ()
    conflict: str = ""
    clashes: Sequence[DriftField] = ()
    excluded: str = ""
    warnings: Sequence[str] = ()
    violations: Sequence[Violation] = ()
    followed: Mapping[str, Any] | None = None


class Subject(Struct, frozen=True, kw_only=True):
    """All that a flow may look at when it plans: the source, what is linked, the target's lists, its own memory.

    `others` are the record's memories of its other flows.
    """

    source: Json
    source_id: str
    number: str
    demanded: bool
    references: References
    facts: Facts
    memory: FlowMemory
    context: Context
    others: Mapping[str, FlowMemory] = {}

    def known(self, kind: str, key: str) -> Known:
        """What is known of a referred record."""
        return self.references.get((kind, key), NOBODY)

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


def no_further(_subject: Subject) -> Iterable[Reference]:
    """For flows whose references show in the source."""
    return ()


def no_listings(_subject: Subject) -> Iterable[Listing]:
    """For flows that need no list of the target."""
    return ()


def never(_source: Json, _context: Context) -> str:
    """For flows without exclusion rules."""
    return ""


class Member(Struct, frozen=True):
    """A record that another one carries: what its source holds, and its state in its own flow (empty: none).

    `here` is false for one that was carried, lives on, and belongs elsewhere now.
    """

    source: Json
    state: State | Literal[""]
    demanded: bool = False
    here: bool = True


def nobody(_document: Json) -> Iterable[str]:
    """For records that need not know what became of those that they carried."""
    return ()


class Gather(Struct, frozen=True, kw_only=True):
    """A derived record that carries others together: one budget line for all planning lines of a budget code.

    kind     of its members
    through  kind of record whose counterpart has this record's number as its id: members belong to it by `member_of`,
             the number of such a record
    compose  own document as it is, the one that last stood in the target whole if any, and the members -> the new one
    former   document that last stood in the target -> ids in the source of the members that it carries
    """

    kind: str
    through: str
    compose: Callable[[Json, Json | None, Sequence[Member]], Json]
    former: Callable[[Json], Iterable[str]] = nobody


def never_held(_status: int, _message: str) -> str:
    """For flows whose refusals are final."""
    return ""


def no_amount(_source: Json) -> str:
    """For kinds that carry no amount of their own."""
    return ""


class Flow(Struct, frozen=True, kw_only=True):
    """One kind of record in one direction. One file each, one line in the registry.

    kind        of its records, as the cross-reference and references name it
    after       flows whose records it refers to
    counts      the record takes part; one that never did has no state
    afterlife   the document of a source that became something else, as it must have been then (a posted order was
                released); such a record is carried to its end, without anything written back
    holds_on    a record that was carried is planned on when it no longer counts: its plan says what then (Procore G10)
    excludes    name of the rule that leaves a counting record out, or nothing
    rules       every violation of every rule is reported at once
    references  records that must be linked
    further     references that show only when the first ones are linked
    together    records of one group go all or none: one that breaks a rule holds back its whole group (PP-49)
    stays_deleted  a record that was carried and then removed in its source does not come back by itself (BX-12)
    gathers     the record carries others together
    listings    lists that `plan` needs, asked for only when the references are linked
    plan        how the record should stand in the target
    parent      key of the record of the same kind that stands above; a circle of them is a violation
    barred_by   HTTP status of a refusal -> the rule that then leaves the record out, instead of a dead delivery
    held_by     HTTP status and words of a refusal -> the fact that the record then waits for, instead of being dead
    settings_of the flow whose table of settings it shares; empty for its own
    amount      what the record comes to, as decimal text in its currency, for people who accept it
    shortened   the identifier that the target cuts, so that two may never become one there
    carried     others carry its records with their amounts, and it is these that people accept
    theirs      fields that the target owns once they are made, as `part.field` or `part.*`; all others are the
                origin's, and a change of one in the target is drift (BX-06)
    follows     the row that the target makes by itself of what it was sent, where there is one
    lane        what is carried first when much waits: time and what closes a period, then the rest, then bulk (BX-18)
    """

    name: str
    kind: str
    origin: Origin
    after: tuple[str, ...] = ()
    counts: Callable[[Json, bool], bool]
    holds_on: bool = False
    afterlife: Callable[[Json], Json] | None = None
    excludes: Callable[[Json, Context], str] = never
    rules: tuple[Rule, ...] = ()
    references: Callable[[Json, Context], Iterable[Reference]] = no_references
    further: Callable[[Subject], Iterable[Reference]] = no_further
    together: bool = False
    stays_deleted: bool = False
    gathers: Gather | None = None
    listings: Callable[[Subject], Iterable[Listing]] = no_listings
    plan: Callable[[Subject], Plan]
    parent: Callable[[Json], str] | None = None
    barred_by: Mapping[int, str] = field(default_factory=dict[int, str])
    held_by: Callable[[int, str], str] = never_held
    settings_of: str = ""
    amount: Callable[[Json], str] = no_amount
    carried: bool = False
    shortened: Shortened | None = None
    theirs: tuple[str, ...] = ()
    follows: Followed | None = None
    lane: Literal["first", "usual", "bulk"] = "usual"


def check_registry(flows: Sequence[Flow]) -> None:
    """A registry is sound: names unique, a kind of one origin, `after` known and standing before.

    Raises  ValueError with the name of the flow and what is wrong.
    """
    seen: set[str] = set()
    kinds: dict[str, Origin] = {}
    names = {flow.name for flow in flows}
    for flow in flows:
        if flow.name in seen:
            raise ValueError(f"flow {flow.name} stands twice in the registry")
        if kinds.setdefault(flow.kind, flow.origin) is not flow.origin:
            raise ValueError(f"kind {flow.kind} of flow {flow.name} has another origin in another flow")
        for before in flow.after:
            if before not in names:
                raise ValueError(f"flow {flow.name} comes after {before}, which is not in the registry")
            if before not in seen:
                raise ValueError(f"flow {flow.name} comes after {before}, which stands behind it")
        seen.add(flow.name)
