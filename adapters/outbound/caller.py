"""The one policy under which every call to a system is made."""

from collections.abc import Callable
from datetime import timedelta
from typing import cast

import anyio
import msgspec
import structlog
from opentelemetry import trace
from opentelemetry.trace import SpanKind
from tenacity import AsyncRetrying, RetryCallState, retry_if_result, stop_after_attempt, wait_exponential

from adapters.outbound.answers import Answer, Call
from adapters.outbound.calls import Calls, Quota
from adapters.outbound.meaning import Problem, error_for
from adapters.outbound.pace import Pace, Rules
from adapters.outbound.secrets import Redactor, Secret
from adapters.outbound.settings import Outbound
from adapters.outbound.token import Credentials, TokenSource
from adapters.outbound.wire import Network, Wire
from adapters.ports import Clock, Rng
from domain.errors import SiteLedgerError
from domain.values import System

tracer = trace.get_tracer("siteledger")
log: structlog.stdlib.BoundLogger = structlog.get_logger()

TOO_MANY_REQUESTS = 429
UNAUTHORISED = 401
# A read that died of these is repeated. 408 and 504 are not: the same request would run into the same limit
# (Business Central guide 12, Procore guide 7), so whoever asked makes it smaller.
READ_AGAIN = frozenset({429, 500, 502, 503})


class Caller:
    """All calls to one system with one credential: token, pace, bounded repetition, counting."""

    def __init__(
        self,
        credentials: Credentials,
        rules: Rules,
        settings: Outbound,
        clock: Clock,
        rng: Rng,
        *,
        problem: Callable[[Answer], Problem],
        network: Network | None = None,
    ) -> None:
        self._redactor = redactor = Redactor()
        self.calls = Calls()
        self.tokens = TokenSource(credentials, wire := Wire(settings, clock, redactor, network), clock, redactor)
        self.pace = Pace(rules, settings.patience, clock, rng)
        self._system: System = credentials.system
        self._wire = wire
        self._patience = settings.patience
        self._rng = rng
        self._problem = problem
        self._backoff = wait_exponential(
            multiplier=settings.patience.first_backoff, max=settings.patience.longest_backoff
        )

    @property
    def quota(self) -> Quota:
        """What the remote last said about our allowance, and until when our token lasts."""
        return msgspec.structs.replace(self.pace.quota, token_until=self.tokens.until)

    async def call(self, call: Call) -> Answer:
        """Make a call; repeat it where a repeat is certainly harmless. The last answer comes back, good or bad.

        Raises  RetryLater (pause longer than a call may wait, no token), Misconfigured (credentials refused).
        """
        retrying = AsyncRetrying(
            sleep=anyio.sleep,
            stop=stop_after_attempt(self._patience.attempts),
            wait=self._wait,
            retry=retry_if_result(lambda answer: worth_repeating(call, answer)),
            before_sleep=self._tell,
            retry_error_callback=_result,
        )
        return cast("Answer", await retrying(self._authorised, call))

    def error(self, call: Call, answer: Answer) -> SiteLedgerError:
        """What an answer that is not `ok` means for whoever asked."""
        paused = self.pace.paused_for
        after = paused if paused > timedelta() else timedelta(seconds=self._patience.first_backoff)
        return error_for(self._system, call, answer, self._problem(answer), after)

    async def ask(self, call: Call) -> Answer:
        """Make a call whose success is needed.

        Raises  whatever the answer means when it is not `ok`.
        """
        answer = await self.call(call)
        if not answer.ok:
            raise self.error(call, answer)
        return answer

    def hide(self, secret: Secret) -> None:
        """Blank out a secret that travels in a body wherever it would be seen; told before it is sent."""
        self._redactor.learn(secret.reveal())

    async def close(self) -> None:
        """Give the connections back."""
        await self._wire.close()

    async def _authorised(self, call: Call) -> Answer:
        """One attempt, or two when the token was refused: a 401 says that nothing was executed."""
        token = await self.tokens.token()
        answer = await self._paced(call, token.reveal())
        if answer.status == UNAUTHORISED:
            token = await self.tokens.token(refused=token)
            answer = await self._paced(call, token.reveal())
        return answer

    async def _paced(self, call: Call, token: str) -> Answer:
        async with self.pace.turn():
            self.calls.count(call.kind, write=call.write)
            with tracer.start_as_current_span(call.kind, kind=SpanKind.CLIENT) as span:
                answer = await self._wire.send(call, {"Authorization": f"Bearer {token}"})
                span.set_attributes({"siteledger.system": self._system, "http.response.status_code": answer.status})
            self.pace.heard(answer.status, answer.headers)
        log.debug(
            "remote_called",
            system=self._system,
            kind=call.kind,
            status=answer.status,
            failure=answer.failure,
            took_ms=answer.exchange.took_ms,
        )
        return answer

    def _wait(self, state: RetryCallState) -> float:
        """Back off with jitter; a pause that the remote asked for is sat out by the pace instead."""
        if self.pace.paused_for > timedelta():
            return 0.0
        return self._backoff(state) * self._rng.uniform(0.5, 1.0)

    def _tell(self, state: RetryCallState) -> None:
        answer = _result(state)
        log.info(
            "call_repeated",
            system=self._system,
            kind=cast("Call", state.args[0]).kind,
            status=answer.status,
            failure=answer.failure,
            attempt=state.attempt_number,
        )


def worth_repeating(call: Call, answer: Answer) -> bool:
    """The call had no effect for certain, and the trouble may pass."""
    if answer.failure == "unsent" or answer.status == TOO_MANY_REQUESTS:
        return True
    if call.write:
        return False
    return answer.failure == "lost" or answer.status in READ_AGAIN


def _result(state: RetryCallState) -> Answer:
    outcome = state.outcome
    if outcome is None:  # tenacity calls back only after an attempt
        message = "no attempt was made"
        raise RuntimeError(message)
    return cast("Answer", outcome.result())
