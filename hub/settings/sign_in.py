"""Settings of signing in: the identity provider, and what its words mean here."""

from typing import Self

from pydantic import Field, model_validator

from hub.settings.flows import Table
from hub.settings.values import SecretValue, Text, Url, wrong

ROLES = ("none", "read", "standard", "admin")
RIGHTS = ("push_to_accounting", "grant")


class Oidc(Table):
    """Signing in by OpenID Connect. Off without an issuer."""

    issuer: Url | None = None
    """The identity provider, exactly as it names itself; for Microsoft Entra
    `https://login.microsoftonline.com/TENANT-ID/v2.0`. Without it nobody signs in by a browser."""

    client_id: Text | None = None
    """The id under which the provider knows SiteLedger. Its redirect address is `server.public_url` and
    `/sign-in/callback`."""

    client_secret: SecretValue | None = None
    """The secret that belongs to it."""

    scopes: tuple[Text, ...] = ("openid", "profile", "email")
    """What the provider is asked for."""

    name_claim: Text = "preferred_username"
    """Claim that names the user. Take one that only the provider's administrators can change."""

    roles_claim: Text = "roles"
    """Claim that lists roles or groups."""

    roles: dict[Text, tuple[Text, ...]] = Field(default={}, max_length=200)
    """What a value of that claim gives here: `admin` on every connection, `main=standard` on one,
    `push_to_accounting`, `grant`. Without any, users are made here and only their names come from the provider."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.issuer is not None and (self.client_id is None or self.client_secret is None):
            raise wrong("client_id or client_secret is missing", "Set both, or leave the issuer out.")
        if "openid" not in self.scopes:
            raise wrong('scopes lack "openid"', "Add it, or no provider says who signs in.")
        words = (word for words in self.roles.values() for word in words)
        if any(word.rpartition("=")[2] not in ROLES and word not in RIGHTS for word in words):
            mend = f"Write one of {', '.join((*ROLES, *RIGHTS))}, or a role for a connection as main=read."
            raise wrong("roles give something that is neither a role nor a right", mend)
        return self

    def unknown_places(self, connections: "dict[str, object]") -> list[str]:
        """Connections that roles are given on and that do not exist."""
        places = (word.rpartition("=") for words in self.roles.values() for word in words)
        return sorted({place for place, mark, _ in places if mark and place not in connections})
