"""Secrets that the hub makes or is given while it runs, encrypted at rest: webhook secrets, refresh tokens, keys."""

from collections.abc import Callable, Sequence

import msgspec

from adapters.ports import Clock
from adapters.store import Ledger, RowsRefused, Statement
from domain.errors import SiteLedgerError
from hub.keyring import Keyring
from hub.settings import Secret

PAGE = 200
LONGEST = 200

_NAMES = "SELECT name, key_id FROM secret WHERE name > ? ORDER BY name LIMIT ?"
_PUT = (
    "INSERT INTO secret (name, key_id, ciphertext, changed_at) VALUES (?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET"
    " key_id = excluded.key_id, ciphertext = excluded.ciphertext, changed_at = excluded.changed_at"
)


class Vault:
    """Secrets by name. Nothing of them is ever in an event, a content or a log, and none is printed.

    `keys` is asked at first use, so that a hub without `server.secret_key` runs until it needs one.
    Raises  StoreUnavailable from every method; Misconfigured where a key is missing.
    """

    def __init__(self, ledger: Ledger, clock: Clock, keys: Callable[[], Keyring]) -> None:
        self._ledger = ledger
        self._clock = clock
        self._make = keys
        self._keys: Keyring | None = None

    async def put(self, name: str, secret: str, also: Sequence[Statement] = ()) -> None:
        """Keep a secret, in the place of an older one of this name; with other rows in the same transaction."""
        await self._ledger.change([self.statement(name, secret), *also])

    def statement(self, name: str, secret: str) -> Statement:
        """What keeps a secret, for a transaction of the caller's.

        Raises  ValueError for a name that is empty or too long.
        """
        if not 0 < len(name) <= LONGEST:
            message = f"a secret's name has 1 to {LONGEST} characters"
            raise ValueError(message)
        # The name is inside too, so that nobody with hands on the table can give a secret another's place.
        key_id, ciphertext = self._ring().encrypt(msgspec.json.encode((name, secret)))
        return Statement(_PUT, ((name, key_id, ciphertext, self._clock.now().isoformat()),))

    async def get(self, name: str) -> Secret | None:
        """The secret of this name, None where there is none."""
        rows = await self._ledger.rows("SELECT key_id, ciphertext FROM secret WHERE name = ?", (name,))
        return Secret(self._opened(name, *rows[0]), shown=f"vault:{name}") if rows else None

    async def delete(self, name: str) -> None:
        """Forget a secret; twice is once."""
        await self._ledger.change([Statement("DELETE FROM secret WHERE name = ?", ((name,),))])

    async def names(self) -> dict[str, str]:
        """All secrets, each with the key that it is under."""
        found: dict[str, str] = {}
        after = ""
        while page := await self._ledger.rows(_NAMES, (after, PAGE)):
            found.update(dict(page))
            after = page[-1][0]
        return found

    async def rotate(self) -> int:
        """Encrypt everything under the newest key; how many secrets that were.

        May be killed at any moment: each secret is under an old key or under the new one, and both are read. A secret
        that somebody changes meanwhile keeps the change.
        """
        newest = self._ring().newest
        moved = 0
        for name, key_id in (await self.names()).items():
            if key_id != newest:
                moved += await self._moved(name)
        return moved

    async def _moved(self, name: str) -> int:
        rows = await self._ledger.rows("SELECT key_id, ciphertext FROM secret WHERE name = ?", (name,))
        if not rows:
            return 0
        key_id, ciphertext = rows[0]
        plain = msgspec.json.encode((name, self._opened(name, key_id, ciphertext)))
        now = (*self._ring().encrypt(plain), name, ciphertext)
        sql = "UPDATE secret SET key_id = ?, ciphertext = ? WHERE name = ? AND ciphertext = ?"
        try:
            await self._ledger.change([Statement(sql, (now,), touches=1)])
        except RowsRefused:
            return 0  # it was changed or deleted at this moment, by somebody who has the newest key
        return 1

    def _opened(self, name: str, key_id: str, ciphertext: bytes) -> str:
        stored, secret = msgspec.json.decode(self._ring().decrypt(key_id, ciphertext), type=tuple[str, str])
        if stored != name:
            message = (
                f'The secret "{name}" holds what belongs to "{stored}". Restore a backup, and find out who did it.'
            )
            raise SiteLedgerError(message)
        return secret

    def _ring(self) -> Keyring:
        if self._keys is None:
            self._keys = self._make()
        return self._keys
