"""One attempt at one request. The only module that knows httpx."""

import ssl
from collections.abc import Mapping
from functools import lru_cache

import aiohttp
import anyio
import httpx
from httpx_aiohttp import AiohttpTransport

from adapters.outbound.answers import Answer, Call, Failure
from adapters.outbound.secrets import Redactor
from adapters.outbound.settings import Outbound
from adapters.ports import Clock
from domain.delivery import Exchange

Network = httpx.AsyncBaseTransport
"""What carries requests; a simulation hands in its own."""

_TROUBLE = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, aiohttp.ClientError, TimeoutError, OSError)
_UNSENDABLE = (httpx.UnsupportedProtocol, httpx.InvalidURL)
_UNSENT = (*_UNSENDABLE, httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_UNSENT_BELOW = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)


class Wire:
    """Connections to one system."""

    def __init__(self, settings: Outbound, clock: Clock, redactor: Redactor, network: Network | None = None) -> None:
        self._settings = settings
        self._clock = clock
        self._redactor = redactor
        timeouts = settings.timeouts
        self._client = httpx.AsyncClient(
            transport=network or _network(settings),
            timeout=httpx.Timeout(timeouts.read, connect=timeouts.connect, pool=timeouts.total),
            follow_redirects=False,  # a bearer token never goes to where an answer points
            trust_env=False,  # proxy and certificates are settings; the environment has one reader
        )

    async def send(self, call: Call, headers: Mapping[str, str]) -> Answer:
        """Make the request once. Never raises for trouble on the way: the answer tells it."""
        started = anyio.current_time()
        at = self._clock.now()
        status, got, body = 0, dict[str, str](), bytearray()
        failure: Failure = ""
        reason = ""
        try:
            with anyio.fail_after(self._settings.timeouts.total):
                request = self._client.build_request(
                    call.method, call.url, headers={**call.headers, **headers}, content=call.body
                )
                response = await self._client.send(request, stream=True)
                try:
                    status = response.status_code
                    got = {name.lower(): value for name, value in response.headers.items()}
                    async for chunk in response.aiter_bytes():
                        body += chunk
                        if len(body) > self._settings.largest_body:
                            failure = "oversize"
                            reason = f"the answer is larger than {self._settings.largest_body} bytes"
                            break
                finally:
                    with anyio.CancelScope(shield=True), anyio.move_on_after(self._settings.timeouts.connect):
                        await response.aclose()
        except _TROUBLE as error:
            if not failure:
                failure = "unsent" if status == 0 and certainly_unsent(error) else "lost"
                reason = _in_words(error)
        if failure == "oversize":
            body = body[:4096]  # enough to recognise it
        redact = self._redactor
        # The token desk's own answer holds a token that is not known yet; its exchange is never kept.
        shown = redact.bytes(bytes(body))
        exchange = Exchange(
            method=call.method,
            url=redact.text(call.url),
            status=status,
            request=redact.bytes(call.body or b""),
            response=shown,
            at=at,
            took_ms=round((anyio.current_time() - started) * 1000),
        )
        return Answer(
            status=0 if failure == "lost" else status,
            headers=got,
            # Data stays as it came: a credential that also is an ordinary word must not change what a system said.
            # What becomes an error text is blanked.
            body=shown if status >= 400 else bytes(body),  # noqa: PLR2004 - errors begin here
            exchange=exchange,
            failure=failure,
            reason=redact.text(reason),
        )

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.aclose()


@lru_cache(maxsize=8)
def _trusted(ca_file: str) -> ssl.SSLContext:
    """Whom to trust. Read once for the life of the process: it takes longer than many a call."""
    return ssl.create_default_context(cafile=ca_file or None)


def _network(settings: Outbound) -> Network:
    context = _trusted(settings.ca_file)
    proxy = httpx.Proxy(settings.proxy) if settings.proxy else None
    if settings.fast_transport:
        return AiohttpTransport(verify=context, proxy=proxy, trust_env=False)
    return httpx.AsyncHTTPTransport(verify=context, proxy=proxy, trust_env=False)


def certainly_unsent(error: BaseException) -> bool:
    """The request never left, so repeating it is safe whatever it does.

    httpx-aiohttp reports a connection that breaks *after* sending as ConnectTimeout too, because aiohttp derives all of
    its connection errors from one class; so the error below decides where there is one.
    """
    below = error.__cause__
    if isinstance(below, aiohttp.ClientError) and not isinstance(error, _UNSENDABLE):
        return isinstance(below, _UNSENT_BELOW)
    return isinstance(error, _UNSENT)


def _in_words(error: BaseException) -> str:
    text = str(error)
    name = type(error).__name__
    return f"{name}: {text}" if text else name
