"""Secrets that are planted everywhere are found nowhere.

Not in an output, a log, an error, an answer of the web server, the store, a backup, an event or a content.
"""

import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from limits import RateLimitItemPerHour

from adapters.sandbox.serve import SECRET_NAME
from adapters.sandbox.token_desk import CLIENT_SECRET
from domain.values import PROCORE
from hub.access import NotSignedIn, Role, operator
from hub.app import Hub, open_hub
from hub.hearing.words import secret_name
from hub.report import ExitStatus
from hub.service import service_of
from hub.settings import Settings, load
from hub.web.app import ROUTES, application
from tests.journeys.cli import Ended, called, environment, written
from tests.journeys.harness import World, line, sqlite, world

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
    for words in (
        "config show", "config show --json", "check", "check --json", "--debug sync", "status --json", "users list",
        "explain PO1", "backup b.siteledger", "keys rotate", "keys rotate --json", "restore b.siteledger", "upgrade",
    ):  # fmt: skip
        arguments = [str(file.with_name(part)) if part == "b.siteledger" else part for part in words.split()]
        told.append((words, await called(*arguments, config=file, HUB_ADMIN=ADMIN)))
    for words in ("check", "--debug sync", "sync --json"):
        wrong = {SECRET_NAME: WRONG, "HUB_ADMIN": ADMIN}
        told.append((f"{words}, wrong secret", await called(*words.split(), config=file, **wrong)))
    for name in ("SITELEDGER__SERVER__SECRET_KEY", "SITELEDGER__SERVER__PROT", "SITELEDGER__STORE__URL"):
        planted = {name: f"{GUESS}:{HOOK}", "HUB_ADMIN": ADMIN}
        ended = await called("check", config=file, **planted)
        told.append((f"check, {name}", ended))
    return told


