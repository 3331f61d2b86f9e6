"""Reports for accounting, from the ledger alone: what each tells, its columns, and the query behind it."""

from hub.reports.registry import REPORTS
from hub.reports.report import Asked, ReportOf, Selected

__all__ = ["REPORTS", "Asked", "ReportOf", "Selected"]
