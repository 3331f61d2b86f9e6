"""One word for one thing, wherever people read it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PLACES = ("hub", "domain", "adapters", "projections", "docs")
SUFFIXES = {".py", ".md", ".toml"}


def texts() -> Iterator[tuple[Path, str]]:
    """Everything that is shipped or read."""
    files = [path for place in PLACES for path in (ROOT / place).rglob("*") if path.suffix in SUFFIXES]
    for path in [*files, *ROOT.glob("*.md")]:
        yield path.relative_to(ROOT), path.read_text(encoding="utf-8")


@pytest.mark.requirement("C-25")
@pytest.mark.parametrize("misspelled", ["Procure", "ProcCore", "Pro-core", "ProCore"])
def test_procore_is_spelled_in_one_way(misspelled: str) -> None:
    found = [str(path) for path, text in texts() if re.search(rf"\b{misspelled}\b", text)]

    assert found == []
