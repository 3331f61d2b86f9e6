"""Processes of the command line that were forked from one which has read the libraries, as that takes most of a second.

Environment, folder, output and end are their own, and `kill -9` ends nothing else. Modules of `hub` are read by each of
them anew, in the order in which its command asks for them.
"""

import atexit
import gc
import importlib
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import cache
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from typing import IO

import anyio

ROOT = Path(__file__).resolve().parents[2]
START = (sys.executable, "-c", "from tests.journeys.warm import serve; serve(); from hub.cli import main; main()")
INNER = ("domain", "projections", "adapters")
LIBRARIES = ("cyclopts", "pydantic_settings", "cryptography.fernet", "rich.console", "structlog", "tomlkit", "limits")
LONGEST = 1 << 17


class Forked:
    """A process that runs a command."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._said = b""
        self.pid = 0
        self.returncode: int | None = None

    async def wait(self) -> int:
        """Its exit status; a negative one names the signal."""
        while self.returncode is None:
            self.returncode = int(await self.heard())
        return self.returncode

    async def heard(self) -> bytes:
        """The next line that is told of it."""
        while b"\n" not in self._said:
            await anyio.wait_readable(self._line)
            if not (more := self._line.recv(64)):
                raise EOFError("the process that all others come from is gone")
            self._said += more
        first, _, self._said = self._said.partition(b"\n")
        return first

    def send_signal(self, number: int) -> None:
        """Sent to this process alone."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """As `kill -9` does."""
        self.send_signal(signal.SIGKILL)


@asynccontextmanager
async def process(
    arguments: Sequence[str], *, stdout: IO[bytes], stderr: IO[bytes], env: Mapping[str, str]
) -> AsyncGenerator[Forked]:
    """A process of the command line; it is ended when it is left before its end."""
    here, there = socket.socketpair()
    with here:
        wish = json.dumps({"arguments": list(arguments), "env": dict(env), "folder": str(Path.cwd())}).encode()
        with there:
            socket.send_fds(_warm(), [wish], [stdout.fileno(), stderr.fileno(), there.fileno()])
        forked = Forked(here)
        forked.pid = int(await forked.heard())
        try:
            yield forked
        finally:
            if forked.returncode is None:
                forked.kill()
                with anyio.CancelScope(shield=True):
                    await forked.wait()


@cache
def _warm() -> socket.socket:
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with there:
        given = {**os.environ, "PYTHONPATH": str(ROOT), "WARM": str(there.fileno())}
        serving = subprocess.Popen(START, pass_fds=[there.fileno()], env=given, stdin=subprocess.DEVNULL)  # noqa: S603

    def over() -> None:
        here.close()
        serving.wait(10)

    atexit.register(over)
    return here


def serve() -> None:
    """Forks for every wish, and tells what became of each; returns in what was forked, and ends with whoever asked."""
    _read_libraries()
    wishes = socket.socket(fileno=int(os.environ["WARM"]))
    deaths, bell = socket.socketpair()
    for end in (deaths, bell):
        end.setblocking(False)  # noqa: FBT003 - its only parameter
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    signal.set_wakeup_fd(bell.fileno(), warn_on_full_buffer=False)
    lines: dict[int, socket.socket] = {}
    wish, out, err = _serve(wishes, deaths, lines)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.dup2(out, 1)
    os.dup2(err, 2)
    for each in (out, err, *(end.detach() for end in (wishes, deaths, bell, *lines.values()))):
        os.close(each)
    told = json.loads(wish)
    os.environ.clear()
    os.environ.update(told["env"])
    os.chdir(told["folder"])
    sys.argv = ["siteledger", *told["arguments"]]


def _read_libraries() -> None:
    for name in INNER:
        package = importlib.import_module(name)
        for module in pkgutil.walk_packages(package.__path__, f"{name}."):
            if "sandbox" not in module.name:
                importlib.import_module(module.name)
    for name in LIBRARIES:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()


def _serve(wishes: socket.socket, deaths: socket.socket, lines: dict[int, socket.socket]) -> tuple[bytes, int, int]:
    """Returns in a process that was forked: its wish, and where its output and its errors go."""
    with DefaultSelector() as selector:
        selector.register(wishes, EVENT_READ)
        selector.register(deaths, EVENT_READ)
        while True:
            ready = {key.fileobj for key, _ in selector.select()}
            if deaths in ready:
                deaths.recv(4096)
                _tell(lines)
            if wishes in ready:
                wish, given, _, _ = socket.recv_fds(wishes, LONGEST, 3)
                if not wish:
                    sys.exit()
                out, err, line = given
                pid = os.fork()
                if not pid:
                    os.close(line)
                    return wish, out, err
                os.close(out)
                os.close(err)
                lines[pid] = socket.socket(fileno=line)
                lines[pid].sendall(b"%d\n" % pid)


def _tell(lines: dict[int, socket.socket]) -> None:
    while lines:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        with lines.pop(pid) as line, suppress(BrokenPipeError):  # whoever asked may have left
            line.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
