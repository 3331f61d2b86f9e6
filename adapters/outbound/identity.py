"""Calls to an identity provider: documents that it publishes, and the exchange of a code for tokens."""

import base64
from collections.abc import Mapping
from typing import cast
from urllib.parse import quote, quote_plus, urlencode, urlsplit

from adapters.outbound.answers import Answer, Call, UnreadableAnswer, read_document
from adapters.outbound.secrets import Redactor, Secret
from adapters.outbound.settings import Outbound, Timeouts
from adapters.outbound.wire import Network, Wire
from adapters.ports import Clock
from domain.errors import Misconfigured, RetryLater
from domain.values import Json

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_SETTINGS = Outbound(timeouts=Timeouts(connect=5, read=10, total=15), largest_body=1024 * 1024)
"""A person waits for these answers, and none of them is large."""


class IdentityProvider:
    """One provider and our credential there."""

    def __init__(self, client_id: str, secret: Secret, clock: Clock, network: Network | None = None) -> None:
        self._client_id = client_id
        self._secret = secret
        self._redactor = Redactor()
        self._redactor.learn(secret.reveal(), quote(secret.reveal(), safe=""))
        self._wire = Wire(_SETTINGS, clock, self._redactor, network)

    async def document(self, url: str) -> Json:
        """A JSON object that the provider publishes.

        Raises  RetryLater, Misconfigured.
        """
        answer = await self._wire.send(Call(method="GET", url=_checked(url), kind="GET identity"), {})
        fields = self._fields(answer, url)
        if not answer.ok:
            raise Misconfigured(f"{url} answered {answer.status}; check server.oidc.issuer")
        return fields

    async def exchange(self, url: str, form: Mapping[str, str]) -> Json | None:
        """Tokens for a code; None when the provider refuses it.

        Raises  RetryLater, Misconfigured.
        Source  RFC 6749, 2.3.1: client id and secret are form-encoded before they become Basic credentials.
        """
        pair = f"{quote_plus(self._client_id)}:{quote_plus(self._secret.reveal())}"
        basic = base64.b64encode(pair.encode()).decode()
        self._redactor.learn(basic)
        self._redactor.learn_token(form.get("code", ""))
        headers = {
            "Authorization": f"Basic {basic}",
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        body = urlencode(form).encode()
        call = Call(method="POST", url=_checked(url), kind="POST identity", body=body, write=True)
        answer = await self._wire.send(call, headers)
        fields = self._fields(answer, url)
        if answer.status == 401 or fields.get("error") in {"invalid_client", "unauthorized_client"}:  # noqa: PLR2004
            raise Misconfigured(f"{url} refuses server.oidc.client_id or server.oidc.client_secret")
        return fields if answer.ok else None

    async def close(self) -> None:
        """Give the connections back."""
        await self._wire.close()

    def _fields(self, answer: Answer, url: str) -> Json:
        if answer.failure or answer.status in {408, 429} or answer.status >= 500:  # noqa: PLR2004 - 5xx
            message = "the identity provider does not answer; try again in a moment"
            raise RetryLater(message, answered=not answer.failure)
        try:
            document = read_document(answer)
        except UnreadableAnswer:
            raise Misconfigured(f"{url} answered {answer.status} with something that is not JSON") from None
        return cast("Json", document) if isinstance(document, dict) else {}


def _checked(url: str) -> str:
    parts = urlsplit(url)
    if parts.hostname and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)):
        return url
    raise Misconfigured(f"the identity provider names {url[:200]!r}, which is not https; check server.oidc.issuer")
