"""A strict stand-in of Procore's REST API, in memory, over real HTTP.

Rules are cited by the numbers of the Procore guide, such as `S3` or `W7`.
"""

from adapters.sandbox.procore.stand_in import Procore
from adapters.sandbox.procore.state import Invalid, Settings

__all__ = ["Invalid", "Procore", "Settings"]