class Asked:
    """Every answer that somebody got of a served hub: its status, and all of its bytes."""

    def __init__(self, url: str, http: ClientSession) -> None:
        self._url, self._http = url, http
        self.heard: dict[str, tuple[int, bytes]] = {}

    async def ask(self, method: str, path: str, token: str = ADMIN, **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {token}"}
        async with self._http.request(
            method, self._url + path, headers=headers, allow_redirects=False, **more
        ) as answer:
            body = await answer.read()
            told = str(answer.headers).encode() + body
            self.heard[f"{method} {path}, {len(self.heard)}"] = (answer.status, told)
            return await answer.json() if answer.content_type.endswith("json") and body else None

    def statuses(self, prefix: str) -> set[int]:
        return {status for what, (status, _) in self.heard.items() if what.startswith(prefix)}


async def answers(hub: Hub) -> Asked:
    """What the web server tells: everything that can be read, and every kind of error."""
    service = service_of(hub)
    await service.tail.start()
    async with service._web(application(service), "127.0.0.1", 0) as url, ClientSession() as http:
        it = Asked(url, http)
        await it.ask("POST", "/api/v1/plans", json={})
        [failure] = (await it.ask("GET", "/api/v1/failures"))["items"]
        retry: dict[str, Any] = {"filter": {"cause": failure["cause"]}, "reason": "again"}
        batch = await it.ask("POST", "/api/v1/failures/retry", json=retry)
        [approval] = (await it.ask("GET", "/api/v1/approvals"))["items"]
        known = {
            "records": (await it.ask("GET", "/api/v1/records"))["items"][0]["record"],
            "approvals": approval["record"],
            "batches": batch["batch"],
            "plans": (await it.ask("GET", "/api/v1/plans"))["items"][0]["hash"],
        }
        for route in ROUTES:
            kind = route.path.split("/")[3] if route.path.count("/") > 2 else ""
            path = route.path.replace("{id}", known.get(kind, "")).replace("{cause}", failure["cause"])
            if route.method == "GET":
                query = "?q=PO1" if path == "/api/v1/find" else ""
                await it.ask("GET", path + query)
                await it.ask("GET", f"{path}?nonsense=1&limit=many")
            path = path.replace("{name}", "anna").replace("{connection}", "main").replace("{flow}", "nonsense")
            await it.ask(route.method, path, GUESS, data=b"{")
            if route.method in {"POST", "PATCH"}:
                await it.ask(route.method, path, data=b"{")
                await it.ask(route.method, path, json={"reason": 1, "nonsense": [1]})
        event = {"id": 1, "event_type": "update", "resource_name": "Projects", "resource_id": 7}
        await it.ask("POST", "/webhooks/procore/main", HOOK, json=event)
        await it.ask("GET", "/nowhere")
        for _ in ROUTES:  # one guess too many
            await it.ask("GET", "/metrics?guessed", GUESS)
        return it


@pytest.mark.requirement("PP-01", "LE-14")
async def test_a_planted_secret_is_found_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.web.guard.WRONG_PACE", RateLimitItemPerHour(len(ROUTES)))
    flows = {"purchase-order-to-commitment": {"approval": "approver"}}
    async with world(sqlite(tmp_path), flows=flows) as it:
        it.typical()
        it.order("PO2", "JOB1", [line("01-100", "SITE", "", "1")], older=True)
        file = configured(it, tmp_path)
        settings = load(file, environ=environment(HUB_ADMIN=ADMIN))
        assert settings.server.admin_token is not None
        async with open_hub(settings) as hub:
            await hub.vault.put(secret_name(PROCORE, "main"), HOOK)
            first = operator("cli:olga")
            token, _ = await hub.access.create_token(first, "t", role=Role.READ, lifetime=timedelta(days=7))
            await hub.access.put_user(first, "anna", roles={"*": Role.READ})
            cookie = await hub.access.book.start_session("anna")
            with pytest.raises(NotSignedIn) as refused:
                await hub.access.authenticate(GUESS)
            await hub.access.authenticate(ADMIN)

        told = await commands(file)
        settings = load(file, environ=environment(HUB_ADMIN=ADMIN))  # the key was rotated
        async with open_hub(settings) as hub:
            heard = await answers(hub)

        by_name = dict(told)
        assert by_name["--debug sync"].status in {ExitStatus.DONE, ExitStatus.NEEDS_PERSON}
        assert by_name["check, wrong secret"].status == ExitStatus.REMOTE
        assert by_name["backup b.siteledger"].status == ExitStatus.DONE
        assert by_name["keys rotate"].status == ExitStatus.DONE
        assert {200, 401, 403, 404, 415, 422, 429} <= heard.statuses("") <= set(range(200, 500))
        assert heard.statuses("GET /metrics,") == {200, 401}
        assert heard.statuses("GET /nowhere") == {404}
        assert heard.statuses("GET /openapi.json") == {200}
        assert len([what for what, (status, _) in heard.heard.items() if status == 200]) > 30
        keys = (tmp_path / "hub.key").read_text().split()
        assert keys[-1] == KEY
        issued = [*it.bc.tokens._issued, *it.procore.tokens._issued]
        assert issued
        hidden = {*PLANTED, token, cookie, *keys, *issued}
        _nowhere(hidden, "the refusal", str(refused.value).encode())
        for name, ended in told:
            _nowhere(hidden, name, (ended.out + ended.err).encode())
        for name, (_, data) in heard.heard.items():
            _nowhere(hidden, name, data)
        for path in _files(tmp_path):
            _nowhere(hidden, path.name, path.read_bytes())
        with zipfile.ZipFile(tmp_path / "b.siteledger") as archive:
            assert len(archive.read("stored_events.jsonl")) > 1000
            for entry in archive.namelist():
                _nowhere(hidden, entry, archive.read(entry))
        await _nowhere_in_the_store(settings, hidden)
        async with open_hub(load(file, environ=environment(HUB_ADMIN=ADMIN))) as hub:
            found = await hub.vault.get(secret_name(PROCORE, "main"))
        assert found is not None
        assert found.get_secret_value() == HOOK


async def _nowhere_in_the_store(settings: Settings, hidden: set[str]) -> None:
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


def _files(folder: Path) -> list[Path]:
    """All files but the one that holds the key, and the backup, which is packed."""
    files = [path for path in folder.iterdir() if path.name not in {"hub.key", "b.siteledger"}]
    assert any(path.name == "ledger.db" for path in files)
    return files


def _nowhere(hidden: set[str], where: str, data: bytes) -> None:
    found = [secret for secret in hidden if secret.encode() in data]
    assert not found, f"{where} holds {found}"
