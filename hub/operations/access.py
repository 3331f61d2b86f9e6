"""`users` and `tokens`: who may do what, as the operator of this computer changes it."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from hub.access import EVERY, Access, NoSuch, Principal, Right, Role, Token, User, WrongRequest, operator
from hub.access.access import CODE
from hub.app import open_hub
from hub.report import ExitStatus, Halted, Report
from hub.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True)
class Wish:
    """A token as it is asked for. `connections` empty means every one."""

    name: str
    role: str = "read"
    connections: tuple[str, ...] = ()
    owner: str = ""
    days: int = 90


async def users(settings: Settings) -> Report:
    """Everybody who may sign in."""
    async with _access(settings) as access:
        found = [user_document(user) for user in await access.book.users()]
    return _report({"users": found}, [_user_line(user) for user in found] or ["There are no users."])


async def add_user(
    access: Access, who: Principal, name: str, *, roles: Mapping[str, Role], rights: frozenset[Right]
) -> User:
    """A new user, of an open hub.

    Raises  Halted (changed) where there is one of this name; NotPermitted, WrongRequest, StreamMoved.
    """
    if await access.book.user(name) is not None:
        message = f'name: there is a user "{name}" already; change that one'
        raise Halted(message, ExitStatus.CHANGED)
    return await access.put_user(who, name, roles=roles, rights=rights)


async def change_user(
    access: Access,
    who: Principal,
    name: str,
    *,
    roles: Mapping[str, Role] | None = None,
    rights: frozenset[Right] | None = None,
) -> User:
    """Other roles or rights, of an open hub; None leaves them, and where a user comes from stays.

    Raises  NoSuch, NotPermitted, WrongRequest, StreamMoved.
    """
    before = await access.book.user(name)
    if before is None:
        raise NoSuch("user", name)
    return await access.put_user(who, name, source=before.source, roles=roles, rights=rights)


async def put_user(
    settings: Settings, *, name: str, actor: str, new: bool, roles: Sequence[str], rights: Sequence[str] | None
) -> Report:
    """Add a user (`new`), or change one. Empty `roles` and missing `rights` are left as they are."""
    async with _access(settings) as access:
        before = await access.book.user(name)
        if new and before is not None:
            problem = f'there is a user "{name}" already'
            raise WrongRequest("name", problem, "Change it with `siteledger users change`.")
        if not new and before is None:
            raise NoSuch("user", name)
        user = await access.put_user(
            operator(actor),
            name,
            source=before.source if before else "local",
            roles=roles_of(roles, settings.connections) if roles else None,
            rights=None if rights is None else rights_of(rights),
        )
    document = user_document(user)
    return _report({"user": document}, [_user_line(document)])


async def remove_user(settings: Settings, *, name: str, actor: str) -> Report:
    """Remove a user with all sessions."""
    async with _access(settings) as access:
        await access.remove_user(operator(actor), name)
    return _report({"removed": name}, [f"Removed {name}; sessions and tokens of this user open nothing any more."])


async def link_user(settings: Settings, *, name: str, actor: str) -> Report:
    """An address that signs a user in once; the report is the only place where it is ever shown."""
    async with _access(settings) as access:
        code = await access.sign_in_code(operator(actor), name)
    server = settings.server
    place = server.public_url or f"http://{server.host}:{server.port}"
    url = f"{place}/sign-in?code={code}"
    minutes = int(CODE.total_seconds()) // 60
    return _report({"user": name, "url": url}, [f"Open within {minutes} minutes; it works once:", url])


async def tokens(settings: Settings) -> Report:
    """All tokens, without what opens anything."""
    async with _access(settings) as access:
        found = [token_document(token) for token in await access.book.tokens()]
    return _report({"tokens": found}, [_token_line(token) for token in found] or ["There are no tokens."])


async def create_token(settings: Settings, *, wish: Wish, actor: str) -> Report:
    """A new token; the report is the only place where it is ever shown."""
    async with _access(settings) as access:
        secret, token = await access.create_token(
            operator(actor),
            wish.name,
            role=role_of(wish.role),
            connections=[connection_of(name, settings.connections) for name in wish.connections] or (EVERY,),
            lifetime=timedelta(days=wish.days),
            owner=wish.owner,
        )
    document = token_document(token)
    lines = [_token_line(document), "Shown this once, keep it like a password:", secret]
    return _report({"token": document, "secret": secret}, lines)


async def revoke_token(settings: Settings, *, name: str, actor: str) -> Report:
    """End a token."""
    async with _access(settings) as access:
        await access.revoke_token(operator(actor), name)
    return _report({"revoked": name}, [f"Revoked {name}."])


# -- words -----------------------------------------------------------------------------------------


def role_of(word: str) -> Role:
    """A role as it is written.

    Raises  WrongRequest.
    """
    try:
        return Role.named(word)
    except KeyError:
        words = ", ".join(role.word for role in Role)
        raise WrongRequest("role", f'"{word}" is no role', f"Write one of {words}.") from None


def roles_of(words: Sequence[str], connections: Mapping[str, Any]) -> dict[str, Role]:
    """Roles as they are written: `admin` for every connection, `main=read` for one.

    Raises  WrongRequest.
    """
    roles: dict[str, Role] = {}
    for word in words:
        place, mark, role = word.rpartition("=")
        roles[connection_of(place, connections) if mark else EVERY] = role_of(role)
    return roles


def rights_of(words: Sequence[str]) -> frozenset[Right]:
    """Rights as they are written.

    Raises  WrongRequest.
    """
    known = {right.value: right for right in Right}
    for word in words:
        if word not in known:
            raise WrongRequest("right", f'"{word}" is no right', f"Write one of {', '.join(known)}.")
    return frozenset(known[word] for word in words)


def user_document(user: User) -> dict[str, Any]:
    """A user as programs read it."""
    return {
        "name": user.name,
        "source": user.source,
        "roles": {place: role.word for place, role in user.roles.items()},
        "rights": sorted(user.rights),
        "changed_at": user.changed_at,
    }


def token_document(token: Token) -> dict[str, Any]:
    """A token as programs read it."""
    return {
        "name": token.name,
        "owner": token.owner,
        "role": token.role.word,
        "connections": list(token.connections),
        "approve": token.approve,
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "used_at": token.used_at,
        "revoked_at": token.revoked_at,
    }


def connection_of(name: str, connections: Mapping[str, Any]) -> str:
    """A connection as it is written, or `*`.

    Raises  WrongRequest.
    """
    if name != EVERY and name not in connections:
        known = ", ".join(connections)
        raise WrongRequest(
            "connection", f'there is no connection "{name}"', f"There are: {known}, and * for every one."
        )
    return name


def _user_line(user: Mapping[str, Any]) -> str:
    roles = ", ".join(f"{role} on {'every connection' if at == EVERY else at}" for at, role in user["roles"].items())
    rights = f"; may {', '.join(user['rights'])}" if user["rights"] else ""
    return f"{user['name']} ({user['source']}): {roles or 'no role'}{rights}"


def _token_line(token: Mapping[str, Any]) -> str:
    def day(moment: datetime | None) -> str:
        return f"{moment:%Y-%m-%d}" if moment else "never"

    places = ", ".join("every connection" if place == EVERY else place for place in token["connections"])
    owner = f" for {token['owner']}" if token["owner"] else ""
    ends = f"revoked {day(token['revoked_at'])}" if token["revoked_at"] else f"until {day(token['expires_at'])}"
    return f"{token['name']}{owner}: {token['role']} on {places}, {ends}, last used {day(token['used_at'])}"


@asynccontextmanager
async def _access(settings: Settings) -> AsyncGenerator[Access]:
    async with open_hub(settings) as hub:
        yield hub.access


def _report(document: dict[str, Any], lines: Sequence[str]) -> Report:
    def render(console: "Console") -> None:
        for line in lines:
            console.print(line, markup=False, highlight=False, soft_wrap=True)

    return Report(document, ExitStatus.DONE, render)
