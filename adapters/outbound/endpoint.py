"""What the hub asks systems to call: an address of its own, and a secret that proves who calls."""

from urllib.parse import urlsplit

from adapters.outbound.secrets import Secret
from domain.errors import Misconfigured

SHORTEST_SECRET = 32
"""There is no signature: the secret is the only proof, so it is long (Procore N7, Business Central 11.8)."""
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def check_address(url: str) -> str:
    """The address, when a system may be told to call it.

    Raises  Misconfigured for anything but https, other than on this computer.
    """
    parts = urlsplit(url)
    if parts.hostname and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)):
        return url
    message = f"server.public_url: webhooks cannot call {url!r}; give an address that begins with https"
    raise Misconfigured(message)


def check_secret(secret: Secret) -> Secret:
    """The secret, when it proves something and can stand in a header.

    Raises  ValueError, which never shows it.
    """
    value = secret.reveal()
    if len(value) < SHORTEST_SECRET or not value.isascii() or not value.isprintable() or " " in value:
        message = f"a webhook secret has at least {SHORTEST_SECRET} printable ASCII characters without blanks"
        raise ValueError(message)
    return secret
