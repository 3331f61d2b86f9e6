"""The command line as a person calls it, in a folder and an environment of its own."""

import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import orjson
import pytest

from hub.cli.launch import run
from hub.report import ExitStatus
from tests.hub.settings.sample import MAIN, SECRETS


@dataclass(frozen=True)
class Ended:
    """How a call ended."""

    status: ExitStatus
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one document on standard output; fails when there is more or less."""
        return orjson.loads(self.out)


Call = Callable[..., Ended]
Operation = Callable[..., Awaitable[Any]]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Runs one command line, in an empty folder, with the secrets of the sample in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("SITELEDGER_CONFIG", raising=False)
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)

    def called(*arguments: str) -> Ended:
        capsys.readouterr()
        status = run(arguments)
        out, err = capsys.readouterr()
        return Ended(status, out, err)

    return called


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """A configuration that is right, where the command line looks for it."""
    file = tmp_path / "siteledger.toml"
    file.write_text(MAIN)
    return file


@pytest.fixture
def operation(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Operation], None]:
    """Puts a function in the place of an operation of the hub."""

    def replaced(name: str, function: Operation) -> None:
        module = ModuleType(f"hub.operations.{name}")
        setattr(module, name, function)
        monkeypatch.setitem(sys.modules, "hub.operations", ModuleType("hub.operations"))
        monkeypatch.setitem(sys.modules, f"hub.operations.{name}", module)

    return replaced
