"""Who may do what: roles per connection, rights, users, tokens and sessions, behind `Access`."""

from hub.access.access import Access
from hub.access.book import ABSOLUTE, IDLE, Session, Token, User
from hub.access.errors import NoSuch, NotPermitted, NotSignedIn, WrongRequest
from hub.access.rules import (
    EVERY,
    NOBODY,
    RULES,
    Action,
    Principal,
    Right,
    Role,
    may,
    operator,
    visible,
    why_not,
)

__all__ = [
    "ABSOLUTE",
    "EVERY",
    "IDLE",
    "NOBODY",
    "RULES",
    "Access",
    "Action",
    "NoSuch",
    "NotPermitted",
    "NotSignedIn",
    "Principal",
    "Right",
    "Role",
    "Session",
    "Token",
    "User",
    "WrongRequest",
    "may",
    "operator",
    "visible",
    "why_not",
]
