"""Which tests prove which requirement: `python -m tests.requirements_report` prints the table and names what lacks one.

Read from the source of the tests, so that the answer does not depend on which of them are run.
"""

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parent
ID = re.compile(r"(?:PP|C|PF|BX|MA|DC|LE|ER|SP)-\d{2}")


def _span(prefix: str, *numbers: int | range) -> Iterator[str]:
    for number in numbers:
        for each in number if isinstance(number, range) else (number,):
            yield f"{prefix}-{each:02}"


IN_SCOPE: tuple[str, ...] = (
    *_span("PP", range(1, 12), range(16, 35)),
    *_span("C", range(12, 17), 23, 27, 44, range(47, 51)),
    *_span("PF", range(1, 6), 9, 10, 18, 19, 21),
    *_span("BX", 15),
    *_span("MA", 5, 6, 7),
    *_span("DC", range(1, 8)),
)
"""What this version does. A requirement joins the list with the flow that keeps it."""


@cache
def proofs() -> Mapping[str, list[str]]:
    """Requirement -> tests that carry its mark, as `folder/test_file.py::test_name`."""
    found: dict[str, list[str]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        name = path.relative_to(TESTS).as_posix()
        for test, ids in _marked(ast.parse(path.read_text())):
            for id_ in ids:
                found.setdefault(id_, []).append(f"{name}::{test}")
    return found


def missing() -> list[str]:
    """Requirements in scope that no test carries."""
    proved = proofs()
    return [id_ for id_ in IN_SCOPE if id_ not in proved]


def table() -> str:
    """Markdown: every requirement with its tests, those in scope first named when they lack one."""
    proved = proofs()
    ids = [*IN_SCOPE, *sorted(set(proved) - set(IN_SCOPE))]
    lines = ["| requirement | tests |", "|---|---|"]
    lines += [f"| {id_} | {'<br>'.join(dict.fromkeys(proved.get(id_, ['none'])))} |" for id_ in ids]
    return "\n".join(lines) + "\n"


def _marked(module: ast.Module) -> Iterator[tuple[str, list[str]]]:
    """Each test with the ids that it carries: by decorator, by the mark of a parameter, or by the whole module."""
    of_module = [id_ for node in module.body if _is_pytestmark(node) for id_ in _ids(node)]
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            own = [id_ for decorator in node.decorator_list for id_ in _ids(decorator)]
            yield node.name, [*of_module, *own]


def _is_pytestmark(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and any(
        isinstance(target, ast.Name) and target.id == "pytestmark" for target in node.targets
    )


def _ids(node: ast.AST) -> Iterator[str]:
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "requirement":
            yield from (str(ast.literal_eval(argument)) for argument in call.args)


if __name__ == "__main__":
    sys.stdout.write(table())
    if missing():
        sys.stdout.write(f"\nWithout a test: {', '.join(missing())}\n")
