"""Prime contracts: listed under one path and shown under another, with the figures of their change orders."""

from adapters.sandbox.procore import Procore
from tests.adapters.sandbox.procore.harness import Api, Clock


async def test_a_prime_contract_is_listed_and_shown(api: Api, procore: Procore, clock: Clock) -> None:
    project = procore.add_project("Bridge")["id"]
    vendor = procore.add_vendor("Owner")["id"]
    procore.changes.add_prime_contract(project, title="Old")
    clock.passes(hours=1)
    made = procore.changes.add_prime_contract(project, title="School", vendor_id=vendor, grand_total="1000.00")
    procore.changes.add(project, contract_id=made["id"], grand_total="-50.00", status="approved")
    span = f"{made['created_at']}...2099-01-01T00:00:00Z"
    listed = await api.get("/rest/v1.0/prime_contracts", project_id=project, **{"filters[updated_at]": span})
    shown = await api.get(f"/rest/v1.0/prime_contract/{made['id']}", project_id=project)

    assert [(row["id"], row["number"], row["grand_total"]) for row in listed] == [(made["id"], "2", "1000.0")]
    assert (shown["approved_change_orders"], shown["revised_contract_amount"]) == ("-50.0", "950.0")
    assert (shown["status"], shown["vendor"]["name"]) == ("Draft", "Owner")


async def test_a_prime_contract_of_another_project_is_not_found(api: Api, procore: Procore) -> None:
    made = procore.changes.add_prime_contract(procore.add_project("Bridge")["id"])
    other = procore.add_project("Tunnel")["id"]
    reply = await api.call("GET", f"/rest/v1.0/prime_contract/{made['id']}", {"project_id": other})

    assert reply.status == 404


async def test_a_closed_tool_hides_prime_contracts(api: Api, procore: Procore) -> None:
    project = procore.add_project("Bridge", tools_off=["prime_contracts"])["id"]
    reply = await api.call("GET", "/rest/v1.0/prime_contracts", {"project_id": project})

    assert reply.status == 403
