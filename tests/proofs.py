"""Which tests prove which requirement: told by a test run, written as a table.

The list of requirements stands in `requirements.toml`: id, title, and for those that are not promised yet why.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

LIST = Path(__file__).with_name("requirements.toml")
FAMILIES = {
    "PP": "The connector of ProjectPro",
    "C": "Contradictions and gaps, and how they are decided",
    "PF": "Facts of the two platforms",
    "DC": "Audit, replay, dashboards",
    "BX": "Beyond every peer",
    "ER": "What an ERP integration of Procore offers",
    "LE": "What Lentune's connector can do",
    "MA": "What Maestro's connector can do",
}


@dataclass
class Proofs:
    """What passed, by requirement."""

    passed: dict[str, set[str]] = field(default_factory=dict[str, set[str]])

    def hear(self, report: pytest.TestReport) -> None:
        """A test that passed proves what it names."""
        if report.when == "call" and report.passed:
            for name, id_ in report.user_properties:
                if name == "requirement":
                    self.passed.setdefault(str(id_), set()).add(report.nodeid.partition("[")[0])

    def write(self, path: Path) -> None:
        """The table, for people."""
        path.write_text("\n".join(table(wanted(), self.passed)) + "\n", encoding="utf-8")


def name_requirements(items: Iterable[pytest.Item]) -> None:
    """Lets every report say which requirements its test proves, wherever it ran."""
    for item in items:
        for mark in item.iter_markers("requirement"):
            item.user_properties += [("requirement", id_) for id_ in mark.args]


def wanted() -> dict[str, dict[str, str]]:
    """Requirement -> its title, and `later`, why it is not promised yet."""
    return tomllib.loads(LIST.read_text(encoding="utf-8"))


def table(requirements: Mapping[str, Mapping[str, Any]], passed: Mapping[str, Iterable[str]]) -> list[str]:
    """The lines of the page."""
    lines = [
        "# What is proved, and by which tests",
        "",
        "Written by a run of all tests (`scripts/test --proofs=docs/proofs.md`): a test stands here because it passed.",
        "",
    ]
    for family, title in FAMILIES.items():
        mine = {id_: each for id_, each in requirements.items() if id_.partition("-")[0] == family}
        if not mine:
            continue
        lines += [f"## {title}", "", "| Requirement | | Proved by |", "|---|---|---|"]
        for id_, each in mine.items():
            tests = sorted(passed.get(id_, ()))
            told = "<br>".join(f"`{test}`" for test in tests) or each.get("later", "**nothing**")
            lines.append(f"| {id_} | {each['title']} | {told} |")
        lines.append("")
    return lines[:-1]
