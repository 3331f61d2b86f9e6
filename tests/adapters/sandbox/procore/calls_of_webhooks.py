"""Every call that concerns webhooks, each held against the description by the caller."""

from typing import Any

from tests.adapters.sandbox.procore.harness import Api

URL = "https://hub.example.com/webhooks/procore/main"
TOKEN = "Bearer 3q2-7nXv9cLr5kTzPb0sWdYhUeJfGaMi"


def company_of(api: Api) -> str:
    return f"/rest/v2.0/companies/{api.procore.state.company_id}/webhooks"


def project_of(api: Api, project: int) -> str:
    return f"/rest/v2.0/companies/{api.procore.state.company_id}/projects/{project}/webhooks"


async def subscribe(api: Api, base: str, *wanted: tuple[str, str], **fields: Any) -> str:
    """The id of a hook with these triggers."""
    body = {
        "payload_version": "v2.0",
        "namespace": "siteledger",
        "destination_url": URL,
        "destination_headers": {"Authorization": TOKEN},
        **fields,
    }
    hook: str = (await api.call("POST", f"{base}/hooks", body=body)).body["data"]["id"]
    for resource, event in wanted:
        added = {"resource_name": resource, "event_type": event}
        reply = await api.call("POST", f"{base}/hooks/{hook}/triggers", body=added)
        assert reply.status == 201, reply
    return hook


async def call_webhooks(api: Api, project: int) -> None:
    for base, resource in ((company_of(api), "Projects"), (project_of(api, project), "Cost Codes")):
        await api.get(f"{base}/resources", payload_version="v2.0")
        hook = await subscribe(api, base, (resource, "create"))
        await api.get(f"{base}/hooks", namespace="siteledger", include_trigger_count="true")
        await api.get(f"{base}/hooks/{hook}")
        await api.call("PATCH", f"{base}/hooks/{hook}", body={"destination_url": f"{URL}/2"})
        if base == company_of(api):
            bulk = [{"resource_name": "Company Vendors", "event_type": event} for event in ("create", "update")]
            await api.call("POST", f"{base}/hooks/{hook}/triggers/bulk", body=bulk)
        [trigger, *_] = (await api.get(f"{base}/hooks/{hook}/triggers"))["data"]
        await api.get(f"{base}/hooks/{hook}/deliveries", **{"filter[status]": "discarded"})
        await api.call("DELETE", f"{base}/hooks/{hook}/triggers/{trigger['id']}")
        await api.call("DELETE", f"{base}/hooks/{hook}")
