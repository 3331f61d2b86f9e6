"""Commands about who may do what: users, tokens. The operator of this computer is permitted all of it."""

from typing import Annotated

from cyclopts import App, Parameter
from cyclopts.validators import Number

from hub.cli.shell import Given
from hub.report import Report

Several = Parameter(consume_multiple=False, negative="")


async def list_users(*, shell: Given) -> Report:
    """Everybody who may sign in, with roles and rights."""
    from hub.operations.access import users as operation

    return await operation(shell.settings("store"))


async def add_user(
    name: str,
    /,
    *,
    role: Annotated[tuple[str, ...], Several],
    right: Annotated[tuple[str, ...], Several] = (),
    shell: Given,
) -> Report:
    """Add somebody who may sign in.

    Parameters
    ----------
    role
        none, read, standard or admin, on every connection; or for one, such as main=read. May be given several times.
    right
        grant: may make approvers, push_to_accounting: is one. May be given several times.
    """
    from hub.operations.access import put_user as operation

    return await operation(shell.settings("store"), name=name, actor=shell.actor, new=True, roles=role, rights=right)


async def change_user(
    name: str,
    /,
    *,
    role: Annotated[tuple[str, ...], Several] = (),
    right: Annotated[tuple[str, ...] | None, Several] = None,
    no_rights: Annotated[bool, Parameter(negative="")] = False,
    shell: Given,
) -> Report:
    """Change roles or rights of a user, who then must sign in again. What is not given stays.

    Parameters
    ----------
    role
        As in `users add`; replaces all roles.
    right
        As in `users add`; replaces all rights.
    no_rights
        Take all rights away.
    """
    from hub.operations.access import put_user as operation

    rights = () if no_rights else right
    return await operation(shell.settings("store"), name=name, actor=shell.actor, new=False, roles=role, rights=rights)


async def remove_user(name: str, /, *, shell: Given) -> Report:
    """Remove a user; sessions end, and tokens of this user open nothing any more."""
    from hub.operations.access import remove_user as operation

    return await operation(shell.settings("store"), name=name, actor=shell.actor)


async def link_user(name: str, /, *, shell: Given) -> Report:
    """An address that signs a user in to the dashboard, once and within 15 minutes."""
    from hub.operations.access import link_user as operation

    return await operation(shell.settings("store"), name=name, actor=shell.actor)


async def list_tokens(*, shell: Given) -> Report:
    """All tokens with their scopes, end and last use."""
    from hub.operations.access import tokens as operation

    return await operation(shell.settings("store"))


async def create_token(
    name: str,
    /,
    *,
    role: str = "read",
    connection: Annotated[tuple[str, ...], Several] = (),
    owner: str = "",
    days: Annotated[int, Parameter(validator=Number(gte=1, lte=366))] = 90,
    shell: Given,
) -> Report:
    """Make a token for a program. It is shown this once, on standard output.

    Parameters
    ----------
    role
        read, standard or admin.
    connection
        Only this connection; may be given several times.
    owner
        User that it belongs to; it never may more than this user.
    days
        How long it counts.
    """
    from hub.operations.access import Wish
    from hub.operations.access import create_token as operation

    wish = Wish(name, role, connection, owner, days)
    return await operation(shell.settings("store"), wish=wish, actor=shell.actor)


async def revoke_token(name: str, /, *, shell: Given) -> Report:
    """End a token at once."""
    from hub.operations.access import revoke_token as operation

    return await operation(shell.settings("store"), name=name, actor=shell.actor)


def groups() -> tuple[App, App]:
    """`users` and `tokens`."""
    users = App(name="users", help="Who may sign in, and what they may do.")
    for name, command in (
        ("list", list_users),
        ("add", add_user),
        ("change", change_user),
        ("link", link_user),
        ("remove", remove_user),
    ):
        users.command(command, name=name)
    tokens = App(name="tokens", help="Tokens with which programs sign in.")
    for name, command in (("list", list_tokens), ("create", create_token), ("revoke", revoke_token)):
        tokens.command(command, name=name)
    return users, tokens
