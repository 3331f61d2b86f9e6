"""Who may do what: one table of actions, and everything that it does not allow is refused."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum

EVERY = "*"
"""Stands for every connection, those to come too, and for the hub as a whole."""


class Role(IntEnum):
    """Level on a connection, each with all that the ones below may (ER-01)."""

    NONE = 0
    READ = 1
    STANDARD = 2
    ADMIN = 3

    @property
    def word(self) -> str:
        """As people write it."""
        return self.name.lower()

    @staticmethod
    def named(word: str) -> "Role":
        """The role that is written so.

        Raises  KeyError.
        """
        return {role.word: role for role in Role}[word]


class Right(StrEnum):
    """What a person holds beside the role, on every connection where the role is high enough."""

    PUSH_TO_ACCOUNTING = "push_to_accounting"
    """Makes an accounting approver (ER-02)."""

    GRANT = "grant"
    """May make approvers without being one."""


class Action(StrEnum):
    """What somebody wants to do."""

    SEE = "see"
    """Pages, lists, exports, explanations; bodies with their personal fields masked."""

    SEE_BODIES = "see_bodies"
    """Bodies of records, requests and answers, whole."""

    OPERATE = "operate"
    """Retry, skip, replay, run now, reconcile."""

    RETRIEVE = "retrieve"
    """Take back an own request for approval."""

    APPROVE = "approve"
    """Accept or reject for accounting."""

    SIGN_OFF = "sign_off"
    """Take responsibility for a comparison of both companies."""

    CONFIGURE = "configure"
    """Links, mappings, connections, schedule."""

    MANAGE = "manage"
    """Users, tokens, keys, backups."""

    MAKE_APPROVERS = "make_approvers"
    """Give somebody the right to push to accounting."""


@dataclass(frozen=True)
class Rule:
    """What an action takes: a role, and one of these rights where there are any. `alone` is a role that needs none."""

    least: Role
    rights: frozenset[Right] = frozenset()
    alone: Role | None = None


RULES: Mapping[Action, Rule] = {
    Action.SEE: Rule(Role.READ),
    Action.SEE_BODIES: Rule(Role.STANDARD),
    Action.OPERATE: Rule(Role.STANDARD),
    Action.RETRIEVE: Rule(Role.STANDARD),
    Action.APPROVE: Rule(Role.STANDARD, frozenset({Right.PUSH_TO_ACCOUNTING})),
    Action.SIGN_OFF: Rule(Role.STANDARD, frozenset({Right.PUSH_TO_ACCOUNTING}), alone=Role.ADMIN),
    Action.CONFIGURE: Rule(Role.ADMIN),
    Action.MANAGE: Rule(Role.ADMIN),
    Action.MAKE_APPROVERS: Rule(Role.ADMIN, frozenset({Right.PUSH_TO_ACCOUNTING, Right.GRANT})),
}
"""The whole of it. The role counts on the connection that the action is about, or on every one."""


@dataclass(frozen=True)
class Principal:
    """Somebody who is signed in.

    Shape   `actor` signs events: `user:NAME`, `token:NAME`, `cli:NAME`. `roles` by connection, or by `EVERY`. `user` is
            the user behind it, where there is one.
    """

    actor: str
    roles: Mapping[str, Role]
    rights: frozenset[Right] = frozenset()
    user: str = ""

    def role_on(self, connection: str | None) -> Role:
        """The role on a connection; on the hub as a whole with None. What is said of one connection goes first."""
        everywhere = self.roles.get(EVERY, Role.NONE)
        return everywhere if connection is None else self.roles.get(connection, everywhere)


NOBODY = Principal("unknown", {})
"""Who is not signed in."""


def operator(actor: str) -> Principal:
    """Whoever may start commands on this computer: reads the store and its key anyway, and yet approves nothing."""
    return Principal(actor, {EVERY: Role.ADMIN}, frozenset({Right.GRANT}))


def may(principal: Principal, action: Action, connection: str | None = None) -> bool:
    """Whether somebody may do this on a connection, or with None on the hub as a whole."""
    return not why_not(principal, action, connection)


def why_not(principal: Principal, action: Action, connection: str | None = None) -> str:
    """What is missing, in words; empty when nothing is (ER-04)."""
    rule = RULES.get(action)
    if rule is None:
        return f"nobody may {action}"
    place = f"on {connection}" if connection is not None else "on every connection"
    if principal.role_on(connection) < rule.least:
        return f"{action} takes the role {rule.least.word} {place}"
    if rule.alone is not None and principal.role_on(connection) >= rule.alone:
        return ""
    if rule.rights and not rule.rights & principal.rights:
        return f"{action} takes the right {' or '.join(sorted(rule.rights))}"
    return ""


def visible(principal: Principal, connections: Iterable[str]) -> tuple[str, ...]:
    """The connections of which somebody may see anything."""
    return tuple(name for name in connections if may(principal, Action.SEE, name))


def capped(roles: Mapping[str, Role], limit: Mapping[str, Role]) -> dict[str, Role]:
    """Roles, each no higher than another set of roles has it: a token never may more than its owner."""
    names = roles.keys() | limit.keys()
    everywhere, most = roles.get(EVERY, Role.NONE), limit.get(EVERY, Role.NONE)
    return {name: min(roles.get(name, everywhere), limit.get(name, most)) for name in names}
