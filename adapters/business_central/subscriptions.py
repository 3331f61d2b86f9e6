"""Subscriptions of Business Central: asked for, renewed before they end, and given up.

Source  Business Central guide 11 (11.1 to 11.6).
"""

from datetime import UTC, datetime
from http import HTTPStatus

import msgspec

from adapters.business_central.desk import Desk, Part, entity_in
from adapters.business_central.reading import Reader
from adapters.business_central.settings import BusinessCentralSettings
from adapters.outbound.answers import Answer, UnreadableAnswer
from adapters.outbound.caller import Caller
from adapters.outbound.endpoint import check_address, check_secret
from adapters.outbound.secrets import Secret
from domain.delivery import Listing
from domain.errors import Changed, NeedsDecision
from domain.values import BUSINESS_CENTRAL, Json

PATH = "/subscriptions"
LONGEST_STATE = 2048
_MISSING = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """One entity set of one company that is told about, until it ends.

    Shape   `resource` as Business Central writes it; `entity_set` its last part; the secret is left out.
    Units   `expires` UTC, None where it is not said; a subscription lives three days (11.3).
    """

    id: str
    url: str
    resource: str
    entity_set: str
    expires: datetime | None
    etag: str


class Subscriptions:
    """The subscriptions of an environment that one application may see.

    Every method raises RetryLater, Misconfigured, NeedsDecision, Unreadable. A write that raises RetryLater with
    `outcome_unknown`, or Unreadable, may have taken effect: list before repeating. Before the answer to a creation and
    to a renewal, Business Central calls the address (11.2, 11.3): whoever receives must be running by then.
    """

    def __init__(self, settings: BusinessCentralSettings, caller: Caller, desk: Desk, reader: Reader) -> None:
        self._settings = settings
        self._caller = caller
        self._desk = desk
        self._reader = reader

    async def all(self) -> list[Subscription]:
        """All of the environment, those of other companies and applications too: `is_of_company` tells them apart."""
        rows = await self._reader.rows(Listing("subscriptions", BUSINESS_CENTRAL, PATH))
        return [found for row in rows if (found := _subscription(row)) is not None]

    def resource(self, entity_set: str) -> str:
        """How an entity set of this company is named: with publisher, group and version (11.1)."""
        route = self._settings.connector_route.strip("/")
        return f"/api/{route}/companies({self._settings.company_id})/{entity_set}"

    def is_of_company(self, subscription: Subscription) -> bool:
        """Whether it is about an entity set of this company, however the address is written (11.9)."""
        wanted = self.resource(subscription.entity_set).lower()
        return f"/{subscription.resource.lower().lstrip('/')}".endswith(wanted)

    async def create(self, entity_set: str, url: str, client_state: Secret) -> Subscription:
        """Ask for an entity set.

        Raises  NeedsDecision as well when the address did not answer the handshake, when the set cannot be subscribed
                to, when there is one already, and beyond 200 in the environment (11.2, 11.5, 11.6).
        """
        body: Json = {
            "notificationUrl": check_address(url),
            "resource": self.resource(entity_set),
            "clientState": self._state(client_state),
        }
        return _needed(await self._write(Part(method="POST", path=PATH, body=body)))

    async def renew(self, subscription: Subscription, url: str, client_state: Secret) -> Subscription | None:
        """Three more days, counted from now; None when it is gone, to be created again (11.3).

        Raises  Changed when somebody else changes it all the time.
        """
        body: Json = {
            "notificationUrl": check_address(url),
            "resource": subscription.resource,
            "clientState": self._state(client_state),
        }
        try:
            return await self._patch(subscription, body)
        except Changed:
            present = await self.one(subscription.id)
            return None if present is None else await self._patch(present, body)

    async def one(self, subscription_id: str) -> Subscription | None:
        """One subscription as it is now; None when it is gone."""
        path = _one(subscription_id)
        answer = await self._desk.one(Part(method="GET", path=path))
        if answer.status in _MISSING:
            return None
        if not answer.ok:
            raise self._caller.error(self._desk.call(Part(method="GET", path=path), answer.exchange.url), answer)
        return _needed(answer)

    async def delete(self, subscription: Subscription) -> bool:
        """Give it up, whatever became of it; false when it was gone already (11.4)."""
        part = Part(method="DELETE", path=_one(subscription.id), if_match="*")
        try:
            await self._write(part)
        except NeedsDecision as error:
            if error.status in _MISSING:
                return False
            raise
        return True

    async def _patch(self, subscription: Subscription, body: Json) -> Subscription | None:
        part = Part(method="PATCH", path=_one(subscription.id), body=body, if_match=subscription.etag or "*")
        try:
            return _needed(await self._write(part))
        except NeedsDecision as error:
            if error.status in _MISSING:
                return None
            raise

    async def _write(self, part: Part) -> Answer:
        answer = await self._desk.one(part)
        if not answer.ok:
            raise self._caller.error(self._desk.call(part, answer.exchange.url), answer)
        return answer

    def _state(self, client_state: Secret) -> str:
        value = check_secret(client_state).reveal()
        if len(value) > LONGEST_STATE:
            message = f"a client state has at most {LONGEST_STATE} characters"
            raise ValueError(message)
        self._caller.hide(client_state)
        return value


def _one(subscription_id: str) -> str:
    """The address of one: its id is text, so it stands in quotes (1.11)."""
    if not subscription_id.replace("-", "").isalnum():
        message = f"{subscription_id!r} is no id of a subscription"
        raise ValueError(message)
    return f"{PATH}('{subscription_id}')"


def _needed(answer: Answer) -> Subscription:
    found = _subscription(entity_in(answer))
    if found is None:
        message = f"{answer.exchange.method} {answer.exchange.url} did not answer a subscription"
        raise UnreadableAnswer(message, answer.exchange)
    etag = found.etag or answer.headers.get("etag", "")
    return msgspec.structs.replace(found, etag=etag)


def _subscription(row: Json) -> Subscription | None:
    """A subscription of an answer; None where it has no id or no resource."""
    named = {name: value for name, value in row.items() if isinstance(value, str)}
    resource = named.get("resource", "")
    if not named.get("subscriptionId") or not resource:
        return None
    return Subscription(
        id=named["subscriptionId"],
        url=named.get("notificationUrl", ""),
        resource=resource,
        entity_set=resource.partition("?")[0].rstrip("/").rpartition("/")[2],
        expires=_moment(named.get("expirationDateTime", "")),
        etag=named.get("@odata.etag", ""),
    )


def _moment(value: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
