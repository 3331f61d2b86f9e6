"""Who may do what, who was refused, and what was asked with a key."""

from datetime import datetime
from typing import ClassVar

from domain.events.base import Event
from domain.values import Digest, MaybeContent


class UserPut(Event, frozen=True, kw_only=True):
    """Somebody has these roles, by connection or `*`, and these rights from here on. `source` is `local` or `oidc`."""

    TOPIC: ClassVar[str] = "access.user-put.1"
    name: str
    source: str
    roles: dict[str, str]
    rights: tuple[str, ...]


class UserRemoved(Event, frozen=True, kw_only=True):
    """Somebody may no longer sign in; sessions and tokens end with it."""

    TOPIC: ClassVar[str] = "access.user-removed.1"
    name: str


class TokenCreated(Event, frozen=True, kw_only=True):
    """A program may sign in. Neither the token nor its digest stands here."""

    TOPIC: ClassVar[str] = "access.token-created.1"
    name: str
    owner: str
    role: str
    connections: tuple[str, ...]
    approve: bool
    expires_at: datetime


class TokenRevoked(Event, frozen=True, kw_only=True):
    """A program may no longer sign in."""

    TOPIC: ClassVar[str] = "access.token-revoked.1"
    name: str


class ReaderGranted(Event, frozen=True, kw_only=True):
    """A role of the database may read the tables of the read schema, and nothing else."""

    TOPIC: ClassVar[str] = "access.reader-granted.1"
    name: str


class ReaderRevoked(Event, frozen=True, kw_only=True):
    """A role of the database may no longer read anything."""

    TOPIC: ClassVar[str] = "access.reader-revoked.1"
    name: str


class SessionStarted(Event, frozen=True, kw_only=True):
    """Somebody signed in."""

    TOPIC: ClassVar[str] = "access.session-started.1"
    name: str


class SessionEnded(Event, frozen=True, kw_only=True):
    """Somebody signed out."""

    TOPIC: ClassVar[str] = "access.session-ended.1"
    name: str


class SessionsEnded(Event, frozen=True, kw_only=True):
    """All sessions of somebody were ended, by themselves or by an administrator."""

    TOPIC: ClassVar[str] = "access.sessions-ended.1"
    name: str


class SignInLinkMade(Event, frozen=True, kw_only=True):
    """Somebody was given an address that signs this user in once. Neither its word nor a digest of it stands here."""

    TOPIC: ClassVar[str] = "access.sign-in-link-made.1"
    name: str
    ends_at: datetime


class SignInLinkUsed(Event, frozen=True, kw_only=True):
    """The user came by it, so it opens nothing more."""

    TOPIC: ClassVar[str] = "access.sign-in-link-used.1"
    name: str


class AccessRefused(Event, frozen=True, kw_only=True):
    """Somebody was refused, `count` times in a minute; the actor is who asked."""

    TOPIC: ClassVar[str] = "access.refused.1"
    action: str
    reason: str
    count: int


class RequestClaimed(Event, frozen=True, kw_only=True):
    """A request with a key of its own began to be worked. `digest` covers method, address and body."""

    TOPIC: ClassVar[str] = "api.request-claimed.1"
    method: str
    path: str
    digest: Digest


class RequestAnswered(Event, frozen=True, kw_only=True):
    """That request was answered; `content` names the body, and is empty where the answer must not be kept."""

    TOPIC: ClassVar[str] = "api.request-answered.1"
    status: int
    content_type: str
    content: MaybeContent
