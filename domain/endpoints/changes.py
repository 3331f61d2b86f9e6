"""Change orders of Procore, and their counterparts in Business Central."""

from domain.delivery import Endpoint

ALL: tuple[Endpoint, ...] = ()
