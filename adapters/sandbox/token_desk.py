"""The token endpoint of a stand-in: OAuth 2.0 client credentials (RFC 6749, 4.4) with a clock that is handed in."""

import binascii
from base64 import b64decode
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, unquote_plus

from aiohttp import web

CLIENT_ID = "siteledger"
CLIENT_SECRET = "not-a-secret-opens-stand-ins-only"  # noqa: S105 - opens a stand-in and nothing else

_REFUSAL_STATUS = {"invalid_client": 401}


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token that was issued."""

    value: str
    client_id: str
    issued_at: datetime
    expires_at: datetime


@dataclass
class TokenDesk:
    """Issues and checks bearer tokens.

    Shape   `clients` maps client ids to secrets; `scopes` are the accepted ones, empty means any; `extra` adds the
            vendor's own fields to an answer; `refusals` maps error codes to statuses where the vendor differs from
            RFC 6749, 5.2.
    """

    now: Callable[[], datetime]
    seed: int = 0
    clients: Mapping[str, str] = field(default_factory=lambda: {CLIENT_ID: CLIENT_SECRET})
    lifetime: timedelta = timedelta(hours=1)
    scopes: Collection[str] = ()
    extra: Callable[[Token], Mapping[str, Any]] = lambda _token: {}
    refusals: Mapping[str, int] = field(default_factory=dict[str, int])
    token_type: str = "Bearer"  # noqa: S105 - the name of a scheme
    requests: int = 0
    _issued: dict[str, Token] = field(default_factory=dict[str, Token])

    async def handle(self, request: web.Request) -> web.Response:
        """Answer `POST` of the token endpoint, form encoded."""
        self.requests += 1
        form = {
            name: values[-1] for name, values in parse_qs((await request.read()).decode("utf-8", "replace")).items()
        }
        client_id, secret = _credentials(request, form)
        if "grant_type" not in form:
            return self._refuse("invalid_request", "The grant_type parameter is missing.")
        if form["grant_type"] != "client_credentials":
            return self._refuse("unsupported_grant_type", "Only client_credentials is offered here.")
        if not client_id or self.clients.get(client_id) != secret:
            return self._refuse("invalid_client", "Client authentication failed: unknown client or wrong secret.")
        if self.scopes and form.get("scope") not in self.scopes:
            return self._refuse("invalid_scope", "The scope is missing or unknown.")
        token = self.issue(client_id)
        answer = {
            "access_token": token.value,
            "token_type": self.token_type,
            "expires_in": int(self.lifetime.total_seconds()),
            **self.extra(token),  # noqa: S610 - no database is near
        }
        return web.json_response(answer, headers={"Cache-Control": "no-store"})

    def issue(self, client_id: str = CLIENT_ID) -> Token:
        """A new token; the same seed gives the same row of tokens."""
        number = len(self._issued) + 1
        value = sha256(f"{self.seed}/{client_id}/{number}".encode()).hexdigest()
        now = self.now()
        token = self._issued[value] = Token(value, client_id, now, now + self.lifetime)
        return token

    def holder(self, authorization: str | None) -> Token | None:
        """The valid token of an `Authorization` header, or None."""
        scheme, _, value = (authorization or "").partition(" ")
        token = self._issued.get(value.strip())
        if scheme.lower() != "bearer" or token is None or token.expires_at <= self.now():
            return None
        return token

    def revoke(self, value: str) -> None:
        """End one token; an unknown one is no error."""
        token = self._issued.get(value)
        if token is not None:
            self._issued[value] = Token(token.value, token.client_id, token.issued_at, self.now())

    def expire_all(self) -> None:
        """End all tokens that were issued so far."""
        for value in list(self._issued):
            self.revoke(value)

    def _refuse(self, code: str, description: str) -> web.Response:
        status = self.refusals.get(code, _REFUSAL_STATUS.get(code, 400))
        return web.json_response({"error": code, "error_description": description}, status=status)


def _credentials(request: web.Request, form: Mapping[str, str]) -> tuple[str, str]:
    """Client id and secret, from the form or from HTTP Basic (RFC 6749, 2.3.1)."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    try:
        client_id, _, secret = b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return unquote_plus(client_id), unquote_plus(secret)
