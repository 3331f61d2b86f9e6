"""Keys out of `server.secret_key`: the first one writes, all of them read."""

import base64
import re
from dataclasses import dataclass

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from adapters.ports import Rng
from domain.errors import Misconfigured
from hub.settings import Secret

SHORTEST = 32
"""Characters of a key: what `init` makes has 44; shorter text could be guessed."""

NO_KEY = "server.secret_key is not set. It encrypts what the hub keeps secret; `siteledger init` makes one."

_SALT = b"siteledger"
_LONGEST_ID = 8


@dataclass(frozen=True)
class Key:
    """One key. `id` names it wherever it must be told apart and tells nothing of it."""

    id: str
    cipher: Fernet


class Keyring:
    """Several keys, the newest first.

    Shape   `text` holds keys separated by line ends, blanks or commas. Any random text of at least 32 characters is a
            key.
    Raises  Misconfigured for a key that is too short, and where there is none.
    """

    def __init__(self, text: str) -> None:
        parts = list(dict.fromkeys(part for part in re.split(r"[\s,]+", text) if part))
        if not parts:
            raise Misconfigured("server.secret_key holds no key. Run `siteledger keys rotate`, or set one.")
        if any(len(part) < SHORTEST for part in parts):
            message = f"server.secret_key: a key is too short. Use {SHORTEST} random characters or more for each."
            raise Misconfigured(message)
        self._keys = tuple(_key(part) for part in parts)
        self._all = MultiFernet([key.cipher for key in self._keys])

    @property
    def ids(self) -> tuple[str, ...]:
        """Names of the keys, the newest first."""
        return tuple(key.id for key in self._keys)

    @property
    def newest(self) -> str:
        """The name of the key that writes."""
        return self._keys[0].id

    def encrypt(self, plain: bytes) -> tuple[str, bytes]:
        """The newest key's name, and what it makes of the text."""
        return self._keys[0].id, self._all.encrypt(plain)

    def decrypt(self, key_id: str, ciphertext: bytes) -> bytes:
        """The text again.

        Raises  Misconfigured when none of the keys fits, or the ciphertext was changed.
        """
        try:
            return self._all.decrypt(ciphertext)
        except InvalidToken:
            missing = key_id not in self.ids
            message = (
                f"A stored secret needs the key {key_id}, which server.secret_key does not hold. Put that key behind"
                " the others, and restart what runs."
                if missing
                else f"A stored secret under the key {key_id} can't be opened: it was changed. Restore a backup."
            )
            raise Misconfigured(message) from None


def keyring_of(secret: Secret | None) -> Keyring:
    """The keys of `server.secret_key`.

    Raises  Misconfigured when it is not set.
    """
    if secret is None:
        raise Misconfigured(NO_KEY)
    return Keyring(secret.get_secret_value())


def new_key(rng: Rng) -> str:
    """A new key, of 32 bytes of chance."""
    return base64.urlsafe_b64encode(rng.getrandbits(256).to_bytes(32, "big")).decode()


def _key(text: str) -> Key:
    derived = HKDF(SHA256(), 32, _SALT, b"vault 1").derive(text.encode())
    name = HKDF(SHA256(), _LONGEST_ID // 2, _SALT, b"key id 1").derive(text.encode()).hex()
    return Key(name, Fernet(base64.urlsafe_b64encode(derived)))
