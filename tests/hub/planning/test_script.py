"""A plan that is carried out lets its own writes go, each once, and nothing else."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.delivery import Accepted, Busy, Delivery, Refused
from domain.values import PROCORE, digest
from hub.planning.placeholders import filled, in_words, placeholder, placeholders_in
from hub.planning.plan import Plan, Scope, Write
from hub.planning.script import Script

pytestmark = pytest.mark.requirement("BX-04")

HEADER = placeholder(1)


def write(part: str = "header", **fields: Any) -> Write:
    given: dict[str, Any] = {
        "call": 1,
        "system": PROCORE,
        "flow": "purchase-order-to-commitment",
        "record": "r",
        "number": "PO1",
        "part": part,
        "endpoint": "purchase_order_contracts",
        "method": "PATCH",
        "path": "/rest/v1.0/purchase_order_contracts/sync",
        "scope": {"project_id": "7"},
        "key": "bc:po1",
        "target_id": "",
        "rests_on": {"business_central": "d"},
        "before": None,
        "body": {"number": "PO1"},
        **fields,
    }
    return Write(**given)


def delivery(part: str = "header", **fields: Any) -> Delivery:
    given: dict[str, Any] = {
        "id": uuid4(),
        "record": UUID(int=1),
        "connection": "main",
        "flow": "purchase-order-to-commitment",
        "part": part,
        "endpoint": "purchase_order_contracts",
        "scope": {"project_id": "7"},
        "key": "bc:po1",
        "body": {"number": "PO1"},
        **fields,
    }
    return Delivery(**given)


def plan(*writes: Write) -> Plan:
    return Plan(
        scope=Scope(connection="main"),
        settings=digest("settings"),
        writes=writes,
        reads={PROCORE: 1},
        calls={PROCORE: 1},
    )


def test_what_the_plan_does_not_name_stays_where_it_is() -> None:
    script = Script(plan(write()))

    assert not script.admitted([delivery("other")])
    assert not script.over


def test_a_write_goes_once() -> None:
    script, it = Script(plan(write())), delivery()

    assert script.admitted([it]) == {it.id}
    script.heard(Accepted(it, "900"))
    assert (script.over, script.sent, script.left) == (True, 1, 0)
    assert not script.admitted([delivery()])


def test_another_content_ends_it_before_anything_is_sent() -> None:
    script = Script(plan(write(), write("line")))

    assert not script.admitted([delivery(body={"number": "PO2"})])
    assert script.over
    assert script.deviation == "purchase-order-to-commitment PO1: header would say something else than planned"


def test_a_write_that_names_an_id_waits_for_it() -> None:
    line = write("line", scope={"project_id": "7", "contract_id": HEADER}, body={"contract": int(HEADER)})
    script = Script(plan(write(given=HEADER), line))
    first = delivery()
    second = delivery("line", scope={"project_id": "7", "contract_id": "900"}, body={"contract": 900})

    assert line.after_previous
    assert script.admitted([first, second]) == {first.id}
    script.heard(Accepted(first, "900"))
    assert script.admitted([second]) == {second.id}


def test_the_moment_of_the_call_is_no_content() -> None:
    planned = write(body={"procoreCommitmentId": 5, "procoreLastSyncedAt": "2026-03-31T22:00:00Z"})
    later = delivery(body={"procoreCommitmentId": 5, "procoreLastSyncedAt": "2026-03-31T22:07:00Z"})

    assert later.id in Script(plan(planned)).admitted([later])


def test_anything_but_success_ends_it() -> None:
    for outcome, words, busy in (
        (lambda it: Busy(it, "no answer", timedelta()), "no answer", True),
        (lambda it: Refused(it, "number is taken"), "number is taken", False),
    ):
        script, it = Script(plan(write(), write("line"))), delivery()
        script.admitted([it])
        script.heard(outcome(it))

        assert (script.over, script.busy, script.sent) == (True, busy, 0)
        assert words in script.deviation


def test_the_hash_covers_order_content_records_and_settings() -> None:
    first, second = write(), write("line")
    base = plan(first, second)
    others = [
        plan(second, first),
        plan(first),
        plan(first, write("line", body={"number": "PO2"})),
        plan(first, write("line", rests_on={"business_central": "other"})),
        plan(first, write("line", target_id="9")),
        Plan(scope=base.scope, settings=digest("other"), writes=base.writes, reads=base.reads, calls=base.calls),
        Plan(
            scope=Scope(connection="main", full=True),
            settings=base.settings,
            writes=base.writes,
            reads=base.reads,
            calls=base.calls,
        ),
    ]

    assert plan(first, second).hash == base.hash
    assert len({base.hash, *(each.hash for each in others)}) == len(others) + 1


def test_placeholders_stand_in_numbers_texts_and_lists() -> None:
    document = {"id": int(HEADER), "path": f"/contracts/{HEADER}/lines", "rows": [HEADER, 5, True, None]}
    words = {HEADER: "<id>"}

    assert placeholders_in(f"{HEADER}, {HEADER}, {placeholder(2)}") == [HEADER, placeholder(2)]
    assert in_words(document, words) == {"id": "<id>", "path": "/contracts/<id>/lines", "rows": ["<id>", 5, True, None]}
    assert filled(f"/contracts/{HEADER}", {HEADER: "900"}) == "/contracts/900"
