"""The remote's allowance governs all callers: nobody calls during a pause, nothing is lost, at most so many at once."""

import asyncio
from datetime import timedelta
from email.utils import format_datetime

import anyio
import httpx
import pytest

from adapters.outbound.answers import Answer, Call
from adapters.outbound.caller import Caller
from adapters.outbound.meaning import procore_problem
from adapters.outbound.pace import BUSINESS_CENTRAL_RULES, PROCORE_RULES, Rules
from adapters.outbound.secrets import Secret
from adapters.outbound.settings import Outbound, Patience
from adapters.outbound.token import Credentials
from domain.errors import RetryLater
from tests.adapters.outbound.world import START, LoopClock, Network, says, seeded, virtual

READ = Call(method="GET", url="https://api.test/things", kind="GET /things")
WRITE = Call(method="POST", url="https://api.test/things", kind="POST /things", body=b"{}", write=True)


def caller_on(network: Network, rules: Rules = PROCORE_RULES, **patience: float) -> Caller:
    credentials = Credentials(
        rules.system, "https://login.test/token", "client", Secret("a-secret"), timedelta(minutes=5)
    )
    settings = Outbound(patience=Patience(**{"wait": 4000.0, **patience}))  # type: ignore[arg-type]
    return Caller(credentials, rules, settings, LoopClock(), seeded(), problem=procore_problem, network=network)


def window(remaining: int, resets_in: float, limit: int = 25) -> dict[str, str]:
    reset = int((START + timedelta(seconds=resets_in)).timestamp())
    return {
        "x_rate_limit_limit": str(limit),
        "x_rate_limit_remaining": str(remaining),
        "x_rate_limit_reset": str(reset),
    }


async def together(caller: Caller, count: int, call: Call = READ) -> list[Answer]:
    answers: list[Answer] = []

    async def one() -> None:
        answers.append(await caller.call(call))

    async with anyio.create_task_group() as group:
        for _ in range(count):
            group.start_soon(one)
    return answers


@pytest.mark.requirement("PF-01", "C-43")
@pytest.mark.parametrize(
    ("resets_in", "retry_after", "wait"), [(10, "3", 10), (10, "40", 40), (3000, "", 3000), (0, "7", 7)]
)
@pytest.mark.parametrize("call", [READ, WRITE])
@virtual
async def test_after_429_nobody_calls_until_the_later_of_reset_and_retry_after(
    resets_in: float, retry_after: str, wait: float, call: Call
) -> None:
    extra = {"retry_after": retry_after} if retry_after else {}
    network = Network(says({"errors": "too many"}, 429, **window(0, resets_in), **extra), says([]))
    caller = caller_on(network)

    first = await caller.call(call)
    others = await together(caller, 5)

    assert first.ok
    assert all(answer.ok for answer in others)
    assert all(at >= wait for at in network.at[1:])


