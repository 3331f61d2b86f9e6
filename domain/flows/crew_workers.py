"""On whom the time of an entry is booked, and whether it may be: resources, periods and work types.

Source  Procore T10 (worker, employee id), T12 (time types); connector API resources (`procoreWorkerId` is the party;
        a login has ids of its own, which could be another party's), accountingPeriods.
"""

from collections.abc import Iterable, Mapping, Sequence

from domain.delivery import Listing
from domain.endpoints import time as endpoints
from domain.events import Wait
from domain.flow import Plan, Subject, row_by
from domain.flows.common import fact
from domain.time_sheet import WORK_TYPES
from domain.values import Json, text


def people(subject: Subject) -> Iterable[Listing]:
    """The people of the company, where no resource names the worker itself."""
    if endpoints.RESOURCES in subject.facts and not _named(subject, text(subject.source, "workerId")):
        yield endpoints.people(subject.context.procore_company)


def worker_of(subject: Subject) -> str:
    """The party that worked; an entry may name its login alone (T10). Empty where nobody knows the login."""
    if text(subject.source, "workerId"):
        return text(subject.source, "workerId")
    login = text(subject.source, "loginId")
    people = subject.facts.get(endpoints.people(subject.context.procore_company), ())
    return next((text(person, "id") for person in people if login and text(person, "user_id") == login), "")


def resource_of(subject: Subject) -> Json | Plan:
    """The resource that may be booked on; else what is waited for, or that two claim the worker (PP-86, PP-87)."""
    worker = worker_of(subject)
    # By id: reasons stand in events, which are never redacted.
    who = f"worker {worker}" if worker else f"login {text(subject.source, 'loginId')}"
    found = _named(subject, worker) or _employed(subject, worker)
    if len(found) > 1:
        both = " and ".join(sorted(text(row, "number") for row in found))
        return Plan(conflict=f"{who} is more than one resource of Business Central: {both}")
    if not found:
        return _held(f"worker:{worker}", f"{who} is no resource of Business Central")
    number = text(found[0], "number")
    if found[0].get("blocked"):
        return _held(f"resource:{number}", f"resource {number} of {who} is blocked")
    if not found[0].get("useCrewTimeSheet"):
        return _held(f"resource:{number}", f"resource {number} of {who} does not use crew time sheets")
    return found[0]


def may_be_booked_on(resource: Json | None) -> bool:
    """Business Central takes time on it (PP-87)."""
    return resource is not None and not resource.get("blocked") and bool(resource.get("useCrewTimeSheet"))


def period_waits(subject: Subject) -> list[Wait]:
    """The day must be inside an accounting period that is open (PP-88, C-24)."""
    day = text(subject.source, "workDate")
    inside = [
        row
        for row in subject.facts[endpoints.PERIODS]
        if text(row, "startingDate")[:10] <= day <= text(row, "endingDate")[:10]
    ]
    if not inside:
        return [fact(f"period:{day}", f"the work date {day} is in no accounting period")]
    if any(row.get("closed") for row in inside):
        return [fact(f"period:{day}", f"the accounting period of {day} is closed")]
    return []


def work_type_of(subject: Subject) -> str | Plan:
    """The Work Type Code of the entry's time type, by the mapping of the settings; never a guess."""
    kinds: Mapping[str, str] = subject.context.settings.get("work_types", WORK_TYPES)
    kind = text(subject.source, "timeType")
    if not kind or kind in kinds:
        return kinds.get(kind, "").strip().upper()
    words = f"time type {kind} has no Work Type Code; name it in the setting work_types of this flow"
    return _held(f"time type:{kind}", words)


def _named(subject: Subject, worker: str) -> Sequence[Json]:
    return [row for row in subject.facts[endpoints.RESOURCES] if worker and text(row, "procoreWorkerId") == worker]


def _employed(subject: Subject, worker: str) -> Sequence[Json]:
    """By the employee id of the person, which is the number of the resource's employee."""
    people = subject.facts.get(endpoints.people(subject.context.procore_company), ())
    person = row_by(people, "id", worker) or Json()
    number = text(person, "employee_id").upper()
    # A resource that names somebody else is not this worker's, whatever number the person carries.
    free = ("", "0", text(person, "user_id"))
    return [
        row
        for row in subject.facts[endpoints.RESOURCES]
        if number and text(row, "employeeNumber").upper() == number and text(row, "procoreWorkerId") in free
    ]


def _held(key: str, words: str) -> Plan:
    return Plan(waits=[fact(key, words)])
