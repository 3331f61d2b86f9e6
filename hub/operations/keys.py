"""`keys rotate`: a new key for what is secret at rest, everything encrypted anew, and a new key that signs heads."""

from pathlib import Path
from typing import TYPE_CHECKING

from adapters.ports import Rng
from domain.errors import Misconfigured
from domain.events import KeysRotated
from hub.access.signing import signed, stream_of
from hub.app import Hub, open_hub
from hub.audit.keys import SigningKeys
from hub.keyring import NO_KEY, keyring_of, new_key
from hub.operations.key_files import replaced
from hub.report import ExitStatus, Halted, Report
from hub.settings import Secret, Settings
from hub.vault import Vault

if TYPE_CHECKING:
    from rich.console import Console

LOCK = "keys"


async def rotate(settings: Settings, *, actor: str, drop_old: bool = False) -> Report:
    """Make a new key where it stands in a file, encrypt every secret under the newest key, keep the old keys.

    A rotation that was interrupted is finished first, without another key. `drop_old` forgets the old keys afterwards;
    backups that were made before need them.
    Raises  Halted (configuration) where the key comes from a variable and is not new; Locked while another one rotates.
    """
    async with open_hub(settings) as hub, hub.ledger.exclusive(LOCK):
        secret, made = settings.server.secret_key, False
        if not await _is_begun(hub, secret):
            secret, made = _with_new_key(secret, hub.rng), True
        keys = keyring_of(secret)
        vault = Vault(hub.ledger, hub.clock, lambda: keys)
        moved = await vault.rotate()
        signer = await SigningKeys(hub.ledger, vault, hub.clock, hub.rng).rotate(actor)
        dropped = drop_old and len(keys.ids) > 1 and _dropped(secret)
        kept = keys.ids[:1] if dropped else keys.ids
        stream = stream_of("keys", f"{hub.rng.getrandbits(128):032x}")
        rotated = signed(KeysRotated, hub.clock, actor, stream, key=keys.newest, kept=kept[1:], secrets=moved)
        if made or moved or dropped:
            await hub.ledger.append([rotated])
    document = {"key": keys.newest, "made": made, "encrypted": moved, "signer": signer, "old_keys": list(kept[1:])}

    def render(console: "Console") -> None:
        def say(text: str) -> None:
            console.print(text, markup=False, highlight=False, soft_wrap=True)

        say(f"{'Made' if made else 'Used'} the key {keys.newest}; encrypted {moved} secrets under it.")
        if signer:
            say(f"Heads of the ledger are signed by the key {signer} from here on; older ones stay valid.")
        if kept[1:]:
            say(f"Old keys are kept behind it ({', '.join(kept[1:])}): backups made before need them.")
        if made:
            say("Restart what runs, and copy the file of the key to where you keep it apart from the store.")

    return Report(document, ExitStatus.DONE, render)


async def _is_begun(hub: Hub, secret: Secret | None) -> bool:
    """The newest key is there already, and secrets wait for it."""
    if secret is None or not secret.at_hand:
        return False
    newest = keyring_of(secret).newest
    return any(key_id != newest for key_id in (await hub.vault.names()).values())


def _with_new_key(secret: Secret | None, rng: Rng) -> Secret:
    if secret is None:
        raise Misconfigured(NO_KEY)
    if secret.file is None:
        message = (
            f"server.secret_key comes from {secret.shown}, which only you can change: put a new key of 32 random"
            " characters or more before the old one, separated by a comma, and run `siteledger keys rotate` again."
        )
        raise Halted(message, ExitStatus.CONFIGURATION)
    keys = [new_key(rng), *_keys_of(secret)]
    try:
        replaced(secret.file, "".join(f"{key}\n" for key in keys))
    except OSError as error:
        message = f"{_place(error, secret.file)} can't be written ({error.strerror}); nothing was changed."
        raise Halted(message, ExitStatus.CONFIGURATION) from error
    return Secret("\n".join(keys), secret.shown, secret.file)


def _dropped(secret: Secret | None) -> bool:
    """Forget all keys but the newest, where they stand in a file."""
    if secret is None or secret.file is None:
        return False
    replaced(secret.file, f"{_keys_of(secret)[0]}\n")
    return True


def _keys_of(secret: Secret) -> list[str]:
    return secret.get_secret_value().replace(",", " ").split()


def _place(error: OSError, path: Path) -> str:
    return str(error.filename or path)
