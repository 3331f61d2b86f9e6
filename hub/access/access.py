"""The one gate: who is it, may they, and what they change about who may."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hmac import compare_digest

from adapters.ports import Clock, Rng
from adapters.store import Ledger
from domain.errors import Misconfigured
from hub.access.book import Book, Token, User, check_name
from hub.access.errors import NoSuch, NotPermitted, NotSignedIn
from hub.access.refusals import Refusals
from hub.access.rules import EVERY, NOBODY, Action, Principal, Right, Role, capped, why_not
from hub.access.secrets import fingerprint, is_token
from hub.settings import Secret

SHORTEST_ADMIN_TOKEN = 24
"""Characters of `server.admin_token`: shorter ones could be guessed."""

SHORTEST = timedelta(minutes=15)
"""That a session lasts at least whose roles come from the identity provider."""

CODE = timedelta(minutes=15)
"""That a sign-in link counts."""

FIRST_ADMIN = "token:admin"


class Access:
    """Signs in, permits and refuses, and keeps users, tokens and sessions.

    Every change is an event with its actor, and so is every refusal.
    Raises  StoreUnavailable from every method.
    """

    def __init__(self, ledger: Ledger, clock: Clock, rng: Rng, admin_token: Secret | None = None) -> None:
        self.book = Book(ledger, clock, rng)
        self.refusals = Refusals(ledger, clock, rng)
        self._clock = clock
        self._admin = _admin_fingerprint(admin_token)

    # -- signing in --------------------------------------------------------------------------------

    async def authenticate(self, token: str) -> Principal:
        """Who holds this token.

        Raises  NotSignedIn, the same for a token that never was, is over or was revoked; the event tells them apart.
        """
        if self._admin is not None and compare_digest(fingerprint(token), self._admin):
            return Principal(FIRST_ADMIN, {EVERY: Role.ADMIN}, frozenset({Right.GRANT}))
        known = await self.book.token(token) if is_token(token) else None
        if known is None:
            raise await self._unknown(NOBODY.actor, "unknown token")
        actor = f"token:{known.name}"
        if known.revoked_at is not None:
            raise await self._unknown(actor, "revoked token")
        if self._clock.now() >= known.expires_at:
            raise await self._unknown(actor, "expired token")
        owner = await self.book.user(known.owner) if known.owner else None
        if known.owner and owner is None:
            raise await self._unknown(actor, "the token's owner is gone")
        await self.book.used(known)
        return _principal(actor, known, owner)

    async def session(self, id_: str, *, look: bool = False) -> Principal:
        """Who holds this session; a mere `look` does not keep it alive.

        Raises  NotSignedIn.
        """
        found = await self.book.session(id_, look=look) if id_ else None
        if found is None:
            raise await self._unknown(NOBODY.actor, "unknown or ended session")
        user = found.user
        return Principal(f"user:{user.name}", user.roles, user.rights, user.name)

    async def sign_in(
        self, name: str, given: tuple[Mapping[str, Role], frozenset[Right]] | None, until: datetime | None = None
    ) -> str:
        """The id of a new session of somebody whom the identity provider named.

        `given` is what the provider's words give; None where users are made here. A user who was made here keeps what
        was given here. Whoever has no role any more is removed. Roles of the provider hold until `until`, but for a
        quarter of an hour at least: some providers' tokens live five minutes, in which nobody reviews anything.
        Raises  NotPermitted, WrongRequest, StreamMoved.
        """
        check_name(name)
        actor = f"oidc:{name}"
        user = await self.book.user(name)
        if user is None or user.source == "oidc":
            roles, rights = given or ({}, frozenset[Right]())
            if not any(roles.values()):
                if user is not None:
                    await self.book.remove_user(actor, name)
                await self.refusals.record(actor, "sign_in", None, "no role")
                raise NotPermitted("you have no role here; ask an administrator for one")
            if user is None or (user.roles, user.rights) != (roles, rights):
                await self.book.put_user(actor, name, "oidc", roles, rights)
            if until is not None:
                return await self.book.start_session(name, max(until, self._clock.now() + SHORTEST))
        return await self.book.start_session(name)

    async def sign_in_code(self, principal: Principal, name: str) -> str:
        """The word of a link that signs this user in once, within minutes.

        Raises  NotPermitted, NoSuch.
        """
        await self.require(principal, Action.MANAGE)
        return await self.book.make_link(principal.actor, name, self._clock.now() + CODE)

    async def redeem(self, code: str) -> str:
        """The id of a new session, for a code that counts; of two who bring the same one, one gets in.

        Raises  NotSignedIn.
        """
        name = await self.book.use_link(code) if code else None
        if name is None:
            raise await self._unknown(NOBODY.actor, "unknown or used sign-in link")
        return await self.book.start_session(name)

    async def require(self, principal: Principal, action: Action, connection: str | None = None) -> None:
        """Let pass whoever may do this on a connection, or with None on the hub as a whole.

        Raises  NotPermitted, after it was recorded.
        """
        if reason := why_not(principal, action, connection):
            raise await self.refused(principal, action, connection, reason)

    async def refused(self, principal: Principal, action: str, connection: str | None, reason: str) -> NotPermitted:
        """Record a refusal of another rule, such as approving what one sent oneself, and give the error to raise."""
        await self.refusals.record(principal.actor, action, connection, reason)
        return NotPermitted(reason)

    async def _unknown(self, actor: str, reason: str) -> NotSignedIn:
        await self.refusals.record(actor, "sign_in", None, reason)
        return NotSignedIn()

    # -- who may -----------------------------------------------------------------------------------

    async def put_user(
        self,
        principal: Principal,
        name: str,
        *,
        source: str = "local",
        roles: Mapping[str, Role] | None = None,
        rights: frozenset[Right] | None = None,
    ) -> User:
        """Add a user, or change what is given of one; sessions of whoever changes end.

        Raises  NotPermitted, WrongRequest, StreamMoved.
        """
        await self.require(principal, Action.MANAGE)
        before = await self.book.user(name)
        had = before.rights if before else frozenset[Right]()
        now = had if rights is None else rights
        if Right.PUSH_TO_ACCOUNTING in now - had:
            await self.require(principal, Action.MAKE_APPROVERS)
        if Right.GRANT in now - had and Right.GRANT not in principal.rights:
            raise await self.refused(principal, Action.MAKE_APPROVERS, None, "giving grant takes the right grant")
        kept = before.roles if before else dict[str, Role]()
        given = kept if roles is None else roles
        if before is None or (before.source, before.roles, before.rights) != (source, given, now):
            await self.book.put_user(principal.actor, name, source, given, now)
        return await self._user(name)

    async def remove_user(self, principal: Principal, name: str) -> None:
        """Remove a user, sessions and all; tokens of this user open nothing any more.

        Raises  NotPermitted, NoSuch, StreamMoved.
        """
        await self.require(principal, Action.MANAGE)
        await self.book.remove_user(principal.actor, name)

    async def end_sessions(self, principal: Principal, name: str) -> None:
        """Sign somebody out everywhere: whoever it is, or an administrator.

        Raises  NotPermitted, NoSuch, StreamMoved.
        """
        if name != principal.user:
            await self.require(principal, Action.MANAGE)
        await self.book.end_sessions(principal.actor, name)

    async def create_token(
        self,
        principal: Principal,
        name: str,
        *,
        role: Role,
        connections: Sequence[str] = (EVERY,),
        approve: bool = False,
        lifetime: timedelta,
        owner: str = "",
    ) -> tuple[str, Token]:
        """A new token, to be shown this once, and what is kept of it.

        It belongs to whoever asks, or to the user `owner`, and never may more than its owner; one that approves is
        made by the approver it belongs to.
        Raises  NotPermitted, NoSuch, WrongRequest.
        """
        await self.require(principal, Action.MANAGE)
        belongs = owner or principal.user
        held = (await self._user(belongs)).rights if belongs else principal.rights
        # Nobody can lend out an approver's right but the approver.
        if approve and not (belongs == principal.user and Right.PUSH_TO_ACCOUNTING in held & principal.rights):
            reason = "a token that approves can be made by an approver alone, for themselves"
            raise await self.refused(principal, Action.APPROVE, None, reason)
        return await self.book.create_token(
            principal.actor,
            name,
            owner=belongs,
            role=role,
            connections=connections,
            approve=approve,
            lifetime=lifetime,
        )

    async def revoke_token(self, principal: Principal, name: str) -> None:
        """End a token; twice is once.

        Raises  NotPermitted, NoSuch.
        """
        await self.require(principal, Action.MANAGE)
        await self.book.revoke_token(principal.actor, name)

    async def _user(self, name: str) -> User:
        user = await self.book.user(name)
        if user is None:
            raise NoSuch("user", name)
        return user


def _principal(actor: str, token: Token, owner: User | None) -> Principal:
    roles = dict.fromkeys(token.connections, token.role)
    rights = frozenset({Right.PUSH_TO_ACCOUNTING}) if token.approve else frozenset[Right]()
    if owner is None:
        return Principal(actor, roles, rights)
    return Principal(actor, capped(roles, owner.roles), rights & owner.rights, owner.name)


def _admin_fingerprint(token: Secret | None) -> bytes | None:
    if token is None or not token.at_hand:
        return None
    secret = token.get_secret_value()
    if len(secret) < SHORTEST_ADMIN_TOKEN:
        message = f"server.admin_token is too short. Use at least {SHORTEST_ADMIN_TOKEN} random characters."
        raise Misconfigured(message)
    return fingerprint(secret)
