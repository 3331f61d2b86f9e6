"""Budget lines and the budget they belong to."""

from domain.delivery import Endpoint

ALL: tuple[Endpoint, ...] = ()
