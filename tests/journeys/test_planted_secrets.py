"""Secrets that are planted everywhere are found nowhere: no output, log, error, store, backup, event or content."""

import zipfile
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.sandbox.serve import SECRET_NAME
from adapters.sandbox.token_desk import CLIENT_SECRET
from hub.access import NotSignedIn, Role, operator
from hub.app import open_hub
from hub.report import ExitStatus
from hub.settings import load
from tests.journeys.cli import Ended, called, environment, written
from tests.journeys.harness import World, sqlite, world

pytestmark = pytest.mark.journey

KEY = "planted-key-k3k3k3k3k3k3k3k3k3k3k3k3"
ADMIN = "planted-admin-token-a4a4a4a4"
WRONG = "planted-wrong-client-secret"
GUESS = "planted-guess-of-a-token"
HOOK = "planted-webhook-secret-h5h5"
PLANTED = (KEY, ADMIN, WRONG, GUESS, HOOK, CLIENT_SECRET)
"""Among them the secret with which the hub really signs in."""


def configured(it: World, folder: Path) -> Path:
    """A file with a secret in every place that takes one."""
    file = written(it, folder)
    key = folder / "hub.key"
    key.write_text(KEY)
    key.chmod(0o600)
    server = '\n[server]\nsecret_key = "file:hub.key"\nadmin_token = "env:HUB_ADMIN"\n'
    file.write_text(file.read_text() + server)
    return file


async def commands(file: Path) -> list[tuple[str, Ended]]:
    """Every command that may come near a secret, with the right ones and with wrong ones."""
    told: list[tuple[str, Ended]] = []
    for line in (
        "config show", "config show --json", "check", "check --json", "--debug sync", "status --json", "users list",
        "explain PO1", "backup b.siteledger", "keys rotate", "keys rotate --json", "restore b.siteledger", "upgrade",
    ):  # fmt: skip
        arguments = [str(file.with_name(part)) if part == "b.siteledger" else part for part in line.split()]
        told.append((line, await called(*arguments, config=file, HUB_ADMIN=ADMIN)))
    for line in ("check", "--debug sync", "sync --json"):
        wrong = {SECRET_NAME: WRONG, "HUB_ADMIN": ADMIN}
        told.append((f"{line}, wrong secret", await called(*line.split(), config=file, **wrong)))
    for name in ("SITELEDGER__SERVER__SECRET_KEY", "SITELEDGER__SERVER__PROT", "SITELEDGER__STORE__URL"):
        planted = {name: f"{GUESS}:{HOOK}", "HUB_ADMIN": ADMIN}
        ended = await called("check", config=file, **planted)
        told.append((f"check, {name}", ended))
    return told


@pytest.mark.requirement("PP-01", "LE-14")
async def test_a_planted_secret_is_found_nowhere(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.typical()
        file = configured(it, tmp_path)
        settings = load(file, environ=environment(HUB_ADMIN=ADMIN))
        assert settings.server.admin_token is not None
        async with open_hub(settings) as hub:
            await hub.vault.put("webhook/main/procore", HOOK)
            first = operator("cli:olga")
            token, _ = await hub.access.create_token(first, "t", role=Role.READ, lifetime=timedelta(days=7))
            await hub.access.put_user(first, "anna", roles={"*": Role.READ})
            cookie = await hub.access.book.start_session("anna")
            with pytest.raises(NotSignedIn) as refused:
                await hub.access.authenticate(GUESS)
            await hub.access.authenticate(ADMIN)

        told = await commands(file)

        by_name = dict(told)
        assert by_name["--debug sync"].status in {ExitStatus.DONE, ExitStatus.NEEDS_PERSON}
        assert by_name["check, wrong secret"].status == ExitStatus.REMOTE
        assert by_name["backup b.siteledger"].status == ExitStatus.DONE
        assert by_name["keys rotate"].status == ExitStatus.DONE
        keys = (tmp_path / "hub.key").read_text().split()
        assert keys[-1] == KEY
        issued = [*it.bc.tokens._issued, *it.procore.tokens._issued]
        assert issued
        hidden = {*PLANTED, token, cookie, *keys, *issued}
        _nowhere(hidden, "the refusal", str(refused.value).encode())
        for name, ended in told:
            _nowhere(hidden, name, (ended.out + ended.err).encode())
        for path in _files(tmp_path):
            _nowhere(hidden, path.name, path.read_bytes())
        with zipfile.ZipFile(tmp_path / "b.siteledger") as archive:
            assert len(archive.read("stored_events.jsonl")) > 1000
            for entry in archive.namelist():
                _nowhere(hidden, entry, archive.read(entry))
        async with open_hub(settings) as hub:
            names: set[str] = set()
            rows = await hub.ledger.read(0, 100_000)
            for _, _, _, topic, state in rows:
                _nowhere(hidden, topic, state)
                names |= {part for part in state.decode().split('"') if len(part) == 64}
            contents = await hub.ledger.contents(list(names))
            assert len(contents) > 10
            for name, body in contents.items():
                _nowhere(hidden, f"content {name}", body)
        async with open_hub(load(file, environ=environment(HUB_ADMIN=ADMIN))) as hub:
            found = await hub.vault.get("webhook/main/procore")
        assert found is not None
        assert found.get_secret_value() == HOOK


def _files(folder: Path) -> list[Path]:
    """All files but the one that holds the key, and the backup, which is packed."""
    files = [path for path in folder.iterdir() if path.name not in {"hub.key", "b.siteledger"}]
    assert any(path.name == "ledger.db" for path in files)
    return files


def _nowhere(hidden: set[str], where: str, data: bytes) -> None:
    found = [secret for secret in hidden if secret.encode() in data]
    assert not found, f"{where} holds {found}"
