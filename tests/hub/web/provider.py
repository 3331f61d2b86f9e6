"""An identity provider on a port of its own, with keys made on the spot, that can be told to misbehave."""

import base64
import hmac
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlsplit

import orjson
from aiohttp import web
from joserfc import jwt
from joserfc.jwk import RSAKey

from adapters.ports import Clock

CLIENT, SECRET = "siteledger-test", "planted-client-secret"


def _part(document: object) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(document)).decode().rstrip("=")


@dataclass
class Provider:
    """Codes that were given out, and what their tokens will say."""

    clock: Clock
    url: str = ""
    claims: dict[str, Any] = field(default_factory=dict[str, Any])
    asked: dict[str, str] = field(default_factory=dict[str, str])
    looked: list[str] = field(default_factory=list[str])
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "k1"}))
    forge: Callable[["Provider", dict[str, Any]], str] | None = None

    def rotate(self) -> None:
        """A new key; the old one is no longer published."""
        self.key = RSAKey.generate_key(2048, {"kid": "k2"})

    def authorize(self, place: str, **claims: Any) -> str:
        """Somebody signs in where the browser was sent; the code that it brings back."""
        self.asked = dict(parse_qsl(urlsplit(place).query))
        self.claims = claims
        return "code-1"

    def signed(self, claims: dict[str, Any]) -> str:
        """A token as it should be."""
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)

    def token_claims(self) -> dict[str, Any]:
        """What the token says, unless told otherwise."""
        now = int(self.clock.now().timestamp())
        usual = {"iss": self.url, "aud": CLIENT, "sub": "1", "iat": now, "exp": now + 300, "nonce": self.asked["nonce"]}
        return {name: value for name, value in {**usual, **self.claims}.items() if value is not None}

    def app(self) -> web.Application:
        """Discovery, keys and token desk."""
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", self._discovery)
        app.router.add_get("/keys", self._keys)
        app.router.add_post("/token", self._token)
        return app

    async def _discovery(self, _request: web.Request) -> web.Response:
        places = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        self.looked.append("discovery")
        return web.json_response({"issuer": self.url, **{name: f"{self.url}/{at}" for name, at in places.items()}})

    async def _keys(self, _request: web.Request) -> web.Response:
        self.looked.append("keys")
        return web.json_response({"keys": [self.key.as_dict(private=False, use="sig", alg="RS256")]})

    async def _token(self, request: web.Request) -> web.Response:
        form = dict(await request.post())
        pair = base64.b64decode(request.headers["Authorization"].removeprefix("Basic ")).decode()
        if [unquote_plus(part) for part in pair.split(":")] != [CLIENT, SECRET]:
            return web.json_response({"error": "invalid_client"}, status=401)
        challenge = base64.urlsafe_b64encode(sha256(str(form["code_verifier"]).encode()).digest()).decode().rstrip("=")
        whole = {"grant_type": "authorization_code", "code": "code-1", "redirect_uri": self.asked["redirect_uri"]}
        if challenge != self.asked["code_challenge"] or any(form[name] != value for name, value in whole.items()):
            return web.json_response({"error": "invalid_grant"}, status=400)
        forge = self.forge or Provider.signed
        return web.json_response({"access_token": "opaque", "id_token": forge(self, self.token_claims())})


def unsigned(_it: Provider, claims: dict[str, Any]) -> str:
    """`alg` none."""
    return f"{_part({'alg': 'none'})}.{_part(claims)}."


def shared(it: Provider, claims: dict[str, Any]) -> str:
    """Signed with the public key as if it were a shared one."""
    text = f"{_part({'alg': 'HS256', 'kid': it.key.kid})}.{_part(claims)}"
    sign = hmac.digest(it.key.as_pem(private=False), text.encode(), "sha256")
    return f"{text}.{base64.urlsafe_b64encode(sign).decode().rstrip('=')}"


def strange(it: Provider, claims: dict[str, Any]) -> str:
    """Signed with a key that nobody published, under the name of one that is."""
    return jwt.encode({"alg": "RS256", "kid": it.key.kid}, claims, RSAKey.generate_key(2048))


def changed(it: Provider, claims: dict[str, Any]) -> str:
    """Signed, and then changed."""
    head, _, sign = it.signed(claims).split(".")
    return ".".join((head, _part({**claims, "preferred_username": "another@example.com"}), sign))


def garbage(_it: Provider, _claims: dict[str, Any]) -> str:
    """No token at all."""
    return "a.b.c"


@asynccontextmanager
async def provider(clock: Clock) -> AsyncGenerator[Provider]:
    """The provider, served."""
    it = Provider(clock)
    runner = web.AppRunner(it.app(), access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        it.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield it
    finally:
        await runner.cleanup()
