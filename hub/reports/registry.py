"""All reports, by name."""

from hub.reports.approvals import BY_PERSON, TIMES
from hub.reports.costs import JOB_COSTS, UNSYNCABLE
from hub.reports.lists import ACCOUNTANTS, ARCHIVED, SUB_JOBS
from hub.reports.report import ReportOf

REPORTS: dict[str, ReportOf] = {
    report.name: report for report in (JOB_COSTS, UNSYNCABLE, SUB_JOBS, ARCHIVED, ACCOUNTANTS, BY_PERSON, TIMES)
}
"""Name -> report, in the order in which people are told of them."""
