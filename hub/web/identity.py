"""Signing in by OpenID Connect: code with PKCE, checked by state and nonce, tokens verified by published keys.

What a browser must bring back stands in no store: one random word in a cookie, and state, nonce and verifier are
derived from it, so they belong together, cannot be foretold, and end with the cookie.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from hmac import compare_digest
from typing import Any, cast
from urllib.parse import parse_qsl

import structlog
from authlib.oauth2.client import OAuth2Client
from authlib.oauth2.rfc6749.parameters import (
    prepare_token_request,  # pyright: ignore[reportUnknownVariableType] - untyped
)
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from adapters.outbound.identity import IdentityProvider
from adapters.outbound.secrets import Secret
from adapters.ports import Clock, Rng
from domain.errors import Misconfigured
from domain.values import Json
from hub.access import EVERY, Right, Role
from hub.access.secrets import new_session_id
from hub.app import Hub
from hub.settings.sign_in import RIGHTS, Oidc
from hub.web.problems import Refused

log: structlog.stdlib.BoundLogger = structlog.get_logger()

CALLBACK = "/sign-in/callback"
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""With public keys alone: with a shared key, or none, whoever knows the client could make tokens (RFC 8725, 3.1)."""
LEEWAY = 60
"""Seconds that both clocks may differ."""
FRESH = timedelta(hours=1)
"""How long what the provider publishes is not asked again."""
KEYS_AGAIN = timedelta(seconds=30)
"""Between two looks for a key that is not known: tokens of strangers must not make us ask without end."""


@dataclass(frozen=True)
class Trip:
    """One sign-in on its way: everything follows from the word in the browser's cookie."""

    word: str

    @property
    def state(self) -> str:
        """Proves that the answer belongs to the browser that asked."""
        return self._derived("state")

    @property
    def nonce(self) -> str:
        """Proves that the token was made for this sign-in."""
        return self._derived("nonce")

    @property
    def verifier(self) -> str:
        """Proves that whoever brings the code is whoever asked for it."""
        return self._derived("verifier")

    def _derived(self, what: str) -> str:
        return sha256(f"siteledger/{what}/{self.word}".encode()).hexdigest()


@dataclass(frozen=True)
class _Published:
    document: Json
    at: datetime


