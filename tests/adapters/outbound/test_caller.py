"""A call is repeated only where that is certainly harmless, and every failure becomes an error that says who acts."""

from datetime import timedelta

import httpx
import pytest

from adapters.outbound.answers import Call, UnreadableAnswer
from adapters.outbound.caller import Caller
from adapters.outbound.meaning import business_central_problem, procore_problem
from adapters.outbound.pace import BUSINESS_CENTRAL_RULES, PROCORE_RULES
from adapters.outbound.secrets import Secret
from adapters.outbound.settings import Outbound, Patience
from adapters.outbound.token import Credentials
from domain.errors import Changed, Misconfigured, NeedsDecision, RetryLater, SiteLedgerError
from domain.values import System
from tests.adapters.outbound.world import LoopClock, Network, Reply, says, seeded, virtual

READ = Call(method="GET", url="https://api.test/things", kind="GET /things")
WRITE = Call(method="POST", url="https://api.test/things", kind="POST /things", body=b"{}", write=True)


def caller_on(network: Network, system: System = "procore", wait: float = 60.0) -> Caller:
    rules = PROCORE_RULES if system == "procore" else BUSINESS_CENTRAL_RULES
    problem = procore_problem if system == "procore" else business_central_problem
    credentials = Credentials(system, "https://login.test/token", "me", Secret("a-secret"), timedelta(minutes=5))
    settings = Outbound(patience=Patience(wait=wait), largest_body=1000)
    return Caller(credentials, rules, settings, LoopClock(), seeded(), problem=problem, network=network)


async def failure(network: Network, call: Call, system: System = "procore") -> SiteLedgerError:
    with pytest.raises(SiteLedgerError) as caught:
        await caller_on(network, system).ask(call)
    return caught.value


PASSING: list[Reply] = [
    says({}, 429, retry_after="1"),
    says({}, 500),
    says({}, 502),
    says({}, 503, retry_after="1"),
    httpx.ReadTimeout("silence"),
    httpx.ReadError("cut"),
    httpx.RemoteProtocolError("cut"),
    httpx.ConnectError("refused"),
    httpx.ConnectTimeout("no answer"),
]


@pytest.mark.parametrize("trouble", PASSING, ids=str)
@virtual
async def test_a_read_is_repeated_after_trouble_that_passes(trouble: Reply) -> None:
    network = Network(trouble, trouble, says([{"id": 1}]))

    answer = await caller_on(network).call(READ)

    assert answer.ok
    assert len(network.seen) == 3


@pytest.mark.parametrize("trouble", PASSING, ids=str)
@virtual
async def test_a_read_is_given_up_after_a_bounded_number_of_attempts(trouble: Reply) -> None:
    network = Network(trouble)

    error = await failure(network, READ)

    assert isinstance(error, RetryLater)
    assert not error.outcome_unknown
    assert error.after > timedelta()
    assert len(network.seen) == 4


@virtual
async def test_attempts_are_spread_with_growing_and_jittered_gaps() -> None:
    network = Network(says({}, 500))

    await failure(network, READ)
    gaps = [later - earlier for earlier, later in zip(network.at, network.at[1:], strict=False)]

    assert 0.25 <= gaps[0] <= 0.5
    assert 0.5 <= gaps[1] <= 1.0
    assert 1.0 <= gaps[2] <= 2.0
    assert len({round(gap % 0.25, 6) for gap in gaps}) == 3


@pytest.mark.parametrize("status", [408, 504])
@virtual
async def test_a_read_that_takes_too_long_is_not_repeated_as_it_is(status: int) -> None:
    network = Network(says({}, status))

    error = await failure(network, READ)

    assert isinstance(error, RetryLater)
    assert len(network.seen) == 1


@pytest.mark.parametrize("trouble", [says({}, 429, retry_after="1"), httpx.ConnectError("x"), says({}, 401)], ids=str)
@virtual
async def test_a_write_is_repeated_when_it_certainly_was_not_executed(trouble: Reply) -> None:
    network = Network(trouble, says({"id": 1}, 201))

    answer = await caller_on(network).call(WRITE)

    assert answer.status == 201
    assert len(network.seen) == 2


