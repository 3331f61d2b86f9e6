"""The command line as a process of its own: a file that joins two stand-ins, and what the terminal says."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import anyio
import orjson

from adapters.sandbox.serve import ENVIRONMENT
from tests.journeys.harness import World
from tests.journeys.warm import process

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = (sys.executable, "-c", "from hub.cli import main; main()")


@dataclass(frozen=True)
class Ended:
    """How a command ended; a negative status names the signal."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one document on standard output."""
        return orjson.loads(self.out)


def written(it: World, folder: Path, **changed: dict[str, Any]) -> Path:
    """A configuration file for this world; `changed` replaces keys of `business_central`, `procore` or `main`."""
    connection = it.sandbox.connection(it.kind, **it.more)
    tables = {"business_central": connection.pop("business_central"), "procore": connection.pop("procore")}
    flows: dict[str, dict[str, Any]] = connection.pop("flows", {})
    text = [f'[store]\nurl = "{it.store}"\n', "[connections.main]"]
    text += _keys({**connection, **changed.get("main", {})})
    for name, table in tables.items():
        text += [f"\n[connections.main.{name}]", *_keys({**table, **changed.get(name, {})})]
    for name, table in flows.items():
        text += [f"\n[connections.main.flows.{name}]", *_keys(table)]
    file = folder / "siteledger.toml"
    file.write_text("\n".join(text) + "\n", encoding="utf-8")
    return file


def _keys(table: dict[str, Any]) -> list[str]:
    return [f"{name} = {orjson.dumps(value).decode()}" for name, value in table.items()]


def environment(**more: str) -> dict[str, str]:
    """What the process sees: what Python needs, and the stand-ins' secret."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "VIRTUAL_ENV") if name in os.environ}
    return {**kept, **ENVIRONMENT, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "COLUMNS": "200", **more}


async def called(*arguments: str, config: Path | None = None, **more: str) -> Ended:
    """Runs one command to its end."""
    given = ("--config", str(config)) if config else ()
    with TemporaryFile() as out, TemporaryFile() as err, anyio.fail_after(60):
        async with process([*arguments, *given], stdout=out, stderr=err, env=environment(**more)) as running:
            status = await running.wait()
        out.seek(0)
        err.seek(0)
        return Ended(status, out.read().decode(), err.read().decode())
