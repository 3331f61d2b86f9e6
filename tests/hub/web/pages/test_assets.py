"""Files and templates: what others made is as its manifest says, ours is small, and nothing needs evaluation."""

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
STATIC, TEMPLATES = ROOT / "hub/web/static", ROOT / "hub/web/templates"
FORBIDDEN = {
    "a style in an attribute": r"\sstyle\s*=",
    "a script in an attribute": r"<[^>{]*\son[a-z]+\s*=|hx-on",
    "a script in the page": r"<script(?![^>]*(\ssrc=|type=\"application/json\"))",
    "a value that is evaluated": r"hx-vals=['\"]js:|hx-headers=['\"]js:",
    "a trigger that is evaluated": r"hx-trigger=\"[^\"]*\[",
    "text that is not escaped": r"\|\s*safe\b|autoescape\s+false",
    "an address of somebody else": r"(?:src|href|action)=\"(?:https?:)?//",
}


def test_what_others_made_is_what_its_manifest_says() -> None:
    program = runpy.run_path(str(ROOT / "scripts/assets/vendor.py"))

    assert program["check"](program["SERVED"])
    assert program["check"](program["TESTED"])


@pytest.mark.parametrize(
    "template", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: f"{path.parent.name}/{path.name}"
)
def test_no_template_needs_what_the_policy_forbids(template: Path) -> None:
    text = template.read_text()

    assert {name for name, pattern in FORBIDDEN.items() if re.search(pattern, text)} == set()


def test_themes_differ_by_nothing_but_colours() -> None:
    by_theme = re.compile(r"prefers-color-scheme|data-theme")
    others = [
        path.name for path in STATIC.glob("*.css") if path.name != "tokens.css" and by_theme.search(path.read_text())
    ]
    rules = re.sub(r"/\*.*?\*/", "", (STATIC / "tokens.css").read_text(), flags=re.DOTALL)
    for_one = [body.strip() for selector, body in re.findall(r"([^{}]+){([^}]*)}", rules) if "theme" in selector]

    assert others == []
    assert for_one == ["color-scheme: light;", "color-scheme: dark;"]


def test_pages_stay_light() -> None:
    def size(pattern: str) -> int:
        return sum(path.stat().st_size for path in STATIC.glob(pattern))

    reference = size("vendor/swagger-ui.js")  # of one page alone, and so are the two lines that start it
    assert size("*.js") - size("api.js") <= 8 * 1024
    assert size("*.css") <= 20 * 1024
    assert size("vendor/*.js") - reference <= 200 * 1024
