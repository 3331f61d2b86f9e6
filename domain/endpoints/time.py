"""Time sheets of Procore, and the buffer and crew time sheets of Business Central."""

from domain.delivery import Endpoint

ALL: tuple[Endpoint, ...] = ()
