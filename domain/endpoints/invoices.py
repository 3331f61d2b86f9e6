"""Subcontractor invoices (requisitions) and billing periods."""

from domain.delivery import Endpoint

ALL: tuple[Endpoint, ...] = ()
