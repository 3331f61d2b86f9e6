"""What every new company has before anybody works in it."""

from datetime import date
from decimal import Decimal

from adapters.sandbox.business_central.records import Records

YEARS = (2025, 2026, 2027)


def set_up(records: Records, company_name: str) -> None:
    """The one record of the connector set-up, and accounting periods by month (BC 15.16)."""
    records.insert(
        "connectorSetups",
        companyName=company_name[:30],
        apiSchemaVersion="1.0",
        localCurrencyCode="USD",
        amountRoundingPrecision=Decimal("0.01"),
        unitAmountRoundingPrecision=Decimal("0.00001"),
        externalDocumentNumberMandatory=True,
        projectNumberSeriesAllowsManual=True,
        defaultProjectClass="Base Project",
        procoreEnvironment="sandbox",
    )
    for year in YEARS:
        for month in range(1, 13):
            start = date(year, month, 1)
            records.insert("accountingPeriods", startingDate=start, name=start.strftime("%B"), newFiscalYear=month == 1)
