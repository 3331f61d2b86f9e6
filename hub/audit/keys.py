"""The keys that sign heads: Ed25519, the private half in the vault, each new one signed by the one before."""

from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from adapters.ports import Clock, Rng
from adapters.store import Ledger, Statement
from domain.errors import Misconfigured, SiteLedgerError
from domain.events import SigningKeyMade
from hub.access.signing import signed, stream_of
from hub.vault import Vault

STREAM = stream_of("audit", "keys")
_LONGEST_ID = 16


class NotSigned(SiteLedgerError):
    """Heads can't be signed; seals go on without them."""


@dataclass(frozen=True)
class Signer:
    """The key that signs now."""

    id: str
    private: Ed25519PrivateKey

    def sign(self, message: bytes) -> str:
        """Signature, hex."""
        return self.private.sign(message).hex()


def key_id(public: bytes) -> str:
    """What a key is called: the beginning of the SHA-256 of its public half."""
    return sha256(public).hexdigest()[:_LONGEST_ID]


def key_message(public: str, predecessor: str) -> bytes:
    """What the old key signs when a new one takes its place."""
    return f"siteledger key 1\n{public}\n{predecessor}".encode()


def head_message(position: int, hash: str, moment: str, key: str) -> bytes:
    """What is signed of a head."""
    return f"siteledger head 1\n{position}\n{hash}\n{moment}\n{key}".encode()


def is_signed(public: str, signature: str, message: bytes) -> bool:
    """Whether the owner of a key signed this."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True


class SigningKeys:
    """The keys of one ledger, the newest last."""

    def __init__(self, ledger: Ledger, vault: Vault, clock: Clock, rng: Rng) -> None:
        self._ledger = ledger
        self._vault = vault
        self._clock = clock
        self._rng = rng

    async def known(self) -> list[SigningKeyMade]:
        """Every key that was ever made."""
        return (await self._ledger.load([STREAM]))[STREAM]

    async def signer(self, actor: str) -> Signer:
        """The key that signs now; the first one is made here.

        Raises  NotSigned without `server.secret_key`, or where the stored key can't be opened; StreamMoved when another
                process makes the first one at this moment.
        """
        keys = await self.known()
        if not keys:
            return await self._made(None, 1, actor)
        return await self._opened(keys[-1])

    async def rotate(self, actor: str) -> str:
        """A new key, signed by the present one, which is then forgotten; empty where there is none so far.

        Raises  NotSigned, StreamMoved.
        """
        keys = await self.known()
        if not keys:
            return ""
        made = await self._made(await self._opened(keys[-1]), len(keys) + 1, actor)
        return made.id

    async def _opened(self, key: SigningKeyMade) -> Signer:
        try:
            secret = await self._vault.get(_name(key.key))
        except Misconfigured as error:
            raise NotSigned(f"Heads are not signed: {error}") from error
        if secret is None:
            message = f"Heads are not signed: the private half of the key {key.key} is not in the store."
            raise NotSigned(message)
        return Signer(key.key, Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret.get_secret_value())))

    async def _made(self, before: Signer | None, version: int, actor: str) -> Signer:
        private = self._rng.getrandbits(256).to_bytes(32, "big")
        key = Ed25519PrivateKey.from_private_bytes(private)
        public = key.public_key().public_bytes_raw()
        signer = Signer(key_id(public), key)
        predecessor = before.id if before else ""
        signature = before.sign(key_message(public.hex(), predecessor)) if before else ""
        event = signed(
            SigningKeyMade,
            self._clock,
            actor,
            STREAM,
            version,
            key=signer.id,
            public=public.hex(),
            predecessor=predecessor,
            signature=signature,
        )
        try:
            also = [self._vault.statement(_name(signer.id), private.hex())]
        except Misconfigured as error:
            raise NotSigned(f"Heads are not signed: {error}") from error
        if before:
            also.append(Statement("DELETE FROM secret WHERE name = ?", ((_name(before.id),),)))
        await self._ledger.append([event], also=also)
        return signer


def _name(key: str) -> str:
    return f"audit key {key}"
