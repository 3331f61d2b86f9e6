"""Procore ERP request -> its details closed as failed, with words that say where to act instead.

Why     With an ERP connection people of Procore can send records to the desk of accounting. SiteLedger carries by
        itself what it carries, and no such request; unanswered, the button in Procore's tool would stay busy (E4).
Owner   Procore owns the request. The hub records it with its name and content, answers it once, and writes nothing to
        Business Central.
Rules   ER-55. Every `request_detail_id` anywhere in the payload is closed (E6). A request without one is recorded and
        left as it is: for most kinds there is nothing to close, and for the two whose samples lack the id
        (`create_budget`, `create_requisitions`) the reference does not say for certain by which item to find it.
        What is said never holds the word that lets a user change the number of a job (E23).
Source  Procore guide 20, E3 to E7; the path of a request is inferred there.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from domain.endpoints.erp import CLOSE_OUT
from domain.flow import Flow, Origin, Part, Plan, Subject
from domain.flows.common import only
from domain.values import PROCORE, Json, text

NAME = "erp-request-to-close-out"
KIND = "erp_request"

DETAIL = "request_detail_id"
MOST = 500
"""Details of one request that are closed; a list of rows may carry one each (E6)."""
NOTHING = "it names no request detail, so nothing is closed in Procore"
TOO_MANY = f"it names more than {MOST} request details; those behind stay open in Procore"

_INSTEAD: Sequence[tuple[str, str]] = (
    ("change_order", "Approve the change order in Procore; where change orders are carried, that is enough"),
    ("payment_application", "Make the invoice in Business Central"),
    ("payment", "Record the payment in Business Central"),
    ("requisition", "Post the invoice in Business Central; from there it comes to Procore"),
    ("commitment", "Make the order in Business Central and tick Send to Procore there"),
    ("prime_contract", "Make the contract in Business Central"),
    ("direct_cost", "Post the cost in Business Central; from there it comes to Procore"),
    ("vendor", "Make or change the vendor in Business Central and tick Send to Procore there"),
    ("budget", "Change the budget in Business Central; from there it comes to Procore"),
    ("job", "Make or change the project in Business Central and tick Send to Procore there"),
)
"""Part of the name of a request -> what to do; the first that fits."""
_ELSE = "Do it in Business Central"


def plan(subject: Subject) -> Plan:
    """One part for each detail."""
    details = list(_details(subject.source))
    body = {"status": "failed", "messages": [answer(text(subject.source, "request_name"))]}
    parts = [
        Part(name=f"detail:{id_}", endpoint=CLOSE_OUT, stage=0, body=body, key=id_, target_id=id_)
        for id_ in details[:MOST]
    ]
    if not parts:
        return Plan(warnings=[NOTHING])
    return Plan(parts=parts, warnings=[TOO_MANY] if len(details) > MOST else [])


def answer(name: str) -> str:
    """What people read in Procore."""
    instead = next((words for part, words in _INSTEAD if part in name), _ELSE)
    return f"SiteLedger does not carry requests of this kind, and nothing was written. {instead}."


def _details(source: Json) -> Iterator[str]:
    """Every detail that the payload names, each once, wherever it stands (E6)."""
    seen: set[str] = set()
    rest: deque[object] = deque([source])
    while rest:
        here = rest.popleft()
        if isinstance(here, list):
            rest += cast("list[object]", here)
        elif isinstance(here, Mapping):
            fields = cast("Mapping[str, Any]", here)
            found = text(fields, DETAIL)
            if found and found not in seen:
                seen.add(found)
                yield found
            rest += fields.values()


def _counts(_source: Json, _demanded: bool) -> bool:  # noqa: FBT001 - the registry's signature
    return True


FLOW = Flow(
    name=NAME,
    kind=KIND,
    origin=Origin(
        system=PROCORE,
        entity_set="erp_requests",
        number=lambda row: text(row, "id"),
        title=lambda row: text(row, "request_name"),
        project=lambda _row: "",
        relevant=lambda row: only(row, ("request_name", "request_data", DETAIL)),
    ),
    counts=_counts,
    plan=plan,
)
