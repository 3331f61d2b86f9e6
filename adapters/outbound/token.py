"""Access tokens by OAuth client credentials.

Source  Procore guide A6 to A8; Business Central guide 2.1 to 2.5. Both answer `access_token` and `expires_in`, and
        neither gives a refresh token in this grant.
"""

from datetime import datetime, timedelta
from typing import cast
from urllib.parse import quote, urlencode

import anyio
import msgspec
import structlog

from adapters.outbound.answers import Answer, Call, UnreadableAnswer, read_document
from adapters.outbound.secrets import Redactor, Secret
from adapters.outbound.wire import Wire
from adapters.ports import Clock
from domain.errors import Misconfigured, NotLetIn, RetryLater, SiteLedgerError
from domain.values import Json, System

log: structlog.stdlib.BoundLogger = structlog.get_logger()


# When a token desk does not say how long a token lives: a 401 then tells when it is over.
UNTOLD_LIFE = 3600


class Credentials(msgspec.Struct, frozen=True):
    """Who we are, and where tokens are given.

    Units   `ahead` time before expiry at which a new token is fetched.
    """

    system: System
    token_url: str
    client_id: str
    client_secret: Secret
    ahead: timedelta
    scope: str = ""


class TokenSource:
    """One valid token for all callers; at most one token request at a time. `until` is when the present one ends."""

    def __init__(self, credentials: Credentials, wire: Wire, clock: Clock, redactor: Redactor) -> None:
        self._credentials = credentials
        self._wire = wire
        self._clock = clock
        self._redactor = redactor
        self._lock = anyio.Lock()
        self._token: Secret | None = None
        self._renew_at: datetime | None = None
        self.until: datetime | None = None
        self._requests = 0
        self._failure: SiteLedgerError | None = None
        secret = credentials.client_secret.reveal()
        redactor.learn(secret, quote(secret, safe=""))

    @property
    def requests(self) -> int:
        """Token requests made; they are no calls of the API."""
        return self._requests

    async def token(self, refused: Secret | None = None) -> Secret:
        """The token to send; a new one when the present one is `refused`, missing or about to expire.

        Raises  Misconfigured (credentials refused), RetryLater (nobody answered).
        """
        if (token := self._valid(refused)) is not None:
            return token
        seen = self._requests
        async with self._lock:
            if (token := self._valid(refused)) is not None:
                return token
            if self._requests != seen and self._failure is not None:
                # Whoever queued behind a failed request shares its failure instead of asking again.
                raise self._failure
            try:
                return await self._renew()
            except SiteLedgerError as error:
                self._failure = error
                raise

    def _valid(self, refused: Secret | None) -> Secret | None:
        if self._token is None or self._token == refused or self._renew_at is None:
            return None
        return self._token if self._clock.now() < self._renew_at else None

    async def _renew(self) -> Secret:
        self._requests += 1
        who = self._credentials
        form = {
            "grant_type": "client_credentials",
            "client_id": who.client_id,
            "client_secret": who.client_secret.reveal(),
        }
        if who.scope:
            form["scope"] = who.scope
        call = Call(
            method="POST",
            url=who.token_url,
            kind="POST token",
            headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
            body=urlencode(form).encode(),
        )
        asked_at = self._clock.now()
        answer = await self._wire.send(call, {})
        document = self._read(answer)
        token = document.get("access_token")
        lifetime = document.get("expires_in")
        if not isinstance(token, str) or not token:
            message = f"{who.token_url} gave no access token; check that token_url is the token address of {who.system}"
            raise Misconfigured(message)
        seconds = int(lifetime) if isinstance(lifetime, int | str) and str(lifetime).isdigit() else UNTOLD_LIFE
        self._redactor.learn_token(token)
        self._token = Secret(token)
        self._failure = None
        life = timedelta(seconds=seconds)
        # A token that lives shorter than we like to renew ahead is still used for half its life.
        self.until = asked_at + life
        self._renew_at = asked_at + max(life - who.ahead, life / 2)
        log.info("token_renewed", system=who.system, expires_in=seconds)
        return self._token

    def _read(self, answer: Answer) -> Json:
        who = self._credentials
        if answer.failure or answer.status in {408, 429} or answer.status >= 500:  # noqa: PLR2004 - 5xx
            why = answer.reason or f"status {answer.status}"
            message = f"{who.system} gave no token: {why}"
            raise RetryLater(message, after=timedelta(seconds=5), answered=not answer.failure)
        try:
            document = read_document(answer)
        except UnreadableAnswer as error:
            message = f"{who.token_url} answered {answer.status} with something that is not JSON; check token_url"
            raise Misconfigured(message) from error
        fields: Json = cast("Json", document) if isinstance(document, dict) else {}
        if not answer.ok:
            told = str(fields.get("error_description") or fields.get("error") or f"status {answer.status}")
            message = (
                f"{who.system} refuses the credentials of client {who.client_id}: {self._redactor.text(told)[:500]}"
            )
            raise NotLetIn(message)
        return fields
