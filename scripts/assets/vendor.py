"""Copies named files of packages with their licences, and writes down what they are; with --check, compares instead."""

import json
import shutil
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SERVED = ROOT / "hub/web/static/vendor"
TESTED = ROOT / "tests/hub/web/pages/vendor"
FILES = (
    (SERVED, "htmx.org", "dist/htmx.min.js", "htmx.js"),
    (SERVED, "htmx.org", "dist/ext/hx-sse.min.js", "hx-sse.js"),
    (SERVED, "uplot", "dist/uPlot.iife.min.js", "uplot.js"),
    (SERVED, "uplot", "dist/uPlot.min.css", "uplot.css"),
    (SERVED, "@github/relative-time-element", "dist/bundle.js", "relative-time.js"),
    (SERVED, "@github/hotkey", "dist/index.js", "hotkey.js"),
    (SERVED, "swagger-ui-dist", "swagger-ui-bundle.js", "swagger-ui.js"),
    (SERVED, "swagger-ui-dist", "swagger-ui.css", "swagger-ui.css"),
    (TESTED, "axe-core", "axe.min.js", "axe.js"),
)
"""Folder, package, file in it, name here."""


def main() -> int:
    """0 when all is as the manifests say."""
    if sys.argv[1:] == ["--check"]:
        return 0 if all([check(SERVED), check(TESTED)]) else 1
    for folder in (SERVED, TESTED):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        manifest = [entry for place, *what in FILES if place == folder for entry in copied(folder, *what)]
        unique = {entry["file"]: entry for entry in manifest}
        text = json.dumps(sorted(unique.values(), key=lambda entry: entry["file"]), indent=2)
        (folder / "MANIFEST.json").write_text(text + "\n")
    return 0


def copied(folder: Path, package: str, file: str, name: str) -> list[dict[str, Any]]:
    """The file and the licence of its package, as the manifest has them."""
    source = HERE / "node_modules" / package
    about = json.loads((source / "package.json").read_text())
    licence = next(path for path in sorted(source.iterdir()) if path.name.lower().startswith("licen"))
    there = [(source / file, name), (licence, f"LICENSE.{package.replace('/', '-').lstrip('@')}.txt")]
    notes = source / f"{file}.LICENSE.txt"
    if notes.exists():
        there.append((notes, f"{name}.LICENSE.txt"))
    return [entry(folder, path, known, about) for path, known in there]


def entry(folder: Path, source: Path, name: str, about: dict[str, Any]) -> dict[str, Any]:
    """Copy one file. A trailing line about a map that is not served would be asked for by browsers' tools: it goes."""
    text = source.read_bytes()
    body, mark, last = text.rpartition(b"\n//# sourceMappingURL=")
    text = body + b"\n" if mark and b"\n" not in last.strip() else text
    (folder / name).write_bytes(text)
    return {
        "file": name,
        "package": about["name"],
        "version": about["version"],
        "licence": about["license"],
        "bytes": len(text),
        "sha256": sha256(text).hexdigest(),
    }


def check(folder: Path) -> bool:
    """Whether a folder holds what its manifest says, and nothing else."""
    entries = json.loads((folder / "MANIFEST.json").read_text())
    names = {entry["file"] for entry in entries}
    wrong = [
        entry["file"]
        for entry in entries
        if not (folder / entry["file"]).is_file()
        or sha256((folder / entry["file"]).read_bytes()).hexdigest() != entry["sha256"]
    ]
    more = [path.name for path in folder.iterdir() if path.name not in names | {"MANIFEST.json"}]
    for name in (*wrong, *more):
        print(f"{folder.relative_to(ROOT)}/{name} is not as its manifest says", file=sys.stderr)  # noqa: T201
    return not wrong and not more


if __name__ == "__main__":
    sys.exit(main())
