"""What people do in the two sample companies in the later weeks of the demonstration: changes, time, postings."""

from datetime import date
from decimal import Decimal

from adapters.sandbox.business_central import BusinessCentral
from adapters.sandbox.procore import Procore
from adapters.sandbox.procore.state import Row

JOB = "JOB000001"
CREW = (
    ("Dana", "Whitfield", "E0010", "R0010", True),
    ("Luis", "Ortega", "E0020", "R0020", True),
    ("Marta", "Kowalski", "E0030", "R0030", False),
)
"""First and last name, employee number, resource in Business Central, and whether it may have crew time sheets."""
HOURS = (("7.50", "8.00", "8.00"), ("8.00", "6.25", "7.75"))
"""Of the crew, day by day."""
NUMBER_OF_CONCRETE = "Ready-mix concrete"


def project_of(procore: Procore) -> Row:
    """The job's project in Procore."""
    return procore.find("projects", project_number=JOB)


def approve_change_order(procore: Procore) -> str:
    """The owner wants a canopy: two codes, one of them a deduction; its number."""
    return _change(procore, "PCO-014", "Ambulance canopy", [("05-100", "S", "48250.00"), ("03-300", "M", "-1275.40")])


def approve_npc_order(procore: Procore) -> str:
    """Work outside of the contract: it becomes a linked project of its own; its number."""
    return _change(procore, "PCO-015", "Helipad lighting", [("26-050", "S", "88900.00")], npc=True)


def _change(
    procore: Procore, number: str, title: str, lines: list[tuple[str, str, str]], *, npc: bool | None = None
) -> str:
    project = project_of(procore)["id"]
    contract = next(procore.rows("prime_contracts", project_id=project), None)
    contract = contract or procore.changes.add_prime_contract(project, number="PRIME-1", title="Prime contract")
    rows = [
        {
            "wbs_code_id": procore.add_wbs_code(project, task, kind, "BLDG-A")["id"],
            "amount": amount,
            "description": f"{title}, {task}",
        }
        for task, kind, amount in lines
    ]
    procore.changes.add(
        project,
        side="prime",
        contract_id=contract["id"],
        title=title,
        number=number,
        description=f"{title}, as agreed on the site",
        lines=rows,
        status="approved",
        npc=npc,
        kind="NPC Change Order" if npc else None,
    )
    return number


def hire_crew(central: BusinessCentral, procore: Procore) -> list[int]:
    """The crew in both systems; the third one may not have crew time sheets yet. Their ids in Procore."""
    tables = central.tables
    people: list[int] = []
    for first, last, employee, resource, allowed in CREW:
        person = procore.people.add(first, last, employee_id=employee, is_employee=True)
        people.append(person["id"])
        known = next((row for row in tables.rows("resources") if row["number"] == resource), None)
        if known is None:
            known = tables.insert(
                "resources",
                number=resource,
                displayName=f"{first} {last}",
                baseUnitOfMeasureCode="HOUR",
                unitCost=Decimal("58.40"),
                genProdPostingGroup="LABOR",
            )
        tables.update("resources", known["id"], procoreWorkerId=person["id"], useCrewTimeSheet=allowed)
    return people


def write_time(procore: Procore, people: list[int], days: tuple[date, date]) -> None:
    """Two days of work, approved by the superintendent."""
    project = project_of(procore)["id"]
    for day, hours in zip(days, HOURS, strict=True):
        sheet = procore.time.add_sheet(project, day.isoformat())
        for person, worked in zip(people, hours, strict=True):
            procore.time.add_entry(
                sheet["id"],
                person,
                hours=worked,
                cost_code="03-100",
                cost_type="L",
                sub_job="BLDG-A",
                status="approved",
            )


def allow_crew_time_sheets(central: BusinessCentral) -> None:
    """The third worker may have crew time sheets after all."""
    resource = central.tables.find("resources", number=CREW[2][3])
    central.tables.update("resources", resource["id"], useCrewTimeSheet=True)


def open_month(procore: Procore, today: date) -> None:
    """The billing period of this month, in every project that bills its commitments by periods: this one alone."""
    first = today.replace(day=1)
    last = date(first.year + first.month // 12, first.month % 12 + 1, 1).toordinal() - 1
    procore.billing.add_period(project_of(procore)["id"], first, date.fromordinal(last), date.fromordinal(last + 10))


def post_concrete(central: BusinessCentral, today: date) -> str:
    """The concrete is there and its invoice is posted; number of the order."""
    tables = central.tables
    order = tables.find("purchaseOrders", yourReference=NUMBER_OF_CONCRETE)
    tables.update("purchaseOrders", order["id"], vendorInvoiceNumber="ACME-88127", postingDate=today.isoformat())
    tables.act("purchaseOrders", order["id"], "receiveAndInvoice")
    return str(order["number"])


def post_journal(central: BusinessCentral, today: date, document: str = "SITE-10") -> str:
    """Two lines of a project journal that belong on the site's books; the document's number."""
    tables = central.tables
    names = {"journalTemplateName": "PROJECT", "name": "SITE"}
    batch = next((row for row in tables.rows("projectJournalBatches") if row["name"] == names["name"]), None)
    batch = batch or tables.insert("projectJournalBatches", **names, description="Costs of the site")
    for task, kind, account, amount, text in (
        ("01-500", "O", "5900", "1894.15", "Fence, October"),
        ("31-200", "E", "5300", "640.00", "Dewatering pump, rental"),
    ):
        tables.insert(
            "projectJournalLines",
            journalTemplateName="PROJECT",
            journalBatchName="SITE",
            entryType="Budget",
            postingDate=today.isoformat(),
            documentNumber=document,
            jobNumber=JOB,
            jobTaskNumber=task,
            segmentCode="SITE",
            costTypeCode=kind,
            type="G/L Account",
            number=account,
            description=text,
            quantity=Decimal(1),
            unitCost=Decimal(amount),
            sendToProcore=True,
        )
    tables.act("projectJournalBatches", batch["id"], "post")
    return document
