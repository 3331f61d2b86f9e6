"""Every requirement that is promised has a test that names it, and no test names one that does not exist."""

import ast
import re
from pathlib import Path

from tests.proofs import table, wanted

TESTS = Path(__file__).parent


def named() -> set[str]:
    """All requirements that tests name."""
    found: set[str] = set()
    for path in TESTS.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "requirement":
                found |= {each.value for each in node.args if isinstance(each, ast.Constant)}
    return found


def test_no_mark_is_misspelt() -> None:
    known = re.compile(r"(?:PP|C|PF|BX|MA|DC|LE|ER|SP)-\d{2}")

    assert sorted(id_ for id_ in named() if not known.fullmatch(id_)) == []


def test_no_promise_is_without_a_test() -> None:
    promised = {id_ for id_, each in wanted().items() if "later" not in each}

    assert sorted(promised - named()) == []


def test_what_is_proved_is_promised() -> None:
    postponed = {id_ for id_, each in wanted().items() if "later" in each}

    assert sorted(postponed & named()) == []


def test_the_table_names_the_tests_the_delay_or_the_lack() -> None:
    rows = {"PP-01": {"title": "one"}, "PP-02": {"title": "two", "later": "*later*"}, "PP-03": {"title": "three"}}

    lines = table(rows, {"PP-01": {"tests/b.py::x", "tests/a.py::y"}})

    assert lines[-3:] == [
        "| PP-01 | one | `tests/a.py::y`<br>`tests/b.py::x` |",
        "| PP-02 | two | *later* |",
        "| PP-03 | three | **nothing** |",
    ]
