"""Both systems for a round that must not write: reads pass, writes are noted and answered as if they had succeeded."""

from collections.abc import Mapping, Sequence

import msgspec

from adapters.business_central import client as business_central
from adapters.business_central.parts import Unaddressed, target_of, writing
from adapters.outbound.answers import fill
from adapters.outbound.calls import Calls, Quota
from adapters.procore import client as procore
from adapters.target import Finding, Target
from domain.delivery import Accepted, Delivery, Endpoint, Listing, Outcome, Refused, Sight
from domain.errors import RetryLater
from domain.values import BUSINESS_CENTRAL, SYSTEMS, Json, System
from hub.planning.placeholders import placeholder, placeholders_in
from hub.report import ExitStatus, Halted

MOST_WRITES = 50_000
"""Writes of one plan: more can't be reviewed, and would not fit into memory comfortably."""


class Sent(msgspec.Struct, frozen=True):
    """One row that would go. `call` counts HTTP calls from 1; `given` is the id that the system would give, if any."""

    call: int
    method: str
    path: str
    delivery: Delivery
    given: str = ""


class Notes:
    """What would be sent, in order, to either system; and which lists can't be known before that."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self.writes: dict[System, int] = dict.fromkeys(SYSTEMS, 0)
        self.reads: dict[System, int] = dict.fromkeys(SYSTEMS, 0)
        self.unknowable: dict[str, None] = {}
        self._calls = 0
        self._changed: set[tuple[System, str, str]] = set()

    def call(self, endpoint: Endpoint, wave: Sequence[tuple[Delivery, str]]) -> list[Outcome]:
        """One call with these rows, as method and path of each say."""
        if len(self.sent) + len(wave) > MOST_WRITES:
            message = f"more than {MOST_WRITES} writes are due; plan one flow or one project at a time"
            raise Halted(message, ExitStatus.WRONG_USE)
        self._calls += 1
        self.writes[endpoint.system] += 1
        done: list[Outcome] = []
        for delivery, path in wave:
            known = target_of(delivery) if endpoint.system == BUSINESS_CENTRAL else delivery.target_id
            given = "" if known or endpoint.verb not in ("sync", "create") else placeholder(len(self.sent) + 1)
            self.sent.append(Sent(self._calls, endpoint.method, path, delivery, given))
            self._changed |= {
                (endpoint.system, name, delivery.scope.get("project_id", "")) for name in endpoint.refreshes
            }
            done.append(Accepted(delivery, known or given))
        return done

    def unknown(self, listing: Listing) -> str:
        """Why a list can't be read before the writes that were noted, in words; empty when it can."""
        asked = f"{listing.path} {listing.scope} {listing.query}"
        if placeholders_in(asked):
            return f"{listing.name} of a record that this plan makes can't be known before"
        projects = {
            project for system, name, project in self._changed if (system, name) == (listing.system, listing.name)
        }
        if "" in projects or listing.scope in projects or (projects and not listing.scope):
            return f"{listing.name} can't be known before the writes of this plan that change it"
        return ""


class Rehearsed:
    """One system, answering reads and noting writes."""

    def __init__(self, real: Target, notes: Notes, procore_company: str) -> None:
        self.system: System = real.system
        self._company = procore_company
        self._real = real
        self._notes = notes

    @property
    def calls(self) -> Calls:
        """Requests made so far, and those that would be made."""
        read = self._real.calls.read + self._notes.reads[self.system]
        return Calls(read, self._notes.writes[self.system], self._real.calls.kinds)

    @property
    def quota(self) -> Quota:
        """What the system last said about our allowance."""
        return self._real.quota

    async def carry(self, endpoint: Endpoint, deliveries: Sequence[Delivery]) -> list[Outcome]:
        """Note what would go, shared out among calls by the rules of the real client."""
        if self.system == BUSINESS_CENTRAL:
            return await business_central.in_calls(deliveries, lambda wave: self._to_business_central(endpoint, wave))
        return await procore.in_calls(endpoint, deliveries, lambda wave: self._to_procore(endpoint, wave))

    async def _to_business_central(self, endpoint: Endpoint, wave: Sequence[Delivery]) -> list[Outcome]:
        if any(endpoint.verb == "update" and not delivery.if_match for delivery in wave):
            self._notes.reads[self.system] += 1  # the ETag is read first, in one call
        addressed: list[tuple[Delivery, str]] = []
        done: list[Outcome] = []
        for delivery in wave:
            try:
                addressed.append((delivery, writing(endpoint, delivery, "").path))
            except Unaddressed as error:
                done.append(Refused(delivery, str(error)))
        return [*done, *(self._notes.call(endpoint, addressed) if addressed else ())]

    async def _to_procore(self, endpoint: Endpoint, wave: Sequence[Delivery]) -> list[Outcome]:
        named: list[tuple[Delivery, str]] = []
        for delivery in wave:
            names: Mapping[str, str] = {"company_id": self._company, **delivery.scope, "id": delivery.target_id}
            try:
                named.append((delivery, fill(endpoint.path, names)))
            except KeyError as error:
                return [Refused(each, f"no value for {error.args[0]}") for each in wave]
        return self._notes.call(endpoint, named)

    async def look(self, endpoint: Endpoint, deliveries: Sequence[Delivery]) -> list[Sight]:
        """What the system shows; see `Target.look`."""
        return await self._real.look(endpoint, deliveries)

    async def list(self, listing: Listing) -> list[Json]:
        """What the system holds.

        Raises  RetryLater for a list that can't be known before the writes that were noted; see also `Target.list`.
        """
        if why := self._notes.unknown(listing):
            self._notes.unknowable[why] = None
            raise RetryLater(why)
        return await self._real.list(listing)

    async def probe(self, listings: Sequence[Listing] = ()) -> Sequence[Finding]:
        """See `Target.probe`."""
        return await self._real.probe(listings)

    async def close(self) -> None:
        """Nothing to give back: the real system is somebody else's."""
