"""However a command ends, its status is in the list, its output is what was asked for, and nobody sees a traceback."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from adapters.store.errors import Locked, StoreUnavailable, UnknownEvent
from domain.errors import Changed, Misconfigured, NeedsDecision, RetryLater, SiteLedgerError, Unreadable
from hub.cli.status import listed
from hub.report import Announce, ExitStatus, Halted, Progress, Report, gravest
from hub.settings import Settings
from tests.hub.cli.conftest import Call, Operation
from tests.hub.settings.sample import MAIN, PLANTED

ROOT = Path(__file__).parents[3]
Replace = Callable[[str, Operation], None]


def reported(document: dict[str, Any], status: ExitStatus = ExitStatus.DONE) -> Report:
    return Report(document, status, lambda console: console.print("for people"))


def ending_with(error: Exception) -> Operation:
    async def operation(*_: Any, **__: Any) -> Report:
        raise error

    return operation


def test_the_exit_statuses_are_the_documented_ones_and_help_prints_them(call: Call) -> None:
    assert [status.value for status in ExitStatus] == [0, 1, 2, 3, 4, 5, 6, 7, 75, 130]

    ended = call("--help")

    assert ended.status is ExitStatus.DONE
    assert listed() in "\n".join(line.rstrip() for line in ended.out.splitlines())
    for command in (
        "init",
        "config",
        "check",
        "sync",
        "status",
        "explain",
        "failures",
        "retry",
        "skip",
        "replay",
        "batches",
    ):
        assert f" {command} " in ended.out


@pytest.mark.parametrize(
    ("statuses", "one"),
    [
        ((), 0),
        ((0, 1), 1),
        ((1, 75), 75),
        ((75, 6), 6),
        ((6, 4), 4),
        ((4, 5), 5),
        ((5, 3), 3),
        ((0, 1, 75, 6, 4, 5, 3), 3),
    ],
)
def test_of_several_statuses_the_gravest_counts(statuses: tuple[int, ...], one: int) -> None:
    assert gravest(ExitStatus(status) for status in statuses) == one


@pytest.mark.usefixtures("sample")
@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Halted("there is no record X", ExitStatus.WRONG_USE), 2),
        (Halted("the chain is broken at 5", ExitStatus.INTEGRITY), 5),
        (Misconfigured("company not found"), 3),
        (UnknownEvent("x.y.9"), 3),
        (NeedsDecision("number is taken"), 6),
        (Unreadable("HTML instead of JSON"), 6),
        (Changed("changed since"), 7),
        (RetryLater("quota", after=timedelta(minutes=1)), 75),
        (Locked("sync"), 75),
        (StoreUnavailable("database is locked"), 75),
        (SiteLedgerError("something else"), 1),
        (ExceptionGroup("", [RetryLater("quota"), ExceptionGroup("", [NeedsDecision("no")])]), 6),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_each_known_error_has_its_status_and_its_own_words(
    call: Call, operation: Replace, error: Exception, status: int
) -> None:
    operation("sync", ending_with(error))

    ended = call("sync", "--json")

    assert ended.status == status
    assert ended.document["error"]["status"] == status
    assert ended.document["error"]["message"] in ended.err
    assert "Traceback" not in ended.err
    assert str(error) in ended.err or isinstance(error, ExceptionGroup)


@pytest.mark.usefixtures("sample")
def test_an_unforeseen_error_is_told_without_its_text_and_in_full_only_on_request(
    call: Call, operation: Replace
) -> None:
    operation("sync", ending_with(RuntimeError(PLANTED)))

    ended = call("sync", "--json")
    told = call("--debug", "sync")

    assert ended.status is ExitStatus.NEEDS_PERSON
    assert "internal error: RuntimeError at test_launch.py:" in ended.document["error"]["message"]
    assert "--debug" in ended.err
    assert PLANTED not in ended.out + ended.err
    assert "Traceback" in told.err


@pytest.mark.usefixtures("sample")
def test_a_group_with_an_unforeseen_error_in_it_is_an_internal_error(call: Call, operation: Replace) -> None:
    operation("sync", ending_with(ExceptionGroup("", [RetryLater("quota"), ValueError("x")])))

    assert "internal error" in call("sync").err


@pytest.mark.usefixtures("sample")
def test_an_interruption_has_its_status(call: Call, operation: Replace) -> None:
    async def sync(*_: Any, **__: Any) -> Report:
        signal.raise_signal(signal.SIGINT)
        await asyncio.Event().wait()
        return reported({})

    operation("sync", sync)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # who runs us may have asked us to ignore it
    try:
        ended = call("sync")
    finally:
        signal.signal(signal.SIGINT, before)

    assert ended.status is ExitStatus.INTERRUPTED
    assert "interrupted" in ended.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("snyc",), 'Did you mean "sync"?'),
        (("sync", "--wiat", "5"), "Did you mean --wait?"),
        (("sync", "--wait", "soon"), "--wait"),
        (("sync", "--wait", "-1"), "--wait"),
        (("sync", "--since", "yesterday"), "--since takes a day such as 2026-01-31"),
        (("sync", "--since", "2026-02-01", "--until", "2026-02-01"), "--since must be before --until"),
        (("sync", "--flow", "purchase-order-to-comitment"), 'Did you mean "purchase-order-to-commitment"?'),
        (("sync", "--connection", "mian"), 'Did you mean "main"?'),
        (("check", "--connection", "xyz"), "There are: main."),
        (("status", "--connection", "xyz"), "There are: main."),
        (("explain",), "IDENTIFIER"),
        (("sandbox", "--bc-port", "70000"), "--bc-port"),
        (("init", "--kind", "live"), "--kind"),
    ],
)
@pytest.mark.usefixtures("sample")
def test_wrong_use_is_answered_with_a_hint(call: Call, arguments: tuple[str, ...], says: str) -> None:
    ended = call(*arguments, "--json")

    assert ended.status is ExitStatus.WRONG_USE
    assert says in ended.err
    assert ended.document["error"]["status"] == 2


@pytest.mark.usefixtures("sample")
def test_json_is_the_only_thing_on_standard_output(call: Call, operation: Replace) -> None:
    async def sync(_settings: Settings, *, progress: Progress, **_: Any) -> Report:
        progress.start("read", 2)
        progress.advance("read", 2)
        progress.say("observed PO-1")
        progress.finish("read")
        return reported(
            {
                "amount": Decimal("10.00"),
                "at": datetime(2026, 1, 31, 8, tzinfo=UTC),
                "day": date(2026, 1, 31),
                "id": UUID("6f0b5a52-1d0c-5a0e-9a57-51edc0de0001"),
            },
            ExitStatus.NEEDS_PERSON,
        )

    operation("sync", sync)

    ended = call("sync", "--json")

    assert ended.status is ExitStatus.NEEDS_PERSON
    assert ended.document == {
        "amount": "10.00",
        "at": "2026-01-31T08:00:00+00:00",
        "day": "2026-01-31",
        "id": "6f0b5a52-1d0c-5a0e-9a57-51edc0de0001",
    }
    assert ended.err.splitlines() == ["read (2) ...", "observed PO-1", "read: 2 done"]
    assert call("sync").out == "for people\n"


@pytest.mark.usefixtures("sample")
def test_every_argument_of_a_sync_reaches_the_hub(call: Call, operation: Replace) -> None:
    seen: dict[str, Any] = {}

    async def sync(settings: Settings, **arguments: Any) -> Report:
        seen.update(arguments, settings=settings)
        return reported({})

    operation("sync", sync)

    call(
        *("sync", "--connection", "main", "--flow", "vendor-to-company", "--project", "P-1", "--full", "--wait", "5"),
        *("--since", "2026-01-31", "--until", "2026-02-01T08:00+01:00"),
    )

    assert list(seen.pop("settings").connections) == ["main"]
    assert seen.pop("progress")
    assert seen == {
        "connection": "main",
        "flow": "vendor-to-company",
        "project": "P-1",
        "full": True,
        "wait": timedelta(seconds=5),
        "since": datetime(2026, 1, 31, tzinfo=UTC),
        "until": datetime(2026, 2, 1, 7, tzinfo=UTC),
    }


@pytest.mark.usefixtures("sample")
@pytest.mark.parametrize(
    ("name", "arguments", "seen"),
    [
        ("check", (), {"connection": None}),
        ("check", ("--connection", "main"), {"connection": "main"}),
        ("status", (), {"connection": None}),
        ("explain", ("PO-1",), {"identifier": "PO-1"}),
        ("explain", ("--", "-5"), {"identifier": "-5"}),
        ("rebuild", (), {"names": (), "check": False}),
        ("rebuild", ("record_state", "run"), {"names": ("record_state", "run"), "check": False}),
        ("rebuild", ("--check", "run"), {"names": ("run",), "check": True}),
    ],
)
def test_arguments_reach_the_hub(
    call: Call, operation: Replace, name: str, arguments: tuple[str, ...], seen: dict[str, Any]
) -> None:
    async def recorded(_settings: Settings, *, progress: Progress, **given: Any) -> Report:
        progress.say("here")
        return reported(given)

    operation(name, recorded)

    ended = call(name, "--json", *arguments)

    assert ended.document == json.loads(json.dumps(seen))


@pytest.mark.parametrize("name", ["status", "explain", "rebuild"])
def test_reading_the_ledger_needs_no_credentials(
    call: Call, sample: Path, operation: Replace, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    assert sample.exists()
    monkeypatch.delenv("BC_CLIENT_SECRET")
    monkeypatch.delenv("PROCORE_CLIENT_SECRET")

    async def recorded(settings: Settings, **_: Any) -> Report:
        return reported({"store": settings.store.url.get_secret_value().startswith("sqlite:///")})

    operation(name, recorded)

    assert call(name, *(["x"] if name == "explain" else []), "--json").document == {"store": True}
    assert call("check").status is ExitStatus.CONFIGURATION


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("sandbox", {"host": "127.0.0.1", "bc_port": 8101, "procore_port": 8102, "seed": 1}),
        ("demo", {"headless": False, "port": 8080}),
    ],
)
def test_a_command_that_serves_prints_its_document_once_at_the_start(
    call: Call, operation: Replace, name: str, seen: dict[str, Any]
) -> None:
    async def serving(*, announce: Announce, progress: Progress, **given: Any) -> ExitStatus:
        announce(reported(given))
        progress.say("serving")
        raise Halted("the port is taken", ExitStatus.TRY_LATER)

    operation(name, serving)

    ended = call(name, "--json")

    assert ended.document == seen
    assert ended.status is ExitStatus.TRY_LATER
    assert "the port is taken" in ended.err


@pytest.mark.parametrize("place", ["before", "after"])
def test_the_configuration_may_be_named_anywhere(call: Call, tmp_path: Path, place: str) -> None:
    (tmp_path / "other.toml").write_text(MAIN)
    named = ("--config", "other.toml")

    ended = call(*named, "config", "show", "--json") if place == "before" else call("config", "show", "--json", *named)

    assert ended.document["file"] == str(tmp_path / "other.toml")


def test_colours_are_for_terminals_alone(call: Call) -> None:
    ended = call("--help")

    assert "\x1b" not in ended.out + call("snyc").err


def test_help_imports_nothing_that_it_does_not_need() -> None:
    program = (
        "import sys\n"
        "from hub.cli import main\n"
        "try:\n"
        "    main()\n"
        "except SystemExit as end:\n"
        "    assert end.code == 0\n"
        "heavy = {'aiohttp', 'httpx', 'questionary', 'prompt_toolkit', 'pydantic', 'eventsourcing', 'tomlkit'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )

    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program, "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stderr == "[]\n"
    assert done.stdout.startswith("Usage: siteledger")


def test_who_reads_only_the_first_line_is_not_told_off() -> None:
    program = "from hub.cli import main; main()"
    quoted = f"{sys.executable} -c '{program}' --help"

    done = subprocess.run(  # noqa: S602 - a pipe is what is tried here
        f"set -o pipefail; {quoted} | head -n 1",
        shell=True,
        executable="/bin/bash",
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0
    assert done.stderr == ""
