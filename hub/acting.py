"""Who acts: moments that a person or a token signs instead of the system."""

from adapters.ports import Clock
from domain.record import Moment
from domain.values import Cause
from hub.connection import story_id

SYSTEM = "system"


def moment_of(clock: Clock, actor: str, connection: str) -> Moment:
    """Now, as a story of its own. `actor` is `cli:NAME`, `user:NAME` or `token:NAME`, and never a secret."""
    at = clock.now()
    story = story_id(f"{connection}/{actor}", at)
    return Moment(at, Cause(story, story, actor))
