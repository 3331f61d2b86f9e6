"""Direct costs, heads and lines."""

from domain.delivery import Endpoint

ALL: tuple[Endpoint, ...] = ()