class Windows:
    """Procore's two windows: calls of the last ten seconds and of the last hour; headers tell of the nearer one."""

    def __init__(self, spike: int, hour: int) -> None:
        self.limits = {10: spike, 3600: hour}
        self.calls: list[float] = []
        self.refused = 0

    def __call__(self, _request: httpx.Request) -> httpx.Response:
        now = asyncio.get_running_loop().time()
        self.calls.append(now)
        left = {
            span: limit - sum(1 for call in self.calls if call // span == now // span)
            for span, limit in self.limits.items()
        }
        span = min(left, key=lambda each: (left[each], -each))
        told = window(max(0, left[span]), (now // span + 1) * span, self.limits[span])
        if left[span] < 0:
            self.refused += 1
            return says({"errors": "You have surpassed the max number of requests for an hour."}, 429, **told)
        return says([], **told)


@pytest.mark.requirement("PF-01")
@pytest.mark.parametrize(("spike", "hour"), [(25, 600), (25, 60), (16, 1000)])
@virtual
async def test_neither_window_is_ever_overdrawn_and_no_call_is_lost(spike: int, hour: int) -> None:
    windows = Windows(spike, hour)
    caller = caller_on(Network(windows, took=0.2))

    answers = await together(caller, 100)

    assert all(answer.ok for answer in answers)
    assert len(windows.calls) == 100
    assert windows.refused == 0


@pytest.mark.requirement("PF-01")
@virtual
async def test_the_hourly_window_holds_everybody_up_and_is_told() -> None:
    network = Network(says([], **window(0, 1800, limit=600)), says([], **window(599, 5400, limit=600)))
    caller = caller_on(network, wait=60.0)

    await caller.call(READ)
    with pytest.raises(RetryLater) as caught:
        await caller.call(WRITE)
    quota = caller.quota

    assert caught.value.after > timedelta(minutes=29)
    assert not caught.value.outcome_unknown
    assert len(network.seen) == 1
    assert (quota.limit, quota.remaining) == (600, 0)
    assert quota.reset is not None
    assert abs(quota.reset - (START + timedelta(seconds=1800))) < timedelta(seconds=2)
    assert quota.paused_until is not None
    assert quota.paused_until >= START + timedelta(minutes=29)


@pytest.mark.requirement("PF-01")
@virtual
async def test_a_wrong_clock_of_ours_does_not_change_the_wait() -> None:
    theirs = START + timedelta(minutes=20)
    reset = int((theirs + timedelta(seconds=10)).timestamp())
    limited = says({}, 429, x_rate_limit_reset=str(reset), date=format_datetime(theirs, usegmt=True))
    network = Network(limited, says([]))
    caller = caller_on(network)

    await caller.call(READ)

    assert 10 <= network.at[1] <= 13


@pytest.mark.requirement("PF-01")
@virtual
async def test_callers_start_again_at_different_moments() -> None:
    limited = [says({}, 429, retry_after="5")] * 6
    network = Network(*limited, says([]))

    await together(caller_on(network), 6)

    assert len(network.at) == 12
    assert len(set(network.at[6:])) == 6


@pytest.mark.requirement("PF-01")
@virtual
async def test_an_overloaded_platform_is_left_alone_as_long_as_it_asks() -> None:
    network = Network(says({}, 503, retry_after="30"), says([]))
    caller = caller_on(network)

    answer = await caller.call(READ)

    assert answer.ok
    assert network.at[1] >= 30


@pytest.mark.requirement("PF-18")
@virtual
async def test_business_central_gets_at_most_five_calls_at_once() -> None:
    network = Network(says({"value": []}), took=1.0)
    caller = caller_on(network, BUSINESS_CENTRAL_RULES)

    await together(caller, 23)

    assert network.most_at_once == 5
    assert len(network.seen) == 23


@pytest.mark.requirement("PF-18")
@pytest.mark.parametrize("status", [429, 503, 504])
@virtual
async def test_a_throttled_call_slows_all_calls_to_business_central(status: int) -> None:
    network = Network(says({}, status, retry_after="20"), says({"value": []}), took=1.0)
    caller = caller_on(network, BUSINESS_CENTRAL_RULES)

    await caller.call(READ)
    network.most_at_once = 0
    await together(caller, 6)

    assert all(at >= 20 for at in network.at[1:])
    assert network.most_at_once == 2


@virtual
async def test_a_slowed_client_becomes_as_fast_as_before() -> None:
    network = Network(says({}, 503, retry_after="1"), says({"value": []}), took=1.0)
    caller = caller_on(network, BUSINESS_CENTRAL_RULES)

    await together(caller, 60)
    network.most_at_once = 0
    await together(caller, 10)

    assert network.most_at_once == 5


@virtual
async def test_a_pause_without_a_figure_grows_with_every_refusal() -> None:
    network = Network(says({}, 429))
    caller = caller_on(network, jitter=0.0)

    answer = await caller.call(READ)
    gaps = [later - earlier for earlier, later in zip(network.at, network.at[1:], strict=False)]

    assert answer.status == 429
    assert len(network.seen) == 4
    assert gaps == sorted(gaps)
    assert gaps[0] > 0


@virtual
async def test_a_retry_after_may_be_a_date() -> None:
    when = format_datetime(START + timedelta(seconds=25), usegmt=True)
    network = Network(says({}, 429, retry_after=when), says([]))

    await caller_on(network).call(READ)

    assert network.at[1] >= 25


@virtual
async def test_unreadable_figures_are_ignored() -> None:
    odd = says([], x_rate_limit_remaining="many", x_rate_limit_reset="soon", x_rate_limit_limit="-1")
    caller = caller_on(Network(odd))

    answer = await caller.call(READ)

    assert answer.ok
    assert caller.quota.remaining is None


@virtual
async def test_the_pause_counts_for_calls_that_were_in_line_already() -> None:
    first = True

    def reply(_: httpx.Request) -> httpx.Response:
        nonlocal first
        if first:
            first = False
            return says({}, 429, retry_after="15")
        return says({"value": []})

    network = Network(reply, took=0.5)
    caller = caller_on(network, BUSINESS_CENTRAL_RULES)

    await together(caller, 12)

    assert not [at for at in network.at if 0.5 < at < 15.5]
