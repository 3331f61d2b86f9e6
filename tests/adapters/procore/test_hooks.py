"""Webhooks of Procore are made, changed and given up, triggers are added once, and what was discarded is found."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
import structlog

from adapters.outbound.secrets import Secret
from adapters.ports import FixedClock
from adapters.procore.client import ProcoreClient
from adapters.procore.hook_rows import Wanted
from adapters.procore.hooks import Hooks
from adapters.sandbox.faults import Fault
from adapters.sandbox.procore import Procore
from domain.concerns import RESOURCES
from domain.errors import Misconfigured, NeedsDecision, RetryLater, Unreadable
from domain.notices import Notice, read_procore
from tests.adapters.outbound.served import clock, procore_client
from tests.adapters.outbound.world import Network, says, virtual
from tests.adapters.procore.known import client_on
from tests.contract import procore_contract

URL = "https://hub.example.com/webhooks/procore/main"
TOKEN = Secret("3q2-7nXv9cLr5kTzPb0sWdYhUeJfGaMi")
NAMESPACE = "siteledger"
CREATED, CHANGED = Wanted("Company Vendors", "create"), Wanted("Company Vendors", "update")


@dataclass
class Receiver:
    """Stands where the hub would."""

    status: int = 204
    told: list[Notice] = field(default_factory=list[Notice])
    headers: list[str] = field(default_factory=list[str])

    async def __call__(self, _url: str, body: bytes, headers: Mapping[str, str], _seconds: float) -> tuple[int, str]:
        self.headers.append(headers["Authorization"])
        self.told.append(read_procore(body))
        return self.status, ""


@pytest.fixture
def at() -> FixedClock:
    return clock()


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def procore(at: FixedClock, receiver: Receiver) -> Procore:
    return Procore(now=at.now, seed=3, post=receiver)


@pytest.fixture
async def client(procore: Procore, at: FixedClock) -> AsyncIterator[ProcoreClient]:
    async with procore_client(procore, at) as made:
        yield made
    if procore_contract.present():
        procore_contract.validate_exchanges(it for it in procore.log if it.status)


@pytest.fixture
def hooks(client: ProcoreClient) -> Hooks:
    return client.hooks


@pytest.fixture
def project(procore: Procore) -> str:
    return str(procore.add_project("Bridge")["id"])


# -- hooks ---------------------------------------------------------------------------------------------------------


async def test_a_hook_is_made_and_found_again(hooks: Hooks, procore: Procore, receiver: Receiver) -> None:
    """N3, N7: the header that is sent with every delivery can be read no more."""
    made = await hooks.create(URL, NAMESPACE, TOKEN)
    await hooks.add_triggers(made.id, [CREATED])
    procore.add_vendor("Acme")
    await procore.deliverer.send()
    (found,) = await hooks.all(NAMESPACE)

    assert (made.url, made.namespace, made.payload_version, made.active) == (URL, NAMESPACE, "v2.0", True)
    assert (found.id, found.project_id, found.triggers) == (made.id, "", 1)
    assert found.ending == TOKEN.reveal()[-5:]
    assert receiver.headers == [f"Bearer {TOKEN.reveal()}"]


async def test_company_and_projects_have_hooks_of_their_own(hooks: Hooks, project: str) -> None:
    """N1."""
    ours = await hooks.create(URL, NAMESPACE, TOKEN)
    theirs = await hooks.create(URL, NAMESPACE, TOKEN, project_id=project)

    assert [it.id for it in await hooks.all(NAMESPACE)] == [ours.id]
    assert [(it.id, it.project_id) for it in await hooks.all(NAMESPACE, project)] == [(theirs.id, project)]


async def test_all_pages_of_hooks_are_read(hooks: Hooks, procore: Procore) -> None:
    """P4."""
    for _ in range(120):
        row = {"status": "active", "project_id": None, "destination_headers": None, "destination_url": URL}
        procore.state.insert("webhook_hooks", row | {"namespace": NAMESPACE, "payload_version": "v2.0"})

    assert len({it.id for it in await hooks.all(NAMESPACE)}) == 120


async def test_a_hook_is_changed_in_what_is_given_alone(hooks: Hooks, procore: Procore) -> None:
    made = await hooks.create(URL, NAMESPACE, TOKEN)
    off = await hooks.update(made.id, active=False)
    moved = await hooks.update(made.id, url=f"{URL}/2", active=True, payload_version="v3.0")
    fresh = await hooks.update(made.id, token=Secret("another-secret-that-is-long-enough"))

    assert off is not None
    assert moved is not None
    assert fresh is not None
    assert (off.active, off.url) == (False, URL)
    assert (moved.active, moved.url, moved.payload_version) == (True, f"{URL}/2", "v3.0")
    assert (fresh.ending, fresh.url) == ("nough", f"{URL}/2")
    (row,) = procore.state.rows("webhook_hooks")
    assert row["destination_headers"] == {"Authorization": "Bearer another-secret-that-is-long-enough"}


async def test_the_hook_of_a_project_has_no_status(hooks: Hooks, project: str) -> None:
    made = await hooks.create(URL, NAMESPACE, TOKEN, project_id=project)

    with pytest.raises(ValueError, match="no status"):
        await hooks.update(made.id, project_id=project, active=False)
    assert await hooks.update(made.id, project_id=project, url=f"{URL}/2") is not None


async def test_what_is_gone_says_so(hooks: Hooks) -> None:
    made = await hooks.create(URL, NAMESPACE, TOKEN)

    assert await hooks.delete(made.id) is True
    assert await hooks.delete(made.id) is False
    assert await hooks.update(made.id, url=URL) is None
    assert await hooks.remove_trigger(made.id, "7") is False
    with pytest.raises(NeedsDecision) as gone:
        await hooks.add_triggers(made.id, [CREATED])
    assert gone.value.status == 404


# -- triggers ------------------------------------------------------------------------------------------------------


async def test_triggers_are_added_once_however_often_they_are_asked_for(hooks: Hooks, procore: Procore) -> None:
    made = await hooks.create(URL, NAMESPACE, TOKEN)
    first = await hooks.add_triggers(made.id, [CREATED, CHANGED, CREATED])
    again = await hooks.add_triggers(made.id, [CHANGED, CREATED])

    assert {it.wanted for it in first.present} == {CREATED, CHANGED}
    assert again == first
    assert first.refused == ()
    writes = [it for it in procore.log if it.method == "POST" and "triggers" in it.path]
    assert [it.path.rpartition("/")[2] for it in writes] == ["bulk"]


@pytest.mark.parametrize("others", [(), (CHANGED,)])
async def test_what_is_refused_is_told_apart_from_what_was_made(hooks: Hooks, others: tuple[Wanted, ...]) -> None:
    """N5, N20: polling takes over where nothing is told."""
    made = await hooks.create(URL, NAMESPACE, TOKEN)
    unknown = Wanted("Requisitions", "create")

    done = await hooks.add_triggers(made.id, [unknown, *others])

    assert {it.wanted for it in done.present} == set(others)
    assert [it.wanted for it in done.refused] == [unknown]
    assert done.refused[0].why


async def test_triggers_of_a_project_are_added_one_by_one(hooks: Hooks, project: str) -> None:
    """The description has no bulk call for projects."""
    made = await hooks.create(URL, NAMESPACE, TOKEN, project_id=project)
    wanted = [Wanted("Cost Codes", "create"), Wanted("Projects", "create"), Wanted("Sub Jobs", "delete")]

    done = await hooks.add_triggers(made.id, wanted, project)

    assert [it.wanted for it in done.present] == [wanted[0], wanted[2]]
    assert [it.wanted for it in done.refused] == [wanted[1]]
    assert "not a resource of this scope" in done.refused[0].why
    assert await hooks.remove_trigger(made.id, done.present[0].id, project)
    assert [it.wanted for it in await hooks.triggers(made.id, project)] == [wanted[2]]


async def test_a_lost_answer_to_triggers_is_healed_by_asking_again(hooks: Hooks, procore: Procore) -> None:
    made = await hooks.create(URL, NAMESPACE, TOKEN)
    procore.faults.add(Fault(kind="lost_reply", method="POST", path="triggers/bulk"))

    with pytest.raises(RetryLater) as lost:
        await hooks.add_triggers(made.id, [CREATED, CHANGED])
    done = await hooks.add_triggers(made.id, [CREATED, CHANGED])

    assert lost.value.outcome_unknown
    assert len(done.present) == 2


async def test_everything_that_the_flows_want_is_offered(hooks: Hooks, project: str) -> None:
    """N20, and the table of resources that notices are looked up in."""
    offers = {
        "company": {it.resource: it.events for it in await hooks.offers()},
        "project": {it.resource: it.events for it in await hooks.offers(project)},
    }
    wanted = {it for it in RESOURCES if it.name != "Project Dates"}  # the stand-in keeps no dates

    assert all(set(it.events) <= set(offers[it.scope].get(it.name, ())) for it in wanted)


# -- deliveries ----------------------------------------------------------------------------------------------------


async def test_what_was_discarded_since_a_moment_is_found_page_by_page(
    hooks: Hooks, procore: Procore, receiver: Receiver, at: FixedClock
) -> None:
    """N12, N18: a queue is flushed after twelve hours, and only this list tells what was in it."""
    made = await hooks.create(URL, NAMESPACE, TOKEN)
    await hooks.add_triggers(made.id, [CREATED])
    receiver.status = 503
    early = procore.add_vendor("early")["id"]
    since = at.at = at.at + timedelta(hours=1)
    ids = [procore.add_vendor(f"vendor {number}")["id"] for number in range(230)]
    for _ in range(40):
        await procore.deliverer.send()
        at.at += timedelta(minutes=30)
    receiver.status = 204
    procore.add_vendor("late")
    await procore.deliverer.send()

    pages = [page async for page in hooks.deliveries(made.id, since)]
    found = [it for page in pages for it in page]
    assert len(pages) == 3
    assert {it.status for it in found} == {"discarded"}
    assert sorted(int(it.notice.resource_id) for it in found if it.notice) == ids
    assert early not in ids
    assert {it.attempts for it in found} == {0}  # all but the head of the queue were never tried


async def test_a_discarded_event_reads_like_one_that_came(
    hooks: Hooks, procore: Procore, receiver: Receiver, at: FixedClock
) -> None:
    """The same notice, so that one that came after all is met once (I5)."""
    made = await hooks.create(URL, NAMESPACE, TOKEN)
    await hooks.add_triggers(made.id, [CREATED])
    receiver.status = 500
    begun = at.at
    procore.add_vendor("Acme")
    for _ in range(40):
        await procore.deliverer.send()
        at.at += timedelta(minutes=30)

    (found,) = [it async for page in hooks.deliveries(made.id, begun) for it in page]
    assert {found.notice} == set(receiver.told)
    assert found.attempts == len(receiver.told)


async def test_deliveries_of_a_project_are_listed_as_well(hooks: Hooks, procore: Procore, project: str) -> None:
    made = await hooks.create(URL, NAMESPACE, TOKEN, project_id=project)
    await hooks.add_triggers(made.id, [Wanted("Cost Codes", "create")], project)
    procore.add_cost_code(int(project), "01", "General")
    await procore.deliverer.send()

    begun = procore.state.now() - timedelta(minutes=1)
    pages = [page async for page in hooks.deliveries(made.id, begun, "succeeded", project)]
    assert [it.notice.project_id for page in pages for it in page if it.notice] == [project]


@virtual
async def test_a_payload_that_cannot_be_read_keeps_its_row() -> None:
    rows = [{"id": "7", "status": "DISCARDED", "payload": {"id": 1}}, {"id": "8", "status": "discarded"}]
    hooks = client_on(Network(says({"data": rows}))).hooks

    (page,) = [page async for page in hooks.deliveries("1", clock().now())]
    assert [(it.id, it.status, it.notice) for it in page] == [("7", "discarded", None), ("8", "discarded", None)]
    assert page[0].fault == "event_type: it is missing"


# -- trouble, and what is never sent -------------------------------------------------------------------------------


async def test_without_the_permission_the_one_that_is_missing_is_named(hooks: Hooks, procore: Procore) -> None:
    """A14."""
    made = await hooks.create(URL, NAMESPACE, TOKEN)
    procore.settings.webhooks_allowed = False

    with pytest.raises(Misconfigured, match="'Webhooks API: Standard'"):
        await hooks.all(NAMESPACE)
    with pytest.raises(Misconfigured, match="'Webhooks API: Standard'"):
        await hooks.create(URL, NAMESPACE, TOKEN)
    with pytest.raises(Misconfigured, match="'Webhooks API: Standard'"):
        await hooks.delete(made.id)
    with pytest.raises(Misconfigured, match="'Webhooks API: Standard'"):
        _ = [page async for page in hooks.deliveries(made.id, procore.state.now())]


async def test_a_lost_answer_leaves_it_open_whether_a_hook_was_made(hooks: Hooks, procore: Procore) -> None:
    procore.faults.add(Fault(kind="lost_reply", method="POST", path="webhooks/hooks"))

    with pytest.raises(RetryLater) as lost:
        await hooks.create(URL, NAMESPACE, TOKEN)

    assert lost.value.outcome_unknown
    assert len(await hooks.all(NAMESPACE)) == 1


@pytest.mark.parametrize("namespace", ["", "Site Ledger", "siteledger/x", "x" * 101])
async def test_a_namespace_that_procore_would_not_take_is_not_sent(
    hooks: Hooks, procore: Procore, namespace: str
) -> None:
    """N6."""
    with pytest.raises(ValueError, match="namespace"):
        await hooks.create(URL, namespace, TOKEN)
    with pytest.raises(ValueError, match="namespace"):
        await hooks.all(namespace)
    assert len(procore.log) == 0


async def test_neither_a_weak_secret_nor_an_address_in_the_clear_is_sent(hooks: Hooks, procore: Procore) -> None:
    """N7, N8."""
    with pytest.raises(ValueError, match="at least 32"):
        await hooks.create(URL, NAMESPACE, Secret("short"))
    with pytest.raises(Misconfigured, match=r"server.public_url"):
        await hooks.create("http://hub.example.com/x", NAMESPACE, TOKEN)
    assert len(procore.log) == 0


async def test_the_secret_is_in_no_error_and_no_log(hooks: Hooks) -> None:
    """A system that echoes what it was sent does not make the hub tell it."""
    with structlog.testing.capture_logs() as logs:
        made = await hooks.create(URL, NAMESPACE, TOKEN)
    echo = says({"error": {"code": "BAD_REQUEST", "message": f"what is Bearer {TOKEN.reveal()}?"}}, 400)
    with pytest.raises(NeedsDecision) as refused:
        await client_on(Network(echo)).hooks.create(URL, NAMESPACE, TOKEN)

    assert TOKEN.reveal() not in f"{logs} {made!r} {refused.value} {refused.value.__dict__}"
    assert "***" in str(refused.value)


@virtual
async def test_an_answer_without_a_hook_is_unreadable() -> None:
    with pytest.raises(Unreadable, match="did not answer a hook"):
        await client_on(Network(says({"data": {}}, 201))).hooks.create(URL, NAMESPACE, TOKEN)


@virtual
async def test_words_on_failed_triggers_are_read_if_they_come() -> None:
    """N5: the older form of a mixed answer."""
    failed = {
        "code": "invalid",
        "message": "no such event",
        "trigger": {"resource_name": "RFIs"},
        "event_type": "create",
    }
    network = Network(says({"data": []}), says({"failed": [failed]}, 207), says({"data": []}))

    done = await client_on(network).hooks.add_triggers("7", [Wanted("RFIs", "create")])
    assert [it.why for it in done.refused] == ["invalid no such event"]


@virtual
async def test_odd_rows_are_left_out_and_unknown_events_passed_over() -> None:
    rows = [
        {"id": 1, "resource_name": "Projects", "event_type": "CREATED"},
        {"id": 2, "resource_name": "Projects", "event_type": "explode"},
        {"resource_name": "Projects", "event_type": "update"},
        {"id": None, "event_type": "update"},
    ]
    offers = [
        {"name": "Projects", "actions": ["create", "UPDATE", "explode", "create"]},
        {"name": "Other", "actions": None},
        {"actions": ["create"]},
    ]
    hooks = client_on(Network(says({"data": rows}), says({"data": offers}), says({"data": [{"url": "x"}]}))).hooks

    assert [(it.id, it.wanted) for it in await hooks.triggers("7")] == [("1", Wanted("Projects", "create"))]
    assert [(it.resource, it.events) for it in await hooks.offers()] == [("Projects", ("create", "update"))]
    assert await hooks.all(NAMESPACE) == []