class SignIn:
    """The identity provider, and what its words mean here."""

    def __init__(self, oidc: Oidc, public_url: str, clock: Clock, rng: Rng) -> None:
        self._oidc = oidc
        self._clock = clock
        self._rng = rng
        self._redirect = public_url + CALLBACK
        secret = oidc.client_secret.get_secret_value() if oidc.client_secret else ""
        self._provider = IdentityProvider(oidc.client_id or "", Secret(secret), clock)
        self._discovered: _Published | None = None
        self._keys: _Published | None = None

    async def begin(self) -> tuple[Trip, str]:
        """A new trip, and where the browser is sent.

        Raises  RetryLater, Misconfigured.
        """
        trip = Trip(new_session_id(self._rng))
        client = OAuth2Client(
            None,
            client_id=self._oidc.client_id,
            scope=" ".join(self._oidc.scopes),
            redirect_uri=self._redirect,
            code_challenge_method="S256",
        )
        place = _text(await self._discovery(), "authorization_endpoint")
        url, _ = cast(
            "tuple[str, str]",
            client.create_authorization_url(  # pyright: ignore[reportUnknownMemberType] - untyped
                place, state=trip.state, code_verifier=trip.verifier, nonce=trip.nonce
            ),
        )
        return trip, url

    async def end(self, trip: Trip, state: str, code: str) -> Json:
        """The claims of whoever signed in.

        Raises  Refused when anything does not belong together; RetryLater, Misconfigured.
        """
        if not compare_digest(state.encode(), trip.state.encode()):
            raise _not("it was begun in another browser, or too long ago")
        form = prepare_token_request(
            "authorization_code", code=code, redirect_uri=self._redirect, code_verifier=trip.verifier
        )
        place = _text(await self._discovery(), "token_endpoint")
        token = (await self._provider.exchange(place, dict(parse_qsl(form))) or {}).get("id_token")
        if not isinstance(token, str):
            raise _not("the identity provider does not know this code")
        return await self._claims(token, trip.nonce)

    def name(self, claims: Json) -> str:
        """The user that claims name.

        Raises  Refused.
        """
        claim = self._oidc.name_claim
        name = claims.get(claim)
        if not isinstance(name, str) or not name:
            raise _not(f"the identity provider gave no {claim}; server.oidc.name_claim can name another claim")
        if claim == "email" and claims.get("email_verified") is not True:
            raise _not("the identity provider has not verified this address")
        return name

    def given(self, claims: Json) -> tuple[dict[str, Role], frozenset[Right]] | None:
        """Roles and rights by the table of the configuration; None where users are made here."""
        if not self._oidc.roles:
            return None
        found = claims.get(self._oidc.roles_claim)
        values = cast("list[Any]", found) if isinstance(found, list) else [found]
        held = [word for value in values if isinstance(value, str) for word in self._oidc.roles.get(value, ())]
        return _roles(held), frozenset(Right(word) for word in held if word in RIGHTS)

    def until(self, claims: Json) -> datetime:
        """When these claims end, and with them what they give: nobody asks the provider again before."""
        return datetime.fromtimestamp(int(claims["exp"]), UTC)

    async def close(self) -> None:
        """Give the connections back."""
        await self._provider.close()

    async def _discovery(self) -> Json:
        kept = self._discovered
        if kept is None or self._clock.now() - kept.at >= FRESH:
            issuer = self._oidc.issuer or ""
            document = await self._provider.document(f"{issuer}/.well-known/openid-configuration")
            named = str(document.get("issuer", ""))
            if named.rstrip("/") != issuer:
                words = f"the identity provider names itself {named[:200]!r}; write exactly that as server.oidc.issuer"
                raise Misconfigured(words)
            self._discovered = kept = _Published(document, self._clock.now())
        return kept.document

    async def _claims(self, token: str, nonce: str) -> Json:
        """Claims of a token that the provider signed for us, now, and for this sign-in."""
        issuer, client = _text(await self._discovery(), "issuer"), self._oidc.client_id or ""
        try:
            read = await self._verified(token)
            claims = CodeIDToken(
                read.claims,
                read.header,
                {"iss": {"essential": True, "value": issuer}, "aud": {"essential": True, "value": client}},
                {"nonce": nonce, "client_id": client},
            )
            now = int(self._clock.now().timestamp())
            claims.validate(now=now, leeway=LEEWAY)  # pyright: ignore[reportUnknownMemberType] - untyped
        except (JoseError, ValueError, TypeError, KeyError) as error:
            # What a token says may be anything: the kind of trouble is enough to look for it.
            log.warning("sign_in_refused", kind=type(error).__name__)
            raise _not("the identity provider's token does not hold") from None
        return dict(read.claims)

    async def _verified(self, token: str) -> jwt.Token:
        """The token, by the keys that are known, or by those that the provider publishes now."""
        try:
            return self._decoded(token, await self._published(FRESH))
        except (JoseError, ValueError):
            return self._decoded(token, await self._published(KEYS_AGAIN))

    def _decoded(self, token: str, keys: Json) -> jwt.Token:
        return jwt.decode(token, KeySet.import_key_set(cast("Any", keys)), algorithms=list(ALGORITHMS))

    async def _published(self, age: timedelta) -> Json:
        kept = self._keys
        if kept is None or self._clock.now() - kept.at >= age:
            document = await self._provider.document(_text(await self._discovery(), "jwks_uri"))
            self._keys = kept = _Published(document, self._clock.now())
        return kept.document


def sign_in_of(hub: Hub) -> SignIn | None:
    """The way in by the configuration, or None."""
    server = hub.settings.server
    if server.oidc.issuer is None or server.public_url is None:
        return None
    return SignIn(server.oidc, server.public_url, hub.clock, hub.rng)


def _roles(words: Sequence[str]) -> dict[str, Role]:
    """The highest role that any word gives at each place; one for every connection counts on each."""
    roles: dict[str, Role] = {}
    for word in words:
        if word not in RIGHTS:
            place, mark, role = word.rpartition("=")
            at = place if mark else EVERY
            roles[at] = max(roles.get(at, Role.NONE), Role.named(role))
    everywhere = roles.get(EVERY, Role.NONE)
    return {at: max(role, everywhere) for at, role in roles.items()}


def _text(document: Json, name: str) -> str:
    found = document.get(name)
    if not isinstance(found, str) or not found:
        raise Misconfigured(f"the identity provider publishes no {name}; check server.oidc.issuer")
    return found


def _not(why: str) -> Refused:
    return Refused(403, f"not signed in: {why}; begin again at /sign-in")
