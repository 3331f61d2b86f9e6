"""An export proves itself with a script that shares no code with the hub; one flipped byte is named."""

import asyncio
import random
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from shutil import copyfile, copytree

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from adapters.ports import FixedClock
from hub.audit.exporting import export
from hub.audit.parts import signing_keys
from hub.audit.verify import Report as Proof
from hub.audit.verify import lines_of, signed_by, verify, written
from hub.operations.redact import redacted
from hub.report import Halted
from tests.hub.audit.harness import change, fill, later, opened, rows, sealed_and_signed, sqlite
from tests.ledger_story import START

pytestmark = pytest.mark.requirement("BX-08")

FILES = ("contents.jsonl", "events.jsonl", "heads.jsonl", "keys.jsonl", "manifest.json", "seals.jsonl", "SHA256SUMS")


async def exported(url: str, folder: Path, first: int = 1, last: int | None = None, hours: int = 9) -> Proof:
    clock = FixedClock(START)
    later(clock, hours)
    async with opened(url, clock=clock) as hub:
        await export(hub, folder, first=first, last=last)
    return verify(folder)


async def ready(url: str) -> None:
    """Three signed heads, two keys, and bodies that were redacted."""
    clock = FixedClock(START)
    async with opened(url, clock=clock) as hub:
        await fill(hub, 8)
        await sealed_and_signed(hub)
        await signing_keys(hub).rotate("cli:olga")
        later(clock)
        await fill(hub, 8, first=8)
        await sealed_and_signed(hub)
        change(url, "UPDATE record_state SET state = 'synced', todo = 0, open = 0 WHERE record_state.number = 'PO-3'")
        await redacted(hub, actor="cli:olga", before=clock.now(), fields=("workerName",))
        later(clock)
        await sealed_and_signed(hub)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A ledger with a past."""
    url = sqlite(tmp_path_factory.mktemp("store"))
    asyncio.run(ready(url))
    return url


@pytest.fixture(scope="module")
def whole(store: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All of it, exported."""
    folder = tmp_path_factory.mktemp("export") / "all"
    proof = asyncio.run(exported(store, folder))
    assert proof.findings == []
    return folder


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    """A copy of the export, to be changed."""
    return copytree(whole, tmp_path / "copy")


def test_an_export_that_nobody_touched_is_proved_by_a_bare_interpreter(whole: Path, tmp_path: Path) -> None:
    ended = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-I", "-S", str(whole / "verify.py")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ended.returncode, ended.stderr) == (0, "")
    assert "Nothing was changed" in ended.stdout
    assert verify(whole).heads == 3
    assert len(verify(whole).keys) == 2


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("seed", range(4))
def test_one_flipped_byte_anywhere_is_found_and_its_place_is_named(copy: Path, name: str, seed: int) -> None:
    chance = random.Random(f"{name} {seed}")
    data = bytearray((copy / name).read_bytes())
    place = chance.randrange(len(data))
    data[place] ^= 1 << chance.randrange(7)
    (copy / name).write_bytes(data)
    line = data[:place].count(b"\n") + 1

    found = verify(copy)

    words = "\n".join(text for _, _, text in found.findings)
    assert name in words
    if name == "events.jsonl":
        named = {position for _, position, _ in found.findings}
        assert line in named or f"line {line} of" in words
    elif name in {"seals.jsonl", "heads.jsonl", "keys.jsonl", "contents.jsonl"}:
        kinds = {kind for kind, _, _ in found.findings}
        assert kinds & {name.removesuffix("s.jsonl"), "line"}


def rewritten(folder: Path, name: str, change_line: Callable[[dict[str, object]], dict[str, object] | None]) -> None:
    """A file with lines changed, and a SHA256SUMS that fits again."""
    lines = [change_line(line) for line in lines_of(folder / name, Proof())]
    data = b"".join(written(line) for line in lines if line is not None)
    (folder / name).write_bytes(data)
    sums = (folder / "SHA256SUMS").read_text().splitlines()
    kept = [line for line in sums if not line.endswith(f"  {name}")]
    (folder / "SHA256SUMS").write_text("\n".join([*kept, f"{sha256(data).hexdigest()}  {name}"]) + "\n")


