"""`kill -9` in the middle of a retry of many: resumed, the batch gives every record its turn exactly once."""

import signal
from pathlib import Path
from tempfile import TemporaryFile

import anyio
import orjson
import pytest

from tests.hub.failing import fill, hub_on, retried_once
from tests.hub.settings.sample import MAIN, SECRETS
from tests.journeys.cli import called, environment
from tests.journeys.warm import process
from tests.ledger_story import FLOW

pytestmark = [pytest.mark.journey, pytest.mark.requirement("DC-08", "DC-12"), pytest.mark.timeout(300)]

COUNT = 6_000


def configured(folder: Path) -> tuple[Path, str]:
    """A configuration whose ledger is there, and the ledger's URL."""
    url = f"sqlite:///{folder / 'ledger.db'}"
    file = folder / "siteledger.toml"
    file.write_text(f'[store]\nurl = "{url}"\n{MAIN}', encoding="utf-8")
    return file, url


async def killed_half_way(config: Path, url: str) -> None:
    """Starts the retry as a process of its own and kills it when about half of its pages are stored."""
    command = ["retry", "--flow", FLOW, "--yes", "--json", "--config", str(config)]
    async with hub_on(url) as hub:
        position = await hub.ledger.last_position()
        half = position + 1 + COUNT // 2  # the batch itself, and a retry for each record
        with TemporaryFile() as told:
            async with process(command, stdout=told, stderr=told, env=environment(**SECRETS)) as running:
                with anyio.fail_after(200):
                    assert await hub.ledger.wait(half)
                    running.send_signal(signal.SIGKILL)
                    assert await running.wait() == -signal.SIGKILL


async def test_a_retry_that_is_killed_half_way_is_resumed_and_acts_once(tmp_path: Path) -> None:
    config, url = configured(tmp_path)
    async with hub_on(url) as hub:
        await fill(hub.ledger, COUNT)
        await hub.projector.catch_up()
    await killed_half_way(config, url)

    listed = orjson.loads((await called("batches", "--json", config=config, **SECRETS)).out)
    (batch,) = listed["items"]
    assert batch["state"] == "running"
    assert COUNT // 2 <= batch["done"] < COUNT
    assert batch["done"] + batch["remaining"] == COUNT

    ended = await called("batches", batch["batch"], "--resume", "--json", config=config, **SECRETS)
    assert ended.status == 0
    done = ended.document
    assert (done["state"], done["done"], done["fine"], done["barred"], done["remaining"]) == ("ended", COUNT, 0, 0, 0)
    async with hub_on(url) as hub:
        assert await retried_once(hub, COUNT) == []
