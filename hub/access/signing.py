"""Events of who may do what: signed by whoever acts, each in the stream of its user, token or session."""

from typing import Any, TypeVar
from uuid import UUID, uuid5

from adapters.ports import Clock
from domain.events import Event
from domain.values import LEDGER
from hub.acting import moment_of

E = TypeVar("E", bound=Event)


def stream_of(kind: str, name: str) -> UUID:
    """The stream of a user, token, session or refusal."""
    return uuid5(LEDGER, f"access/{kind}/{name}")


def signed(kind: type[E], clock: Clock, actor: str, stream: UUID, version: int = 1, /, **fields: Any) -> E:
    """An event, now. `connection` may stand among the fields; without it the hub as a whole is meant."""
    connection = fields.pop("connection", "")
    moment = moment_of(clock, actor, connection)
    return kind(
        originator_id=stream,
        originator_version=version,
        at=moment.at,
        connection=connection,
        correlation_id=moment.cause.correlation_id,
        causation_id=moment.cause.causation_id,
        actor=actor,
        **fields,
    )