def test_an_event_that_was_changed_with_care_is_still_named(copy: Path) -> None:
    rewritten(
        copy,
        "events.jsonl",
        lambda line: {**line, "state": str(line["state"]).replace("PO-3", "PO-4")} if line["position"] == 10 else line,
    )

    assert [(kind, position) for kind, position, _ in verify(copy).findings] == [("changed", 10)]


def test_an_event_that_was_taken_out_is_named(copy: Path) -> None:
    rewritten(copy, "events.jsonl", lambda line: None if line["position"] == 10 else line)

    assert ("missing", 10) in {(kind, position) for kind, position, _ in verify(copy).findings}


def test_a_body_that_was_taken_out_is_named_with_its_event(copy: Path) -> None:
    taken: list[object] = []

    def without(line: dict[str, object]) -> dict[str, object] | None:
        if not taken:
            taken.append(line["sha256"])
            return None
        return line

    rewritten(copy, "contents.jsonl", without)

    ((kind, position, words),) = verify(copy).findings
    assert (kind, position > 0, str(taken[0]) in words) == ("content", True, True)


def test_a_body_that_passes_for_redacted_is_named(copy: Path) -> None:
    rewritten(copy, "contents.jsonl", lambda line: {**line, "redacted": True, "text": "{}"})

    assert {kind for kind, _, _ in verify(copy).findings} == {"content"}
    assert any("not what its redaction left" in words for _, _, words in verify(copy).findings)


async def test_a_part_is_proved_up_to_the_next_signed_head_although_a_body_was_redacted_since(
    store: str, tmp_path: Path
) -> None:
    found = await exported(store, tmp_path / "part", first=8, last=12)

    assert found.findings == []
    assert found.notes == []
    assert found.events == 6  # and the redaction of one of their bodies
    assert found.heads >= 1


async def test_an_export_of_a_ledger_that_was_changed_names_what_was_changed(store: str, tmp_path: Path) -> None:
    copyfile(store.removeprefix("sqlite:///"), tmp_path / "ledger.db")
    url = sqlite(tmp_path)
    change(url, "UPDATE stored_events SET state = CAST('odd' || x'ff' AS BLOB) WHERE notification_id = 5")

    found = await exported(url, tmp_path / "all")

    assert ("changed", 5) in {(kind, position) for kind, position, _ in found.findings}


async def test_an_export_is_the_same_from_postgresql_and_without_heads_it_says_so(
    store_url: str, tmp_path: Path
) -> None:
    async with opened(store_url, key="") as hub:
        await fill(hub, 3)
        packed, trouble = await export(hub, tmp_path / "all")

    found = verify(tmp_path / "all")
    assert "server.secret_key" in trouble
    assert (packed.events, found.findings) == (9, [])
    assert "under no signed head" in found.notes[0]


async def test_a_folder_that_holds_something_is_left_alone(store: str, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("x")

    with pytest.raises(Halted, match="not empty"):
        await exported(store, tmp_path)


def test_no_secret_is_in_an_export(whole: Path, store: str) -> None:
    private = rows(store, "SELECT name FROM secret WHERE name LIKE 'audit key %'")
    text = b"".join((whole / name).read_bytes() for name in FILES)

    assert len(private) == 1
    assert b"planted-secret" not in text


VECTORS = (
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
)
"""RFC 8032, section 7.1, tests 1 to 3."""


@pytest.mark.parametrize(("public", "message", "signature"), VECTORS)
def test_signatures_are_verified_as_the_rfc_has_it(public: str, message: str, signature: str) -> None:
    key, words, sign = bytes.fromhex(public), bytes.fromhex(message), bytes.fromhex(signature)

    assert signed_by(key, sign, words)
    assert not signed_by(key, sign, words + b"x")
    assert not signed_by(key, sign[:32] + bytes(32), words)


def test_signatures_of_the_library_are_verified_and_each_flipped_bit_is_found() -> None:
    chance = random.Random(8)
    for _ in range(6):
        key = Ed25519PrivateKey.from_private_bytes(chance.randbytes(32))
        message = chance.randbytes(chance.randrange(100))
        public, sign = key.public_key().public_bytes_raw(), bytearray(key.sign(message))
        assert signed_by(public, bytes(sign), message)

        sign[chance.randrange(64)] ^= 1 << chance.randrange(8)

        assert not signed_by(public, bytes(sign), message)