UNCERTAIN: list[Reply] = [
    says({}, 408),
    says({}, 500),
    says({}, 502),
    says({}, 503, retry_after="20"),
    says({}, 504),
    httpx.Response(502, content=b"<html>Bad gateway</html>"),
    httpx.ReadTimeout("silence"),
    httpx.WriteTimeout("silence"),
    httpx.ReadError("cut"),
    httpx.RemoteProtocolError("cut"),
    says({"long": "x" * 2000}),
]


@pytest.mark.parametrize("system", ["procore", "business_central"])
@pytest.mark.parametrize("trouble", UNCERTAIN, ids=str)
@virtual
async def test_a_write_that_may_have_had_effect_is_sent_once_and_said_to_be_unknown(
    trouble: Reply, system: System
) -> None:
    network = Network(trouble)

    error = await failure(network, WRITE, system)

    assert isinstance(error, RetryLater)
    assert error.outcome_unknown
    assert len(network.seen) == 1


@pytest.mark.parametrize("status", [400, 403, 404, 405, 406, 410, 413, 415, 422, 501])
@pytest.mark.parametrize("call", [READ, WRITE])
@virtual
async def test_a_refusal_for_good_is_for_a_person_with_the_remotes_own_words(status: int, call: Call) -> None:
    network = Network(says({"errors": {"number": ["has already been taken"]}}, status))

    error = await failure(network, call)

    assert isinstance(error, NeedsDecision)
    assert error.status == status
    assert "number: has already been taken" in str(error)
    assert len(network.seen) == 1


@pytest.mark.requirement("PF-19")
@pytest.mark.parametrize(
    ("status", "code"),
    [(409, "Request_EntityChanged"), (412, ""), (428, ""), (400, "BadRequest_InvalidToken"), (409, "Unknown")],
)
@virtual
async def test_a_stale_etag_means_that_the_record_changed(status: int, code: str) -> None:
    network = Network(says({"error": {"code": code, "message": "changed"}}, status))

    error = await failure(network, WRITE, "business_central")

    assert isinstance(error, Changed)


@pytest.mark.parametrize(
    ("system", "status", "body"),
    [
        ("procore", 403, {"message": "App is not connected to this company"}),
        ("procore", 400, {"errors": "Missing Procore-Company-Id header!"}),
        ("procore", 302, {}),
        ("business_central", 403, {"error": {"code": "Authorization_RequestDenied", "message": "no"}}),
        ("business_central", 404, {"error": {"code": "Internal_CompanyNotFound", "message": "no such company"}}),
    ],
)
@virtual
async def test_what_is_wrong_with_the_whole_connection_is_for_whoever_runs_the_hub(
    system: System, status: int, body: dict[str, object]
) -> None:
    error = await failure(Network(says(body, status)), READ, system)

    assert isinstance(error, Misconfigured)


@pytest.mark.requirement("PF-09")
@virtual
async def test_404_of_procore_is_said_to_be_possibly_a_missing_permission() -> None:
    error = await failure(Network(says({"errors": "Not found"}, 404)), READ)

    assert isinstance(error, NeedsDecision)
    assert "not permitted" in str(error)


@virtual
async def test_an_oversize_read_is_unreadable() -> None:
    error = await failure(Network(says({"long": "x" * 2000})), READ)

    assert isinstance(error, UnreadableAnswer)
    assert b"xxx" in error.exchange.response


@virtual
async def test_calls_are_counted_by_direction_and_kind_without_token_requests() -> None:
    network = Network(says({}, 500), says([]), says({"id": 1}, 201))
    caller = caller_on(network)

    await caller.call(READ)
    earlier = caller.calls.copy()
    await caller.call(WRITE)

    assert (caller.calls.read, caller.calls.write) == (2, 1)
    assert caller.calls.kinds == {"GET /things": 2, "POST /things": 1}
    assert (caller.calls.since(earlier).read, caller.calls.since(earlier).write) == (0, 1)
    assert caller.tokens.requests == 1
