"""A strict stand-in of Business Central with the connector API, over real HTTP, in memory, deterministic."""

from adapters.sandbox.business_central.errors import Refusal
from adapters.sandbox.business_central.stand_in import COMPANY_ID, COMPANY_NAME, BusinessCentral

__all__ = ["COMPANY_ID", "COMPANY_NAME", "BusinessCentral", "Refusal"]
