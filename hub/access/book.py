"""Users, tokens and sessions as they are stored, each change together with its event in one transaction.

They stand in tables of their own and are no projection: digests of tokens are in no event.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from adapters.ports import Clock, Rng
from adapters.store import Ledger, RowsRefused, Statement, StreamMoved
from domain.events import (
    SessionEnded,
    SessionsEnded,
    SessionStarted,
    SignInLinkMade,
    SignInLinkUsed,
    TokenCreated,
    TokenRevoked,
    UserPut,
    UserRemoved,
)
from hub.access.errors import NoSuch, WrongRequest
from hub.access.rules import EVERY, Right, Role
from hub.access.secrets import fingerprint, new_session_id, new_token
from hub.access.signing import signed, stream_of

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)
"""Units  how long a session lasts unused, and at all (ASVS 3.3)."""

LONGEST_TOKEN = timedelta(days=366)
NOTICED = timedelta(minutes=1)
"""Last use is written down this often at most: a read must not cost a write."""

PAGE = 1000
_USER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}")
_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")


@dataclass(frozen=True)
class User:
    """Somebody who may sign in. `roles` by connection or `*`; `source` is `local` or `oidc`."""

    name: str
    source: str
    roles: Mapping[str, Role]
    rights: frozenset[Right]
    changed_at: datetime


@dataclass(frozen=True)
class Token:
    """What is known of a token, which is everything but the token. `used_at` is right to the minute."""

    name: str
    owner: str
    role: Role
    connections: tuple[str, ...]
    approve: bool
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True)
class Session:
    """Somebody who is signed in by a browser."""

    user: User
    created_at: datetime
    seen_at: datetime


class Book:
    """Finds and changes users, tokens and sessions. Asks nobody for permission: that is `Access`.

    Raises  StoreUnavailable from every method.
    """

    def __init__(self, ledger: Ledger, clock: Clock, rng: Rng) -> None:
        self._ledger = ledger
        self._clock = clock
        self._rng = rng
        self._noticed: dict[str, datetime] = {}

    # -- users -------------------------------------------------------------------------------------

    async def users(self, after: str = "", limit: int = PAGE) -> list[User]:
        """Users by name, behind a name."""
        sql = (
            "SELECT name, source, roles, rights, changed_at FROM access_user"
            " WHERE active = 1 AND name > ? ORDER BY name LIMIT ?"
        )
        return [_user(row) for row in await self._ledger.rows(sql, (after, limit))]

    async def user(self, name: str) -> User | None:
        """The user with this name."""
        sql = "SELECT name, source, roles, rights, changed_at FROM access_user WHERE active = 1 AND name = ?"
        return next((_user(row) for row in await self._ledger.rows(sql, (name,))), None)

    async def put_user(
        self, actor: str, name: str, source: str, roles: Mapping[str, Role], rights: frozenset[Right]
    ) -> None:
        """Add a user or change one; whoever is changed must sign in again.

        Raises  WrongRequest; StreamMoved when somebody else changed the same user at this moment.
        """
        check_name(name)
        words = {place: role.word for place, role in sorted(roles.items())}
        kept = tuple(sorted(right.value for right in rights))
        version = await self._version("access_user", name) + 1
        event = signed(
            UserPut,
            self._clock,
            actor,
            stream_of("user", name),
            version,
            name=name,
            source=source,
            roles=words,
            rights=kept,
        )
        row = (name, source, _json(words), _json(kept), 1, version, event.at.isoformat())
        put = Statement(
            "INSERT INTO access_user (name, source, roles, rights, active, version, changed_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET source = excluded.source,"
            " roles = excluded.roles, rights = excluded.rights, active = excluded.active,"
            " version = excluded.version, changed_at = excluded.changed_at",
            (row,),
        )
        await self._ledger.append([event], also=[put, *_end_sessions(name)])

    async def remove_user(self, actor: str, name: str) -> None:
        """Remove a user with all sessions; tokens of a user who is gone open nothing.

        Raises  NoSuch, StreamMoved.
        """
        if await self.user(name) is None:
            raise NoSuch("user", name)
        version = await self._version("access_user", name) + 1
        event = signed(UserRemoved, self._clock, actor, stream_of("user", name), version, name=name)
        gone = Statement(
            "UPDATE access_user SET active = 0, version = ?, changed_at = ? WHERE name = ?",
            ((version, event.at.isoformat(), name),),
            touches=1,
        )
        await self._ledger.append([event], also=[gone, *_end_sessions(name)])

    async def end_sessions(self, actor: str, name: str) -> None:
        """Sign somebody out everywhere.

        Raises  NoSuch, StreamMoved.
        """
        if await self.user(name) is None:
            raise NoSuch("user", name)
        version = await self._version("access_user", name) + 1
        event = signed(SessionsEnded, self._clock, actor, stream_of("user", name), version, name=name)
        row = Statement("UPDATE access_user SET version = ? WHERE name = ?", ((version, name),), touches=1)
        await self._ledger.append([event], also=[row, *_end_sessions(name)])

    async def _version(self, table: str, name: str) -> int:
        rows = await self._ledger.rows(f"SELECT version FROM {table} WHERE name = ?", (name,))  # noqa: S608 - ours
        return rows[0][0] if rows else 0

    # -- tokens ------------------------------------------------------------------------------------

    async def tokens(self, after: str = "", limit: int = PAGE) -> list[Token]:
        """Tokens by name, behind a name; those that are over too, as their names stay in the ledger."""
        sql = f"SELECT {_TOKEN_COLUMNS} FROM access_token WHERE name > ? ORDER BY name LIMIT ?"  # noqa: S608 - ours
        return [_token(row) for row in await self._ledger.rows(sql, (after, limit))]

    async def token(self, secret: str) -> Token | None:
        """What this token is, whether it still counts or not."""
        sql = f"SELECT {_TOKEN_COLUMNS} FROM access_token WHERE sha256 = ?"  # noqa: S608 - ours
        return next((_token(row) for row in await self._ledger.rows(sql, (fingerprint(secret),))), None)

    async def create_token(
        self,
        actor: str,
        name: str,
        *,
        owner: str,
        role: Role,
        connections: Sequence[str],
        approve: bool,
        lifetime: timedelta,
    ) -> tuple[str, Token]:
        """A new token, which is shown this once, and what is kept of it.

        Raises  WrongRequest.
        """
        if not _TOKEN.fullmatch(name):
            raise WrongRequest("name", "this is no name for a token", "Use letters, digits and . _ - (at most 60).")
        if not timedelta() < lifetime <= LONGEST_TOKEN:
            raise WrongRequest("days", "a token must end some day", f"Give 1 to {LONGEST_TOKEN.days} days.")
        places = tuple(dict.fromkeys(connections)) or (EVERY,)
        secret = new_token(self._rng)
        now = self._clock.now()
        token = Token(name, owner, role, places, approve, now, now + lifetime, None, None)
        event = signed(
            TokenCreated,
            self._clock,
            actor,
            stream_of("token", name),
            name=name,
            owner=owner,
            role=role.word,
            connections=places,
            approve=approve,
            expires_at=token.expires_at,
        )
        row = (
            name,
            fingerprint(secret),
            owner,
            role.word,
            _json(places),
            int(approve),
            now.isoformat(),
            token.expires_at.isoformat(),
            "",
            "",
        )
        added = Statement(
            f"INSERT INTO access_token ({_TOKEN_COLUMNS}, sha256) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
            ((row[0], *row[2:], row[1]),),
        )
        try:
            await self._ledger.append([event], also=[added])
        except (StreamMoved, RowsRefused):
            raise WrongRequest("name", f'there is a token "{name}" already', "Choose another name.") from None
        return secret, token

    async def revoke_token(self, actor: str, name: str) -> None:
        """End a token. Twice is once.

        Raises  NoSuch.
        """
        rows = await self._ledger.rows("SELECT revoked_at FROM access_token WHERE name = ?", (name,))
        if not rows:
            raise NoSuch("token", name)
        if rows[0][0]:
            return
        event = signed(TokenRevoked, self._clock, actor, stream_of("token", name), 2, name=name)
        ended = Statement(
            "UPDATE access_token SET revoked_at = ? WHERE name = ? AND revoked_at = ''",
            ((event.at.isoformat(), name),),
            touches=1,
        )
        try:
            await self._ledger.append([event], also=[ended])
        except StreamMoved:
            return  # somebody else revoked it at this moment

    async def used(self, token: Token) -> None:
        """Note that a token was used, once a minute at most."""
        now = self._clock.now()
        last = max(filter(None, (token.used_at, self._noticed.get(token.name))), default=None)
        if last is not None and now - last < NOTICED:
            return
        self._noticed[token.name] = now
        await self._ledger.change(
            [Statement("UPDATE access_token SET used_at = ? WHERE name = ?", ((now.isoformat(), token.name),))]
        )

    # -- sessions ----------------------------------------------------------------------------------

    async def start_session(self, name: str, ends_at: datetime | None = None) -> str:
        """The id of a new session of a user: for a cookie, kept nowhere else. It may have an end of its own.

        Raises  NoSuch.
        """
        if await self.user(name) is None:
            raise NoSuch("user", name)
        id_ = new_session_id(self._rng)
        key = fingerprint(id_)
        event = signed(SessionStarted, self._clock, f"user:{name}", stream_of("session", key.hex()), name=name)
        at = event.at.isoformat()
        over = (event.at - ABSOLUTE).isoformat()
        also = [
            Statement("DELETE FROM access_session WHERE created_at < ?", ((over,),)),
            Statement("INSERT INTO access_session VALUES (?, ?, ?, ?)", ((key, name, at, at),)),
            Statement("DELETE FROM access_session_end WHERE ends_at < ?", ((over,),)),
        ]
        if ends_at is not None:
            end = (key, ends_at.astimezone(UTC).isoformat())
            also.append(Statement("INSERT INTO access_session_end VALUES (?, ?)", (end,)))
        await self._ledger.append([event], also=also)
        return id_

    async def session(self, id_: str, *, look: bool = False) -> Session | None:
        """The session with this id, unless it is over; being used keeps it alive, a mere `look` does not."""
        sql = (
            "SELECT s.created_at, s.seen_at, e.ends_at, u.name, u.source, u.roles, u.rights, u.changed_at"
            " FROM access_session AS s JOIN access_user AS u ON u.name = s.user_name"
            " LEFT JOIN access_session_end AS e ON e.sha256 = s.sha256 WHERE s.sha256 = ? AND u.active = 1"
        )
        key = fingerprint(id_)
        rows = await self._ledger.rows(sql, (key,))
        if not rows:
            return None
        created, seen = (datetime.fromisoformat(text) for text in rows[0][:2])
        now, ends_at = self._clock.now(), rows[0][2]
        if now - created >= ABSOLUTE or now - seen >= IDLE:
            return None
        if ends_at is not None and now >= datetime.fromisoformat(ends_at):
            return None
        if now - seen >= NOTICED and not look:
            await self._ledger.change(
                [Statement("UPDATE access_session SET seen_at = ? WHERE sha256 = ?", ((now.isoformat(), key),))]
            )
        return Session(_user(rows[0][3:]), created, seen)

    async def end_session(self, id_: str) -> bool:
        """Sign out; whether this ended it. A session that is over stays over."""
        key = fingerprint(id_)
        rows = await self._ledger.rows("SELECT user_name FROM access_session WHERE sha256 = ?", (key,))
        if not rows:
            return False
        name = rows[0][0]
        event = signed(SessionEnded, self._clock, f"user:{name}", stream_of("session", key.hex()), 2, name=name)
        gone = Statement("DELETE FROM access_session WHERE sha256 = ?", ((key,),))
        try:
            await self._ledger.append([event], also=[gone])
        except StreamMoved:
            return False  # signed out twice at the same moment
        return True

    # -- links that sign in once -------------------------------------------------------------------

    async def make_link(self, actor: str, name: str, ends_at: datetime) -> str:
        """The word of a new link that signs a user in: it stands in the address, and is kept nowhere else.

        Raises  NoSuch.
        """
        if await self.user(name) is None:
            raise NoSuch("user", name)
        word = new_session_id(self._rng)
        key, end = fingerprint(word), ends_at.astimezone(UTC)
        event = signed(SignInLinkMade, self._clock, actor, _link_stream(key), name=name, ends_at=end)
        also = [
            Statement("DELETE FROM sign_in_link WHERE ends_at < ?", ((event.at.isoformat(),),)),
            Statement("INSERT INTO sign_in_link VALUES (?, ?, ?)", ((key, name, end.isoformat()),)),
        ]
        await self._ledger.append([event], also=also)
        return word

    async def use_link(self, word: str) -> str | None:
        """The user whom a link signs in, once; None for one that is unknown, used or over."""
        key = fingerprint(word)
        rows = await self._ledger.rows("SELECT user_name, ends_at FROM sign_in_link WHERE sha256 = ?", (key,))
        if not rows or self._clock.now() >= datetime.fromisoformat(rows[0][1]):
            return None
        name = rows[0][0]
        event = signed(SignInLinkUsed, self._clock, f"user:{name}", _link_stream(key), 2, name=name)
        gone = Statement("DELETE FROM sign_in_link WHERE sha256 = ?", ((key,),), touches=1)
        try:
            await self._ledger.append([event], also=[gone])
        except (StreamMoved, RowsRefused):
            return None  # somebody else used it, or the user was signed out, at the same moment
        return name


_TOKEN_COLUMNS = "name, owner, role, connections, approve, created_at, expires_at, used_at, revoked_at"  # noqa: S105 - columns


def check_name(name: str) -> None:
    """Whether somebody may be called so.

    Raises  WrongRequest.
    """
    if not _USER.fullmatch(name):
        raise WrongRequest("name", "this is no name for a user", "Use letters, digits and . _ @ + - (at most 100).")


def _end_sessions(name: str) -> list[Statement]:
    """With the links that would begin new ones."""
    tables = ("access_session", "sign_in_link")
    return [Statement(f"DELETE FROM {table} WHERE user_name = ?", ((name,),)) for table in tables]  # noqa: S608 - ours


def _link_stream(key: bytes) -> UUID:
    return stream_of("sign-in link", key.hex())


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _user(row: Sequence[Any]) -> User:
    name, source, roles, rights, changed_at = row
    return User(
        name,
        source,
        {place: Role.named(word) for place, word in msgspec.json.decode(roles, type=dict[str, str]).items()},
        frozenset(Right(word) for word in msgspec.json.decode(rights, type=list[str])),
        datetime.fromisoformat(changed_at),
    )


def _token(row: Sequence[Any]) -> Token:
    name, owner, role, connections, approve, created_at, expires_at, used_at, revoked_at = row
    return Token(
        name,
        owner,
        Role.named(role),
        tuple(msgspec.json.decode(connections, type=list[str])),
        bool(approve),
        datetime.fromisoformat(created_at),
        datetime.fromisoformat(expires_at),
        datetime.fromisoformat(used_at) if used_at else None,
        datetime.fromisoformat(revoked_at) if revoked_at else None,
    )
