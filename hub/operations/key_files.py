"""Files with secrets in them: who else may read them, and how a key is written."""

import os
from collections.abc import Iterator
from pathlib import Path

from hub.settings import Secret, Settings

OTHERS = 0o077
"""Rights of group and others: a secret's file has none of them."""

Words = tuple[str, bool, str, str]
"""What, whether it is well, why, and the mend."""


def too_open(settings: Settings) -> Iterator[Words]:
    """Every file with a secret that others on this computer may read or write."""
    for key, secret in _secrets(settings):
        if secret.file is None:
            continue
        try:
            mode = secret.file.stat().st_mode
        except OSError:
            continue  # a file that is gone is told where its secret is missed
        if mode & OTHERS:
            why = f"others on this computer may read {secret.file} (mode {mode & 0o777:04o})"
            yield key, False, why, f"chmod 600 {secret.file}; if somebody may have read it, change the secret."


def replaced(path: Path, text: str) -> None:
    """Writes a file with a secret whole or not at all, readable for its owner alone, and forced to the disk."""
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _secrets(settings: Settings) -> Iterator[tuple[str, Secret]]:
    yield "store.url", settings.store.url
    for name, secret in (("secret_key", settings.server.secret_key), ("admin_token", settings.server.admin_token)):
        if secret is not None:
            yield f"server.{name}", secret
    for name, connection in settings.connections.items():
        yield f"connections.{name}.business_central.client_secret", connection.business_central.client_secret
        yield f"connections.{name}.procore.client_secret", connection.procore.client_secret
