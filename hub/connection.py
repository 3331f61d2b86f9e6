"""One connection at work: its name, its two systems, and what flows may know of its settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import NAMESPACE_URL, UUID, uuid5

from adapters.ports import Clock, Rng
from adapters.target import Target
from domain.events import Event
from domain.flow import Context, Flow
from domain.flows import FLOWS, OF_KIND
from domain.mapping import AS_IT_IS
from domain.mapping import Mapping as Maps
from domain.record import Moment
from domain.values import Cause, System

E = TypeVar("E", bound=Event)


@dataclass
class Pair:
    """A company of Business Central and a company of Procore, reached.

    `actor` signs the events of this run. `flow_settings` holds the table of each flow. `mapping` are the maps through
    which bodies are read, `mapping_file` the file that may bring new ones.
    """

    name: str
    kind: str
    bc_company: str
    procore_company: str
    targets: Mapping[System, Target]
    flow_settings: Mapping[str, Mapping[str, Any]]
    clock: Clock
    rng: Rng
    exclude_tags: tuple[str, ...] = ()
    root_classes: tuple[str, ...] = ()
    local_currency: str = ""
    start_date: date | None = None
    actor: str = "system"
    mapping: Maps = AS_IT_IS
    mapping_file: Path | None = None
    _story: str = field(default="", init=False)

    def begin(self, story: str) -> None:
        """Begins a story: everything that happens from here on belongs to it."""
        self._story = story

    def moment(self, causation: str = "") -> Moment:
        """Now, in the present story."""
        return Moment(self.clock.now(), Cause(self._story or self.name, causation or self._story, self.actor))

    def event(self, kind: type[E], id_: UUID, version: int, moment: Moment, /, **fields: Any) -> E:
        """An event of a stream that is no record: a feed, the connection itself, a round."""
        return kind(
            originator_id=id_,
            originator_version=version,
            at=moment.at,
            connection=self.name,
            correlation_id=moment.cause.correlation_id,
            causation_id=moment.cause.causation_id,
            actor=moment.cause.actor,
            **fields,
        )

    def context(self, flow: Flow, now: datetime) -> Context:
        """What a flow may know."""
        return Context(
            connection=self.name,
            bc_company=self.bc_company,
            procore_company=self.procore_company,
            now=now,
            local_currency=self.local_currency,
            settings=self.flow_settings.get(flow.settings_of or flow.name, {}),
            exclude_tags=self.exclude_tags,
            root_classes=self.root_classes,
            mapping=self.mapping,
        )

    def enabled(self, flow: Flow) -> bool:
        """Flows without a table of settings serve others and are always on."""
        return bool(self.flow_settings.get(flow.settings_of or flow.name, {"enabled": True}).get("enabled", True))

    def flows_of(self, kind: str) -> list[Flow]:
        """The flows that are on and that records of a kind may take part in."""
        return [flow for flow in OF_KIND[kind] if self.enabled(flow)]

    @property
    def start(self) -> date:
        """First day of posted documents and time that are carried (C-50): as set, else the day of the first contact."""
        return self.start_date or self.clock.now().astimezone(UTC).date()

    @property
    def flows(self) -> list[Flow]:
        """The flows that are on, in the order of the registry."""
        return [flow for flow in FLOWS if self.enabled(flow)]


def story_id(connection: str, at: datetime) -> str:
    """Correlation id of a round."""
    return str(uuid5(NAMESPACE_URL, f"siteledger:{connection}:{at.isoformat()}"))
