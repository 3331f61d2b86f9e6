"""A file with a secret is for its owner alone; whatever else is told, with the mend."""

from pathlib import Path

import pytest

from hub.operations.key_files import replaced, too_open
from tests.hub.settings.sample import MAIN, PLANTED, configured


@pytest.mark.parametrize(
    ("mode", "told"), [(0o600, False), (0o400, False), (0o640, True), (0o604, True), (0o622, True)]
)
def test_a_key_that_others_may_read_is_named_with_the_mend(tmp_path: Path, mode: int, *, told: bool) -> None:
    key = tmp_path / "hub.key"
    key.write_text(PLANTED * 3)
    key.chmod(mode)
    settings = configured(tmp_path, f'{MAIN}\n[server]\nsecret_key = "file:hub.key"\n').settings

    found = list(too_open(settings))

    assert bool(found) is told
    if found:
        ((what, ok, why, mend),) = found
        assert (what, ok) == ("server.secret_key", False)
        assert f"mode {mode:04o}" in why
        assert mend.startswith(f"chmod 600 {key}")
        assert PLANTED not in why + mend


def test_every_secret_that_stands_in_a_file_is_looked_at(tmp_path: Path) -> None:
    text = MAIN.replace("env:BC_CLIENT_SECRET", "file:a").replace("env:PROCORE_CLIENT_SECRET", "file:b")
    (tmp_path / "c").write_text("sqlite:///ledger.db")
    for name in ("a", "b", "d"):
        (tmp_path / name).write_text(PLANTED)
    for name in "abcd":
        (tmp_path / name).chmod(0o644)
    text = f'[store]\nurl = "file:c"\n[server]\nadmin_token = "file:d"\n{text}'

    assert [words[0] for words in too_open(configured(tmp_path, text).settings)] == [
        "store.url",
        "server.admin_token",
        "connections.main.business_central.client_secret",
        "connections.main.procore.client_secret",
    ]


def test_a_key_is_written_whole_and_for_its_owner_alone(tmp_path: Path) -> None:
    key = tmp_path / "hub.key"
    key.write_text("old")
    key.chmod(0o644)

    replaced(key, "new\n")

    assert key.read_text() == "new\n"
    assert key.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["hub.key"]
