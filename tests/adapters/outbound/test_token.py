"""One valid token for all callers, renewed in time, never seen."""

import asyncio
from datetime import timedelta

import anyio
import httpx
import pytest
from structlog.testing import capture_logs

from adapters.outbound.answers import Call
from adapters.outbound.caller import Caller
from adapters.outbound.meaning import procore_problem
from adapters.outbound.pace import PROCORE_RULES
from adapters.outbound.secrets import Secret
from adapters.outbound.settings import Outbound
from adapters.outbound.token import Credentials
from domain.errors import Misconfigured, RetryLater
from tests.adapters.outbound.world import LoopClock, Network, says, seeded, virtual

READ = Call(method="GET", url="https://api.test/things", kind="GET /things")
PASSWORD = "very-secret-password"


def caller_on(network: Network, ahead: timedelta = timedelta(minutes=10)) -> Caller:
    credentials = Credentials("procore", "https://login.test/token", "client", Secret(PASSWORD), ahead)
    return Caller(
        credentials, PROCORE_RULES, Outbound(), LoopClock(), seeded(), problem=procore_problem, network=network
    )


@pytest.mark.requirement("PF-02")
@virtual
async def test_many_callers_at_once_make_one_token_request() -> None:
    network = Network(says([]))
    caller = caller_on(network)

    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(caller.call, READ)

    assert len(network.tokens) == 1
    assert len(network.seen) == 20


@pytest.mark.requirement("PF-02")
@virtual
async def test_a_token_is_renewed_ten_minutes_before_its_ninety_are_over() -> None:
    network = Network(says([]))
    caller = caller_on(network)

    await caller.call(READ)
    await anyio.sleep(79 * 60)
    await caller.call(READ)
    before = len(network.tokens)
    await anyio.sleep(2 * 60)
    await caller.call(READ)

    assert before == 1
    assert len(network.tokens) == 2
    assert network.seen[-1].headers["authorization"] == "Bearer token-number-2"


@pytest.mark.requirement("PF-02")
@virtual
async def test_a_refused_token_is_renewed_once_and_the_call_repeated() -> None:
    network = Network(says({"error": "invalid_token"}, 401), says([{"id": 1}]))
    caller = caller_on(network)

    answer = await caller.call(READ)

    assert answer.ok
    assert len(network.tokens) == 2


@virtual
async def test_many_calls_refused_at_once_share_one_new_token() -> None:
    def reply(request: httpx.Request) -> httpx.Response:
        old = request.headers["authorization"].endswith("-1")
        return says({}, 401) if old else says([])

    network = Network(reply, took=1.0)
    caller = caller_on(network)

    async with anyio.create_task_group() as group:
        for _ in range(8):
            group.start_soon(caller.call, READ)

    assert len(network.tokens) == 2


@virtual
async def test_a_second_refusal_is_a_matter_of_configuration() -> None:
    network = Network(says({"errors": "The access token is invalid"}, 401))
    caller = caller_on(network)

    with pytest.raises(Misconfigured, match="The access token is invalid"):
        await caller.ask(READ)

    assert len(network.seen) == 2
    assert len(network.tokens) == 2


@virtual
async def test_refused_credentials_are_a_matter_of_configuration_and_are_not_shown() -> None:
    network = Network(says([]))
    network.token_reply = lambda _: says(
        {"error": "invalid_client", "error_description": f"wrong secret {PASSWORD}"}, 401
    )
    caller = caller_on(network)

    with pytest.raises(Misconfigured) as caught:
        await caller.call(READ)

    assert "wrong secret" in str(caught.value)
    assert PASSWORD not in str(caught.value)
    assert not network.seen


@virtual
async def test_callers_that_wait_behind_refused_credentials_do_not_ask_again() -> None:
    async def slowly(_: httpx.Request) -> httpx.Response:
        await asyncio.sleep(1)
        return says({"error": "invalid_client"}, 401)

    network = Network(says([]))
    network.token_reply = slowly
    caller = caller_on(network)
    refused: list[str] = []

    async def call() -> None:
        try:
            await caller.call(READ)
        except Misconfigured as error:
            refused.append(str(error))

    async with anyio.create_task_group() as group:
        for _ in range(10):
            group.start_soon(call)

    assert len(refused) == 10
    assert len(network.tokens) == 1


@virtual
async def test_a_token_desk_that_does_not_answer_is_tried_later() -> None:
    network = Network(says([]))
    network.token_reply = lambda _: httpx.ConnectError("refused")
    caller = caller_on(network)

    with pytest.raises(RetryLater) as caught:
        await caller.call(READ)

    assert not caught.value.outcome_unknown


@virtual
async def test_a_page_instead_of_a_token_is_a_matter_of_configuration() -> None:
    network = Network(says([]))
    network.token_reply = lambda _: httpx.Response(200, content=b"<html>sign in</html>")
    caller = caller_on(network)

    with pytest.raises(Misconfigured, match="token_url"):
        await caller.call(READ)


@virtual
async def test_neither_token_nor_secret_is_logged_recorded_or_answered() -> None:
    def echo(request: httpx.Request) -> httpx.Response:
        return says({"message": f"you sent {request.headers['authorization']} and {PASSWORD}"}, 400)

    network = Network(echo)
    caller = caller_on(network)

    with capture_logs() as logs:
        answer = await caller.call(READ)
    shown = f"{logs} {answer} {answer.exchange} {caller.error(READ, answer)} {caller.tokens.__dict__}"

    assert "you sent Bearer ***" in shown
    assert "token-number" not in shown
    assert PASSWORD not in shown


@virtual
async def test_data_that_happens_to_hold_the_secrets_word_stays_as_it_came() -> None:
    network = Network(says([{"name": PASSWORD}]))
    caller = caller_on(network)

    answer = await caller.call(READ)

    assert PASSWORD.encode() in answer.body
    assert PASSWORD.encode() not in answer.exchange.response
