"""The registry of flows is sound, and one that is not is refused at import."""

import msgspec
import pytest
from msgspec.structs import replace

from domain.endpoints import ENDPOINTS
from domain.flow import Flow, Plan, check_registry
from domain.flows import BY_KIND, BY_NAME, FLOWS, OF_KIND, RECORDS, project_to_project, vendor_to_company
from domain.values import SYSTEMS


def named(name: str, kind: str = "", after: tuple[str, ...] = ()) -> Flow:
    return Flow(
        name=name,
        kind=kind or name,
        origin=project_to_project.FLOW.origin,
        after=after,
        counts=lambda _source, _demanded: True,
        plan=lambda _subject: Plan(),
    )


def test_the_registry_of_the_product_is_sound() -> None:
    check_registry(FLOWS)

    assert list(BY_NAME) == [flow.name for flow in FLOWS]
    assert list(dict.fromkeys(flow.kind for flow in FLOWS)) == list(OF_KIND)
    assert {kind: flows[0] for kind, flows in OF_KIND.items()} == BY_KIND


@pytest.mark.parametrize(
    ("flows", "words"),
    [
        ([named("a"), named("a", kind="b")], "flow a stands twice"),
        (
            [named("a", kind="x"), replace(named("b", kind="x"), origin=vendor_to_company.FLOW.origin)],
            "kind x of flow b has another origin",
        ),
        ([named("a", after=("b",))], "flow a comes after b, which is not in the registry"),
        ([named("a", after=("b",)), named("b")], "flow a comes after b, which stands behind it"),
        ([named("a", after=("a",))], "flow a comes after a, which stands behind it"),
    ],
    ids=["a name twice", "a kind twice", "unknown", "behind", "itself"],
)
def test_an_unsound_registry_is_refused(flows: list[Flow], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        check_registry(flows)


@pytest.mark.requirement("PP-11")
def test_segments_come_before_projects_then_tasks_then_what_carries_amounts() -> None:
    order = [flow.name for flow in FLOWS]
    wanted = [
        "segment-to-segment-item",
        "project-to-project",
        "project-segment-to-sub-job",
        "project-task-to-cost-code",
        "budget-code-to-wbs-code",
        "purchase-order-to-commitment",
    ]

    assert [name for name in order if name in wanted] == wanted


@pytest.mark.requirement("DC-01")
def test_projects_and_commitments_are_aggregates_of_their_own() -> None:
    assert {kind: record.__name__ for kind, record in RECORDS.items()} == {
        "project": "Project",
        "commitment": "Commitment",
        "change_order": "ChangeOrder",
        "time_sheet": "TimeSheet",
    }


REPEATABLE = {"bc.timeSheetBufferEntries.process", "requisitions.items"}
"""Calls that no look shows, and that do the same however often they are made."""


@pytest.mark.parametrize("name", ENDPOINTS)
def test_every_endpoint_can_be_looked_at_so_that_a_lost_reply_is_settled_by_looking(name: str) -> None:
    endpoint = ENDPOINTS[name]

    assert endpoint.name == name
    assert endpoint.system in SYSTEMS
    assert endpoint.lookup is not None or name in REPEATABLE


@pytest.mark.requirement("PF-04")
@pytest.mark.parametrize("name", [name for name, it in ENDPOINTS.items() if it.verb == "sync"])
def test_a_sync_call_takes_a_thousand_rows_at_most(name: str) -> None:
    assert 1 < ENDPOINTS[name].limit <= 1000


@pytest.mark.requirement("PF-18")
@pytest.mark.parametrize("name", [name for name, it in ENDPOINTS.items() if it.system == "business_central"])
def test_a_batch_of_business_central_takes_a_hundred_requests(name: str) -> None:
    assert ENDPOINTS[name].limit == 100


@pytest.mark.requirement("PP-20")
def test_nothing_but_a_line_of_a_commitment_and_the_empty_twin_of_a_direct_cost_is_ever_deleted() -> None:
    deleting = {
        name for name, endpoint in ENDPOINTS.items() if endpoint.verb == "delete" or endpoint.method == "DELETE"
    }

    lines = {f"{kind}_order_contracts.line_items.delete" for kind in ("purchase", "work")}

    assert deleting == {*lines, "direct_costs.delete"}


@pytest.mark.parametrize("endpoint", ENDPOINTS.values(), ids=list(ENDPOINTS))
def test_an_endpoint_survives_being_written_down(endpoint: object) -> None:
    assert msgspec.json.decode(msgspec.json.encode(endpoint), type=type(endpoint)) == endpoint
