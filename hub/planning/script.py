"""The orders of a round that carries out a plan: nothing else may go, and the first deviation ends it."""

from collections import deque
from collections.abc import Collection, Sequence
from uuid import UUID

from domain.delivery import Accepted, Busy, Delivery, Outcome
from hub.planning.placeholders import filled, placeholders_in
from hub.planning.plan import Plan, Write, content_of, name_of


class Script:
    """Lets the writes of one plan go, each once. Placeholders are filled in as the systems give the ids.

    deviation  what was not as planned, in words; empty while all goes well
    busy       it was only a system that has no time now
    """

    def __init__(self, plan: Plan) -> None:
        self.sent = 0
        self.deviation = ""
        self.busy = False
        self._left = len(plan.writes)
        self._ids: dict[str, str] = {}
        self._ready: dict[str, deque[tuple[Write, str]]] = {}
        self._waiting: dict[str, list[Write]] = {}
        self._out: dict[UUID, Write] = {}
        for write in plan.writes:
            self._put(write)

    @property
    def over(self) -> bool:
        """All is sent, or something was not as planned."""
        return bool(self.deviation) or not self._left

    @property
    def left(self) -> int:
        """Writes that did not go."""
        return self._left

    def admitted(self, deliveries: Sequence[Delivery]) -> Collection[UUID]:
        """Those that the plan names and that say what it says; one that says something else ends it all."""
        found: dict[UUID, Write] = {}
        for delivery in deliveries:
            name = name_of(delivery.flow, delivery.part, delivery.endpoint, delivery.scope, delivery.key)
            planned = self._ready.get(name)
            if not planned:
                continue  # the plan did not name it, so it is left for another round
            write, content = planned[0]
            if content != content_of(delivery.target_id, delivery.body):
                self.deviation = f"{write.flow} {write.number}: {write.part} would say something else than planned"
                return ()
            found[delivery.id] = write
        self._out = found
        return found.keys()

    def heard(self, outcome: Outcome) -> None:
        """Takes the ids that a system gave; anything but success ends it all."""
        write = self._out.pop(outcome.delivery.id)
        if not isinstance(outcome, Accepted):
            words = outcome.reason if isinstance(outcome, Busy) else outcome.message
            self.busy = isinstance(outcome, Busy)
            self.deviation = self.deviation or f"{write.flow} {write.number}: {write.part}: {words}"
            return
        self.sent += 1
        self._left -= 1
        self._ready[filled(write.name, self._ids)].popleft()
        if write.given:
            self._ids[write.given] = outcome.target_id
            for waiting in self._waiting.pop(write.given, ()):
                self._put(waiting)

    def _put(self, write: Write) -> None:
        """Makes a write ready as soon as every id that it names is known."""
        missing = next((each for each in placeholders_in(write.name + write.content) if each not in self._ids), None)
        if missing is not None:
            self._waiting.setdefault(missing, []).append(write)
            return
        name, content = filled(write.name, self._ids), filled(write.content, self._ids)
        self._ready.setdefault(name, deque()).append((write, content))
